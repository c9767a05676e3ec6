"""The waitlist: join where nothing is free, see how it stands, take the number that is offered, leave."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlsplit

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking import waitlist
from booking.hall_rules import HallRules, rules_of
from booking.models import Appointment, WaitlistEntry
from booking.offers import Offer
from booking.slot_places import IN_HALL, Place
from booking.slot_sessions import place_of_draft
from booking.visit_offer import VisitOffer
from booking.waitlist import AlreadyWaiting, JoinWaitlist, OfferOver, OfferTakenBack
from booking.waitlist_states import OPEN_WAITS, WaitState
from catalog.queries import services_of
from halls.models import Hall
from halls.queries import get_hall_by_id
from kernel.errors import DomainError
from web import edge
from web.citizen.face import blueprint
from web.citizen.places import DayTab, read_choice
from web.citizen.running import remember_hold
from web.citizen.slots import day_of
from web.citizen.trip import Way, get_trip
from web.citizen.trip_places import read_trip_choice
from web.citizen.visit import Visit, get_visit, visits_of
from web.guards import citizen_only, public
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry with what its page shows. `reference` is that of the booking that came of it.

    `place` is where an offered number is held.
    """

    entry: WaitlistEntry
    hall: Hall
    rules: HallRules
    visits: list[Visit]
    ahead: int
    seconds_left: int
    reference: str | None
    place: Place = IN_HALL

    @property
    def offered(self) -> bool:
        """Whether a number is held for them at this moment."""
        return self.entry.state == WaitState.OFFERED and self.seconds_left > 0 and self.reference is None

    @property
    def taken_back(self) -> bool:
        """Whether the hall took back the number that was offered last."""
        return waitlist.was_taken_back(self.entry)

    @property
    def open(self) -> bool:
        """Whether a number may still come of it."""
        return self.entry.state in OPEN_WAITS and self.reference is None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to wait for: a service, or a visit of several; and the hall's days."""

    way: Way
    hall: Hall
    offer: Offer | VisitOffer
    days: list[DayTab]
    today: date

    @property
    def group_id(self) -> int:
        """The line that it is kept under: of several the first."""
        return self.offer.group_ids[0] if isinstance(self.offer, VisitOffer) else self.offer.group_id


@blueprint.get("/services/<code>/halls/<hall_code>/waitlist")
@citizen_only
def wait_form(code: str, hall_code: str) -> ResponseReturnValue:
    """Which days; whoever waits in this line already goes to that page."""
    return _asked(_read(code, hall_code))


@blueprint.get("/visit/halls/<hall_code>/waitlist")
@citizen_only
def wait_form_trip(hall_code: str) -> ResponseReturnValue:
    """The same for a visit of several services."""
    return _asked(_read(None, hall_code))


@blueprint.post("/services/<code>/halls/<hall_code>/waitlist")
@citizen_only
def submit_wait(code: str, hall_code: str) -> ResponseReturnValue:
    """Join; twice is once."""
    return _submitted(_read(code, hall_code))


@blueprint.post("/visit/halls/<hall_code>/waitlist")
@citizen_only
def submit_wait_trip(hall_code: str) -> ResponseReturnValue:
    """Join for a visit of several services."""
    return _submitted(_read(None, hall_code))


def _asked(wish: Wish) -> ResponseReturnValue:
    with edge.transaction() as session:
        known = waitlist.find_open_wait(session, g.phone, wish.group_id)
    if known is not None:
        return redirect(url_for(".wait_page", reference=known.reference))
    day = request.args.get("day", "")
    return _form(wish, {"first_on": day, "last_on": day})


def _submitted(wish: Wish) -> ResponseReturnValue:
    first_on, last_on = day_of(request.form.get("first_on")), day_of(request.form.get("last_on"))
    if first_on is None or last_on is None:
        return _form(wish, dict(request.form), {"first_on": _("请选择日期。")}), 422
    try:
        reference = _join(wish, first_on, last_on)
    except AlreadyWaiting:
        return redirect(wish.way.waitlist(wish.hall.code), 303)
    except DomainError as refusal:
        errors = {"first_on": refusal.sentence(edge.language())}
        return _form(wish, dict(request.form), errors), status_of(refusal)
    flash(_("已登记候补。有号时马上发短信给您，请留意手机。"), "ok")
    return redirect(url_for(".wait_page", reference=reference), 303)


@blueprint.get("/w/<reference>")
@public
def wait_page(reference: str) -> ResponseReturnValue:
    """How a wait stands. Whoever has the address may see it, as with a booking; it names nobody."""
    with edge.transaction() as session:
        it = _shown(session, waitlist.get_wait(session, reference))
    return render_template("citizen/wait_entry.html", it=it, here=url_for(".wait_page", reference=reference))


