"""What charts of every kind and diagrams show (ECMA-376, part 1, 21.2 and 21.4)."""

from collections.abc import Iterator
from itertools import groupby

from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import from_excel

from ingest.document import DocumentBuilder, one_line
from ingest.parsers.number_format import shown
from ingest.parsers.ooxml import Element

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MAX_POINTS = 10_000

_Points = dict[int, str]


def add_chart(chart: Element, builder: DocumentBuilder) -> None:
    """Append a chart: its title, and a table with a column for each series.

    Series with values of their own on both axes, as in a chart of points, get a table of their own.

    Args:
        chart: The root of its part.
        builder: Where it goes.
    """
    builder.add(chart_title(chart))
    series = [(_values(each, "cat", "xVal"), each) for each in chart.iter(f"{C}ser")]
    for names, group in groupby(series, key=lambda pair: pair[0]):
        columns = [("", names)]
        columns += [(_name(each), _values(each, "val", "yVal")) for _, each in group]
        places = sorted({place for _, values in columns for place in values})[:_MAX_POINTS]
        rows = [[values.get(place, "") for _, values in columns] for place in places]
        builder.add_table([[name for name, _ in columns], *rows], header_rows=1)


def chart_title(chart: Element) -> str:
    """The title of a chart; empty if it has none."""
    title = chart.find(f"{C}chart/{C}title")
    return "" if title is None else _text(title)


def diagram_lines(diagram: Element) -> list[str]:
    """The words of a diagram (SmartArt), a line each.

    Args:
        diagram: The root of the part with its data.
    """
    paragraphs = (each for point in diagram.iter("{*}pt") for each in point.iter(f"{_A}p"))
    return [line for each in paragraphs if (line := _text(each))]


def _name(series: Element) -> str:
    name = series.find(f"{C}tx")
    return "" if name is None else one_line(" ".join(v.text or "" for v in name.iter(f"{C}v")))


def _values(series: Element, *names: str) -> _Points:
    """The values on an axis by their places; of names in several levels the innermost."""
    axis = next((found for name in names if (found := series.find(f"{C}{name}")) is not None), None)
    if axis is None:
        return {}
    level = axis.find(f".//{C}lvl")
    return dict(_points(axis if level is None else level))


def _points(axis: Element) -> Iterator[tuple[int, str]]:
    codes = (code.text or "" for code in axis.iter(f"{C}formatCode"))
    code = next(codes, "General")
    is_text = axis.find(f".//{C}numCache") is None and axis.find(f"{C}numLit") is None
    for point in axis.iter(f"{C}pt"):
        place, value = point.get("idx", ""), point.findtext(f"{C}v") or ""
        if place.isdecimal():
            own = point.get("formatCode") or code
            yield int(place), one_line(value) if is_text else _number(value, own)


def _number(value: str, code: str) -> str:
    try:
        number = float(value)
        return shown(from_excel(number) if is_date_format(code) else number, code)
    except (ValueError, OverflowError):  # "#N/A"
        return one_line(value)


def _text(parent: Element) -> str:
    words = "".join(text.text or "" for text in parent.iter(f"{_A}t"))
    return one_line(words) or one_line(" ".join(v.text or "" for v in parent.iter(f"{C}v")))
