"""What booking knows of people: shown to them, wiped when they ask or when it is old.

The rows of past appointments stay, because the figures of a hall are counted from them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Interval, Select, and_, delete, exists, literal, or_, select, update
from sqlalchemy.orm import Session

from booking.asked import answer_of, asker_of, reason_of
from booking.cancel import cancel
from booking.hall_rules import rules_of
from booking.hold import remove_old_drafts
from booking.missed import missed
from booking.models import (
    Appeal,
    Appointment,
    DocumentAppeal,
    Draft,
    KeptForUndo,
    SpecialRequest,
    WaitlistEntry,
)
from booking.queries import name_on
from booking.seen_in_person import list_seen
from booking.standing import lock_people
from booking.states import OPEN, AppointmentState
from booking.turns import wait_for_hall
from booking.undo_cancel import end_undo
from booking.waitlist import leave, list_open_waits
from booking.waitlist_states import OPEN_WAITS
from catalog.models import Service
from catalog.queries import answers_in_words, services_of
from halls.models import Hall
from halls.queries import get_hall_by_id
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict
from people import licences
from people.citizens import number_of, phone_index
from people.models import Citizen
from people.personal_data import citizens_of, erase_citizens
from people.retention import Retention


class AppointmentsStillOpen(Conflict):
    """Somebody who has a number cannot be forgotten before it is given back; `count` of them."""

    code = "appointments_still_open"
    zh = "这个手机号还有 {count} 个没有结束的预约。请先取消，或勾选“同时取消”再删除。"
    en = (
        "This phone still has {count} open appointments. Please cancel them first, or tick “cancel them too”."
    )


class VisitNotOver(Conflict):
    """Somebody who has checked in is in the hall now."""

    code = "visit_not_over"
    zh = "您正在大厅办理，请办完以后再删除。"
    en = "You have checked in and are in the hall now. Please delete your data when you are done."


def collect(session: Session, phone: str, *, language: str = "zh") -> dict[str, Any]:
    """Everything of this phone (E.164), in full: for its owner alone. Halls and services by their names."""
    words = _Words(session, language)
    index = phone_index(phone)
    rows = session.scalars(
        select(Appointment).where(Appointment.phone_index == index).order_by(Appointment.starts_at)
    )
    waiting = session.scalars(select(WaitlistEntry).where(WaitlistEntry.phone_index == index))
    asked = session.scalars(select(SpecialRequest).where(SpecialRequest.phone_index == index))
    disputed = select(DocumentAppeal).where(DocumentAppeal.phone_index == index)
    return {
        "persons": _persons(session, index),
        "appointments": [_appointment(words, row) for row in rows],
        "waitlist": [
            {
                "hall": words.hall(row.hall_id),
                "services": words.services(row.service_ids),
                "answers": words.answers(row.service_ids, row.answers),
                "from": row.first_on,
                "to": row.last_on,
                "state": row.state,
                "since": row.created_at,
            }
            for row in waiting
        ],
        "special_requests": [_special_request(words, row) for row in asked],
        "licences": licences.collect(session, list_seen(session, phone)),
        "appeals": [_appeal(words, each, about) for each, about in session.execute(_appeals_of(index))],
        "document_appeals": [_document_appeal(row) for row in session.scalars(disputed)],
    }


@dataclass(frozen=True, slots=True)
class _Words:
    """The names of halls and services, and what was answered to guides, in the reader's language."""

    session: Session
    language: str

    def hall(self, hall_id: int) -> str:
        return self._of(get_hall_by_id(self.session, hall_id))

    def services(self, service_ids: Sequence[int]) -> list[str]:
        return [self._of(each) for each in services_of(self.session, service_ids)]

    def answers(self, service_ids: Sequence[int], answers: Mapping[str, Any]) -> list[dict[str, str]]:
        services = services_of(self.session, service_ids)
        return answers_in_words(self.session, services, answers, language=self.language)

    def _of(self, row: Hall | Service) -> str:
        return (row.name_en if self.language == "en" else "") or row.name_zh


def _persons(session: Session, index: bytes) -> list[dict[str, Any]]:
    """For whom this phone has booked, as it called them, and since when; not since when others did."""
    query = (
        select(Appointment, Citizen)
        .join(Citizen, Citizen.id == Appointment.citizen_id)
        .where(Appointment.phone_index == index, Citizen.erased_at.is_(None))
        .order_by(Appointment.booked_at.desc())
    )
    found: dict[int, dict[str, Any]] = {}
    for visit, citizen in session.execute(query):
        newest = {
            "name": name_on(session, visit),
            "identity_kind": citizen.identity_kind,
            "identity_number": number_of(citizen),
            "language": visit.language,
        }
        found[citizen.id] = found.get(citizen.id, newest) | {"since": visit.booked_at}
    return list(found.values())


