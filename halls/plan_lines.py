"""A hall's plan written as rows: weekly lines, those of its seasons, and lines of single dates."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date, time
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from halls.models import Hall, PlanLine, PlanSeason, ServiceGroup
from halls.plan_rows import HallFile, PlanRow

_SeasonKey = tuple[str, str, date, date]


@dataclass(frozen=True, slots=True)
class _Line:
    """A plan line by what it says; `season` is that of a seasonal one."""

    group_id: int
    weekday: int | None
    on_date: date | None
    kind: str
    starts: time
    ends: time
    counters: Decimal
    session: str = ""
    place_zh: str = ""
    place_en: str = ""
    season: _SeasonKey | None = None


def save_plan(session: Session, hall: Hall, plan: HallFile, groups: Mapping[str, ServiceGroup]) -> bool:
    """Write the plan whole; whether anything differed."""
    wanted = sorted(_wanted(plan, groups), key=lambda line: repr(astuple(line)))
    if wanted == sorted(_found(session, hall, groups), key=lambda line: repr(astuple(line))):
        return False
    of_hall = PlanLine.group_id.in_([group.id for group in groups.values()])
    session.execute(delete(PlanLine).where(of_hall))
    session.execute(delete(PlanSeason).where(PlanSeason.hall_id == hall.id))
    seasons = {
        (row.name_zh, row.name_en, row.first_on, row.last_on): PlanSeason(
            hall_id=hall.id,
            name_zh=row.name_zh,
            name_en=row.name_en,
            first_on=row.first_on,
            last_on=row.last_on,
        )
        for row in plan.seasons
    }
    session.add_all(seasons.values())
    session.flush()
    session.add_all(_row(line, seasons) for line in wanted)
    session.flush()
    return True


def _row(line: _Line, seasons: Mapping[_SeasonKey, PlanSeason]) -> PlanLine:
    return PlanLine(
        group_id=line.group_id,
        weekday=line.weekday,
        on_date=line.on_date,
        kind=line.kind,
        starts=line.starts,
        ends=line.ends,
        counters=line.counters,
        session=line.session,
        place_zh=line.place_zh,
        place_en=line.place_en,
        season_id=seasons[line.season].id if line.season is not None else None,
    )


def _wanted(plan: HallFile, groups: Mapping[str, ServiceGroup]) -> list[_Line]:
    lines = [line for row in plan.plan for line in _weekly(row, groups, None)]
    for season in plan.seasons:
        key = (season.name_zh, season.name_en, season.first_on, season.last_on)
        lines += [line for row in season.plan for line in _weekly(row, groups, key)]
    lines += [
        _Line(
            groups[row.group].id,
            None,
            row.on_date,
            row.kind,
            row.starts,
            row.ends,
            share(row.counters),
            row.session,
            row.place_zh,
            row.place_en,
        )
        for row in plan.extras
    ]
    return lines


def _weekly(row: PlanRow, groups: Mapping[str, ServiceGroup], season: _SeasonKey | None) -> list[_Line]:
    return [
        _Line(
            groups[row.group].id,
            weekday,
            None,
            "weekly",
            row.starts,
            row.ends,
            share(row.counters),
            season=season,
        )
        for weekday in row.weekdays
    ]


def _found(session: Session, hall: Hall, groups: Mapping[str, ServiceGroup]) -> list[_Line]:
    seasons = {
        season.id: (season.name_zh, season.name_en, season.first_on, season.last_on)
        for season in session.scalars(select(PlanSeason).where(PlanSeason.hall_id == hall.id))
    }
    lines = session.scalars(
        select(PlanLine).where(PlanLine.group_id.in_([group.id for group in groups.values()]))
    )
    return [
        _Line(
            line.group_id,
            line.weekday,
            line.on_date,
            line.kind,
            line.starts,
            line.ends,
            share(line.counters),
            line.session,
            line.place_zh,
            line.place_en,
            seasons[line.season_id] if line.season_id is not None else None,
        )
        for line in lines
    ]


def share(counters: float | Decimal) -> Decimal:
    """Shares are kept in thousandths."""
    return Decimal(str(counters)).quantize(Decimal("0.001"))
