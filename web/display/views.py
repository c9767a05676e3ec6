"""What a screen shows: the whole hall, a zone of it, or one counter."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Counter, Hall, ServiceGroup
from halls.queries import get_counter_by_number, get_hall, get_hall_by_id, list_groups
from halls.screen_edit import screens_of
from halls.screens import Zone
from kernel import clock
from kernel.errors import NotFound
from people.models import Device
from queueing.arrival_code import arrival_code
from queueing.board import Board, Only, board
from queueing.counters import list_group_ids, session_of_counter
from web import edge
from web.display.paging import recent
from web.display.spoken import Spoken, english_name, say_room

STALE_SECONDS = 60
_QUIET = timedelta(hours=1)


class ZoneUnknown(NotFound):
    """The hall has no such zone."""

    code = "zone_unknown"
    zh = "这个大厅没有该区域的叫号屏。请在管理页的叫号屏设置中查看区域代码。"
    en = "This hall has no screen of that zone. The settings of its screens list the zones."


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen: its hall, its part, its address. `state` is the counter's: open, paused or closed.

    `is_enrolled`: staff hung it up. Others may be looked at from anywhere.
    """

    hall: Hall
    board: Board
    fragment_url: str
    zone: Zone | None = None
    counter: Counter | None = None
    lines: tuple[ServiceGroup, ...] = ()
    state: str = ""
    is_enrolled: bool = False

    @property
    def template(self) -> str:
        """What changes on the screen."""
        return "display/window.html" if self.counter else "display/board.html"


def screen_view(hall_code: str, zone_code: str = "") -> Shown:
    """The hall, or a zone of it; raises HallUnknown, ZoneUnknown."""
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        zone = screens_of(hall).find_zone(zone_code)
        if zone_code and zone is None:
            raise ZoneUnknown
        shown = board(session, hall.id, now=edge.now(), only=_part_of(session, hall, zone))
    address = (
        url_for("display.zone_board", hall_code=hall_code, zone=zone.code)
        if zone
        else url_for("display.live_board", hall_code=hall_code)
    )
    return Shown(hall, shown, address, zone)


def window_view(hall_code: str, number: int) -> Shown:
    """One counter; raises HallUnknown, CounterNotFound."""
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        counter = get_counter_by_number(session, hall.id, number)
        running = session_of_counter(session, counter.id)
        ids = list_group_ids(session, counter.id)
        shown = board(session, hall.id, now=edge.now(), only=Only(None, frozenset({counter.id})))
        lines = tuple(group for group in list_groups(session, hall.id) if group.id in ids)
    address = url_for("display.window_board", hall_code=hall_code, number=number)
    state = "closed" if running is None else running.state
    return Shown(hall, shown, address, counter=counter, lines=lines, state=state)


def own_view(device: Device) -> Shown:
    """What staff chose for the device; the whole hall when its zone or counter is gone."""
    with edge.transaction() as session:
        code = get_hall_by_id(session, device.hall_id).code
    kind, _colon, name = device.shows.partition(":")
    try:
        found = window_view(code, int(name)) if kind == "window" else screen_view(code, name)
    except (NotFound, ValueError):
        found = screen_view(code)
    return replace(found, fragment_url=url_for("display.own_board"), is_enrolled=True)


def _part_of(session: Session, hall: Hall, zone: Zone | None) -> Only | None:
    if zone is None:
        return None
    groups = select(ServiceGroup.id).where(
        ServiceGroup.hall_id == hall.id, ServiceGroup.code.in_(zone.groups)
    )
    counters = select(Counter.id).where(Counter.hall_id == hall.id, Counter.number.in_(zone.counters))
    return Only(
        frozenset(session.scalars(groups)) if zone.groups else None,
        frozenset(session.scalars(counters)) if zone.counters else None,
    )


def board_view(shown: Shown) -> dict[str, Any]:
    """Everything that the templates of a screen read."""
    local = edge.local(edge.now(), shown.hall.time_zone)
    screens = screens_of(shown.hall)
    layout = screens.layout(shown.zone)
    return {
        "board": shown.board,
        "recent": recent(shown.board.calls, layout.rows),
        "now": edge.now(),
        "fragment_url": shown.fragment_url,
        "part": shown.template,
        "zone": shown.zone,
        "counter": shown.counter,
        "lines": shown.lines,
        "state": shown.state,
        "layout": layout,
        "is_silent": screens.is_silent(shown.zone) or shown.counter is not None,
        "says_english": screens.english,
        "stale_seconds": _stale_seconds(),
        "say_room": _say_room,
        "room_in_english": english_name,
        "arrival_code": arrival_code(shown.hall.id, local.date()) if shown.is_enrolled else "",
        "is_off": screens.is_night(local.time()) and _is_quiet(shown.board),
    }


def _say_room(room: str) -> Spoken:
    recording = edge.parts().settings.var / "clips" / f"zh-{room}.wav"
    return say_room(room, recorded=recording.is_file())


def _stale_seconds() -> float:
    """A minute of the people in front of the screen, however fast the demonstration's clock runs."""
    demo = clock.demo_clock()
    return STALE_SECONDS * max(demo.rate if demo else 1.0, 1.0)


def _is_quiet(shown: Board) -> bool:
    """Nobody waits and nobody was called just now: dark at night, panels live longer."""
    if any(line.count for line in shown.waiting):
        return False
    return not any(edge.now() - call.last_called_at < _QUIET for call in shown.calls)
