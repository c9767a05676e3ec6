"""Kiosks and call screens as a table: what they are called, show and print on. Tokens are never in it.

Devices are enrolled by the code that they show and withdrawn on their page; a table does neither.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import list_counters
from halls.screen_edit import screens_of
from halls.tables import hall_column, own_halls
from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet
from people import devices
from people.models import Device

_NEED = "device.enrol"
_SHOWS = re.compile(r"(zone:[a-z0-9-]{1,16}|window:[0-9]{1,4})?")
DEVICES = Sheet(
    "devices",
    "自助机和叫号屏",
    "Kiosks and screens",
    (
        Column("id", "编号（不能改）", "Number (stays)", kind="whole", needed=True),
        hall_column("hall", "code", needed=True),
        Column("kind", "种类（不能改）", "Kind (stays)", needed=True, most=16),
        Column("name", "名称", "Name", needed=True, most=60),
        Column(
            "shows",
            "叫号屏显示（空为全厅，zone:区域，window:窗口）",
            "A screen shows (empty: the hall, zone:CODE, window:3)",
            most=32,
        ),
        Column(
            "printer",
            "自助机的打印机（空、browser 或内网地址）",
            "A kiosk prints on (empty, browser or an address)",
            most=60,
        ),
    ),
    key=("id",),
)


def read_devices(session: Session, actor: Actor) -> list[Row]:
    """The devices of one's halls that are in use."""
    return [_row(device, hall) for device, hall in _own(session, actor).values()]


def _own(session: Session, actor: Actor) -> dict[int, tuple[Device, Hall]]:
    halls = {hall.id: hall for hall in own_halls(session, actor, _NEED)}
    rows = session.scalars(
        select(Device).where(Device.hall_id.in_(halls), Device.revoked_at.is_(None)).order_by(Device.id)
    )
    return {device.id: (device, halls[device.hall_id]) for device in rows}


def _row(device: Device, hall: Hall) -> Row:
    own = {name: getattr(device, name) for name in ("id", "kind", "name", "shows", "printer")}
    return {**own, "hall": hall.code}


def write_devices(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Change the devices that are named; they follow by themselves."""
    own = _own(session, actor)
    for line in sorted(lines, key=lambda each: each.row["id"] or 0):
        found = own.get(line.row["id"])
        if found is None:
            zh = "没有这台设备，或不归您管；新设备在“自助机和叫号屏”页用配对码登记"
            en = "no such device, or not yours; new ones are enrolled on their page by the code they show"
            mistakes.add(line.number, "id", zh=zh, en=en)
        elif _row(*found) != line.row and _is_right(session, line, *found, mistakes):
            _change(session, line, found[0], mistakes, actor=actor, now=now)


def _is_right(session: Session, line: Line, device: Device, hall: Hall, mistakes: Mistakes) -> bool:
    """Whether the line names its own device, and something that there is to show."""
    before = len(mistakes.found)
    for name, value in (("hall", hall.code), ("kind", device.kind)):
        if line.row[name] != value:
            mistakes.add(line.number, name, zh=f"不能改，应为 {value}", en=f"cannot be changed, is {value}")
    shows = line.row["shows"]
    kind, _colon, name = shows.partition(":")
    numbers = {str(counter.number) for counter in list_counters(session, hall.id)}
    there = {"zone": screens_of(hall).find_zone(name) is not None, "window": name in numbers, "": True}
    if not _SHOWS.fullmatch(shows) or not there[kind]:
        mistakes.add(line.number, "shows", zh="本大厅没有这个区域或窗口", en="no such zone or counter here")
    return len(mistakes.found) == before


def _change(
    session: Session, line: Line, device: Device, mistakes: Mistakes, *, actor: Actor, now: datetime
) -> None:
    said = {name: line.row[name] for name in ("name", "shows", "printer")}
    try:
        devices.change(session, device, **said, actor=actor, now=now)
    except DomainError as error:
        mistakes.add(line.number, "printer", zh=error.sentence("zh"), en=error.sentence("en"))


KIND = Kind(DEVICES, _NEED, read_devices, write_devices, city_wide=False)
