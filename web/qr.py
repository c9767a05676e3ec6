"""QR codes drawn into the page: nothing to fetch, nothing inline that the security policy forbids."""

import segno
from markupsafe import Markup


def qr(text: str) -> Markup:
    """An SVG of `text`, scaled by the style sheet; give the element around it a label."""
    code = segno.make(text, error="m", micro=False)
    drawn = code.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None, dark="#000", light="#fff")
    return Markup(drawn)  # noqa: S704  # segno writes paths from bits; the text itself is not in it


def modules(text: str) -> str:
    """The dots of the QR code, row by row, `1` black: for what draws it itself."""
    code = segno.make(text, error="m", micro=False)
    return " ".join("".join("1" if dot else "0" for dot in row) for row in code.matrix)
