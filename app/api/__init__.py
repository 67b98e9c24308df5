"""The HTTP API beside the page."""
