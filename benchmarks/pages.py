"""Do passages stand on the page that they name? Each against another reader's text of that page.

    python benchmarks/pages.py FOLDER

Pages of PDFs as pypdfium2 gives their text, slides from their XML, sheets by openpyxl's values,
chapters of EPUBs in the order of the spine. A passage stands on its page if at least 80 % of its
words do, the text of all pages holds it (what the other reader does not see cannot be judged), and
no other page holds more of it. The goal is 98 % of the passages of every file.
"""

import argparse
import io
import posixpath
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pypdfium2
from lxml import etree, html
from rich.console import Console
from rich.table import Table

from embedder.errors import DuetError
from ingest.chunk import cut
from ingest.parsers import parse
from ingest.sniff import sniff

PASSAGE_WORDS = 120
HELD = 0.8
GOAL = 0.98
_WORD = re.compile(r"\w+")


def main() -> int:
    """Print a row for each file; returns 1 if one misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    files = [
        path
        for path in sorted(parser.parse_args().folder.rglob("*"))
        if path.suffix.lower() in _READERS
    ]
    table = Table("file", "pages", "passages", "on their page", "not judged")
    missed = 0
    for path in files:
        try:
            pages, right, wrong, unjudged = measure(path)
        except (DuetError, pypdfium2.PdfiumError):
            continue  # damaged on purpose, or a scan
        judged = right + wrong
        share = right / judged if judged else 1.0
        missed += share < GOAL
        style = "" if share >= GOAL else "red"
        numbers = (str(pages), str(judged + unjudged), f"{share:.1%}", str(unjudged))
        table.add_row(path.name, *numbers, style=style)
    Console().print(table)
    return 1 if missed else 0


def measure(path: Path) -> tuple[int, int, int, int]:
    """Pages of a file; passages on their page, on another one, and that nobody can judge."""
    data = path.read_bytes()
    document = parse(data, sniff(data, path.suffix))
    pages = [Counter(words(text)) for text in _READERS[path.suffix.lower()](data)]
    whole = sum(pages, Counter[str]())
    right = wrong = unjudged = 0
    for passage in cut(document, lambda text: len(words(text)), PASSAGE_WORDS):
        wanted = Counter(words(document.text[passage.start : passage.end]))
        if not wanted or _held(wanted, whole) < HELD or passage.page is None:
            unjudged += 1
            continue
        here = _held(wanted, pages[passage.page.number - 1])
        if here >= HELD or here >= max(_held(wanted, page) for page in pages):
            right += 1
        else:
            wrong += 1
    return len(pages), right, wrong, unjudged


def words(text: str) -> list[str]:
    """Words, with the hyphens at ends of lines taken out."""
    return _WORD.findall(re.sub(r"[-\u00ad\x02]\s*\n\s*", "", text).casefold())


def _held(wanted: Counter[str], page: Counter[str]) -> float:
    return (wanted & page).total() / wanted.total()


def _pdf(data: bytes) -> list[str]:
    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_range() for page in document]


def _slides(data: bytes) -> list[str]:
    """With their notes, in the order of the presentation."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        shown = _targets(archive, "ppt/presentation.xml", "sldId")
        return ["\n".join(_slide(archive, name)) for name in shown]


def _slide(archive: zipfile.ZipFile, name: str) -> list[str]:
    parts = [name]
    folder, file = posixpath.split(name)
    relations = f"{folder}/_rels/{file}.rels"
    if relations in archive.namelist():
        for relation in etree.fromstring(archive.read(relations)):
            if re.search("notesSlide$|/chart$|diagramData$", str(relation.get("Type"))):
                target = posixpath.join(folder, str(relation.get("Target")))
                parts.append(posixpath.normpath(target).lstrip("/"))
    return [text for part in parts for text in _texts(archive.read(part))]


def _texts(data: bytes) -> list[str]:
    return [str(text) for text in etree.fromstring(data).itertext() if str(text).strip()]


def _targets(archive: zipfile.ZipFile, part: str, item: str) -> list[str]:
    folder, file = posixpath.split(part)
    relations = {
        str(each.get("Id")): posixpath.normpath(posixpath.join(folder, str(each.get("Target"))))
        for each in etree.fromstring(archive.read(f"{folder}/_rels/{file}.rels"))
    }
    found = etree.fromstring(archive.read(part)).iter(f"{{*}}{item}")
    ids = (next(value for key, value in each.attrib.items() if "}id" in key) for each in found)
    return [relations[str(each)] for each in ids]


def _sheets(data: bytes) -> list[str]:
    """As many words as the cells have, so dates and numbers in other forms count against them."""
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return [
        "\n".join(
            str(cell)
            for row in sheet.iter_rows(values_only=True)
            for cell in row
            if cell is not None
        )
        for sheet in book.worksheets
        if sheet.sheet_state == "visible"
    ]


def _chapters(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        container = etree.fromstring(archive.read("META-INF/container.xml"))
        package = str(next(container.iter("{*}rootfile")).get("full-path"))
        root = etree.fromstring(archive.read(package))
        items = {str(item.get("id")): str(item.get("href")) for item in root.iter("{*}item")}
        spine = [items[str(item.get("idref"))] for item in root.iter("{*}itemref")]
        folder = posixpath.dirname(package)
        names = [posixpath.normpath(posixpath.join(folder, name)) for name in spine]
        return [str(html.fromstring(archive.read(name)).text_content()) for name in names]


_READERS: dict[str, Callable[[bytes], list[str]]] = {
    ".pdf": _pdf,
    ".pptx": _slides,
    ".xlsx": _sheets,
    ".epub": _chapters,
}

if __name__ == "__main__":
    sys.exit(main())
