"""Whether the passages that were found have anything to do with the question."""

import threading
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from app.answering.policy import Policy
from app.answering.similarity import calibrated
from app.answering.words import idf, passage_words
from embedder.encoder import Encoder, LanguageModel
from retriever import Filter, Hit, Retriever
from retriever.words import content_words

_OFF_TOPIC = (
    "How do I remove a red wine stain from a carpet?",
    "Which country won the first rugby world cup?",
    "When should roses be pruned?",
    "what can I cook with leftover rice",
    "Who sang the theme song of that spy film?",
    "How many calories does a banana have?",
    "Which planet has the most moons?",
    "How do I change a flat bicycle tyre?",
    "At what age do babies start to walk?",
    "Who painted the girl with the pearl earring?",
    "cheapest flight from Lisbon to Oslo",
    "How long does a goldfish live?",
    "What is the capital of Mongolia?",
    "How do I fold a fitted sheet?",
    "Who was the second man on the moon?",
    "Why is my houseplant losing leaves?",
    "Which team does that goalkeeper play for now?",
    "How much vitamin C does an adult need?",
    "What is the best exercise for a sore back?",
    "When is high tide in Brighton tomorrow?",
    "How do you say thank you in Japanese?",
    "Which actor played the butler in the series?",
    "how to get chewing gum out of hair",
    "What is the recipe for apple pie?",
    "How tall is the Eiffel Tower?",
    "Does aspirin help against toothache?",
    "What time does the supermarket close on Saturday?",
    "Who wrote the opera about a barber in Seville?",
    "How often should a dog be walked?",
    "What does a parking ticket cost in Munich?",
    "Which wine goes well with salmon?",
    "How do I teach a child to swim?",
    "When did the last ice age end?",
    "what is a good gift for a silver wedding",
    "How do I stop a tap from dripping?",
    "Who holds the record in the marathon?",
    "Is it safe to swim after eating?",
    "How many strings does a cello have?",
    "What makes bread dough rise?",
    "Which currency is used in Peru?",
)
_VERSION = 1  # of these questions, and of what is measured by them
_REFUSED = 80
"""Percentile of these questions' relevance at which the gate stands. Of a hundred other questions
about 144 documents it refused 20 of 25 on everyday matters so, and none of 50 that are answered."""
_LOWEST, _HIGHEST = 0.3, 0.65
_LEAST_GAIN = 0.2
"""Nats a token by which the best passage makes a question likelier that has to do with it. Of 191
questions on 161 documents and on the samples, both together refused 33 of 64 that have no answer
and 1 of 127 that have one; the words and the cosine alone (up to 0.7) 32 and 5."""


_CLEAR = 0.4
"""So far above the gate the model is not asked for the gain. Of 119 questions above the gate, 51 of
them so far, it refused five that have no answer, all within 0.27 of it."""


class Relation:
    """What the best passage that was found has to do with a question.

    Attributes:
        question: As given.
    """

    def __init__(self, question: str, best: Hit, model: LanguageModel) -> None:
        self.question = question
        self._best = best
        self._model = model

    @cached_property
    def gain(self) -> float | None:
        """How much likelier the model finds the question after it, in nats a token; None: unknown.

        Two forward passes, when it is first asked for.
        """
        return self._model.likelihood_gains(self.question, [self._best.chunk.content])[0]


def relation(
    question: str, hits: Sequence[Hit], retriever: Retriever[LanguageModel], policy: Policy
) -> Relation | None:
    """What the passages that were found have to do with the question; None if it is nothing.

    Three signals, of which none knows of the others: the question's words, the encoder's cosine,
    and how much likelier the language model finds the question after the best passage. The last
    one is asked where the others are content, but not by far.
    """
    least = policy.min_relevance
    if least is None:
        least = measure_gate(retriever, policy)
    above = relevance(question, hits, retriever.model) - least
    if not hits or above < 0:
        return None
    found = Relation(question, hits[0], retriever.model)
    is_open = policy.min_relevance is not None
    if above < _CLEAR and not is_open and found.gain is not None and found.gain < _LEAST_GAIN:
        return None
    return found


def relevance(question: str, hits: Sequence[Hit], model: Encoder) -> float:
    """How near the best passage is to the question, by two independent signals; 0 to 2.

    The encoder always finds something, and a small one's cosine is not to be trusted alone; words
    alone miss paraphrases. So their sum decides.
    """
    if not hits:
        return 0.0
    return coverage(question, hits) + calibrated(max(hit.score for hit in hits), model)


def coverage(question: str, hits: Sequence[Hit]) -> float:
    """The largest share of the question's content words in one passage; rare words weigh more."""
    wanted = content_words(question)
    words = [passage_words(hit.chunk) for hit in hits]
    weights = idf(words)
    return max(weights.share(wanted, found) for found in words)


def measure_gate(retriever: Retriever[Encoder], policy: Policy) -> float:
    """Below which relevance a question has nothing to do with the collection.

    Measured on the collection itself, without labels: what everyday questions reach that hardly
    any collection answers. A large one has a word in common with anything; a small one has not.
    Measured in a second or so, once, and again when a collection has doubled; the index keeps it.

    Args:
        retriever: Its whole index is measured, whatever part it looks at.
        policy: How many passages are retrieved, and what finds them.

    Returns:
        A relevance, 0 to 2.
    """
    index, doublings = retriever.index, retriever.index.count().bit_length()
    name = f"gate {_VERSION} {policy.mode} {policy.k} {doublings}"
    with _measuring:  # two at once would do the same, and each take more than twice as long
        known = index.measured(name)
        if known is None:
            known = _measure(retriever, policy)
            index.note(name, known)
        return float(np.clip(known, _LOWEST, _HIGHEST))


_measuring = threading.Lock()


def _measure(retriever: Retriever[Encoder], policy: Policy) -> float:
    whole = retriever.within(Filter())
    reached = [
        relevance(question, hits, retriever.model)
        for question in _OFF_TOPIC
        for hits in [whole.retrieve(question, policy.k, mode=policy.mode)]
    ]
    return float(np.percentile(reached, _REFUSED))
