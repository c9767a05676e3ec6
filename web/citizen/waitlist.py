"""The waitlist: join where nothing is free, see how it stands, take the number that is offered, leave."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking import waitlist
from booking.hall_rules import HallRules, rules_of
from booking.models import WaitlistEntry
from booking.waitlist import AlreadyWaiting, JoinWaitlist, OfferOver
from booking.waitlist_states import OPEN_WAITS, WaitState
from halls.models import Hall
from halls.queries import get_hall_by_id
from kernel.errors import DomainError
from web import edge
from web.citizen.face import blueprint
from web.citizen.places import Choice, read_choice
from web.citizen.running import remember_hold
from web.citizen.slots import day_of
from web.citizen.visit import Visit, get_visit, visits_of
from web.guards import citizen_only, public
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry with what its page shows. `reference` is that of the booking that came of it."""

    entry: WaitlistEntry
    hall: Hall
    rules: HallRules
    visits: list[Visit]
    ahead: int
    seconds_left: int
    reference: str | None

    @property
    def offered(self) -> bool:
        """Whether a number is held for them at this moment."""
        return self.entry.state == WaitState.OFFERED and self.seconds_left > 0 and self.reference is None

    @property
    def open(self) -> bool:
        """Whether a number may still come of it."""
        return self.entry.state in OPEN_WAITS and self.reference is None


@blueprint.get("/services/<code>/halls/<hall_code>/waitlist")
@citizen_only
def wait_form(code: str, hall_code: str) -> ResponseReturnValue:
    """Which days; whoever waits in this line already goes to that page."""
    visit, choice = _read(code, hall_code, request.args.get("a", ""))
    with edge.transaction() as session:
        known = waitlist.find_open_wait(session, g.phone, choice.offer.group_id)
    if known is not None:
        return redirect(url_for(".wait_page", reference=known.reference))
    day = request.args.get("day", "")
    return _form(visit, choice, {"first_on": day, "last_on": day})


@blueprint.post("/services/<code>/halls/<hall_code>/waitlist")
@citizen_only
def submit_wait(code: str, hall_code: str) -> ResponseReturnValue:
    """Join; twice is once."""
    visit, choice = _read(code, hall_code, request.form.get("a", ""))
    first_on, last_on = day_of(request.form.get("first_on")), day_of(request.form.get("last_on"))
    if first_on is None or last_on is None:
        return _form(visit, choice, dict(request.form), {"first_on": _("请选择日期。")}), 422
    try:
        reference = _join(visit, choice, first_on, last_on)
    except AlreadyWaiting:
        return redirect(url_for(".wait_form", code=code, hall_code=hall_code), 303)
    except DomainError as refusal:
        errors = {"first_on": refusal.sentence(edge.language())}
        return _form(visit, choice, dict(request.form), errors), status_of(refusal)
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
    except OfferOver as over:
        flash(over.sentence(edge.language()), "warn")
        return redirect(url_for(".wait_page", reference=reference), 303)
    remember_hold(token)
    return redirect(url_for(".who"), 303)


@blueprint.post("/w/<reference>/leave")
@public
def leave_wait(reference: str) -> ResponseReturnValue:
    """Wait no longer; twice is once."""
    with edge.transaction() as session:
        entry = waitlist.get_wait(session, reference)
        waitlist.leave(session, entry, actor=edge.actor(), now=edge.now())
    flash(_("已退出候补。"), "ok")
    return redirect(url_for(".wait_page", reference=reference), 303)


def list_waits(session: Session, phone: str) -> list[Waiting]:
    """What a phone waits for, for "my bookings"."""
    return [_shown(session, entry) for entry in waitlist.list_open_waits(session, phone)]


def _shown(session: Session, entry: WaitlistEntry) -> Waiting:
    hall = get_hall_by_id(session, entry.hall_id)
    booked = waitlist.booked_by(session, entry)
    return Waiting(
        entry=entry,
        hall=hall,
        rules=rules_of(hall),
        visits=visits_of(session, entry.service_ids, entry.answers),
        ahead=waitlist.count_ahead(session, entry),
        seconds_left=_seconds(entry.offer_until, edge.now()),
        reference=booked.reference if booked else None,
    )


def _seconds(until: datetime | None, now: datetime) -> int:
    return max(0, int((until - now).total_seconds())) if until else 0


def _read(code: str, hall_code: str, answers: str) -> tuple[Visit, Choice]:
    with edge.transaction() as session:
        visit = get_visit(session, code, answers)
        return visit, read_choice(session, visit, hall_code, wanted=None, now=edge.now())


def _join(visit: Visit, choice: Choice, first_on: date, last_on: date) -> str:
    command = JoinWaitlist(
        hall_code=choice.hall.code,
        service_codes=(visit.code,),
        first_on=first_on,
        last_on=last_on,
        phone=g.phone,
        answers=dict(visit.step.answers) if visit.step else {},
        language=edge.language(),
    )
    with edge.transaction() as session:
        return waitlist.join(session, command, actor=edge.actor(), now=edge.now()).reference


def _form(visit: Visit, choice: Choice, typed: dict[str, str], errors: dict[str, str] | None = None) -> str:
    days = [tab.on_date.isoformat() for tab in choice.days]
    chosen = {
        "first_on": typed.get("first_on") or (days[0] if days else ""),
        "last_on": typed.get("last_on") or (days[-1] if days else ""),
    }
    address: dict[str, Any] = {"code": visit.code, "hall_code": choice.hall.code, "a": visit.answers or None}
    return render_template(
        "citizen/wait_join.html",
        visit=visit,
        choice=choice,
        chosen=chosen,
        phone=g.phone,
        errors=errors or {},
        back=url_for(".slots", **address),
        here=url_for(".wait_form", **address),
    )
