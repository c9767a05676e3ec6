"""Closures as a table: each is made or lifted as on their page, with bookings in view."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.change_plan import BookingsStranded
from booking.change_reasons import UNSAID, Because
from booking.close import Close, Then, close, preview, reopen
from booking.turns import stop_moves
from halls.closures import LONGEST_REASON, change_reason
from halls.models import Closure, Hall
from halls.queries import list_groups
from halls.tables import by_hall, hall_column, own_halls
from kernel.actor import Actor
from kernel.tables import Kind, Line, Mistakes, Row, Sheet

CLOSURES = Sheet(
    "closures",
    "关闭",
    "Closures",
    (
        hall_column("hall", "code", needed=True),
        hall_column("group", "code"),
        hall_column("first_on", "date", needed=True),
        hall_column("starts", "time", needed=True),
        hall_column("last_on", "date", needed=True),
        hall_column("ends", "time", needed=True),
        hall_column("reason_zh", needed=True, most=120),
        hall_column("reason_en", most=120),
        hall_column("holds", "flag"),
    ),
    key=("hall", "group", "first_on", "starts", "last_on", "ends"),
)


def read_closures(session: Session, actor: Actor) -> list[Row]:
    """The closures of one's halls that were not lifted, to the minute; past ones, too."""
    return [row for hall in own_halls(session, actor, "plan.edit") for row in _known(session, hall).values()]


def _known(session: Session, hall: Hall) -> dict[tuple[str, ...], Row]:
    """The hall's closures by what tells them apart, with the row itself as `closure`."""
    codes = {group.id: group.code for group in list_groups(session, hall.id)}
    query = select(Closure).where(Closure.hall_id == hall.id, Closure.lifted_at.is_(None))
    found: dict[tuple[str, ...], Row] = {}
    for closure in session.scalars(query.order_by(Closure.starts_at, Closure.id)):
        starts, ends = (_on_the_clock(hall, moment) for moment in (closure.starts_at, closure.ends_at))
        row: Row = {
            "hall": hall.code,
            "group": codes.get(closure.group_id, "") if closure.group_id else "",
            "first_on": starts.date(),
            "starts": starts.time(),
            "last_on": ends.date(),
            "ends": ends.time(),
            "reason_zh": closure.reason_zh,
            "reason_en": closure.reason_en,
            "holds": True,
            "closure": closure,
        }
        found.setdefault(CLOSURES.key_of(row), row)
    return found


def _on_the_clock(hall: Hall, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(hall.time_zone)).replace(second=0, microsecond=0)


def write_closures(
    session: Session,
    lines: Sequence[Line],
    mistakes: Mistakes,
    actor: Actor,
    now: datetime,
    *,
    then: Then | None,
    because: Because = UNSAID,  # noqa: ARG001 - each closure has a reason of its own
) -> None:
    """Make the closures that are new, lift those that hold no more, and say otherwise why the others do.

    Those that are not named stay.
    """
    new: list[tuple[Hall, Close]] = []
    lifted: list[tuple[Hall, int]] = []
    renamed: list[tuple[Hall, int, tuple[str, str]]] = []
    for hall, rows in by_hall(session, lines, mistakes, actor, "plan.edit"):
        known = _known(session, hall)
        for line in rows:
            row = known.get(CLOSURES.key_of(line.row))
            if row is None and line.row["holds"]:
                new += [(hall, each) for each in _command(session, hall, line, mistakes, then=then, now=now)]
            elif row is not None and not line.row["holds"]:
                lifted += [(hall, each) for each in _lifted(row["closure"], line, mistakes, now=now)]
            elif row is not None and _reasons(row) != _reasons(line.row):
                renamed += [
                    (hall, each, _reasons(line.row))
                    for each in _renamed(row["closure"], line, mistakes, now=now)
                ]
    mistakes.stop_if_any()
    stop_moves(session, *(hall.id for hall, _each in (*lifted, *new)))
    affected = sum(len(preview(session, hall, command, now=now)) for hall, command in new)
    if affected and then is None:
        raise BookingsStranded(count=affected)
    for hall, closure_id in lifted:
        reopen(session, hall, closure_id, actor=actor, now=now)
    for hall, closure_id, reasons in renamed:
        change_reason(session, hall, closure_id, reasons, actor=actor, now=now)
    for hall, command in new:
        close(session, hall, command, actor=actor, now=now)


def _command(
    session: Session, hall: Hall, line: Line, mistakes: Mistakes, *, then: Then | None, now: datetime
) -> list[Close]:
    """The closure that a line asks for, or none with its mistakes noted."""
    row, before = line.row, len(mistakes.found)
    groups = {group.code: group.id for group in list_groups(session, hall.id, active=True)}
    starts_at, ends_at = (
        _moment(hall, row, day, clock) for day, clock in (("first_on", "starts"), ("last_on", "ends"))
    )
    if row["group"] and row["group"] not in groups:
        mistakes.add(line.number, "group", zh="本大厅没有这个业务组", en="this hall has no such line")
    if ends_at <= starts_at:
        mistakes.add(line.number, "ends", zh="应晚于开始", en="must be later than the beginning")
    elif ends_at <= now:
        mistakes.add(line.number, "last_on", zh="已经过去", en="is over")
    _check_reason(line, mistakes)
    if len(mistakes.found) > before:
        return []
    reasons = row["reason_zh"], row["reason_en"]
    return [Close(groups.get(row["group"]), starts_at, ends_at, *reasons, then=then or Then.KEEP)]


def _check_reason(line: Line, mistakes: Mistakes) -> None:
    if len(line.row["reason_zh"]) > LONGEST_REASON:
        zh, en = f"超过 {LONGEST_REASON} 字，短信写不下", f"is longer than {LONGEST_REASON} characters"
        mistakes.add(line.number, "reason_zh", zh=zh, en=en)


def _reasons(row: Row) -> tuple[str, str]:
    return row["reason_zh"], row["reason_en"]


def _moment(hall: Hall, row: dict[str, Any], day: str, clock: str) -> datetime:
    return datetime.combine(row[day], row[clock] or time(0), ZoneInfo(hall.time_zone))


def _lifted(closure: Closure, line: Line, mistakes: Mistakes, *, now: datetime) -> list[int]:
    if closure.ends_at <= now:
        mistakes.add(line.number, "last_on", zh="已经过去", en="is over")
        return []
    return [closure.id]


def _renamed(closure: Closure, line: Line, mistakes: Mistakes, *, now: datetime) -> list[int]:
    """What is over stays as people were told it."""
    _check_reason(line, mistakes)
    return _lifted(closure, line, mistakes, now=now)


KIND = Kind(CLOSURES, "plan.edit", read_closures, write_closures, city_wide=False, strands=True)
