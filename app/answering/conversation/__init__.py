"""A question that leans on the conversation, made complete in itself."""
