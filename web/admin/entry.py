"""Administrators' forms: what was typed is shaped as a data file; mistakes go beside their fields."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request
from flask_babel import gettext as _

from catalog import words as catalog_words
from halls import words as hall_words
from kernel.data_file import DataFileInvalid
from kernel.errors import DomainError
from web import edge

_BETWEEN = re.compile(r"[、,，;；\n\r\t]")
_FEN = 100
#: A field that asks for another unit than is stored.
_STORED = {"fee": "fee_yuan"}


def label(name: str) -> str:
    """What a field is called, in the reader's language."""
    name = _STORED.get(name, name)
    pair = catalog_words.NAMES.get(name) or hall_words.NAMES.get(name)
    return pair[edge.language() == "en"] if pair else name


def text(name: str) -> str:
    """What was typed, without blanks around; longer than any field takes is cut where it must be refused."""
    return request.form.get(name, "").replace("\0", "").strip()[:2000]


def chosen(name: str) -> list[str]:
    """What was ticked."""
    return [value.replace("\0", "")[:60] for value in request.form.getlist(name)]


def texts(names: Iterable[str]) -> dict[str, Any]:
    """Several fields."""
    return {name: text(name) for name in names}


def whole(name: str, default: int | None = None) -> Any:
    """A whole number; anything else as it was typed, for the check that knows what may stand there."""
    typed = text(name)
    if not typed and default is not None:
        return default
    return int(typed) if re.fullmatch(r"\d{1,9}", typed) else typed


def decimal(name: str) -> Any:
    """A number; anything else as it was typed."""
    typed = text(name)
    return float(typed) if re.fullmatch(r"-?\d{1,6}(\.\d{1,9})?", typed) else typed


def fen(name: str) -> Any:
    """Yuan, as people write them, in fen; anything else as it was typed."""
    typed = text(name)
    try:
        amount = Decimal(typed or "0") * _FEN
    except InvalidOperation:
        return typed
    return int(amount) if amount == amount.to_integral_value() and amount >= 0 else typed


def words(name: str) -> list[str]:
    """A list typed with commas, 、 or one a line; each once."""
    parts = (
        part.strip()[:60] for part in _BETWEEN.split(request.form.get(name, "").replace("\0", "")[:4000])
    )
    return list(dict.fromkeys(part for part in parts if part))


def sent_file(most: int) -> bytes:
    """The file that was sent, or nothing: at most one byte more than `most`, whose reader then refuses it.

    A large one lies in a temporary file, which must not stay open.
    """
    file = request.files.get("file")
    if file is None:
        return b""
    try:
        return file.stream.read(most + 1)
    finally:
        file.close()


def mistakes(error: DomainError, *, under: str = "") -> dict[str, str]:
    """Field → what is wrong with it; what belongs to no field stands under its place.

    `under` is where the form's fields lie in the data, for example `materials[3].`.
    """
    if not isinstance(error, DataFileInvalid):
        return {"_": error.sentence(edge.language())}
    english = edge.language() == "en"
    found: dict[str, str] = {}
    for problem in error.problems:
        sentence = problem.en if english else problem.zh
        name = problem.key.removeprefix(under)
        if name == "fee_fen":  # typed in yuan
            found["fee"] = str(_("应为 0 到 100000 元，最多两位小数"))
        elif "." in name or "[" in name:
            found.setdefault(f"_{problem.key}", f"{problem.key}{': ' if english else '：'}{sentence}")
        else:
            found.setdefault(name, sentence)
    return found


def yuan_text(fee_fen: Any) -> str:
    """Fen as the field shows yuan; what was mistyped as it was."""
    if not isinstance(fee_fen, int):
        return str(fee_fen)
    return f"{Decimal(fee_fen) / _FEN:.2f}".removesuffix(".00")


def blank_as(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left empty, for data whose parts may be absent."""
    return {name: value for name, value in values.items() if value not in ("", None, [])}
