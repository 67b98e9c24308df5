"""GGUF files as bases: what is in one, the dequantized model, and the tokenizer."""
