"""What markitdown or docling makes of files, for `benchmarks/readers.py`; needs nothing of ours.

    python other_readers.py markitdown|docling FILE...

Prints a JSON object a file: `text` (Markdown) and `seconds` of the second reading, or `error`.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

_BACKENDS = {
    "docx": ("DOCX", "msword_backend", "MsWordDocumentBackend"),
    "pptx": ("PPTX", "mspowerpoint_backend", "MsPowerpointDocumentBackend"),
    "xlsx": ("XLSX", "msexcel_backend", "MsExcelDocumentBackend"),
    "html": ("HTML", "html_backend", "HTMLDocumentBackend"),
    "md": ("MD", "md_backend", "MarkdownDocumentBackend"),
    "csv": ("CSV", "csv_backend", "CsvDocumentBackend"),
}
"""Those that need no torch and no models; `DocumentConverter` imports torch whatever it reads."""


def main() -> None:
    """Read the files."""
    read = {"markitdown": _markitdown, "docling": _docling}[sys.argv[1]]()
    for name in sys.argv[2:]:
        try:
            read(Path(name))
            start = time.perf_counter()
            text = read(Path(name))
            answer = {"text": text, "seconds": time.perf_counter() - start}
        except Exception as error:  # noqa: BLE001 - of another's code: it is told in the table
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), flush=True)


def _markitdown() -> Callable[[Path], str]:
    converter = importlib.import_module("markitdown").MarkItDown()
    return lambda path: converter.convert(path).markdown


def _docling() -> Callable[[Path], str]:
    formats = importlib.import_module("docling.datamodel.base_models").InputFormat
    document = importlib.import_module("docling.datamodel.document").InputDocument

    def read(path: Path) -> str:
        kind = path.suffix.removeprefix(".").lower()
        if kind not in _BACKENDS:
            raise LookupError("needs models or torch")
        name, module, backend = _BACKENDS[kind]
        backend = getattr(importlib.import_module(f"docling.backend.{module}"), backend)
        opened = document(
            path_or_stream=path, format=formats[name], backend=backend, filename=path.name
        )
        return opened._backend.convert().export_to_markdown()

    return read


if __name__ == "__main__":
    main()
