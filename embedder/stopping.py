"""Stop texts: a reply that ends where one of them begins."""

from collections.abc import Iterable, Iterator, Sequence


def until_stop(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The text of `pieces` up to the first of `stops`, in pieces as they come.

    What may be the beginning of a stop text is held back until it is known.

    Args:
        pieces: A text as it grows; no further piece is asked for after a stop text.
        stops: Where it ends; a stop text is left out, and may be spread over several pieces.
            Empty ones stop nothing.
    """
    stops = [stop for stop in stops if stop]
    held = ""
    for piece in pieces:
        held += piece
        places = [place for stop in stops if (place := held.find(stop)) >= 0]
        if places:
            if min(places):
                yield held[: min(places)]
            return
        known = len(held) - _begun(held, stops)
        if known:
            yield held[:known]
            held = held[known:]
    if held:
        yield held


def _begun(text: str, stops: Sequence[str]) -> int:
    """Length of the longest end of `text` with which one of `stops` begins."""
    lengths = (n for stop in stops for n in range(len(stop)) if text.endswith(stop[:n]))
    return max(lengths, default=0)
