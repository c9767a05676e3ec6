"""Change a hall's plan with its bookings in view: who would be stranded is told before, cared for after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.affected import Affected, list_beyond_plan
from booking.change_reasons import UNSAID, Because
from booking.close import Then
from booking.hall_rules import rules_of
from booking.models import Slot
from booking.publish import publish
from booking.rehouse import Rehoused, rehouse
from booking.standing import lock_people
from booking.turns import stop_moves
from catalog.edit import stop_offering
from halls.edit import save_hall
from halls.models import Hall
from halls.plan_rows import HallFile
from halls.queries import list_groups
from kernel.actor import Actor
from kernel.errors import Conflict

#: No holiday closes a hall for longer: days farther apart were published by themselves.
_LONGEST_BREAK = timedelta(days=14)


class BookingsStranded(Conflict):
    """A change leaves bookings without a place, and nobody said what is to become of them."""

    code = "bookings_stranded"
    zh = (
        "改动后有 {count} 个预约没有位置，没有保存。"
        "请选择怎么办（stranded）：保留（keep）、改期（move）或取消（cancel）。"
    )
    en = (
        "The change would leave {count} booking(s) without a place, and nothing was saved. "
        "Please say what is to become of them (stranded): keep, move or cancel."
    )


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """What the change did: bookings without a place in the new plan, and what became of them."""

    stranded: Sequence[Affected]
    rehoused: Rehoused


def preview_plan(session: Session, plan: HallFile, *, actor: Actor, now: datetime) -> list[Affected]:
    """The bookings for which the new plan has no place. Nothing stays changed.

    Raises:
        LetterTaken
    """
    attempt = session.begin_nested()
    try:
        hall = save_hall(session, plan, actor=actor, now=now)
        return list_stranded(session, hall, published_days(session, hall, now=now), now=now)
    finally:
        attempt.rollback()


def change_plan(
    session: Session,
    plan: HallFile,
    *,
    then: Then | None,
    time_zone: str | None = None,
    policy: Mapping[str, Any] | None = None,
    note: str = "",
    because: Because = UNSAID,
    actor: Actor,
    now: datetime,
) -> PlanChanged:
    """Save the plan, publish again the days that are published, and move, cancel or keep who is stranded.

    A line that the plan no longer names is closed: services are handled there no more. Booked numbers stay
    unless `then` says otherwise; whom it concerns is told `because`.
    `time_zone` and `policy` as for `save_hall`.

    Raises:
        LetterTaken
        BookingsStranded: some are, and `then` is None; whoever calls rolls back.
    """
    hall = save_hall(session, plan, time_zone=time_zone, policy=policy, actor=actor, now=now, note=note)
    closed = [group.id for group in list_groups(session, hall.id) if not group.active]
    if closed:
        stop_offering(session, hall.id, closed, actor=actor, now=now)
    stop_moves(session, hall.id)
    days = published_days(session, hall, now=now)
    stranded = list_stranded(session, hall, days, now=now)
    if stranded and then is None:
        raise BookingsStranded(count=len(stranded))
    return follow(session, hall, days, stranded, then=then, because=because, actor=actor, now=now)


def follow(
    session: Session,
    hall: Hall,
    spans: Sequence[tuple[date, date]],
    stranded: Sequence[Affected],
    *,
    then: Then | None,
    because: Because = UNSAID,
    actor: Actor,
    now: datetime,
) -> PlanChanged:
    """Publish these days anew (first and last of each span), and move, cancel or keep who is stranded."""

    def publish_all() -> None:
        for first, last in spans:
            publish(session, hall.id, first_on=first, last_on=last, even_held=True, actor=actor, now=now)

    people = {each.citizen_id for each in stranded}
    lock_people(session, people)
    publish_all()
    rehoused = Rehoused(0, 0)
    stranded = list_stranded(session, hall, spans, now=now)  # somebody may have confirmed meanwhile
    if stranded and then is None:
        raise BookingsStranded(count=len(stranded))
    if stranded and then is not Then.KEEP:
        move = then is Then.MOVE
        rehoused = rehouse(
            session, hall, stranded, move=move, because=because, locked=people, actor=actor, now=now
        )
        publish_all()
    return PlanChanged(stranded, rehoused)


def published_days(session: Session, hall: Hall, *, now: datetime) -> list[tuple[date, date]]:
    """The spans of days from today on that have slots: other days take the plan when they are published.

    Days without slots between two that have some (weekends, holidays) belong to their span; a lone day that
    was published far ahead is a span of its own, not a reason to publish the years before it.
    """
    today = rules_of(hall).date_of(now)
    found = select(Slot.on_date).where(Slot.hall_id == hall.id, Slot.on_date >= today).distinct()
    spans: list[tuple[date, date]] = []
    for on in session.scalars(found.order_by(Slot.on_date)):
        first_on, last_on = spans[-1] if spans else (today, today)
        if on - last_on <= _LONGEST_BREAK:
            spans[-1:] = [(first_on, on)]
        else:
            spans.append((on, on))
    return spans


def list_stranded(
    session: Session, hall: Hall, spans: Sequence[tuple[date, date]], *, now: datetime
) -> list[Affected]:
    """The bookings of these days for which the plan, as it stands in this transaction, has no place."""
    return [
        each
        for first_on, last_on in spans
        for each in list_beyond_plan(session, hall.id, first_on=first_on, last_on=last_on, now=now)
    ]
