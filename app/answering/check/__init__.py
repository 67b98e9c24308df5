"""Whether what the model writes is supported by the passages that it cites."""
