"""What the reception does for somebody who gets no number today: it books a coming day for them at once."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.book import Book
from booking.book_by_staff import StaffBooking, book_at_counter
from booking.errors import SlotUnknown
from booking.ladder import Channel
from booking.on_the_spot import last_on_the_spot
from booking.staff_visits import StaffStart, staff_starts
from booking.visit_offer import VisitOffer, get_visit_offer
from catalog.models import Service
from halls.models import Hall, ServiceGroup
from halls.queries import get_group_by_code
from kernel.errors import NotFound
from kernel.phone import normalise
from people.names import check_name
from web import edge
from web.citizen import words
from web.citizen.slots import moment_of
from web.console.once import Said
from web.kiosk.chosen import get_offered

SHOWN = 12
WHY = "day_full"


@dataclass(frozen=True, slots=True)
class Instead:
    """The line that gives no number, and what can be booked within three working days.

    `chosen` is what `for` said.
    No starts without a matter: how long it takes is not known.
    """

    chosen: str
    group: ServiceGroup
    service: Service | None
    starts: list[StaffStart]


def instead_of_a_number(session: Session, hall: Hall) -> Instead | None:
    """What the form of the reception asked for, and what can be done; None where it names no line."""
    try:
        group, service = matter(session, hall)
    except NotFound:
        return None
    starts: list[StaffStart] = []
    if service is not None:
        offer = get_visit_offer(session, hall.code, [service.code], answers={})
        starts = _starts(session, hall, offer, until=last_on_the_spot(session, group.id, now=edge.now()))
    return Instead(request.form.get("for", ""), group, service, starts)


def matter(session: Session, hall: Hall) -> tuple[ServiceGroup, Service | None]:
    """`for` names a line, and a service of it after a slash."""
    line, _slash, code = request.form.get("for", "").partition("/")
    group = get_group_by_code(session, hall.id, line)
    return group, get_offered(session, group, code) if code else None


def book_on_the_spot(session: Session, hall: Hall) -> Said:
    """Book one of the starts for who stands there; their document has been seen.

    Raises:
        Forbidden, SlotUnknown, SlotFull, NameMissing, IdentityMalformed and whatever else stops a booking
    """
    _group, service = matter(session, hall)
    starts_at = moment_of(request.form.get("starts_at"))
    if service is None or starts_at is None:
        raise SlotUnknown
    offer = get_visit_offer(session, hall.code, [service.code], answers={})
    phone = request.form.get("spot_phone", "").strip()[:20]
    who = Book(
        token="",
        name=check_name(request.form.get("name", "")[:60]),
        identity_kind=request.form.get("kind", ""),
        identity_number=request.form.get("number", "")[:40],
        phone=normalise(phone) if phone else "",
        language=edge.language(),
    )
    channels = _channels(hall, edge.local(starts_at, hall.time_zone).date())
    command = StaffBooking(hall.id, offer.group_ids[0], offer.service_ids, starts_at, channels, WHY, who)
    made = book_at_counter(session, command, actor=edge.actor(), now=edge.now())
    when = {"day": words.day(made.on_date), "time": words.hour(made.starts_at, hall.time_zone)}
    return "ok", _("已预约 %(day)s %(time)s，取号码 %(code)s。请抄给群众。", code=made.code, **when)


def _starts(session: Session, hall: Hall, offer: VisitOffer, *, until: date) -> list[StaffStart]:
    found: list[StaffStart] = []
    on = edge.today(hall.time_zone)
    while on <= until and len(found) < SHOWN:
        found += staff_starts(session, offer, on, channels=_channels(hall, on), now=edge.now())
        on += timedelta(days=1)
    return found[:SHOWN]


def _channels(hall: Hall, on: date) -> tuple[Channel, ...]:
    """Numbers for walk-ins of a later day may be booked; those of today are what has run out."""
    return (Channel.ONLINE,) if on == edge.today(hall.time_zone) else (Channel.ONLINE, Channel.WALK_IN)
