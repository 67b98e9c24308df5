"""Questions about the collection itself ("How many files are there?"), answered from the index."""

import re
from collections import Counter
from pathlib import PurePosixPath

from app.answering.answer import Answer, Sentence
from retriever import Filter, Index

_MOST_NAMES = 30

_THINGS = r"(?:documents?|files?|sources?|dokumente|dateien|fichiers)"
_HERE = (
    r"(?:do|can) (?:you|i) (?:have|know|hold|see|search|ask|read)(?: about)?"
    r"|have you (?:got|read|indexed|loaded)|(?:are|is) (?:there|here|in here|in (?:the|your|this) "
    r"(?:index|collection|library|database)|indexed|loaded|available|stored)"
    r"|hast du|gibt es|sind (?:indexiert|da|vorhanden)|kennst du|y a-t-il|as-tu"
)
_COUNT = re.compile(rf"(?:how many|wie viele|combien de) {_THINGS}(?: (?:{_HERE}))*")
_LIST = re.compile(
    rf"(?:(?:what|which|welche|quels) {_THINGS} (?:{_HERE})"
    rf"|(?:list|show|name)(?: me)?(?: all)?(?: the| your| my)? {_THINGS}"
    r"|what(?:'s| is| do you have| can i (?:find|ask))(?: in)?(?: here| (?:the|this|your) "
    r"(?:index|collection|library))?"
    r"|what do you know(?: about)?|what can (?:i ask|you answer|you do)(?: you)?(?: about)?"
    rf"|what (?:are|is) (?:the|these|your|my) {_THINGS}(?: all)? about"
    r"|was ist hier drin|was weißt du)"
)


def is_about_collection(question: str) -> bool:
    """Whether `question` asks what there is to ask about, as a whole and nothing beyond."""
    plain = re.sub(r"\s+", " ", question.casefold().replace("’", "'")).strip(" ?!.")
    plain = re.sub(r"^(?:and|please|so|und)[, ]+|,? please$", "", plain)
    if _COUNT.fullmatch(plain):
        return True
    return bool(_LIST.fullmatch(plain)) and plain not in ("what is", "what's")


def about_collection(question: str, index: Index, where: Filter) -> Answer:
    """How many documents are indexed, of which kinds, and their names.

    Args:
        question: As it was asked.
        index: Where they are.
        where: Only documents that it admits are counted.
    """
    documents = [record for record in index.documents() if where.admits(record)]
    if not documents:
        nothing = Sentence("No document is indexed where the search is to look.", "", ())
        return Answer(
            question=question, understood=question, kind="collection", sentences=(nothing,)
        )
    passages = sum(document.chunks for document in documents)
    kinds = Counter(PurePosixPath(document.source).suffix.lower() for document in documents)
    told = ", ".join(f"{count} {kind or 'without suffix'}" for kind, count in kinds.most_common())
    count = "1 document is" if len(documents) == 1 else f"{len(documents):,} documents are"
    lines = [f"{count} indexed ({told}), {passages:,} passages in all:"]
    for document in documents[:_MOST_NAMES]:
        name = PurePosixPath(document.source).name.replace("`", "'")
        lines.append(f"- `{name}`")  # as code: a name is no Markdown
    if len(documents) > _MOST_NAMES:
        lines.append(f"- and {len(documents) - _MOST_NAMES:,} more")
    gaps = ["", "\n\n", *["\n"] * (len(lines) - 2)]
    sentences = [Sentence(line, gap, ()) for line, gap in zip(lines, gaps, strict=False)]
    return Answer(
        question=question, understood=question, kind="collection", sentences=tuple(sentences)
    )
