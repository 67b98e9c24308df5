"""A token table whose averages already retrieve: where the base starts from.

The bundled base has too little training to find by itself that a text's meaning is roughly the
average of its words'. So the table is trained for that first, in minutes, without a transformer;
`JointModel` then begins as this average, in its first layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import embedding_bag, linear, normalize
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast

from embedder import instructions
from embedder.demo_model.losses import embedding_loss
from embedder.demo_model.pairs import Pair

BALLAST = 8.0
"""Next to a meaning whose numbers are about 1. In the end a quarter of the squared length is left
to it in most tokens' rows, in that of “the” four fifths."""


@dataclass(frozen=True, slots=True)
class AverageSchedule:
    """Length and pace of the training; a step sees `pairs` queries and their passages."""

    steps: int = 2500
    learning_rate: float = 2e-2
    pairs: int = 384


class TokenAverages(nn.Module):
    """Embeds a text by the average of its tokens' rows and an affine map.

    A row has three parts. The first, its meaning, starts as the teacher's view of the token. The
    second is blank: room for what a language model finds out that reads the same table. The third,
    its identity, is random and stays: it tells tokens of like meaning apart, which that model
    needs. All meanings have one length, as have all identities, or copying would take a word that
    says little (“the”) for more than one that says much. A token says little if its meaning's last
    dimension, the ballast, takes up most of that length. An identity's last dimension hardly
    varies.

    Args:
        meaning: `[vocabulary, meaning]`, without the ballast.
        blank: Width of the blank part.
        identity: Width of the identity part.
        dimension: Width of an embedding.
    """

    identity: torch.Tensor

    def __init__(self, meaning: torch.Tensor, blank: int, identity: int, dimension: int) -> None:
        super().__init__()
        self.meaning = nn.Parameter(meaning / meaning.square().mean().sqrt())
        self.register_buffer("identity", torch.randn(len(meaning), identity))
        self.identity[:, -1] = 1
        self.identity[:] = _scaled(self.identity)
        self._blank = blank
        width = meaning.shape[1] + 1 + blank + identity
        self.alignment = nn.Linear(width, dimension)
        with torch.no_grad():
            self.alignment.weight[:, meaning.shape[1] :] = 0

    def table(self) -> torch.Tensor:
        """The rows `[vocabulary, width]`, each of root mean square 1."""
        ballast = self.meaning.new_full((len(self.meaning), 1), BALLAST)
        blank = self.meaning.new_zeros(len(self.meaning), self._blank)
        said = _scaled(torch.cat([self.meaning, ballast], dim=1))
        return _scaled(torch.cat([said, blank, self.identity], dim=1))

    @torch.no_grad()
    def topics(self, count: int) -> torch.Tensor:
        """`[count, width]`: in what embeddings of tokens differ most, read from their rows.

        Scaled so that what is read has a root mean square of 1.
        """
        table, weight = self.table(), self.alignment.weight
        embeddings = table @ weight.T
        directions = torch.linalg.svd(embeddings - embeddings.mean(dim=0), full_matrices=False).Vh
        topics = directions[:count] @ weight
        return topics / (table @ topics.T).square().mean().sqrt()

    def forward(self, texts: Sequence[Sequence[int]]) -> torch.Tensor:
        """L2-normalised embeddings `[len(texts), dimension]` of token ids."""
        flat = torch.tensor([token for text in texts for token in text])
        starts = torch.tensor([0, *(len(text) for text in texts[:-1])]).cumsum(0)
        average = embedding_bag(flat, self.table(), starts, mode="mean")
        aligned = linear(_scaled(average), self.alignment.weight, self.alignment.bias)
        return normalize(aligned, dim=-1)


def train_averages(
    model: TokenAverages,
    tokenizer: PreTrainedTokenizerFast,
    pairs: Sequence[Pair],
    vectors: NDArray[np.float16],
    schedule: AverageSchedule,
    seed: int = 0,
) -> None:
    """Train `model` in place; `vectors[2 * i]`, `vectors[2 * i + 1]` are those of pair `i`."""
    ids = [
        tokenizer([instructions.QUERY + p.query for p in pairs]).input_ids,
        tokenizer([instructions.DOCUMENT + p.passage for p in pairs]).input_ids,
    ]
    optimizer = torch.optim.Adam(model.parameters(), lr=schedule.learning_rate)
    pace = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, schedule.steps)
    rng = np.random.default_rng(seed)
    for _ in (bar := tqdm(range(schedule.steps), desc="averages")):
        chosen = rng.choice(len(pairs), min(schedule.pairs, len(pairs)), replace=False)
        student = model([side[i] for side in ids for i in chosen])
        targets = np.concatenate([vectors[2 * chosen], vectors[2 * chosen + 1]])
        loss, cosine = embedding_loss(student, torch.from_numpy(targets.astype(np.float32)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        pace.step()
        bar.set_postfix(cosine=round(cosine, 3))


def _scaled(rows: torch.Tensor) -> torch.Tensor:
    """Each row at root mean square 1, as RMSNorm does it."""
    return rows * torch.rsqrt(rows.square().mean(dim=-1, keepdim=True) + 1e-6)