@blueprint.post("/w/<reference>/take")
@public
def take_offer(reference: str) -> ResponseReturnValue:
    """Go on with the held number. Only a press does: previews of the link take nothing."""
    try:
        with edge.transaction() as session:
            token = waitlist.accept(session, waitlist.get_wait(session, reference), now=edge.now())
    except (OfferOver, OfferTakenBack) as over:
        if not _says_by_itself(reference):
            flash(over.sentence(edge.language()), "warn")
        return redirect(url_for(".wait_page", reference=reference), 303)
    remember_hold(token)
    return redirect(url_for(".who"), 303)


def _says_by_itself(reference: str) -> bool:
    """Whether the page of the wait tells what the hall took back."""
    with edge.transaction() as session:
        return waitlist.was_taken_back(waitlist.get_wait(session, reference))


@blueprint.post("/w/<reference>/leave")
@public
def leave_wait(reference: str) -> ResponseReturnValue:
    """Wait no longer; twice is once."""
    with edge.transaction() as session:
        entry = waitlist.get_wait(session, reference)
        waitlist.leave(session, entry, actor=edge.actor(), now=edge.now())
    flash(_("已退出候补。"), "ok")
    return redirect(url_for(".wait_page", reference=reference), 303)


def list_waits(session: Session, phone: str, halls: Mapping[int, Hall]) -> list[Waiting]:
    """What a phone waits for in these halls, for "my bookings"; services without their guides."""
    entries = [each for each in waitlist.list_open_waits(session, phone) if each.hall_id in halls]
    ids = {service_id for each in entries for service_id in each.service_ids}
    services = {service.id: Visit(service, None, None) for service in services_of(session, ids)}
    ahead, booked = waitlist.counts_ahead(session, entries), waitlist.bookings_of(session, entries)
    return [
        _waiting(
            each,
            halls[each.hall_id],
            visits=[services[id_] for id_ in each.service_ids if id_ in services],
            ahead=ahead[each.id],
            booked=booked.get(each.id),
        )
        for each in entries
    ]


def _shown(session: Session, entry: WaitlistEntry) -> Waiting:
    found = _waiting(
        entry,
        get_hall_by_id(session, entry.hall_id),
        visits=visits_of(session, entry.service_ids, entry.answers),
        ahead=waitlist.count_ahead(session, entry),
        booked=waitlist.booked_by(session, entry),
    )
    return replace(found, place=place_of_draft(session, entry.draft_id)) if found.offered else found


def _waiting(
    entry: WaitlistEntry, hall: Hall, *, visits: list[Visit], ahead: int, booked: Appointment | None
) -> Waiting:
    return Waiting(
        entry=entry,
        hall=hall,
        rules=rules_of(hall),
        visits=visits,
        ahead=ahead,
        seconds_left=_seconds(entry.offer_until, edge.now()),
        reference=booked.reference if booked else None,
    )


def _seconds(until: datetime | None, now: datetime) -> int:
    return max(0, int((until - now).total_seconds())) if until else 0


def _read(code: str | None, hall_code: str) -> Wish:
    """The wish of an address: of a service, or without one of several services (`s`)."""
    answers, now = request.values.get("a", ""), edge.now()
    with edge.transaction() as session:
        if code is None:
            trip = get_trip(session, request.values.get("s", ""), answers)
            found = read_trip_choice(session, trip, hall_code, wanted=None, now=now)
            return Wish(Way(trip.visits), found.hall, found.offer, found.days, found.today)
        visit = get_visit(session, code, answers)
        choice = read_choice(session, visit, hall_code, wanted=None, now=now)
        return Wish(Way([visit]), choice.hall, choice.offer, choice.days, choice.today)


def _join(wish: Wish, first_on: date, last_on: date) -> str:
    command = JoinWaitlist(
        hall_code=wish.hall.code,
        service_codes=wish.way.codes,
        first_on=first_on,
        last_on=last_on,
        phone=g.phone,
        answers=wish.way.chosen,
        language=edge.language(),
    )
    with edge.transaction() as session:
        return waitlist.join(session, command, actor=edge.actor(), now=edge.now()).reference


def _form(wish: Wish, typed: dict[str, str], errors: dict[str, str] | None = None) -> str:
    days = [tab.on_date.isoformat() for tab in wish.days]
    chosen = {
        "first_on": typed.get("first_on") or (days[0] if days else ""),
        "last_on": typed.get("last_on") or (days[-1] if days else ""),
    }
    here = wish.way.waitlist(wish.hall.code)
    return render_template(
        "citizen/wait_join.html",
        wish=wish,
        chosen=chosen,
        phone=g.phone,
        errors=errors or {},
        back=wish.way.slots(wish.hall.code),
        action=urlsplit(here).path,
        here=here,
    )
