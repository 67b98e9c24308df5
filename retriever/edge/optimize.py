"""Run Qdrant Edge's optimizer on the shard in argv[1], as a process of its own.

`optimize()` holds the GIL: in the process that answers questions it would stop every thread for
as long as it takes (35 s on 38,000 vectors).
"""

import sys

import qdrant_edge

if __name__ == "__main__":
    shard = qdrant_edge.EdgeShard.load(sys.argv[1])
    shard.optimize()
    shard.flush()
    shard.close()
