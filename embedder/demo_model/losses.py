"""The loss of an embedding."""

import torch
from torch.nn.functional import cross_entropy


def embedding_loss(student: torch.Tensor, teacher: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Loss of `[queries, then passages; dimension]`, and their mean cosine to the teacher.

    Three parts: nearness to the teacher's vector; telling it from the batch's other vectors
    (InfoNCE, scale 20 as in sentence-transformers); telling a query's passage from the others.
    """
    cosine = (student * teacher).sum(dim=-1).mean()
    place = torch.arange(len(student), device=student.device)
    distil = cross_entropy(20 * student @ teacher.T, place)
    half = len(student) // 2
    contrast = cross_entropy(20 * student[:half] @ student[half:].T, place[:half])
    return 5 * (1 - cosine) + distil + 0.5 * contrast, cosine.item()
