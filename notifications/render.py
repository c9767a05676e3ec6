"""Write a message's text when it is sent, from the rows it tells of as they are then.

So names and codes are stored nowhere twice, and a message whose subject has moved on is not sent: nobody
wants to be called to a counter at which they already sit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.models import Appeal, Appointment, DocumentAppeal, SpecialRequest, WaitlistEntry
from booking.queries import name_on
from booking.slot_places import IN_HALL, Place, place_in, place_told
from booking.slot_sessions import place_of_draft
from booking.undo_cancel import UNDO_FOR, may_be_undone
from catalog.models import Service
from catalog.queries import services_of
from halls.models import Closure, Counter, Hall, ServiceGroup
from kernel.db import Base
from notifications import texts
from notifications.models import Message
from notifications.states import MessageState
from people.models import Citizen, PhoneCode
from people.phone_codes import code_of
from queueing.after_models import BackTask, OwedPaper
from queueing.models import Ticket


@dataclass(frozen=True, slots=True)
class Wording:
    """What all texts share: the sender's signature and the address of the citizens' pages."""

    signature: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not send: the subject has moved on. `state` is where the message ends, `why` a code."""

    state: MessageState
    why: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: whether it makes sense is not settled yet. `wait` is for how long to leave it."""

    wait: timedelta


Values = Mapping[str, str]
Rendered = str | Skip | Later

_CANCELLED = MessageState.CANCELLED
_EXPIRED = MessageState.EXPIRED

_MODELS: Mapping[str, type[Base]] = {
    "appointment": Appointment,
    "ticket": Ticket,
    "phone_code": PhoneCode,
    "waitlist_entry": WaitlistEntry,
    "appeal": Appeal,
    "document_appeal": DocumentAppeal,
    "special_request": SpecialRequest,
    "owed_paper": OwedPaper,
    "back_task": BackTask,
}
# The states in which a message about a subject still makes sense.
_APPOINTMENT_STATES = {
    "booked": {"booked"},
    "rescheduled": {"booked"},
    "reminder_eve": {"booked"},
    "reminder_2h": {"booked"},
    "cancelled": {"cancelled"},
    "closed": {"cancelled"},
    "partly_done": {"fulfilled"},
    "reopened": {"checked_in"},
    "moved": {"booked"},
    "special_request_approved": {"booked"},
}
# Told also when the time has passed: they say that it will not be, or is still on.
_ENDS = ("cancelled", "closed", "partly_done", "reopened")
#: Where the link of a message leads, but for the booking itself.
_PAGES = {"cancelled": "", "closed": "", "partly_done": "/b/{reference}/rest"}
_TICKET_STATES = {
    "three_ahead": {"waiting"},
    "next_leg": {"waiting"},
    "called": {"called"},
    "missed": {"absent"},
    "promise_late": {"waiting"},
    "line_closed": {"waiting"},
    "called_undone": {"waiting"},
    "next_leg_undone": {"serving"},
    "missed_undone": {"called"},
}


def prefetch(session: Session, messages: Sequence[Message]) -> list[object]:
    """Read the subjects of a batch in a few statements; keep the answer while rendering."""
    rows: list[object] = []
    wanted: dict[str, set[int]] = {}
    for message in messages:
        wanted.setdefault(message.subject_kind, set()).add(message.subject_id)
    for kind, ids in wanted.items():
        model = _MODELS.get(kind)
        if model is not None:
            rows += session.scalars(select(model).where(model.id.in_(ids)))  # type: ignore[attr-defined]
    about = [row for row in rows if isinstance(row, Appointment | Ticket | WaitlistEntry)]
    visits = [row for row in rows if isinstance(row, Appointment)]
    citizens = {row.citizen_id for row in visits if row.name_sealed is None}
    halls = {message.hall_id for message in messages if message.hall_id is not None}
    groups = {row.group_id for row in about}
    for model, ids in ((Citizen, citizens), (Hall, halls), (ServiceGroup, groups)):
        rows += session.scalars(select(model).where(model.id.in_(ids))) if ids else []
    return rows


def render(session: Session, message: Message, *, wording: Wording, now: datetime) -> Rendered:
    """The text of `message` as of business time `now`, or why it is not to be sent."""
    values = _WRITERS[message.subject_kind](session, message, wording, now)
    if isinstance(values, Skip | Later):
        return values
    return texts.write(message.template, message.language, values, signature=wording.signature)


def _phone_code(session: Session, message: Message, _wording: Wording, now: datetime) -> Values | Skip:
    code = session.get_one(PhoneCode, message.subject_id)
    if code.used_at is not None or code.expires_at <= now:
        return Skip(_EXPIRED, "code_over")
    minutes = max(1, round((code.expires_at - now).total_seconds() / 60))
    return {"code": code_of(code), "minutes": str(minutes)}


def _appointment(
    session: Session, message: Message, wording: Wording, now: datetime
) -> Values | Skip | Later:
    appointment = session.get_one(Appointment, message.subject_id)
    if appointment.state not in _APPOINTMENT_STATES[message.template]:
        if may_be_undone(session, appointment):
            return Later(UNDO_FOR)
        return Skip(_CANCELLED, f"appointment_{appointment.state}")
    planned_for = message.facts.get("starts_at")
    if planned_for and datetime.fromisoformat(planned_for) != appointment.starts_at:
        return Skip(_CANCELLED, "appointment_moved")
    if appointment.starts_at <= now and message.template not in _ENDS:
        return Skip(_EXPIRED, "appointment_over")
    hall = session.get_one(Hall, appointment.hall_id)
    local = appointment.starts_at.astimezone(ZoneInfo(hall.time_zone))
    undone = appointment.undone_service_ids
    done = [each for each in appointment.service_ids if each not in undone]
    return {
        "name": name_on(session, appointment),
        "hall": _place(appointment, hall, message.language),
        "group": _lines(session, appointment, message.language),
        "when": texts.when(local, message.language),
        "time": f"{local:%H:%M}",
        "code": appointment.code,
        "reason": _why(session, message),
        "kind": _kind(message.facts.get("kind", ""), message.language),
        "done": _services(session, done, message.language) if undone else "",
        "undone": _services(session, undone, message.language) if undone else "",
        "link": wording.base_url
        + _PAGES.get(message.template, "/b/{reference}").format(reference=appointment.reference),
    }


def _place(appointment: Appointment, hall: Hall, language: str) -> str:
    """Where somebody was to go: the village of a mobile session that they booked, else the hall."""
    place = place_in(appointment)
    return _named(place if place != IN_HALL else hall, language)


def _why(session: Session, message: Message) -> str:
    """The closure's reason, or what was said when the hours were changed."""
    closure_id = message.facts.get("closure_id")
    closure = session.get(Closure, closure_id) if closure_id else None
    english = message.language.startswith("en")
    if closure is not None:
        reason = (english and closure.reason_en) or closure.reason_zh
    else:
        said = message.facts
        reason = (english and said.get("reason_en")) or said.get("reason_zh", "")
    return reason or ("opening hours" if english else "开放时间调整")


