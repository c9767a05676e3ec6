"""PURE: what a scanner or a finger typed at the kiosk: a booking, a ticket, a code, or a document."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{22}")
_CODE = re.compile(r"[0-9]{6}")
_BETWEEN = re.compile(r"[|,;\t\r\n]")
_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]")
_TICKET_PATH = "q"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Scan:
    """At most one of them is set; none for a text that says nothing."""

    ticket: str | None = None
    reference: str | None = None
    code: str | None = None
    identity: str | None = None


def read_scan(text: str) -> Scan:
    """Read a booking's or a ticket's address, a bare reference, a six-digit code, else a document's number.

    Scanners add spaces and line ends; input methods make full-width letters.
    """
    bare = unicodedata.normalize("NFKC", text[:_LONGEST]).strip()
    if "//" in bare:
        return _read_address(bare)
    if _CODE.fullmatch(bare.replace(" ", "")):
        return Scan(code=bare.replace(" ", ""))
    if _REFERENCE.fullmatch(bare):
        return Scan(reference=bare)
    _name, number = read_document(bare)
    return Scan(identity=number) if number else Scan()


def read_document(text: str) -> tuple[str, str]:
    """Name and number as a reader of documents types them, `张三|1101…`; a bare number has no name.

    Readers that type the whole card (`张三|男|汉|1949…|住址|1101…|…`) begin with the name and have one
    resident ID number among the rest.
    """
    pieces = [piece.strip() for piece in _BETWEEN.split(unicodedata.normalize("NFKC", text[:_LONGEST]))]
    numbers = [piece for piece in pieces if any(sign.isdigit() for sign in piece)]
    names = [piece for piece in pieces if piece and piece not in numbers]
    of_residents = [piece for piece in numbers if _RESIDENT_ID.fullmatch(piece.upper())]
    if len(of_residents) == 1:
        first = names[:1] if len(names) == 1 or pieces[0] in names else []
        return "".join(first), of_residents[0]
    if len(numbers) != 1 or len(names) > 1:
        return "", text.strip()[:_LONGEST]
    return (names[0] if names else ""), numbers[0]


def _read_address(address: str) -> Scan:
    pieces = [unquote(piece) for piece in urlsplit(address).path.split("/")]
    found = [at for at, piece in enumerate(pieces) if _REFERENCE.fullmatch(piece)]
    if not found:
        return Scan()
    at = found[-1]
    return Scan(ticket=pieces[at]) if pieces[at - 1] == _TICKET_PATH else Scan(reference=pieces[at])
