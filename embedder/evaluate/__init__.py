"""How good is an encoder? `python -m embedder.evaluate`, and the same steps from Python.

Retrieval on folders in BEIR's layout, classification, clustering, similarity (STS) and mteb tasks,
next to MiniLM and BM25; and what embeddings decode to, over a file of texts.
"""