def _special_request(words: _Words, row: SpecialRequest) -> dict[str, Any]:
    asker = asker_of(row)
    return {
        "kind": row.kind,
        "wanted_on": row.wanted_on,
        "hall": words.hall(row.hall_id),
        "services": words.services(row.service_ids),
        "name": asker.name,
        "identity_kind": asker.identity_kind,
        "identity_number": asker.identity_number,
        "answers": words.answers(row.service_ids, row.answers),
        "reason": reason_of(row),
        "state": row.state,
        "since": row.created_at,
        "answer": answer_of(row),
    }


def _appeals_of(index: bytes) -> Select[Appeal, Appointment]:
    return (
        select(Appeal, Appointment)
        .join(Appointment, Appointment.id == Appeal.appointment_id)
        .where(Appointment.phone_index == index)
        .order_by(Appeal.created_at)
    )


def _appeal(words: _Words, row: Appeal, about: Appointment) -> dict[str, Any]:
    return {"hall": words.hall(row.hall_id), "starts_at": about.starts_at, **_words_of_appeal(row)}


def _document_appeal(row: DocumentAppeal) -> dict[str, Any]:
    """Without the hall that decides: it may tell where others missed something."""
    asker = asker_of(row)
    return {
        "identity_kind": asker.identity_kind,
        "identity_number": asker.identity_number,
        **_words_of_appeal(row),
    }


def _words_of_appeal(row: Appeal | DocumentAppeal) -> dict[str, Any]:
    return {
        "reason": reason_of(row),
        "state": row.state,
        "since": row.created_at,
        "answer": answer_of(row),
    }


def _appointment(words: _Words, row: Appointment) -> dict[str, Any]:
    sealed = row.delivery_sealed
    return {
        "hall": words.hall(row.hall_id),
        "services": words.services(row.service_ids),
        "undone": words.services(row.undone_service_ids),
        "starts_at": row.starts_at,
        "state": row.state,
        "code": row.code,
        "answers": words.answers(row.service_ids, row.answers),
        "booked_at": row.booked_at,
        "cancelled_at": row.cancelled_at,
        "delivery": json.loads(cipher().decrypt(sealed, "appointment.delivery")) if sealed else None,
    }


def list_open(session: Session, phone: str) -> Sequence[Appointment]:
    """Appointments of this phone that have not ended, in order of time."""
    return session.scalars(
        select(Appointment)
        .where(Appointment.phone_index == phone_index(phone), Appointment.state.in_(OPEN))
        .order_by(Appointment.starts_at)
    ).all()


def end_open(session: Session, phone: str, *, cancel_them: bool, actor: Actor, now: datetime) -> None:
    """See that nothing is open any more, as their owner wishes to be forgotten; waits end, too.

    What an offer of the waitlist holds goes to the next; so do numbers that are kept because a cancellation
    may be taken back.

    Raises:
        VisitNotOver, AppointmentsStillOpen, CancellationTooLate
    """
    halls = _lock_open(session, phone)
    cancelled = session.scalars(select(Appointment).where(_may_be_undone(phone_index(phone)))).all()
    still, waits = list_open(session, phone), list_open_waits(session, phone)
    if any(row.state == AppointmentState.CHECKED_IN for row in still):
        raise VisitNotOver
    if still and not cancel_them:
        raise AppointmentsStillOpen(count=len(still))
    for hall_id in halls:
        for entry in waits:
            if entry.hall_id == hall_id:
                leave(session, entry, actor=actor, now=now)
        for row in still:
            if row.hall_id == hall_id:
                cancel(session, row, reason="citizen", actor=actor, now=now)
        for row in cancelled:
            if row.hall_id == hall_id:
                end_undo(session, row, now=now)


def _may_be_undone(index: bytes) -> ColumnElement[bool]:
    """Cancelled under this phone, and its numbers are still kept."""
    return and_(Appointment.phone_index == index, Appointment.id.in_(select(KeptForUndo.appointment_id)))


def _lock_open(session: Session, phone: str) -> list[int]:
    """Lock what is open under this phone and its people, in the order of docs/booking.md; the halls."""
    index = phone_index(phone)
    mine = (or_(and_(Appointment.phone_index == index, Appointment.state.in_(OPEN)), _may_be_undone(index)),)
    waiting = (WaitlistEntry.phone_index == index, WaitlistEntry.state.in_(OPEN_WAITS))
    halls = {
        *session.scalars(select(Appointment.hall_id).where(*mine)),
        *session.scalars(select(WaitlistEntry.hall_id).where(*waiting)),
    }
    for hall_id in sorted(halls):
        wait_for_hall(session, hall_id)
    for rows, which in ((WaitlistEntry.id, waiting), (Appointment.id, mine)):
        session.execute(select(rows).where(*which).order_by(rows).with_for_update())
    offers = select(WaitlistEntry.draft_id).where(*waiting)
    session.execute(select(Draft.id).where(Draft.id.in_(offers)).order_by(Draft.id).with_for_update())
    lock_people(session, [row.id for row in citizens_of(session, phone)])
    return sorted(halls)


