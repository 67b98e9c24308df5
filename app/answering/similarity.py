"""Cosine similarities on one scale, whatever the encoder."""

from functools import lru_cache

from embedder.encoder import Encoder

# No passage here answers, or is about, any of the questions.
_QUESTIONS = (
    "When does the library open on Sundays?",
    "How is the tyre pressure of a bicycle measured?",
    "Which vaccine is given to newborn babies?",
    "Who painted the ceiling of the chapel?",
    "What does the annual membership cost?",
)
_PASSAGES = (
    "Basalt is an igneous rock that forms when lava cools quickly at the surface.",
    "The function returns an iterator and raises an error if the list is empty.",
    "Knead the dough for ten minutes and let it rest in a warm place overnight.",
    "The treaty ended the war and moved the border to the river.",
    "Bats find their way in the dark by the echo of their own calls.",
)


def calibrated(cosine: float, model: Encoder) -> float:
    """How much of the way from "unrelated" (0) to "the same" (1) a cosine similarity is.

    Encoders made of language models crowd their vectors into a cone: unrelated texts may have a
    cosine of 0.1 or of 0.8. A threshold means the same for all of them on this scale.
    """
    floor = _unrelated(model)
    return max(0.0, (cosine - floor) / max(1.0 - floor, 1e-6))


@lru_cache(maxsize=2)
def _unrelated(model: Encoder) -> float:
    """The mean cosine similarity of questions and passages that have nothing in common."""
    similarities = model.encode_queries(_QUESTIONS) @ model.encode_documents(_PASSAGES).T
    return float(similarities.mean())
