"""Reading halls, their lines and counters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from halls.models import CalendarDay, Counter, CounterSkill, Hall, ServiceGroup
from halls.state_calendar import state_calendar
from halls.workdays import Calendar
from kernel.errors import NotFound

_FIRST_YEAR, _LAST_YEAR = 2020, 2040


class HallUnknown(NotFound):
    """No hall has this code, or it was closed for good."""

    code = "hall_unknown"
    zh = "没有这个大厅，请从列表中选择。"
    en = "There is no such hall. Please choose one from the list."


class GroupUnknown(NotFound):
    """The hall has no such line."""

    code = "group_unknown"
    zh = "本大厅没有这个业务组，请从列表中选择。"
    en = "This hall has no such line. Please choose one from the list."


class CounterNotFound(NotFound):
    """No such counter."""

    code = "counter_not_found"
    zh = "没有这个窗口，请核对窗口号。"
    en = "There is no such counter. Please check its number."


@dataclass(frozen=True, slots=True)
class CounterView:
    """A counter in use with the groups it can serve."""

    id: int
    number: int
    name_zh: str
    name_en: str
    group_ids: tuple[int, ...]


def get_hall(session: Session, code: str) -> Hall:
    """The hall of this code; raises HallUnknown."""
    hall = session.scalar(select(Hall).where(Hall.code == code, Hall.active))
    if hall is None:
        raise HallUnknown
    return hall


def get_hall_by_id(session: Session, hall_id: int) -> Hall:
    """The hall of this id; raises HallUnknown."""
    hall = session.get(Hall, hall_id)
    if hall is None:
        raise HallUnknown
    return hall


def list_halls(session: Session, *, even_closed: bool = False) -> list[Hall]:
    """All halls in use, in order of their code; with `even_closed` also those that were closed for good."""
    halls = select(Hall).order_by(Hall.code)
    return list(session.scalars(halls if even_closed else halls.where(Hall.active)))


def list_city_groups(session: Session) -> list[ServiceGroup]:
    """The lines in use of all halls in use: by the hall's code, then in their order on screens."""
    return list(
        session.scalars(
            select(ServiceGroup)
            .join(Hall, Hall.id == ServiceGroup.hall_id)
            .where(Hall.active, ServiceGroup.active)
            .order_by(Hall.code, ServiceGroup.position, ServiceGroup.letter)
        )
    )


def list_groups(session: Session, hall_id: int, *, active: bool = False) -> list[ServiceGroup]:
    """The hall's lines in their order on screens; with `active`, only those that were not closed for good.

    Whoever names what is there already (a booking, a ticket) needs them all; choices need the active ones.
    """
    found = select(ServiceGroup).where(ServiceGroup.hall_id == hall_id)
    if active:
        found = found.where(ServiceGroup.active)
    return list(session.scalars(found.order_by(ServiceGroup.position, ServiceGroup.letter)))


def get_group(session: Session, group_id: int) -> ServiceGroup:
    """The line of this id; raises GroupUnknown."""
    group = session.get(ServiceGroup, group_id)
    if group is None:
        raise GroupUnknown
    return group


def get_group_by_code(session: Session, hall_id: int, code: str, *, active: bool = False) -> ServiceGroup:
    """The hall's line of this code, with `active` not one that was closed for good; raises GroupUnknown."""
    group = session.scalar(
        select(ServiceGroup).where(ServiceGroup.hall_id == hall_id, ServiceGroup.code == code)
    )
    if group is None or (active and not group.active):
        raise GroupUnknown
    return group


def list_counters(session: Session, hall_id: int) -> list[CounterView]:
    """The hall's counters in use, by number."""
    skills = func.array_agg(aggregate_order_by(CounterSkill.group_id, CounterSkill.group_id))
    rows = session.execute(
        select(
            Counter.id,
            Counter.number,
            Counter.name_zh,
            Counter.name_en,
            skills.filter(CounterSkill.group_id.is_not(None)),
        )
        .outerjoin(CounterSkill, CounterSkill.counter_id == Counter.id)
        .where(Counter.hall_id == hall_id, Counter.active)
        .group_by(Counter.id)
        .order_by(Counter.number)
    )
    return [CounterView(row[0], row[1], row[2], row[3], tuple(row[4] or ())) for row in rows]


def get_counter(session: Session, counter_id: int) -> Counter:
    """The counter of this id; raises CounterNotFound."""
    counter = session.get(Counter, counter_id)
    if counter is None or not counter.active:
        raise CounterNotFound
    return counter


def get_counter_by_number(session: Session, hall_id: int, number: int) -> Counter:
    """The hall's counter of this number; raises CounterNotFound."""
    counter = session.scalar(
        select(Counter).where(Counter.hall_id == hall_id, Counter.number == number, Counter.active)
    )
    if counter is None:
        raise CounterNotFound
    return counter


def calendar(session: Session) -> Calendar:
    """Working days: the State Council's calendar with the city's own table on top."""
    return calendar_with(session.scalar(select(CITY_DAYS)))


#: The city's own table in one column, for statements that read it beside something else.
CITY_DAYS = select(func.jsonb_object_agg(CalendarDay.on_date, CalendarDay.working)).scalar_subquery()


def calendar_with(city_days: Mapping[str, bool] | None) -> Calendar:
    """The calendar from the column `CITY_DAYS`."""
    table = {date.fromisoformat(on): working for on, working in (city_days or {}).items()}
    return _state_calendar().with_exceptions(table) if table else _state_calendar()


def policy(hall: Hall, rules: str) -> Mapping[str, Any]:
    """The hall's own values for one file of rules ("booking", "queue"); what is absent keeps its default."""
    values: Mapping[str, Any] = hall.policy.get(rules, {})
    return values


@cache
def _state_calendar() -> Calendar:
    return state_calendar(_FIRST_YEAR, _LAST_YEAR)
