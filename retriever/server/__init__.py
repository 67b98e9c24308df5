"""The index on a Qdrant server or cluster, through qdrant-client.

Generations are collections `<name>-<n>`. The alias `<name>` points to the published one, and
`<name>-previous` to the one before; both change in one step. An open index stays with the
collection that it found: after a rebuild with another encoder its vectors would not fit the new
one. What it wrote there would be lost: once another collection is published, it refuses to write.
`langchain_qdrant.QdrantVectorStore` with `collection_name="<name>"` reads the published one.

The tests run this against qdrant-client's local mode and, for what goes over the wire, against an
HTTP stand-in in front of it; it was not run against a real server.
"""

from retriever.server.engine import Server

__all__ = ["Server"]
