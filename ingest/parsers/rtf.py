"""Rich Text Format: its text, by striprtf; tables as lines of cells."""

from striprtf.striprtf import rtf_to_text

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.sniff import Format


def parse(data: bytes) -> Document:
    """An RTF file.

    Raises:
        UnreadableError: It is no RTF.
        NoTextError: It holds no text.
    """
    source = data.decode("latin-1")  # RTF is ASCII, and names the code pages of the rest itself
    try:
        text = rtf_to_text(_marked(source), errors="replace")
    except (ValueError, IndexError, KeyError, LookupError, UnicodeError) as error:
        msg = f"damaged: no readable RTF ({error})"
        raise UnreadableError(msg) from error
    builder = DocumentBuilder()
    rows: list[list[str]] = []
    for line in text.split("\n"):
        # A row of a table ends in the bar of its last cell.
        if line.endswith("|") and line.count("|") > 1:
            rows.append(line[:-1].split("|"))
            continue
        builder.add_table(rows)
        rows = []
        builder.add(line)
    builder.add_table(rows)
    return builder.build(Format.RTF)


def _marked(source: str) -> str:
    r"""With a mark before what is raised: `{\super 6}` follows its base without one."""
    return source.replace("{\\super ", "{\\super ^").replace("{\\sub ", "{\\sub _")