def _lines(session: Session, appointment: Appointment, language: str) -> str:
    """The line of the visit, or all that it passes, in order."""
    ids = [leg["group_id"] for leg in appointment.legs] or [appointment.group_id]
    names = [_named(session.get_one(ServiceGroup, each), language) for each in ids]
    return (", " if language.startswith("en") else "、").join(names)


def _ticket(session: Session, message: Message, wording: Wording, _now: datetime) -> Values | Skip:
    ticket = session.get_one(Ticket, message.subject_id)
    if ticket.state not in _TICKET_STATES[message.template]:
        return Skip(_CANCELLED, f"ticket_{ticket.state}")
    counter = session.get(Counter, ticket.counter_id) if ticket.counter_id else None
    if message.template == "called" and counter is None:
        return Skip(_CANCELLED, "ticket_not_called")
    hall = session.get_one(Hall, ticket.hall_id)
    return {
        "label": ticket.label,
        "hall": _named(hall, message.language),
        "group": _named(session.get_one(ServiceGroup, ticket.group_id), message.language),
        "counter": str(counter.number) if counter else "",
        "ahead": str(message.facts.get("ahead", 3)),
        "promised": _hour(message.facts.get("promised_at"), hall),
        "latest": _hour(message.facts.get("latest_at"), hall),
        "link": f"{wording.base_url}/q/{ticket.reference}",
    }


def _wait(session: Session, message: Message, wording: Wording, now: datetime) -> Values | Skip:
    """An offer: of the number it was planned for, while that is held and has not been booked."""
    entry = session.get_one(WaitlistEntry, message.subject_id)
    if message.template == "waitlist_offer_lost":
        return _offer_lost(session, entry, message, wording)
    starts_at, until = entry.offer_starts_at, entry.offer_until
    if entry.state != "offered" or starts_at is None or until is None:
        return Skip(_CANCELLED, f"wait_{entry.state}")
    if until <= now or datetime.fromisoformat(message.facts["starts_at"]) != starts_at:
        return Skip(_EXPIRED, "offer_over")
    hall = session.get_one(Hall, entry.hall_id)
    zone = ZoneInfo(hall.time_zone)
    return {
        "hall": _named(hall, message.language),
        "group": _services(session, entry.service_ids, message.language),
        "when": texts.when(starts_at.astimezone(zone), message.language),
        "where": texts.elsewhere(_offered_in(session, entry, message.language), message.language),
        "until": f"{until.astimezone(zone):%H:%M}",
        "link": f"{wording.base_url}/w/{entry.reference}",
    }


def _offered_in(session: Session, entry: WaitlistEntry, language: str) -> str:
    """The village where an offered number is held; empty for the hall, in which they wait."""
    place = place_of_draft(session, entry.draft_id)
    return _named(place, language) if place != IN_HALL else ""


