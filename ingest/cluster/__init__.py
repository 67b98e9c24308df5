"""Ingest on the machines of a Ray cluster; only this package knows Ray (`duet-rag[ray]`)."""
