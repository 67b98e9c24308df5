"""How good the answers and the search are: `python -m app evaluate`."""
