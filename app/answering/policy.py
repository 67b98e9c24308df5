"""How much is read before an answer, and how sure is sure enough."""

from dataclasses import dataclass

from retriever import DEFAULT_K, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits and thresholds of an answer.

    Attributes:
        k: How many passages are retrieved.
        mode: What finds them, see `retriever.search`.
        min_score: Passages below this cosine similarity are not looked at.
        min_relevance: For the best passage: share of the question's words in it (rare ones weigh
            more) plus its similarity (`calibrated`), 0 to 2. Below it there is no answer. By
            default it is measured on the collection itself, and the model must find the question
            likelier after the passage, too; see `gate.relation`.
        min_quote: The least relevance of a sentence that may be quoted instead of an answer.
        sure_coverage: If the best passage holds this share of the question's words, a refusal by
            the model is not believed: small models refuse too often.
        sure_gain: The same if the best passage makes the question so many nats a token likelier. Of
            191 questions it turned the refusals of 6 of 127 that have an answer into quotes, and
            that of 1 of 64 that have none.
        most_doubt: How likely the model may refuse to answer from the best passage alone for its
            refusal not to be believed: the closest sentences are shown instead. Of the fifty
            questions on the samples this concerned 8 of 41 that have an answer, 6 of them with it
            in those sentences, and 2 of 9 that have none.
        most_quote_doubt: How likely the model may refuse to answer from each of the closest
            sentences for them to be shown as an answer. Of 64 questions on two collections whose
            answers were quotes (the best twelve sentences were read) it refused, together with
            `may_answer`, 6 of 10 that have no answer and 1 of 54 that have one.
        min_sureness: Below it an answer is not believed: how likely the best passage holds one,
            times how sure the model is of its words. Of 150 questions on two collections 34 got an
            answer at 0.71, 7 of them a wrong one; 31 at 0.73, 5 of them.
        max_new_tokens: Longest answer.
        max_seconds: What is written by then stays, the rest is left out; None for no limit.
    """

    k: int = DEFAULT_K
    mode: Mode = "hybrid"
    min_score: float | None = None
    min_relevance: float | None = None
    min_quote: float = 0.7
    sure_coverage: float = 0.8
    sure_gain: float = 1.8
    most_doubt: float = 0.8
    most_quote_doubt: float = 0.9
    min_sureness: float = 0.73
    max_new_tokens: int = 512
    max_seconds: float | None = 120.0


DEFAULT_POLICY = Policy()
