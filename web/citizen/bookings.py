"""One booking: its page with QR and code, calendar file. Whoever has the address may see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import segno
from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules, rules_of
from booking.missed import counts_as_missed
from booking.models import Appointment
from booking.policy import counts_as_no_show
from booking.queries import get_appointment, name_on
from booking.revisions import Revision, revision_of
from booking.slot_sessions import session_of_this
from booking.states import AppointmentState
from booking.undo_cancel import undo_until
from halls.models import Hall
from halls.queries import get_hall_by_id
from halls.sessions import ExtraSession
from people.identity import mask_name
from people.licences import Held
from people.models import Citizen
from queueing.queries import find_ticket_of_appointment
from web import edge
from web.citizen.calendar_file import Entry, write
from web.citizen.face import blueprint
from web.citizen.in_short import all_in_short
from web.citizen.left import Left, left_of
from web.citizen.next_time import next_time
from web.citizen.on_record import of_appointment
from web.citizen.trip import Leg, Trip, Way, legs_of
from web.citizen.visit import Visit, visits_of
from web.guards import public


@dataclass(frozen=True, slots=True)
class Shown:
    """A booking with what its page shows; the name is masked, everything else says nothing about a person."""

    appointment: Appointment
    hall: Hall
    rules: HallRules
    visits: list[Visit]
    name: str
    ticket: str | None
    now: datetime
    legs: list[Leg]
    undone: list[Visit]
    extra: ExtraSession | None = None
    forgotten: bool = False
    undo_until: datetime | None = None
    left: Left = field(default_factory=Left)
    on_record: Held = field(default_factory=dict)

    @property
    def done(self) -> list[Visit]:
        """What a visit that has ended was handled for."""
        return [visit for visit in self.visits if visit.code not in {each.code for each in self.undone}]

    @property
    def trip(self) -> Trip | None:
        """Several services as one visit."""
        return Trip(tuple(self.visits)) if len(self.visits) > 1 else None

    @property
    def changeable(self) -> bool:
        """Whether it can still be moved or cancelled."""
        return self.appointment.state == AppointmentState.BOOKED and self.appointment.starts_at > self.now

    @property
    def postable(self) -> bool:
        """Whether the result can be sent home."""
        return bool(self.visits) and all(visit.service.by_post for visit in self.visits)

    @property
    def here_today(self) -> bool:
        """Whether checking in makes sense: on the day, while nobody has. In a village officers do it."""
        booked = self.appointment.state == AppointmentState.BOOKED and not self.appointment.place_zh
        return booked and self.appointment.on_date == self.rules.date_of(self.now)

    @property
    def check_in_from(self) -> datetime:
        """When check-in opens."""
        return self.appointment.starts_at - self.rules.policy.check_in_opens

    @property
    def late_to_cancel(self) -> bool:
        """Whether cancelling now counts as missed: it is close, or was when the booking was moved."""
        return counts_as_missed(self.appointment, policy=self.rules.policy, now=self.now)

    @property
    def undo_seconds(self) -> int:
        """How long its cancellation may still be taken back; 0 where it may not."""
        return int((self.undo_until - self.now).total_seconds()) if self.undo_until else 0

    @property
    def close(self) -> bool:
        """Whether it begins so soon that hardly anybody can use the number any more."""
        begins = self.appointment.starts_at
        return counts_as_no_show(begins, cancelled_at=self.now, policy=self.rules.policy)


def shown(session: Session, reference: str) -> Shown:
    """Read a booking for its pages; raises AppointmentUnknown."""
    appointment = get_appointment(session, reference)
    hall = get_hall_by_id(session, appointment.hall_id)
    ticket = find_ticket_of_appointment(session, appointment.id)
    now = edge.now()
    citizen = session.get_one(Citizen, appointment.citizen_id)
    return Shown(
        appointment=appointment,
        hall=hall,
        rules=rules_of(hall),
        visits=visits_of(session, appointment.service_ids, appointment.answers),
        name=mask_name(name_on(session, appointment)),
        ticket=ticket.reference if ticket else None,
        now=now,
        legs=legs_of(session, appointment.legs),
        undone=visits_of(session, appointment.undone_service_ids, appointment.answers),
        extra=session_of_this(session, appointment, tz=ZoneInfo(hall.time_zone)),
        forgotten=citizen.erased_at is not None,
        undo_until=undo_until(session, appointment, now=now),
        left=left_of(session, ticket.id if ticket else None),
        on_record=of_appointment(session, appointment),
    )


def read_shown(reference: str) -> Shown:
    """The same, in a transaction of its own."""
    with edge.transaction() as session:
        return shown(session, reference)


@blueprint.get("/b/<reference>")
@public
def booking(reference: str) -> ResponseReturnValue:
    """The booking: when, where, what to bring, and the QR for the kiosk."""
    return booking_page(reference)


def booking_page(reference: str, errors: Mapping[str, str] | None = None, title: str = "") -> str:
    """The page, on which what was refused is said first."""
    with edge.transaction() as session:
        it = shown(session, reference)
        wishes = next_time(session, it.appointment)
    facts = {"on_record": it.on_record, "next_time": wishes, "errors": errors or {}, "refused": title}
    here = url_for(".booking", reference=reference)
    return render_template("citizen/booking.html", it=it, qr=qr_of(reference), here=here, **facts)


@blueprint.get("/b/<reference>/rest")
@public
def rest(reference: str) -> ResponseReturnValue:
    """The times for what was left of a visit that was partly done, in its hall; else the booking itself."""
    it = read_shown(reference)
    if not it.undone:
        return redirect(url_for(".booking", reference=reference), 303)
    return redirect(Way(it.undone).slots(it.hall.code), 303)


def qr_of(text: str) -> str:
    """An inline SVG without styles, so the content security policy lets it be."""
    drawn: str = segno.make(text, error="m").svg_inline(border=2, scale=6, omitsize=True, svgclass=None)
    return drawn


@blueprint.get("/b/<reference>.ics")
@public
def calendar_file(reference: str) -> Response:
    """The booking for the phone's calendar: the same entry again after a change, as it is now."""
    with edge.transaction() as session:
        it = shown(session, reference)
        revision = revision_of(session, it.appointment)
    answer = Response(write(_entry(it, revision)), content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="youhao.ics"'
    return answer


def _place(it: Shown) -> str:
    """Where to go: a mobile session's place, else the hall."""
    away = it.extra and edge.text(it.extra, "place")
    return away or " ".join(filter(None, [edge.text(it.hall, "name"), edge.text(it.hall, "address")]))


def _over_at(it: Shown) -> datetime:
    """When the visit will be over: what it takes, counted from the slot of its last line."""
    last_at, last = it.appointment.starts_at, it.visits
    if it.legs:
        codes = {service.code for service in it.legs[-1].services}
        last_at, last = it.legs[-1].starts_at, [visit for visit in it.visits if visit.code in codes]
    minutes = max(1, sum(visit.minutes for visit in last))
    return max(it.appointment.ends_at, last_at + timedelta(minutes=minutes))


def _entry(it: Shown, revision: Revision) -> Entry:
    booked = it.appointment
    # What the register has is not written into a calendar: others read it too.
    bring = all_in_short((item.material for visit in it.visits for item in visit.items), {})
    notes = [_("取号码 %(code)s", code=booked.code)]
    if booked.place_zh:
        held_by = edge.text(it.hall, "name")
        notes.append(_("流动下乡，由%(hall)s派人到场办理；到了由工作人员签到，不用到大厅。", hall=held_by))
    for leg in it.legs:
        at = edge.local(leg.starts_at, it.hall.time_zone)
        notes.append(f"{at:%H:%M} {edge.text(leg.line, 'name')}")
    if bring:
        notes.append(_("请带：%(what)s", what=_("；").join(bring)))
    return Entry(
        uid=f"{booked.reference}@youhao",
        sequence=revision.number,
        changed_at=revision.at,
        cancelled=booked.state == AppointmentState.CANCELLED,
        starts_at=booked.starts_at,
        ends_at=_over_at(it),
        title=" · ".join(edge.text(visit.service, "name") for visit in it.visits) or _("预约"),
        place=_place(it),
        notes="\n".join(notes),
        url=f"{edge.parts().settings.base_url}{url_for('.booking', reference=booked.reference)}",
    )
