"""PURE: a picture of black dots as the bytes of an ESC/POS printer, and what the printer says of itself.

Chinese printers differ in their character sets (GB 18030, GBK, UTF-8) and fonts; all of them print dots. The
commands are those of the ESC/POS reference: `ESC @`, `GS v 0`, `ESC d`, `GS V`, `DLE EOT n`, `GS r 1`.
"""

from dataclasses import dataclass

WIDTH_DOTS = 576  # of paper 80 mm wide: 72 mm at 8 dots a millimetre
ROW_BYTES = WIDTH_DOTS // 8
MOST_ROWS = 2000  # 25 cm of paper
_BAND_ROWS = 128  # small printers hold few kilobytes at once
_START, _FEED, _CUT = b"\x1b@", b"\x1bd\x04", b"\x1dV\x42\x00"

ASK_STATE, ASK_PAPER = b"\x10\x04\x02", b"\x10\x04\x04"  # answered at once, even while it cannot print
ASK_DONE = b"\x1dr\x01"  # answered in its turn: after what was sent before
_FIXED, _FIXED_VALUE = 0b1001_0011, 0b0001_0010
_COVER_OPEN, _STOPPED, _FAULT, _PAPER_GONE = 0x04, 0x20, 0x40, 0x60


class PictureMalformed(ValueError):
    """Not whole rows of the paper's width, or none, or too many."""


@dataclass(frozen=True, slots=True)
class State:
    """What a printer says; all False when it says nothing."""

    paper_gone: bool = False
    cover_open: bool = False
    fault: bool = False


def encode(dots: bytes) -> bytes:
    """Everything to send for one ticket: `dots` are rows of 72 bytes, a set bit is black.

    Raises:
        PictureMalformed
    """
    rows, rest = divmod(len(dots), ROW_BYTES)
    if rest or not 0 < rows <= MOST_ROWS:
        raise PictureMalformed
    bands = [
        _band(dots[first * ROW_BYTES : (first + _BAND_ROWS) * ROW_BYTES])
        for first in range(0, rows, _BAND_ROWS)
    ]
    return b"".join([_START, *bands, _FEED, _CUT])


def _band(dots: bytes) -> bytes:
    rows = len(dots) // ROW_BYTES
    return b"\x1dv0\x00" + ROW_BYTES.to_bytes(2, "little") + rows.to_bytes(2, "little") + dots


def is_state(answer: int) -> bool:
    """Whether a byte can answer ASK_STATE; what answers ASK_DONE cannot."""
    return answer & _FIXED == _FIXED_VALUE


def read_state(state: int | None, paper: int | None) -> State:
    """The answers to ASK_STATE and ASK_PAPER; None, or a byte that is no answer, says nothing."""
    known_state = state if state is not None and state & _FIXED == _FIXED_VALUE else 0
    known_paper = paper if paper is not None and paper & _FIXED == _FIXED_VALUE else 0
    paper_gone = known_paper & _PAPER_GONE == _PAPER_GONE or bool(known_state & _STOPPED)
    return State(paper_gone, bool(known_state & _COVER_OPEN), bool(known_state & _FAULT))
