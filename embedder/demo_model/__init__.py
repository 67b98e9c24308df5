"""How `data/model` is made: a small base language model with its LLM2Vec-Gen part, from text files.

`python -m embedder.demo_model OUT --text FOLDER` runs the stages one after the other; what a
stopped run has is used again:

1. `tokenizer`: a byte-level BPE vocabulary from the text.
2. `pairs` and `teacher`: texts to embed, and MiniLM's vectors for them.
3. `averages`: a token table whose averages are near these vectors; minutes, no transformer.
4. `pretrain`: the base begins as this average, with `circuits` for copying written into it, and
   learns two skills: to answer from numbered passages (`examples`, `conversations`), and to embed.

The last stage trains special rows and heads together with the base. To train them once more with
the base frozen, as `embedder.train` does, made retrieval worse: nDCG@10 went down by 0.02 to 0.04
on four sets in 120 steps, since a query then learns its passage's vector instead of its own.
"""
