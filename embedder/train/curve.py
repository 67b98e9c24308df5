"""Learning curves: JSON lines for programs, a picture (SVG) for people."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from itertools import chain
from pathlib import Path
from statistics import fmean

WIDTH, HEIGHT, MARGIN = 420, 220, 44
DRAWN = 400
"""Most points of a line."""
COLOURS = "#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9 #000000".split()
"""Okabe and Ito's, which people with colour blindness can tell apart."""

NOT_DRAWN = {"step", "seconds", "tokens"}


class Curve:
    """The values of a run's steps, in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def keep(self, steps: int) -> None:
        """Drop what a killed run wrote after the snapshot that it is resumed from."""
        kept = [point for point in self.points() if point["step"] <= steps]
        self._file.write_text("".join(json.dumps(point) + "\n" for point in kept))

    def add(self, point: Mapping[str, float]) -> None:
        """Append the values of a step."""
        with self._file.open("a") as lines:
            lines.write(json.dumps(point) + "\n")

    def points(self) -> list[dict[str, float]]:
        """All values so far; a last line that was cut off is left out."""
        if not self._file.exists():
            return []
        lines = self._file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def draw(self, picture: Path) -> None:
        """Draw every value over the steps, one panel each, as SVG; nothing before the first.

        Not every step need have every value. Long runs are drawn as means of neighbouring steps.
        """
        points = self.points()
        if not points:
            return
        names = [n for n in dict.fromkeys(chain.from_iterable(points)) if n not in NOT_DRAWN]
        panels = [
            _panel(name, _means(points, name), COLOURS[place % len(COLOURS)], place)
            for place, name in enumerate(names)
        ]
        lines = (len(names) + 1) // 2
        picture.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {lines * HEIGHT}" '
            'font-family="sans-serif" font-size="11">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{"".join(panels)}</svg>\n'
        )


def _means(points: Sequence[Mapping[str, float]], name: str) -> list[tuple[float, float]]:
    """Step and value of the points that have `name`, at most `DRAWN` of them."""
    found = [(point["step"], point[name]) for point in points if name in point]
    run = -(-len(found) // DRAWN)
    groups = (found[start : start + run] for start in range(0, len(found), run))
    return [(group[-1][0], fmean(value for _, value in group)) for group in groups]


def _panel(name: str, points: Sequence[tuple[float, float]], colour: str, place: int) -> str:
    steps, values = zip(*points, strict=True)
    low, high = min(values), max(values)
    wide, tall = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    span, length = (high - low) or 1.0, (steps[-1] - steps[0]) or 1.0
    line = " ".join(
        f"{MARGIN + (step - steps[0]) / length * wide:.1f},"
        f"{MARGIN + (high - value) / span * tall:.1f}"
        for step, value in zip(steps, values, strict=True)
    )
    bottom = HEIGHT - MARGIN
    return (
        f'<g transform="translate({place % 2 * WIDTH} {place // 2 * HEIGHT})">\n'
        f'<text x="{MARGIN}" y="{MARGIN - 14}" font-weight="bold">'
        f"{escape(name.replace('_', ' '))}</text>\n"
        f'<path d="M{MARGIN} {MARGIN} V{bottom} H{WIDTH - MARGIN}" fill="none" stroke="#999"/>\n'
        f'<text x="{MARGIN - 4}" y="{MARGIN + 4}" text-anchor="end">{high:.3g}</text>\n'
        f'<text x="{MARGIN - 4}" y="{bottom}" text-anchor="end">{low:.3g}</text>\n'
        f'<text x="{MARGIN}" y="{bottom + 16}">{steps[0]:,.0f}</text>\n'
        f'<text x="{WIDTH - MARGIN}" y="{bottom + 16}" text-anchor="end">'
        f"step {steps[-1]:,.0f}</text>\n"
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>\n</g>\n'
    )
