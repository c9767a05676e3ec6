"""The settings of call screens as a table: a line per hall, and one for each of its zones.

A file says everything of each hall that it names: a zone that has no line goes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy.orm import Session

from halls.models import Hall
from halls.screen_edit import ScreenSettingsInvalid, save_screens, screens_of
from halls.screens import ScreenPolicy, ScreenPolicyInvalid, Zone
from halls.tables import by_hall, hall_column, own_halls
from kernel.actor import Actor
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet

_NEED = "device.enrol"
SILENT, LOUD = "silent", "loud"
_OF_HALL = ("panel_inches", "portrait", "english", "night_from", "night_to", "rooms")
SCREENS = Sheet(
    "screens",
    "叫号屏设置和区域",
    "Settings and zones of screens",
    (
        hall_column("hall", "code", needed=True),
        Column("zone", "区域代码（空为整个大厅）", "Zone (empty: the hall)", kind="code", most=16),
        Column("name_zh", "区域名称", "Zone in Chinese", most=60),
        Column("name_en", "区域英文名称", "Zone in English", most=60),
        Column("groups", "区域的业务（空为全部）", "Lines of the zone (empty: all)", kind="list"),
        Column("counters", "区域的窗口（空为全部）", "Counters of the zone (empty: all)", kind="list"),
        Column("last_chair_m", "最后一排座位（米）", "Last chair (m)", kind="number"),
        Column(
            "sound",
            f"声音（{SILENT} 或 {LOUD}；区域空为同大厅）",
            f"Sound ({SILENT} or {LOUD}; a zone, empty: as the hall)",
            most=8,
        ),
        Column("panel_inches", "屏幕（英寸）", "Panel (inches)", kind="number"),
        Column("portrait", "竖着挂", "Hung upright", kind="flag"),
        Column("english", "英语报号", "Calls in English", kind="flag"),
        Column("night_from", "夜间黑屏从", "Dark from", kind="time"),
        Column("night_to", "夜间黑屏到", "Dark until", kind="time"),
        Column("rooms", "房间名称", "Rooms", kind="list"),
    ),
    key=("hall", "zone"),
    whole=("hall",),
)


def read_screens(session: Session, actor: Actor) -> list[Row]:
    """The settings in force in one's halls."""
    return [row for hall in own_halls(session, actor, _NEED) for row in _rows(hall)]


def _rows(hall: Hall) -> list[Row]:
    screens = screens_of(hall)
    nothing: Row = {column.name: "" for column in SCREENS.columns} | {"hall": hall.code}
    nothing |= {"groups": [], "counters": [], "rooms": [], "portrait": False, "english": False}
    nothing |= dict.fromkeys(("last_chair_m", "panel_inches", "night_from", "night_to"))
    own = {name: getattr(screens, name) for name in _OF_HALL} | {"rooms": list(screens.rooms)}
    whole = nothing | own | {"last_chair_m": screens.last_chair_m, "sound": _sound(silent=screens.silent)}
    return [whole, *(nothing | _zone_row(zone) for zone in screens.zones)]


def _zone_row(zone: Zone) -> Row:
    return {
        "zone": zone.code,
        "name_zh": zone.name_zh,
        "name_en": zone.name_en,
        "groups": list(zone.groups),
        "counters": [str(number) for number in zone.counters],
        "last_chair_m": zone.last_chair_m,
        "sound": "" if zone.silent is None else _sound(silent=zone.silent),
    }


def _sound(*, silent: bool) -> str:
    return SILENT if silent else LOUD


def write_screens(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Write the settings and zones of every hall that is named; screens follow at once."""
    for hall, rows in by_hall(session, lines, mistakes, actor, _NEED):
        whole = next((line for line in rows if not line.row["zone"]), None)
        if whole is None:
            zh, en = (
                "缺少大厅自己的一行（区域代码为空）",
                "the line of the hall itself is missing (zone empty)",
            )
            mistakes.add(rows[0].number, "zone", zh=zh, en=en)
            continue
        zones = [line for line in rows if line.row["zone"]]
        said = _of_hall(whole)
        right = [_is_right(said, None, whole, mistakes)]
        right += [_is_right(said, line, line, mistakes) for line in zones] if right[0] else []
        if all(right):
            _save(
                session,
                hall,
                said | {"zones": [_zone(line) for line in zones]},
                rows,
                mistakes,
                actor=actor,
                now=now,
            )


def _of_hall(line: Line) -> dict[str, Any]:
    """The hall's line as its policy is stored; an empty cell is the usual value."""
    said = {name: line.row[name] for name in (*_OF_HALL, "last_chair_m") if line.row[name] is not None}
    for name in ("night_from", "night_to"):
        if isinstance(said.get(name), time):
            said[name] = said[name].isoformat("minutes")
    known = {SILENT: True, LOUD: False, "": ScreenPolicy().silent}
    return said | {"silent": known.get(line.row["sound"], line.row["sound"])}


def _zone(line: Line) -> dict[str, Any]:
    row = line.row
    said = {name: row[name] for name in ("name_zh", "name_en", "groups", "last_chair_m")}
    counters = [int(each) if each.isdecimal() else each for each in row["counters"]]
    sound = {SILENT: True, LOUD: False, "": None}.get(row["sound"], row["sound"])
    return {"code": row["zone"], **said, "counters": counters, "silent": sound}


def _is_right(said: Mapping[str, Any], zone: Line | None, line: Line, mistakes: Mistakes) -> bool:
    """Whether the hall's settings alone, or with this zone, are what a panel can show."""
    try:
        ScreenPolicy.from_mapping({**said, "zones": [_zone(zone)] if zone else []})
    except ScreenPolicyInvalid as error:
        column = {"silent": "sound", "zones": "zone"}.get(error.name, error.name)
        mistakes.add(line.number, column, zh=error.zh, en=error.en)
        return False
    return True


def _save(
    session: Session,
    hall: Hall,
    said: Mapping[str, Any],
    lines: Sequence[Line],
    mistakes: Mistakes,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    try:
        save_screens(session, hall, said, version=hall.policy_version, actor=actor, now=now)
    except ScreenSettingsInvalid as error:
        params = error.params
        line = next((each for each in lines if each.row["zone"] == params["name"]), lines[0])
        mistakes.add(line.number, "", zh=str(params["problem_zh"]), en=str(params["problem_en"]))


KIND = Kind(SCREENS, _NEED, read_screens, write_screens, city_wide=False)
