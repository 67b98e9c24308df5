"""Train an LLM2Vec-Gen embedder from any causal language model.

Two steps, each a command of `python -m embedder.train` and a function: `respond` lets the language
model answer questions, `train` freezes it and trains special rows and two heads on the answers.
"""
