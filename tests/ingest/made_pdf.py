"""PDFs that are made of a page's operators."""

import io

import pypdf

HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(content: str, *, rotate: int = 0, second: str = HELVETICA) -> bytes:
    """A page of Helvetica; `content` is its stream of operators (ISO 32000-1, 9.4).

    Args:
        content: Its font is /F.
        rotate: Degrees.
        second: The font /G.
    """
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Rotate {rotate} /Contents 4 0 R "
        f"/Resources << /Font << /F {HELVETICA} /G {second} >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
    ]
    body, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 5\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")


def lines(*texts: str) -> str:
    shown = "".join(f"({text}) Tj T* " for text in texts)
    return f"BT /F 12 Tf 14 TL 60 700 Td {shown}ET"


def book(*pages: str, outline: tuple[tuple[str, int], ...] = ()) -> bytes:
    """A PDF of several pages, and an outline of (title, page index)."""
    writer = pypdf.PdfWriter()
    for page in pages:
        writer.append(io.BytesIO(pdf(page)))
    for title, number in outline:
        writer.add_outline_item(title=title, page_number=number)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
