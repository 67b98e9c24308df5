"""Word documents made of their parts."""

import io
import zipfile

from ingest.parsers.docx import parse

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


NAMESPACES = (
    f'xmlns:w="{WORD}" xmlns:r="{RELATIONS}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
)


def word(body: str, **parts: str) -> bytes:
    """A document of `body` and of further parts by the kind of their relationship."""
    files = {"word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"}
    relations = ""
    for kind, content in parts.items():
        name = kind.rstrip("0123456789")
        target = "NULL" if not content else f"{kind}.xml"
        relations += f'<Relationship Id="{kind}" Type="{RELATIONS}/{name}" Target="{target}"/>'
        if content:
            files[f"word/{kind}.xml"] = content
    files["word/_rels/document.xml.rels"] = f"<Relationships>{relations}</Relationships>"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def text(body: str, **parts: str) -> str:
    return parse(word(body, **parts)).text


def cell(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"
