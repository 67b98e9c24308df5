"""Duet in other libraries: LangChain and SentenceTransformers."""
