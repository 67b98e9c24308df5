"""The published package's encoder for `benchmarks/peer.py`; needs nothing of ours.

    python peer_encoder.py CHECKPOINT TEXTS.json OUT.npy

As the package's MTEB evaluation encodes: the longest first, in batches of 24, cut at 512 tokens.
For each line on its standard input all texts are encoded once, and the seconds printed.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from llm2vec_gen import LLM2VecGenModel  # pyright: ignore[reportMissingImports]

BATCH = 24


def main() -> None:
    """Encode whenever asked to."""
    checkpoint, texts_file, out = sys.argv[1:]
    texts = json.loads(Path(texts_file).read_text())
    torch.set_num_threads(2)
    model = LLM2VecGenModel.from_pretrained(checkpoint)
    order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        found = [
            model.encode([texts[place] for place in order[start : start + BATCH]], max_length=512)
            for start in range(0, len(order), BATCH)
        ]
        vectors = torch.cat(found).float().numpy()
        print(time.perf_counter() - began, flush=True)
        np.save(out, vectors[np.argsort(order)])


if __name__ == "__main__":
    main()
