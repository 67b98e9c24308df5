"""The index in a folder, on Qdrant Edge."""
