"""Hold numbers for ten minutes (three for a caller that nobody knows) while a citizen says who they are.

A hold is `held_until` and a token on numbers, and a draft on the server. It ends by itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from booking.errors import (
    HoldExpired,
    ServiceNotOffered,
    ServicesInDifferentLines,
    SlotFull,
    SlotUnknown,
)
from booking.leg_holding import LegsWanted, take_legs
from booking.models import Draft, Slot
from booking.offers import Offer
from booking.policy import ensure_bookable
from booking.recent import NOTHING_KEPT, Recent
from booking.slot_places import IN_HALL, Place, place_in
from booking.taking import Taken, Wanted, let_go, take, take_at_once
from booking.visit_offer import get_visit_offer
from halls.queries import HallUnknown
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.direct import Direct
from kernel.ids import new_token, token_hash

DRAFTS_KEPT_FOR = timedelta(days=1)
FARTHEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class HoldSlot:
    """The slot a citizen has chosen.

    `answers` are the guide's (`question: option`); `previous_token` is a hold that this one replaces: it is
    given up once the new one stands, and its form is carried over. `nameless`: nobody stands for it yet,
    so it is kept for a shorter time (`booking.keep_hold`).
    """

    hall_code: str
    service_codes: tuple[str, ...]
    starts_at: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)
    previous_token: str | None = None
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Numbers are kept until `held_until`; `token` is the only key to them."""

    token: str
    draft_id: int
    held_until: datetime
    starts_at: datetime
    ends_at: datetime
    hall_id: int
    group_id: int
    place: Place = IN_HALL


def hold(
    session: Session,
    command: HoldSlot,
    *,
    actor: Actor,  # noqa: ARG001  # see below
    now: datetime,
    recent: Recent = NOTHING_KEPT,
) -> Held:
    """Keep the numbers that a visit takes, all or none; services of several lines become legs.

    Two statements: the offer, unless it is `recent`, and the taking (in a savepoint for several numbers). A
    hold is nobody's yet and leaves no audit entry; `actor` is asked for as in every use case.

    Raises:
        HallUnknown, ServiceNotOffered, SlotUnknown, InPast, InsideLeadTime, BeyondHorizon, SlotFull (with
        `alternatives`)
    """
    try:
        offer = recent.offer(session, command.hall_code, command.service_codes, answers=command.answers)
    except ServicesInDifferentLines:
        return _hold_legs(session, command, now=now)
    _ensure_bookable(command, offer, now=now)
    token = new_token()
    wanted = _wanted(command, offer, token, now=now)
    taken = _take(session, wanted, now=now)
    if taken is None:
        raise _refusal(session, command, offer, recent, now=now)
    return _held(wanted, taken, token)


def hold_at_once(direct: Direct, command: HoldSlot, *, recent: Recent, now: datetime) -> Held | None:
    """The hold of one number in one exchange, and one more where its offer is not `recent`.

    None, with nothing changed, where that is not enough: `hold` holds what this does not, and says why not.

    Raises:
        SlotUnknown, InPast, InsideLeadTime, BeyondHorizon
    """
    if command.answers or command.previous_token:
        return None
    try:
        offer = recent.offer_at_once(direct, command.hall_code, command.service_codes)
    except (HallUnknown, ServiceNotOffered, ServicesInDifferentLines):
        return None
    if offer.needed != 1:
        return None
    _ensure_bookable(command, offer, now=now)
    token = new_token()
    wanted = _wanted(command, offer, token, now=now)
    taken = take_at_once(direct, wanted, now=now)
    return None if taken is None else _held(wanted, taken, token)


def _ensure_bookable(command: HoldSlot, offer: Offer, *, now: datetime) -> None:
    rules = offer.rules
    if command.starts_at - now > FARTHEST:
        raise SlotUnknown  # the end of the calendar has no local time
    ensure_bookable(command.starts_at, now=now, policy=rules.policy, calendar=offer.calendar, tz=rules.tz)


def _held(wanted: Wanted, taken: Taken, token: str) -> Held:
    return Held(
        token=token,
        draft_id=taken.draft_id,
        held_until=wanted.held_until,
        starts_at=taken.starts_at,
        ends_at=taken.ends_at,
        hall_id=wanted.hall_id,
        group_id=wanted.group_id,
        place=place_in(taken),
    )


