"""Extra time for a full day: proposed to the duty officer before walk-ins are refused, who says yes or no.

`queueing.relief` says what would let everybody in who is forecast. A counter that is agreed to counts from
the moment it is ready, an extension after closing; both for promises, admission and estimates alike. Who sits
at the counters stays with the hall.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from math import ceil

from sqlalchemy import Time, cast, func, select, update
from sqlalchemy.orm import Session

from halls.models import Counter, CounterSkill, ServiceGroup
from halls.queries import list_groups
from kernel import audit
from kernel.actor import Actor
from kernel.outbox import emit
from queueing.admission import admit
from queueing.capacity import Capacity
from queueing.errors import ExtraTimeOver, ExtraTimeUnknown
from queueing.events import ExtraTimeDecided, ExtraTimeProposed
from queueing.forecast_models import EXTENSION, FLEX, ExtraTime
from queueing.models import Ticket
from queueing.relief import Relief, Spare, propose
from queueing.staffing import capacities_of, load_of
from queueing.steps import ensure_in_hall, staff_id_of
from queueing.today import Today, today_of

_MINUTE = timedelta(minutes=1)
#: So many days back people who came without booking are counted for the forecast.
_LOOK_BACK = timedelta(days=28)
#: Who said no is not asked again about the same for so long.
_QUIET = timedelta(minutes=60)


def propose_today(session: Session, hall_id: int, *, now: datetime) -> list[ExtraTime]:
    """Look at every line that is open; returns new proposals. What is not needed any more lapses."""
    today = today_of(session, hall_id, now=now)
    groups = list_groups(session, hall_id)
    capacities = capacities_of(session, today, [group.id for group in groups], now=now)
    made = []
    for group in groups:
        capacity = capacities[group.id]
        if capacity.closes_at is not None and capacity.closes_at > now:
            made += _propose(session, today, group, capacity, now=now)
        else:
            _lapse(session, group.id, (FLEX, EXTENSION))
    return made


def list_extra(session: Session, hall_id: int, *, on_date: date) -> list[ExtraTime]:
    """Today's proposals of a hall, open ones first, then the latest."""
    query = select(ExtraTime).where(ExtraTime.hall_id == hall_id, ExtraTime.on_date == on_date)
    return list(session.scalars(query.order_by(ExtraTime.state != "open", ExtraTime.id.desc())))


