"""Visits of several lines that staff book: what fits in the numbers of given channels, and taking them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from booking.availability import SlotCount
from booking.ladder import Channel
from booking.leg_holding import Fitted, LegsWanted, take_fitting
from booking.models import Number, Slot
from booking.slot_places import IN_HALL, Place, place_in
from booking.visit_availability import day_of_visits, fit_in
from booking.visit_offer import VisitOffer, get_visit_offer
from catalog.models import HallService
from catalog.queries import services_of
from halls.queries import get_hall_by_id
from kernel.ids import token_hash

Slots = Mapping[int, list[SlotCount]]


@dataclass(frozen=True, slots=True)
class StaffStart:
    """A coming start of a visit, and how many such visits still fit."""

    starts_at: datetime
    ends_at: datetime
    visits: int
    place: Place = IN_HALL


def find_visit(
    session: Session, hall_id: int, service_ids: Sequence[int], answers: Mapping[str, object]
) -> VisitOffer | None:
    """The visit that these services are in this hall where they pass several lines; None in one line.

    Raises:
        ServiceNotOffered
    """
    own = and_(HallService.hall_id == hall_id, HallService.service_id.in_(service_ids))
    lines = set(session.scalars(select(HallService.group_id).where(own)))
    if len(lines) <= 1:
        return None
    codes = {service.id: service.code for service in services_of(session, service_ids)}
    hall = get_hall_by_id(session, hall_id)
    return get_visit_offer(session, hall.code, [codes[each] for each in service_ids], answers=answers)


def staff_starts(
    session: Session, offer: VisitOffer, on_date: date, *, channels: Sequence[Channel], now: datetime
) -> list[StaffStart]:
    """The starts of a day at which the whole visit fits, in order."""
    day = day_of_visits(offer, _free(session, offer, on_date, channels=channels, now=now))
    return [
        StaffStart(slot.starts_at, slot.ends_at, slot.free, slot.place) for slot in day.slots if slot.free
    ]


def take_for_staff(
    session: Session,
    offer: VisitOffer,
    starts_at: datetime,
    *,
    channels: Sequence[Channel],
    answers: Mapping[str, object],
    token: str,
    now: datetime,
    kept: timedelta,
) -> list[str] | None:
    """Hold all numbers of the visit under the token; their channels, or None where it does not fit."""
    on_date = offer.rules.date_of(starts_at)
    wanted = LegsWanted(
        offer, starts_at, answers, token_hash(token), None, now + kept, [str(each) for each in channels]
    )

    def fit() -> Fitted | None:
        return fit_in(offer, _free(session, offer, on_date, channels=channels, now=now), starts_at)

    if take_fitting(session, wanted, fit, now=now) is None:
        return None
    mine = select(Number.channel).where(Number.hold_token == token_hash(token)).distinct()
    return sorted(session.scalars(mine))


def _free(
    session: Session, offer: VisitOffer, on_date: date, *, channels: Sequence[Channel], now: datetime
) -> Slots:
    """Line → its slots that have not begun, with the free numbers of these channels."""
    free = and_(
        Number.appointment_id.is_(None),
        or_(Number.held_until.is_(None), Number.held_until <= now),
        Number.channel.in_([str(each) for each in channels]),
        or_(Number.channel != Channel.ONLINE, Number.released_at <= now),
    )
    rows = session.execute(
        select(Slot, func.count(Number.id).filter(free))
        .outerjoin(Number, Number.slot_id == Slot.id)
        .where(Slot.group_id.in_(offer.group_ids), Slot.on_date == on_date, Slot.starts_at > now)
        .group_by(Slot.id)
        .order_by(Slot.starts_at)
    )
    found: dict[int, list[SlotCount]] = defaultdict(list)
    for slot, count in rows:
        free_there = SlotCount(slot.id, slot.starts_at, slot.ends_at, count, place_in(slot))
        found[slot.group_id].append(free_there)
    return found
