"""What makes two encoders the same: a short hash of all that shapes an embedding."""

import hashlib
import json

import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from embedder.published import Checkpoint

SAMPLES = 64
"""Weights read of each of the base's tensors: enough to tell two models apart, in milliseconds."""


def fingerprint(checkpoint: Checkpoint, lm: nn.Module, tokenizer: PreTrainedTokenizerFast) -> str:
    """12 hex digits that change when anything changes that would change an embedding.

    They do not depend on where the files lie, nor on whether the base was loaded in float32 or
    bfloat16: its weights are sampled, and compared as bfloat16.
    """
    digest = hashlib.sha256()
    settings = [checkpoint.states, *checkpoint.representation.instructions]
    digest.update(json.dumps(settings).encode())
    digest.update(json.dumps(sorted(tokenizer.get_vocab().items())).encode())
    heads, rows = [checkpoint.reconstruction, checkpoint.alignment], [checkpoint.rows]
    if checkpoint.representation.reads_text:  # then these two only decode
        heads, rows = [checkpoint.alignment], []
    for tensor in (*rows, *(t for head in heads for t in (head.weight, head.bias))):
        digest.update(_bytes(tensor))
    if not checkpoint.representation.published:
        digest.update(json.dumps(checkpoint.representation.names).encode())
        for name, tensor in sorted(checkpoint.representation.tensors.items()):
            digest.update(name.encode() + _bytes(tensor))
    for name, tensor in sorted(checkpoint.lora.weights.items()) if checkpoint.lora else ():
        digest.update(name.encode() + _bytes(tensor))
    digest.update(_sampled(lm))
    return digest.hexdigest()[:12]


def weights_hash(lm: nn.Module) -> str:
    """12 hex digits that tell one base from another, whatever adapters are in it."""
    return hashlib.sha256(_sampled(lm)).hexdigest()[:12]


def _sampled(lm: nn.Module) -> bytes:
    """Some weights of each of the base's own tensors."""
    named = ((n.replace(".base_layer", ""), p) for n, p in lm.named_parameters())
    flats = [p.detach().flatten() for n, p in sorted(named) if ".lora_" not in n]
    return b"".join(_bytes(flat[:: max(1, len(flat) // SAMPLES)]) for flat in flats)


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().to(torch.bfloat16).contiguous().view(torch.uint8).numpy().tobytes()