def _hold_legs(session: Session, command: HoldSlot, *, now: datetime) -> Held:
    offer = get_visit_offer(session, command.hall_code, command.service_codes, answers=command.answers)
    rules = offer.rules
    if command.starts_at - now > FARTHEST:
        raise SlotUnknown
    ensure_bookable(command.starts_at, now=now, policy=rules.policy, calendar=offer.calendar, tz=rules.tz)
    token = new_token()
    wanted = LegsWanted(
        offer=offer,
        starts_at=command.starts_at,
        answers=command.answers,
        token=token_hash(token),
        previous=token_hash(command.previous_token) if command.previous_token else None,
        held_until=now + rules.policy.hold_for(nameless=command.nameless),
    )
    taken = take_legs(session, wanted, now=now)
    return Held(
        token=token,
        draft_id=taken.draft_id,
        held_until=wanted.held_until,
        starts_at=taken.starts_at,
        ends_at=taken.ends_at,
        hall_id=offer.hall_id,
        group_id=taken.group_id,
        place=taken.place,
    )


def _take(session: Session, wanted: Wanted, *, now: datetime) -> Taken | None:
    """Take them; a refusal keeps nothing locked while it looks for alternatives.

    A visit of several numbers looks into the slots that follow: what it locked there others would not see.
    """
    if wanted.needed == 1:
        return take(session, wanted, now=now)
    with session.begin_nested() as savepoint:
        taken = take(session, wanted, now=now)
        if taken is None:
            savepoint.rollback()
        return taken


def _wanted(command: HoldSlot, offer: Offer, token: str, *, now: datetime) -> Wanted:
    return Wanted(
        hall_id=offer.hall_id,
        group_id=offer.group_id,
        on_date=offer.rules.date_of(command.starts_at),
        starts_at=command.starts_at,
        needed=offer.needed,
        service_ids=offer.service_ids,
        answers=command.answers,
        token=token_hash(token),
        previous=token_hash(command.previous_token) if command.previous_token else None,
        held_until=now + offer.rules.policy.hold_for(nameless=command.nameless),
    )


def _refusal(
    session: Session, command: HoldSlot, offer: Offer, recent: Recent, *, now: datetime
) -> SlotFull | SlotUnknown:
    starts_at = command.starts_at
    if not recent.is_slot(session, offer, starts_at, now=now) and not _exists(session, offer, starts_at):
        return SlotUnknown()
    nearest = recent.alternatives(session, offer, starts_at=starts_at, now=now)
    return SlotFull(alternatives=[each.as_json() for each in nearest])


def _exists(session: Session, offer: Offer, starts_at: datetime) -> bool:
    slot = select(Slot.id).where(Slot.group_id == offer.group_id, Slot.starts_at == starts_at)
    return session.scalar(slot) is not None


def find_draft(session: Session, token: str, *, now: datetime) -> Draft | None:
    """What was filled in under this token, also after the hold ran out; None when the token is unknown.

    Drafts are kept for a day.
    """
    return session.scalar(
        select(Draft).where(Draft.token_hash == token_hash(token), Draft.created_at > now - DRAFTS_KEPT_FOR)
    )


def release(session: Session, token: str, *, now: datetime) -> None:
    """Give the numbers back at once; the draft stays, its hold has ended.

    Who is just booking under the token is waited for: if that is refused, the numbers are still given back.
    """
    hashed = token_hash(token)
    session.execute(select(Draft.id).where(Draft.token_hash == hashed).with_for_update())
    let_go(session, hashed)
    session.execute(
        update(Draft)
        .where(Draft.token_hash == hashed, Draft.appointment_id.is_(None), Draft.held_until > now)
        .values(held_until=now)
    )


def save_form(session: Session, token: str, form: Mapping[str, Any], *, now: datetime) -> None:
    """Keep the form, encrypted; a draft that has become an appointment keeps nothing any more.

    Raises:
        HoldExpired: the token is unknown.
    """
    sealed = cipher().encrypt(json.dumps(dict(form), ensure_ascii=False), "draft.form")
    mine = (Draft.token_hash == token_hash(token), Draft.created_at > now - DRAFTS_KEPT_FOR)
    # One statement: a page that saves late must not put back what the booking has just wiped.
    open_drafts = update(Draft).where(*mine, Draft.appointment_id.is_(None))
    kept = session.scalars(open_drafts.values(form_sealed=sealed).returning(Draft.id)).all()
    if not kept and find_draft(session, token, now=now) is None:
        raise HoldExpired


def read_form(draft: Draft) -> dict[str, Any]:
    """What `save_form` kept; empty when nothing was."""
    if draft.form_sealed is None:
        return {}
    form: dict[str, Any] = json.loads(cipher().decrypt(draft.form_sealed, "draft.form"))
    return form


def remove_old_drafts(session: Session, *, now: datetime) -> int:
    """Remove drafts older than a day; how many. They hold personal data that nobody needs any more."""
    removed = session.scalars(
        delete(Draft).where(Draft.created_at <= now - DRAFTS_KEPT_FOR).returning(Draft.id)
    )
    return len(removed.all())
