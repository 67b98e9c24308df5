"""How `data/model` is made: a small base language model with its LLM2Vec-Gen part, from text files.

`python -m embedder.demo_model OUT --text FOLDER` runs the stages one after the other; what a
stopped run has of the first three is used again:

1. `tokenizer`: a byte-level BPE vocabulary from the text.
2. `pairs` and `teacher`: texts to embed, and MiniLM's vectors for them.
3. `pretrain`: the base learns two skills at once, to answer from numbered passages (`examples`)
   and to place MiniLM's vector at the special positions.
4. `heads`: the base is frozen; special rows and the two heads are trained as LLM2Vec-Gen does.
"""
