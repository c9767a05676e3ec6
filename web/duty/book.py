"""Book for somebody at the counter, from any channel that one may give; the document has been seen."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.book import Book
from booking.book_by_staff import EXCEPTIONS, REASONS, StaffBooking, book_at_counter
from booking.errors import SlotUnknown
from booking.ladder import Channel
from booking.models import Appointment
from booking.staff_slots import StaffSlot, staff_slots, starts_in_line
from booking.staff_visits import StaffStart, staff_starts
from booking.visit_offer import VisitOffer, get_visit_offer
from catalog.queries import services_by_group
from halls.models import Hall
from halls.queries import list_groups
from kernel.errors import DomainError
from kernel.phone import normalise
from people.names import check_name
from web import edge
from web.citizen import words
from web.citizen.forms import kind_options, typed
from web.citizen.slots import day_of, moment_of
from web.console.once import Said, once
from web.duty.face import blueprint, errors_of, my_hall
from web.guards import staff_only
from web.problems import status_of
from web.told_to_staff import refusals_audited

_FIELDS = (
    "day",
    "starts_at",
    "name",
    "kind",
    "number",
    "phone",
    "reason",
    "exception",
    "channel",
    "override",
)
_SERVICES = ("service", "second", "third")
_CHANNELS = {
    "any": (Channel.ONLINE, Channel.WALK_IN),
    "online": (Channel.ONLINE,),
    "walk_in": (Channel.WALK_IN,),
    "duty": (Channel.DUTY,),
    "all": (Channel.ONLINE, Channel.WALK_IN, Channel.DUTY),
}


@blueprint.get("/<hall_code>/book")
@staff_only("booking.make")
def book_for(hall_code: str) -> ResponseReturnValue:
    """First service and day, then the times with what is free in each channel, then the person."""
    return _page(hall_code, request.args.to_dict())


@blueprint.post("/<hall_code>/book")
@staff_only("booking.make")
def submit_book_for(hall_code: str) -> ResponseReturnValue:
    """Book; the same press twice is one booking."""
    form = typed(request.form, *_SERVICES, *_FIELDS)
    try:
        with refusals_audited(hall_code, form["kind"], form["number"]):
            reference, sentence = once(lambda session: _book(session, hall_code, form))
    except DomainError as refusal:
        return _page(hall_code, form, errors_of(refusal)), status_of(refusal)
    flash(sentence, "ok")
    asked: dict[str, Any] = {name: form[name] for name in (*_SERVICES, "day") if form[name]}
    return redirect(url_for(".book_for", hall_code=hall_code, **asked, made=reference), 303)


def _book(session: Session, hall_code: str, form: dict[str, str]) -> Said:
    hall = my_hall(session, hall_code, "booking.make")
    offer = get_visit_offer(session, hall.code, _codes(form), answers={})
    starts_at = moment_of(form["starts_at"])
    if starts_at is None:
        raise SlotUnknown
    command = StaffBooking(
        hall_id=hall.id,
        group_id=offer.group_ids[0],
        service_ids=offer.service_ids,
        starts_at=starts_at,
        channels=_CHANNELS.get(form["channel"], _CHANNELS["any"]),
        reason=form["reason"],
        who=_who(form),
        despite_standing=form["override"] == "1",
        exception=form["exception"],
    )
    made = book_at_counter(session, command, actor=edge.actor(), now=edge.now())
    return made.reference, _told(made, hall)


def _who(form: dict[str, str]) -> Book:
    return Book(
        token="",
        name=check_name(form["name"]),
        identity_kind=form["kind"],
        identity_number=form["number"],
        phone=normalise(form["phone"]) if form["phone"] else "",
        language=edge.language(),
    )


def _told(made: Appointment, hall: Hall) -> str:
    when = {"day": words.day(made.on_date), "time": words.hour(made.starts_at, hall.time_zone)}
    facts = {**when, "code": made.code}
    return str(_("已预约 %(day)s %(time)s，取号码 %(code)s。请抄给群众。", **facts))


def _page(hall_code: str, form: dict[str, str], errors: dict[str, str] | None = None) -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "booking.make")
        facts = _times(session, hall, form)
        groups, services = list_groups(session, hall.id, active=True), services_by_group(session, hall.id)
    return render_template(
        "duty/book.html",
        hall=hall,
        groups=groups,
        services=services,
        form=form,
        errors=errors or {},
        kinds=kind_options(),
        reasons=REASONS,
        exceptions=EXCEPTIONS,
        may_override=edge.actor().may("booking.override", hall.id),
        here=url_for(".book_for", hall_code=hall_code),
        **facts,
    )


def _codes(form: Mapping[str, str]) -> list[str]:
    return [form[name] for name in _SERVICES if form.get(name)]


def _times(session: Session, hall: Hall, form: dict[str, str]) -> dict[str, Any]:
    today = edge.today(hall.time_zone)
    on = day_of(form.get("day")) or today
    codes = _codes(form)
    offer = get_visit_offer(session, hall.code, codes, answers={}) if codes else None
    facts = {"today": today, "on": on, "offer": offer}
    if offer is None:
        return facts | {"slots": [], "starts": []}
    if len(offer.legs) == 1:
        slots = staff_slots(session, offer.group_ids[0], on, now=edge.now())
        if offer.needed == 1:
            return facts | {"slots": slots, "starts": []}
        return facts | {"slots": [], "starts": _compared(offer, partial(_in_line, slots, offer.needed))}
    of_visit = partial(_of_visit, session, offer, on)
    return facts | {"slots": [], "starts": _compared(offer, of_visit)}


def _in_line(slots: Sequence[StaffSlot], needed: int, channels: Sequence[Channel]) -> list[StaffStart]:
    return starts_in_line(slots, needed=needed, channels=channels)


def _of_visit(session: Session, offer: VisitOffer, on: date, channels: Sequence[Channel]) -> list[StaffStart]:
    return staff_starts(session, offer, on, channels=channels, now=edge.now())


def _compared(
    offer: VisitOffer, starts_of: Callable[[Sequence[Channel]], list[StaffStart]]
) -> list[tuple[StaffStart, int]]:
    """The starts of a visit of several numbers: how often it fits without duty numbers, and with them."""
    plain = _CHANNELS["any"]
    without = starts_of(plain)
    found = {start.starts_at: start.visits for start in without}
    if not edge.actor().may("booking.override", offer.hall_id):
        return [(start, start.visits) for start in without]
    every = starts_of((*plain, Channel.DUTY))
    return [(start, found.get(start.starts_at, 0)) for start in every]
