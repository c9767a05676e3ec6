"""PURE: which clips say where a called person shall go, when it is a room and not a counter.

Rooms are what `queueing.rooms` lets through: a number, or a short name. `tools/make_clips.py` makes every
clip named here; for another name a hall may bring its own recording, else people are asked to look at it.
"""

import re
from dataclasses import dataclass

_TEN, _HUNDRED = 10, 100
_NUMBERED = re.compile(r"([0-9A-Z]{1,5})号?(室|区|台|厅|柜|机|窗口|照相点)")
_AFTER_NUMBER = {
    "室": "zh-room",
    "区": "zh-area",
    "台": "zh-desk",
    "厅": "zh-hall",
    "柜": "zh-case",
    "机": "zh-machine",
    "窗口": "zh-window",
    "照相点": "zh-photo-point",
}
#: Names that many halls have.
NAMED = {
    "照相室": "zh-photo-room",
    "采集室": "zh-capture-room",
    "缴费台": "zh-pay-desk",
    "缴费窗口": "zh-pay-window",
    "缴费机": "zh-pay-machine",
    "取证窗口": "zh-collect-window",
    "取证柜": "zh-collect-case",
    "自助区": "zh-self-area",
    "自助机": "zh-self-machine",
    "咨询台": "zh-help-desk",
    "接待室": "zh-reception-room",
    "调解室": "zh-mediation-room",
    "体检室": "zh-health-room",
}
_IN_ENGLISH = {
    "照相室": "the photo room",
    "采集室": "the data capture room",
    "缴费台": "the payment desk",
    "缴费窗口": "the payment window",
    "缴费机": "the payment machine",
    "取证窗口": "the collection window",
    "取证柜": "the collection locker",
    "出件窗口": "the collection window",
    "统一出件窗口": "the collection window",
    "导办台": "the reception desk",
    "自助区": "the self-service area",
    "自助机": "the self-service machine",
    "咨询台": "the help desk",
    "接待室": "the reception room",
    "调解室": "the mediation room",
    "体检室": "the health check room",
}
_NUMBERED_IN_ENGLISH = {
    "室": "room",
    "区": "area",
    "台": "desk",
    "厅": "hall",
    "柜": "locker",
    "机": "machine",
    "窗口": "window",
    "照相点": "photo point",
}
LOOK = "zh-look", "en-look"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What follows the ticket's number, in each language."""

    zh: tuple[str, ...]
    en: tuple[str, ...]


def say_room(room: str, *, recorded: bool = False) -> Spoken:
    """The clips of a room. `recorded`: the hall has a recording of its very name, `zh-NAME`."""
    look = (LOOK[1],)
    if recorded:
        return Spoken(("zh-to", f"zh-{room}"), look)
    if room in NAMED:
        return Spoken(("zh-to", NAMED[room]), look)
    found = _NUMBERED.fullmatch(room)
    if found is None:
        return Spoken((LOOK[0],), look)
    number, kind = found.groups()
    digits = tuple(f"en-{sign}" for sign in number)
    english = ("en-room", *digits) if kind == "室" else look
    return Spoken(("zh-to", *_read(number), _AFTER_NUMBER[kind]), english)


def english_name(room: str) -> str:
    """The room for readers of English; a name that halls made up themselves stays as it is."""
    found = _NUMBERED.fullmatch(room)
    if found is None:
        return _IN_ENGLISH.get(room, room)
    number, kind = found.groups()
    return f"{_NUMBERED_IN_ENGLISH[kind]} {number}"


def _read(number: str) -> tuple[str, ...]:
    """12 → ten, two; rooms of three digits and those with letters sign by sign."""
    if not number.isdecimal() or number.startswith("0") or not _TEN <= int(number) < _HUNDRED:
        return tuple(f"zh-{sign}" for sign in number)
    tens, units = number[0], number[1]
    return (
        *(() if tens == "1" else (f"zh-{tens}",)),
        "zh-ten",
        *(() if units == "0" else (f"zh-{units}",)),
    )


def clips() -> frozenset[str]:
    """Every clip of its own that a room may need."""
    return frozenset({*_AFTER_NUMBER.values(), *NAMED.values(), *LOOK, "en-room", "zh-to", "zh-ten"})