def count_open(session: Session, hall_ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Hall id → proposals that wait for a word; none where there are none."""
    query = (
        select(ExtraTime.hall_id, func.count())
        .where(ExtraTime.hall_id.in_(hall_ids), ExtraTime.state == "open", ExtraTime.ends_at > now)
        .group_by(ExtraTime.hall_id)
    )
    counts: dict[int, int] = dict(session.execute(query).all())
    return counts


def decide(
    session: Session, extra_id: int, *, hall_id: int, accept: bool, actor: Actor, now: datetime
) -> ExtraTime:
    """The duty officer's word; audited. A counter is ready from then on, not from the proposal.

    Raises:
        ExtraTimeUnknown, ExtraTimeOver, Forbidden
    """
    extra = session.get(ExtraTime, extra_id, with_for_update=True)
    if extra is None or extra.hall_id != hall_id:
        raise ExtraTimeUnknown
    ensure_in_hall(actor, extra.hall_id)
    if extra.state != "open" or extra.ends_at <= now:
        raise ExtraTimeOver
    extra.state = "accepted" if accept else "declined"
    extra.decided_at, extra.decided_by_id = now, staff_id_of(actor)
    if accept and extra.kind == FLEX:
        ready_after = today_of(session, hall_id, now=now).policy.flex_ready_after
        extra.starts_at = min(max(extra.starts_at, now + ready_after), extra.ends_at)
    audit.record(
        session,
        "extra_time.accept" if accept else "extra_time.decline",
        actor=actor,
        now=now,
        subject=("extra_time", extra.id),
        hall_id=hall_id,
        kind=extra.kind,
        counters=extra.counters,
        minutes=_minutes(extra),
    )
    emit(session, ExtraTimeDecided(extra.id, hall_id, extra.group_id), now=now)
    return extra


def forecast_walk_ins(session: Session, today: Today, group_id: int, *, now: datetime) -> float:
    """People without a booking who still came after this time of day, on average of the last four weeks."""
    clock = cast(func.timezone(today.hall.time_zone, Ticket.issued_at), Time)
    query = select(
        func.count().filter(clock > now.astimezone(today.zone).time(), Ticket.appointment_id.is_(None)),
        func.count(Ticket.on_date.distinct()),
    ).where(
        Ticket.issued_group_id == group_id,
        Ticket.on_date < today.on_date,
        Ticket.on_date >= today.on_date - _LOOK_BACK,
    )
    came, days = session.execute(query).one()
    return came / days if days else 0.0


def _propose(
    session: Session, today: Today, group: ServiceGroup, capacity: Capacity, *, now: datetime
) -> list[ExtraTime]:
    load = load_of(session, today, group, now=now)
    stops = not admit(capacity, load, now, policy=today.policy).admitted
    forecast = max(float(stops), forecast_walk_ins(session, today, group.id, now=now))
    before = [
        each
        for each in list_extra(session, today.hall.id, on_date=today.on_date)
        if each.group_id == group.id
    ]
    extended = any(each.kind == EXTENSION and each.state == "accepted" for each in before)
    opens_at = capacity.opens_at or now
    ready_at = max(now + today.policy.flex_ready_after, opens_at)
    longer = today.policy.extension if stops and not extended else timedelta(0)
    spare = Spare(_spare_counters(session, group.id, capacity, now=now), ready_at, longer)
    relief = propose(capacity, load, now, forecast=forecast, spare=spare, policy=today.policy)
    wanted = _wanted(relief, capacity, ready_at)
    _lapse(session, group.id, [kind for kind in (FLEX, EXTENSION) if kind not in wanted])
    made = []
    for kind, (counters, starts_at, ends_at) in wanted.items():
        if any(each.kind == kind and _settled(each, now) for each in before):
            continue
        extra = ExtraTime(
            hall_id=today.hall.id,
            group_id=group.id,
            on_date=today.on_date,
            kind=kind,
            counters=counters,
            starts_at=starts_at,
            ends_at=ends_at,
            short_minutes=ceil(relief.short_minutes),
            expected=ceil(forecast),
            proposed_at=now,
        )
        session.add(extra)
        session.flush()
        emit(session, ExtraTimeProposed(extra.id, today.hall.id, group.id), now=now)
        made.append(extra)
    return made


def _wanted(
    relief: Relief, capacity: Capacity, ready_at: datetime
) -> dict[str, tuple[int, datetime, datetime]]:
    closes_at = capacity.closes_at
    wanted: dict[str, tuple[int, datetime, datetime]] = {}
    if closes_at is None:
        return wanted
    if relief.counters and ready_at < closes_at:
        wanted[FLEX] = (relief.counters, ready_at, closes_at)
    if relief.extension:
        last = max(1, round(capacity.counters_at(closes_at - _MINUTE)))
        wanted[EXTENSION] = (last, closes_at, closes_at + relief.extension)
    return wanted


def _settled(each: ExtraTime, now: datetime) -> bool:
    """Whether the same need not be asked (again) now."""
    if each.state == "declined":
        return each.decided_at is not None and now < each.decided_at + _QUIET
    return each.state == "open" or (each.state == "accepted" and each.starts_at > now)


def _spare_counters(session: Session, group_id: int, capacity: Capacity, *, now: datetime) -> int:
    """Counters of the hall that could serve the line and are not in its plan now."""
    skilled = (
        select(func.count())
        .select_from(CounterSkill)
        .join(Counter, Counter.id == CounterSkill.counter_id)
        .where(CounterSkill.group_id == group_id)
    )
    return max(0, (session.scalar(skilled) or 0) - ceil(capacity.counters_at(capacity.open_from(now) or now)))


def _lapse(session: Session, group_id: int, kinds: tuple[str, ...] | list[str]) -> None:
    session.execute(
        update(ExtraTime)
        .where(ExtraTime.group_id == group_id, ExtraTime.state == "open", ExtraTime.kind.in_(kinds))
        .values(state="lapsed")
    )


def _minutes(extra: ExtraTime) -> int:
    return round((extra.ends_at - extra.starts_at) / _MINUTE)
