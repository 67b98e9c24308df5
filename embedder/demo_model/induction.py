"""An induction circuit to start from: “what followed this token the last time comes next”.

Answering from passages is copying, and a language model copies by two attention heads in a row
(Olsson et al. 2022, In-context Learning and Induction Heads): the first tells each position which
token stood before it, the second looks for positions before which the current token stood. Small
models find this by themselves only after millions of tokens. As the table's rows have a part that
is random and a dimension that is constant, both heads can be written down.
"""

import torch
from transformers.models.qwen3.modeling_qwen3 import Qwen3Attention

SHARP = 6
"""Rotary pairs, from the fastest, by which the first head finds the position before."""
SLOW = 16
"""Rotary pairs from here on hardly turn within a prompt: the second head compares by them."""


@torch.no_grad()
def write_induction(
    previous: Qwen3Attention, induction: Qwen3Attention, identity: int, theta: float
) -> None:
    """Write the two heads into head 0 of two layers' attention, the one above the other.

    Args:
        previous: Attention of the lower layer.
        induction: Attention of the higher layer.
        identity: Width of the rows' identity part, which is their last; at most the width of a
            head. Its last dimension is constant.
        theta: Base of the rotary frequencies.
    """
    width, size = previous.q_proj.weight.shape[1], previous.head_dim
    meaning = width - identity
    spread = torch.nn.init.orthogonal_(torch.empty(meaning, identity))
    _find_previous(previous, theta)
    _read_identity(previous, identity)
    previous.o_proj.weight[:meaning, :identity] = 1.5 * spread

    pairs = torch.arange(SLOW * size // 64, size // 2)
    dims = torch.cat([pairs, pairs + size // 2])
    compare = torch.nn.init.orthogonal_(torch.empty(len(dims), identity))
    compare[:, -1] = 0  # the constant dimension
    for projection in (induction.q_proj, induction.k_proj):
        projection.weight[:size] = 0
    induction.q_proj.weight[dims, meaning:] = compare
    induction.k_proj.weight[dims, :meaning] = compare @ spread.T
    induction.q_norm.weight[dims] = 2.5
    induction.k_norm.weight[dims] = 2.5
    _read_identity(induction, identity)
    induction.o_proj.weight[meaning:, :identity] = 2 * torch.eye(identity)


def _find_previous(attention: Qwen3Attention, theta: float) -> None:
    """Attend one position back: query and key are constant, turned against each other by one."""
    size = attention.head_dim
    pairs = torch.arange(SHARP * size // 64)
    angle = theta ** (-2 * pairs / size)
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[:size] = 0
    attention.q_proj.weight[pairs, -1] = 1
    attention.k_proj.weight[pairs, -1] = torch.cos(angle)
    attention.k_proj.weight[pairs + size // 2, -1] = torch.sin(angle)
    for norm in (attention.q_norm, attention.k_norm):
        norm.weight[torch.cat([pairs, pairs + size // 2])] = 2.2


def _read_identity(attention: Qwen3Attention, identity: int) -> None:
    attention.v_proj.weight[: attention.head_dim] = 0
    attention.v_proj.weight[:identity, -identity:] = torch.eye(identity)
