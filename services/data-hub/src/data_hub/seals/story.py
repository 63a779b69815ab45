"""What a document is made of: headings, paragraphs, tables, pictures, in the embedded font.

Text is text: mark-up in it is shown, not obeyed. A character that the font lacks is written as `[U+3400]`, so that
nothing disappears without a trace. Lengths are in points (1/72 inch), pages are A4.
"""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

FONT = "SmartHengshuiSansSC"
FONT_FILE = Path(__file__).parent / "fonts" / "smart-hengshui-sans-sc.ttf"
_INK, _LINE = "#1a1a1a", "#b8b8b8"
_MOST_IN_BLOCK = 100  # entries of a block of a CMap, as Adobe's Technical Note 5014 allows
_HIGHEST_ROW, _ENDLESS, _PADDING = 690, 1_000_000, 6


@cache
def characters() -> frozenset[int]:
    """The code points that the embedded font shows; registers the font."""
    from reportlab.pdfbase import pdfmetrics, ttfonts  # noqa: PLC0415 - heavy, and most processes never need it

    # The library's own table cuts what lies beyond the Basic Multilingual Plane: a name would be copied out as another.
    ttfonts.makeToUnicodeCMap = _unicode_map
    font = ttfonts.TTFont(FONT, str(FONT_FILE))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _unicode_map(name: str, subset: Sequence[int]) -> str:
    """The ToUnicode CMap (ISO 32000-1, 9.10.3) of a font's subset of at most 256 code points, as UTF-16BE."""
    lines = [f"<{at:02X}> <{chr(code).encode('utf-16-be', 'surrogatepass').hex()}>" for at, code in enumerate(subset)]
    blocks = (lines[at : at + _MOST_IN_BLOCK] for at in range(0, len(lines), _MOST_IN_BLOCK))
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            f"/CIDSystemInfo << /Registry ({name}) /Ordering ({name}) /Supplement 0 >> def",
            f"/CMapName /{name} def /CMapType 2 def",
            f"1 begincodespacerange <00> <{len(subset) - 1:02X}> endcodespacerange",
            *(line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    )


def shown(text: str) -> str:
    """`text` as the font can show it, safe for a paragraph."""
    known = characters()
    return escape("".join(one if ord(one) in known or one == "\n" else f"[U+{ord(one):04X}]" for one in text))


def heading(text: str, *, size: float = 20, centred: bool = True) -> Any:
    """A heading."""
    return _paragraph(text, size=size, alignment=1 if centred else 0, spaceAfter=size * 0.6)


def paragraph(text: str, *, size: float = 10.5, centred: bool = False) -> Any:
    """A paragraph; a line break in `text` is one on the page."""
    return _paragraph(text, size=size, alignment=1 if centred else 0, spaceAfter=size * 0.4)


def table(rows: Sequence[Sequence[str]], *, widths: Sequence[float] | None = None, head: bool = False) -> Any:
    """A table with hairlines. `widths` are in points; `head` repeats the first row on every page.

    A row stays on one page, unless it is higher than a page and `widths` are given: then it goes on on the next.
    """
    from reportlab.platypus import Table  # noqa: PLC0415 - heavy, and most processes never need it

    cells = [[_paragraph(cell, size=10, alignment=0, spaceAfter=0) for cell in row] for row in rows]
    made = Table(
        cells,
        colWidths=list(widths) if widths else None,
        repeatRows=1 if head else 0,
        splitInRow=_is_too_high(cells, widths),
    )
    style: list[tuple[Any, ...]] = [("GRID", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), "#efefef"))
    made.setStyle(style)
    return made


def _is_too_high(cells: Sequence[Sequence[Any]], widths: Sequence[float] | None) -> bool:
    if widths is None:
        return False
    return any(
        cell.wrap(width - 2 * _PADDING, _ENDLESS)[1] > _HIGHEST_ROW
        for row in cells
        for cell, width in zip(row, widths, strict=False)
    )


def picture(png: bytes, *, width: float, height: float) -> Any:
    """A PNG picture of this size on the page."""
    from reportlab.platypus import Image  # noqa: PLC0415 - heavy, and most processes never need it

    return Image(io.BytesIO(png), width=width, height=height)


def gap(height: float = 12) -> Any:
    """Empty space."""
    from reportlab.platypus import Spacer  # noqa: PLC0415 - heavy, and most processes never need it

    return Spacer(1, height)


def _paragraph(text: str, *, size: float, **style: Any) -> Any:
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 - heavy, and most processes never need it
    from reportlab.platypus import Paragraph  # noqa: PLC0415 - as above

    characters()
    chosen = ParagraphStyle(
        "text", fontName=FONT, fontSize=size, leading=size * 1.5, textColor=_INK, wordWrap="CJK", **style
    )
    return Paragraph(shown(text).replace("\n", "<br/>"), chosen)
