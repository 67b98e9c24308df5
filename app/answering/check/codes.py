"""Codes of errors, parts and levels, as "E1210", "AAL2" and "DN-25"."""

import re

from app.answering.sentences import Span

_CODE = re.compile(r"(?<![\w.-])[^\W\d_](?:\w|[-./](?=\w))*")
_IDENTIFIER = re.compile(r"\d|\w[_./:]\w|[a-z][A-Z]|^--?\w")
_WHAT_IS = re.compile(
    r"(?:what(?:'s|’s| is| are| does)|explain|was (?:ist|bedeutet|heißt)|qu['’]est-ce que|"
    r"que signifie|qué (?:es|significa))\s+"
    r"(?:(?:the|an?|der|die|das|le|la|el)\s+)?(?:\w+\s+)??[`\"“]?"
    r"(?P<code>[\w-](?:[^\s`\"”?]*\w)?)[`\"”]?(?:\s+(?:means?|do|for|about))?\s*[?.]*",
    re.IGNORECASE,
)
_HEAD = re.compile(rf"^\W*({_CODE.pattern})", re.MULTILINE)  # of a row, or of an entry of a list


def is_about_another(asked: str, text: str, span: Span, around: str = "") -> bool:
    """Whether a sentence tells of another code than the one that `asked` names.

    "E1215: The link is lost." is no answer about E1210, nor is what follows it in its entry, though
    the words are the same but for a figure.

    Args:
        asked: The question.
        text: A passage.
        span: Of the sentence.
        around: The passage's title and headings, which may name the code for all of it.
    """
    wanted = _codes(asked)
    kinds = {_kind(code) for code in wanted}
    told = {code for code in _codes(span.of(text)) if _kind(code) in kinds}
    if not told:
        heads = (match[1].casefold() for match in _HEAD.finditer(text, 0, span.start))
        told = set([code for code in heads if _kind(code) in kinds][-1:])
    rivals = {code for code in wanted if _kind(code) in map(_kind, told)}
    return bool(rivals) and rivals.isdisjoint(told | _codes(around))


def defines(asked: str, sentence: str) -> bool:
    """Whether `asked` is what a code or identifier means, and nothing else, and `sentence` has it.

    A language model does not know what "E-4471" or `max_retries` is, and refuses such questions.
    """
    question = _WHAT_IS.fullmatch(asked.strip())
    if question is None or not _IDENTIFIER.search(question["code"]):
        return False
    whole = rf"(?<![\w-]){re.escape(question['code'])}(?![\w-]|\.\w)"
    return re.search(whole, sentence, re.IGNORECASE) is not None


def _codes(text: str) -> set[str]:
    return {match[0].casefold() for match in _CODE.finditer(text) if re.search(r"\d", match[0])}


def _kind(code: str) -> str:
    """What codes have in common that differ by their figures."""
    return re.sub(r"\d+", "0", code) if re.search(r"\d", code) else ""
