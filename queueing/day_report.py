"""What a hall's day came to, for the duty officer: who was served, who waited in vain, what is left to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Interval, case, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from queueing.after_models import BackTask, DayReport, OwedPaper
from queueing.models import Ticket
from queueing.states import FINAL, TicketState
from queueing.task_states import TaskState

TIMES = ("wait", "walk", "service")
#: The states in which the end of a day finds numbers.
LEFT = ("waiting", "called", "serving", "parked", "absent")


@dataclass(frozen=True, slots=True)
class Report:
    """A day in numbers.

    `made_at` is None while the day still runs; `ended` lists the numbers that the end of the day closed, by
    the state in which it found them.
    """

    on_date: date
    made_at: datetime | None
    counts: Mapping[str, int]
    minutes: Mapping[str, Mapping[str, float | None]]
    ended: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counters_closed: int = 0


def report(session: Session, hall_id: int, *, on_date: date) -> Report:
    """The report that was made when the day was closed, or how the day stands."""
    made = session.scalars(_of(hall_id, on_date)).one_or_none()
    if made is None:
        return Report(
            on_date, None, *_figures(session, hall_id, on_date), ended=_open(session, hall_id, on_date)
        )
    facts = made.facts
    return Report(
        on_date, made.made_at, facts["counts"], facts["minutes"], facts["ended"], facts["counters_closed"]
    )


def list_days(session: Session, hall_id: int, *, limit: int = 14) -> list[date]:
    """The days that have a report, the latest first."""
    query = select(DayReport.on_date).where(DayReport.hall_id == hall_id)
    return list(session.scalars(query.order_by(DayReport.on_date.desc()).limit(limit)))


def keep(
    session: Session,
    hall_id: int,
    *,
    on_date: date,
    ended: Mapping[str, Sequence[str]],
    counters_closed: int,
    now: datetime,
) -> None:
    """Keep the day's report; a day that is closed again adds what was ended then."""
    session.flush()
    before = session.scalars(_of(hall_id, on_date).with_for_update()).one_or_none()
    old: Mapping[str, Any] = before.facts if before is not None else {"ended": {}, "counters_closed": 0}
    counts, minutes = _figures(session, hall_id, on_date)
    facts = {
        "counts": counts,
        "minutes": minutes,
        "ended": {
            state: [*old["ended"].get(state, ()), *ended.get(state, ())]
            for state in dict.fromkeys((*old["ended"], *ended))
        },
        "counters_closed": old["counters_closed"] + counters_closed,
    }
    values = {"hall_id": hall_id, "on_date": on_date, "made_at": now, "facts": facts}
    made = insert(DayReport).values(values)
    session.execute(
        made.on_conflict_do_update(
            index_elements=["hall_id", "on_date"], set_={"made_at": now, "facts": facts}
        )
    )


def _of(hall_id: int, on_date: date) -> Any:
    return select(DayReport).where(DayReport.hall_id == hall_id, DayReport.on_date == on_date)


def _open(session: Session, hall_id: int, on_date: date) -> dict[str, list[str]]:
    query = select(Ticket.state, Ticket.label).where(
        Ticket.hall_id == hall_id, Ticket.on_date == on_date, Ticket.state.not_in(FINAL)
    )
    found: dict[str, list[str]] = {}
    for state, label in session.execute(query.order_by(Ticket.id)):
        found.setdefault(state, []).append(label)
    return found


def _figures(
    session: Session, hall_id: int, on_date: date
) -> tuple[dict[str, int], dict[str, dict[str, float | None]]]:
    tickets = select(
        func.count().label("issued"),
        *(_count(Ticket.track == track).label(track) for track in ("booked", "walk_in", "green", "standby")),
        _count(Ticket.state == TicketState.COMPLETED).label("completed"),
        _count(Ticket.state == TicketState.ABANDONED).label("abandoned"),
    ).where(Ticket.hall_id == hall_id, Ticket.on_date == on_date)
    counts: dict[str, int] = dict(session.execute(tickets).one()._mapping)  # noqa: SLF001  # by name
    counts |= _left(session, hall_id, on_date)
    return counts, _minutes(session, hall_id, on_date)


def _left(session: Session, hall_id: int, on_date: date) -> dict[str, int]:
    owed = select(func.count().label("owed"), _count(OwedPaper.due_on <= on_date).label("owed_due")).where(
        OwedPaper.hall_id == hall_id, OwedPaper.state == "owed"
    )
    working = BackTask.state.in_((TaskState.TAKEN, TaskState.WORKING))
    tasks = select(
        _count(working).label("tasks"),
        _count(working & (BackTask.due_on <= on_date)).label("tasks_due"),
        _count(BackTask.state == TaskState.READY).label("to_collect"),
    ).where(BackTask.hall_id == hall_id)
    return {**session.execute(owed).one()._mapping, **session.execute(tasks).one()._mapping}  # noqa: SLF001


def _minutes(session: Session, hall_id: int, on_date: date) -> dict[str, dict[str, float | None]]:
    """Mean and ninth decile in minutes, of everybody who was served to the end."""
    columns = []
    for name in TIMES:
        minutes = func.extract("epoch", cast(getattr(Ticket, f"{name}_time"), Interval)) / 60
        columns += [
            func.avg(minutes).label(f"{name}_mean"),
            func.percentile_cont(0.9).within_group(minutes).label(f"{name}_p90"),
        ]
    query = select(*columns).where(
        Ticket.hall_id == hall_id,
        Ticket.on_date == on_date,
        Ticket.state == TicketState.COMPLETED,
        Ticket.counter_id.is_not(None),  # who was served in a village waited for no counter of the hall
    )
    row = session.execute(query).one()._mapping  # noqa: SLF001  # by name
    return {
        name: {
            kind: None if row[f"{name}_{kind}"] is None else round(float(row[f"{name}_{kind}"]), 1)
            for kind in ("mean", "p90")
        }
        for name in TIMES
    }


def _count(condition: Any) -> Any:
    return func.count(case((condition, 1)))
