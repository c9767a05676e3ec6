"""PURE: what a text message costs: its segments, as carriers cut and bill them.

GSM 03.38 carries 160 characters in one message and 153 in each part of a longer one, where a few
characters take two places. One character beyond it, such as a Chinese comma or a non-breaking space, makes
the whole text UCS-2: 70 and 67 code units. Neither a pair of surrogates nor an escape is cut in two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("^{}\\[~]|€\f")
_LAST_OF_BASIC_PLANE = 0xFFFF


class Encoding(StrEnum):
    """How a carrier writes the text."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_ONE_MESSAGE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_ONE_PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True)
class Size:
    """`units` are septets or UTF-16 code units; `segments` is what is billed."""

    encoding: Encoding
    units: int
    segments: int


def segments(text: str) -> int:
    """How many segments the text is billed as, signature and all; 0 for an empty one."""
    return measure(text).segments


def measure(text: str) -> Size:
    """Encoding, length and segments of a text."""
    encoding = Encoding.UCS2 if beyond_gsm(text) else Encoding.GSM7
    widths = [_width(character, encoding) for character in text]
    units = sum(widths)
    if units <= _ONE_MESSAGE[encoding]:
        return Size(encoding, units, min(units, 1))
    return Size(encoding, units, _parts(widths, _ONE_PART[encoding]))


def beyond_gsm(text: str) -> str:
    """The characters that make the text UCS-2, each once and in order; an editor can be shown them."""
    return "".join(dict.fromkeys(c for c in text if c not in _GSM_BASIC and c not in _GSM_EXTENDED))


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in _GSM_EXTENDED else 1
    return 2 if ord(character) > _LAST_OF_BASIC_PLANE else 1


def _parts(widths: Iterable[int], size: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > size:
            parts, used = parts + 1, 0
        used += width
    return parts
