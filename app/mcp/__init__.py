"""The documents as tools for other assistants, by the Model Context Protocol."""