def forget(session: Session, phone: str, *, actor: Actor, now: datetime) -> None:
    """Wipe the phone and the address from its appointments, and the people who came with it last.

    `end_open` comes first: it has locked the people as a booking does. Who was booked for since is not
    forgotten, nor who has an open appointment under another phone; those bookings keep their phone.
    """
    index = phone_index(phone)
    people = [row for row in citizens_of(session, phone) if not _has_open(session, row.id)]
    _forget_appeals(session, index, people)
    licences.forget(session, list_seen(session, phone))
    session.execute(
        update(Appointment)
        .where(Appointment.phone_index == index, Appointment.state.not_in(OPEN))
        .values(phone_sealed=None, phone_index=None, delivery_sealed=None, name_sealed=None)
    )
    theirs = Appointment.citizen_id.in_([row.id for row in people])
    session.execute(
        update(Appointment).where(theirs, Appointment.phone_index.is_(None)).values(name_sealed=None)
    )
    session.execute(delete(WaitlistEntry).where(WaitlistEntry.phone_index == index))
    session.execute(delete(SpecialRequest).where(SpecialRequest.phone_index == index))
    erase_citizens(
        session, people, counted=_counted(session, [row.id for row in people], now=now), actor=actor, now=now
    )


def _forget_appeals(session: Session, index: bytes, people: Sequence[Citizen]) -> None:
    """Those of the people, and those that this phone wrote about whomever: before its index is wiped."""
    booked_by_it = select(Appointment.id).where(Appointment.phone_index == index)
    mine = or_(Appeal.citizen_id.in_([row.id for row in people]), Appeal.appointment_id.in_(booked_by_it))
    session.execute(delete(Appeal).where(mine))
    session.execute(delete(DocumentAppeal).where(DocumentAppeal.phone_index == index))


def _has_open(session: Session, citizen_id: int) -> bool:
    mine = (Appointment.citizen_id == citizen_id, Appointment.state.in_(OPEN))
    return bool(session.scalar(select(exists().where(*mine))))


def _counted(session: Session, citizen_ids: Sequence[int], *, now: datetime) -> set[int]:
    """Those of them who missed something that may still count, by the rules of the strictest hall."""
    policies = [rules_of(hall).policy for hall in session.scalars(select(Hall))]
    if not policies or not citizen_ids:
        return set()
    longest = max(policy.no_show_window + policy.suspension for policy in policies)
    cutoff = max(policy.cancellation_cutoff for policy in policies)
    theirs = select(Appointment.citizen_id).where(
        Appointment.citizen_id.in_(citizen_ids),
        Appointment.starts_at > now - longest,
        missed(literal(cutoff, Interval)),
    )
    return set(session.scalars(theirs))


def forget_old(session: Session, spans: Retention, *, actor: Actor, now: datetime) -> None:
    """Wipe what is older than it is kept. Open appointments keep everything."""
    ended = Appointment.state.not_in(OPEN)
    old_phone, old_delivery = spans.before("phone", now), spans.before("delivery", now)
    session.execute(
        update(Appointment)
        .where(ended, Appointment.starts_at < old_phone)
        .where(or_(Appointment.phone_index.is_not(None), Appointment.name_sealed.is_not(None)))
        .values(phone_sealed=None, phone_index=None, name_sealed=None)
    )
    session.execute(
        update(Appointment)
        .where(ended, Appointment.starts_at < old_delivery, Appointment.delivery_sealed.is_not(None))
        .values(delivery_sealed=None)
    )
    settled = SpecialRequest.state != "asked"
    session.execute(delete(SpecialRequest).where(settled, SpecialRequest.created_at < old_phone))
    for appealed in (Appeal, DocumentAppeal):
        session.execute(delete(appealed).where(appealed.state != "asked", appealed.created_at < old_phone))
    _forget_citizens(session, spans, actor=actor, now=now)
    remove_old_drafts(session, now=now)


def _forget_citizens(session: Session, spans: Retention, *, actor: Actor, now: datetime) -> None:
    """Erase who has not been here for long, and let go of hashes that nothing counts against any more."""
    long_ago = spans.before("identity", now)
    here_since = exists().where(Appointment.citizen_id == Citizen.id, Appointment.starts_at >= long_ago)
    silent = session.scalars(
        select(Citizen)
        .where(Citizen.erased_at.is_(None), Citizen.created_at < long_ago, ~here_since)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    # Booking writes its person's row: who booked since this began is seen here, who does now was skipped.
    since = select(Appointment.citizen_id).where(
        Appointment.citizen_id.in_([row.id for row in silent]), Appointment.starts_at >= long_ago
    )
    back = set(session.scalars(since))
    gone = [row for row in silent if row.id not in back]
    erase_citizens(session, gone, counted=(), actor=actor, now=now)
    hashed = session.scalars(
        select(Citizen).where(Citizen.erased_at.is_not(None), Citizen.identity_index.is_not(None))
    ).all()
    counted = _counted(session, [row.id for row in hashed], now=now)
    for row in hashed:
        if row.id not in counted:
            row.identity_index = None