def _offer_lost(session: Session, entry: WaitlistEntry, message: Message, wording: Wording) -> Values | Skip:
    """That it is over: as long as its owner waits on, and has not been offered another."""
    if entry.state != "waiting":
        return Skip(_CANCELLED, f"wait_{entry.state}")
    hall = session.get_one(Hall, entry.hall_id)
    was = datetime.fromisoformat(message.facts["starts_at"]).astimezone(ZoneInfo(hall.time_zone))
    return {
        "hall": _named(hall, message.language),
        "when": texts.when(was, message.language),
        "link": f"{wording.base_url}/w/{entry.reference}",
    }


def _services(session: Session, service_ids: Sequence[int], language: str) -> str:
    """What somebody comes for, by its own name: nobody knows the names of lines."""
    return texts.joined([_named(each, language) for each in services_of(session, service_ids)], language)


def _survey(session: Session, message: Message, wording: Wording, _now: datetime) -> Values:
    hall = session.get_one(Hall, message.hall_id)
    visit_on = date.fromisoformat(message.facts["visit_on"])
    place = place_told(message.facts)
    return {
        "hall": _named(place if place != IN_HALL else hall, message.language),
        "date": texts.day(visit_on, message.language),
        "link": f"{wording.base_url}/r/{message.facts['reference']}",
    }


def _reply(_session: Session, message: Message, wording: Wording, _now: datetime) -> Values:
    return {"link": wording.base_url, "days": str(message.facts.get("days", 1))}


def _appeal(session: Session, message: Message, wording: Wording, _now: datetime) -> Values:
    asked = session.get_one(Appeal, message.subject_id)
    appointment = session.get_one(Appointment, asked.appointment_id)
    hall = session.get_one(Hall, asked.hall_id)
    local = appointment.starts_at.astimezone(ZoneInfo(hall.time_zone))
    return {
        "hall": _place(appointment, hall, message.language),
        "when": texts.when(local, message.language),
        "decision": texts.decision(asked.state, message.language),
        "link": f"{wording.base_url}/my",
    }


def _document_appeal(_session: Session, _message: Message, wording: Wording, _now: datetime) -> Values:
    """Neither the hall nor the decision: either may tell what is on record of the document."""
    return {"link": f"{wording.base_url}/my"}


def _special_request(session: Session, message: Message, wording: Wording, _now: datetime) -> Values:
    asked = session.get_one(SpecialRequest, message.subject_id)
    return {
        "hall": _named(session.get_one(Hall, asked.hall_id), message.language),
        "date": texts.day(asked.wanted_on, message.language),
        "kind": _kind(asked.kind, message.language),
        "link": f"{wording.base_url}/my",
    }


def _owed(session: Session, message: Message, wording: Wording, _now: datetime) -> Values | Skip:
    owed = session.get_one(OwedPaper, message.subject_id)
    if owed.state != "owed":
        return Skip(_CANCELLED, f"paper_{owed.state}")
    paper = (message.language.startswith("en") and owed.name_en) or owed.name_zh
    date_ = texts.day(owed.due_on, message.language)
    return {**_after(session, owed, message, wording), "paper": paper, "date": date_}


def _result(session: Session, message: Message, wording: Wording, _now: datetime) -> Values | Skip:
    task = session.get_one(BackTask, message.subject_id)
    if task.state != "ready":
        return Skip(_CANCELLED, f"task_{task.state}")
    desk = "the service desk" if message.language.startswith("en") else "统一出件窗口"
    return {**_after(session, task, message, wording), "place": task.place or desk, "label": task.label}


def _after(session: Session, row: OwedPaper | BackTask, message: Message, wording: Wording) -> Values:
    ticket = session.get_one(Ticket, row.ticket_id)
    return {
        "hall": _named(session.get_one(Hall, row.hall_id), message.language),
        "service": _named(session.get_one(Service, row.service_id), message.language),
        "link": f"{wording.base_url}/q/{ticket.reference}",
    }


def _hour(at: str | None, hall: Hall) -> str:
    """A fact in ISO text as the hall's clock shows it."""
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(hall.time_zone)):%H:%M}" if at else ""


def _kind(kind: str, language: str) -> str:
    return texts.request_kind(kind, language) if kind else ""


def _named(row: Hall | ServiceGroup | Service | Place, language: str) -> str:
    return (row.name_en if language.startswith("en") else "") or row.name_zh


_WRITERS: Mapping[str, Callable[[Session, Message, Wording, datetime], Values | Skip | Later]] = {
    "phone_code": _phone_code,
    "appointment": _appointment,
    "ticket": _ticket,
    "waitlist_entry": _wait,
    "survey": _survey,
    "reply": _reply,
    "appeal": _appeal,
    "document_appeal": _document_appeal,
    "special_request": _special_request,
    "owed_paper": _owed,
    "back_task": _result,
}
