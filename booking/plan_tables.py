"""Taking in tables of halls, plans and days: like every change of a hall's time, with bookings in view.

What a table holds and which mistakes it may have is the halls' business (`halls/tables.py`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from booking.change_days import DaysChange, change_days
from booking.change_plan import BookingsStranded, change_plan
from booking.change_reasons import UNSAID, Because
from booking.close import Then
from booking.turns import stop_moves
from halls import line_tables, season_table, tables
from halls.plan_rows import CalendarRow, HallFile
from halls.tables import own_halls
from kernel.actor import Actor
from kernel.tables import Kind, Line, Mistakes, Read, Sheet

Lines = Sequence[Line]


def _with_bookings(writing: Callable[..., None], need: str) -> Callable[..., None]:
    """The writing of halls, each saved with its bookings in view; all that are stranded are counted."""

    def write(
        session: Session,
        lines: Lines,
        mistakes: Mistakes,
        actor: Actor,
        now: datetime,
        *,
        then: Then | None,
        because: Because = UNSAID,
    ) -> None:
        stranded: list[int] = []

        def save(plan: HallFile) -> None:
            what = then or Then.KEEP
            changed = change_plan(session, plan, then=what, because=because, actor=actor, now=now)
            stranded.append(len(changed.stranded))

        named = {line.row["hall"] for line in lines}
        stop_moves(session, *(hall.id for hall in own_halls(session, actor, need) if hall.code in named))
        writing(session, lines, mistakes, actor, save=save)
        mistakes.stop_if_any()
        if sum(stranded) and then is None:
            raise BookingsStranded(count=sum(stranded))

    return write


def write_calendar(
    session: Session,
    lines: Lines,
    mistakes: Mistakes,
    actor: Actor,
    now: datetime,
    *,
    then: Then | None,
    because: Because = UNSAID,
) -> None:
    """Add and change days; those that are not named stay."""
    mistakes.stop_if_any()
    rows = tuple(
        CalendarRow(line.row["on"], line.row["working"], line.row["name_zh"][:60], line.row["name_en"][:80])
        for line in lines
    )
    change_days(session, DaysChange(rows), then=then, because=because, actor=actor, now=now)


def _of_halls(sheet: Sheet, read: Read, writing: Callable[..., None], need: str = "hall.edit") -> Kind:
    return Kind(sheet, need, read, _with_bookings(writing, need), city_wide=False, strands=True)


KINDS = (
    _of_halls(line_tables.HALLS, line_tables.read_halls, line_tables.write_halls),
    _of_halls(line_tables.LINES, line_tables.read_lines, line_tables.write_lines),
    _of_halls(tables.COUNTERS, tables.read_counters, tables.write_counters),
    _of_halls(tables.PLAN, tables.read_plan, tables.write_plan, "plan.edit"),
    _of_halls(season_table.SEASONS, season_table.read_seasons, season_table.write_seasons, "plan.edit"),
    Kind(tables.CALENDAR, "plan.edit", tables.read_calendar, write_calendar, strands=True),
)
