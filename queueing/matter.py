"""How long a matter will take at the counter: what the hall has learned, else what the catalogue says."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from catalog.models import Service
from halls.models import ServiceGroup
from queueing.forecast_models import LearnedTime
from queueing.keys import is_quick
from queueing.models import CounterSession
from queueing.policy import QueuePolicy


@dataclass(frozen=True, slots=True)
class Matter:
    """Expected minutes of a counter (0: as for any other of the line), and whether these are few."""

    minutes: float = 0.0
    quick: bool = False


#: Nothing is known about it.
UNKNOWN = Matter()


def matter_of(
    session: Session, group: ServiceGroup, service_ids: Collection[int], *, policy: QueuePolicy
) -> Matter:
    """What these services together are expected to take in a line; UNKNOWN without services."""
    if not service_ids:
        return UNKNOWN
    planned: dict[int, float] = dict(
        session.execute(select(Service.id, Service.minutes).where(Service.id.in_(service_ids))).all()
    )
    query = (
        select(LearnedTime.service_id, _at_open_counters())
        .where(LearnedTime.group_id == group.id, LearnedTime.service_id.in_(service_ids))
        .group_by(LearnedTime.service_id)
    )
    known = planned | {
        service_id: minutes for service_id, minutes in session.execute(query) if service_id is not None
    }
    if not known:
        return UNKNOWN
    minutes = float(sum(known.values()))
    return Matter(minutes, is_quick(minutes, line_minutes(session, group), policy))


def line_minutes(session: Session, group: ServiceGroup) -> float:
    """Return m of the rule: minutes of a case at the counters that are open, as far as learned."""
    return minutes_by_line(session, [group])[group.id]


def minutes_by_line(session: Session, groups: Iterable[ServiceGroup]) -> dict[int, float]:
    """The same for several lines, in one statement."""
    planned = {group.id: group.mean_minutes for group in groups}
    query = (
        select(LearnedTime.group_id, _at_open_counters())
        .where(LearnedTime.group_id.in_(planned), LearnedTime.service_id.is_(None))
        .group_by(LearnedTime.group_id)
    )
    learned = {group_id: minutes for group_id, minutes in session.execute(query) if minutes}
    return planned | learned


def _at_open_counters() -> ColumnElement[float]:
    """The mean over the counters that are open now; where none of them has learned, that of the line."""
    is_open = LearnedTime.counter_id.in_(
        select(CounterSession.counter_id).where(
            CounterSession.closed_at.is_(None), CounterSession.state == "open"
        )
    )
    return func.coalesce(
        func.avg(LearnedTime.minutes).filter(is_open),
        func.max(LearnedTime.minutes).filter(LearnedTime.counter_id.is_(None)),
    )
