"""Training the answering adapter: a LoRA that is on while grounded answers are written.

`examples` makes the training examples from question sets and plain text, `trainer` trains on them.
"""
