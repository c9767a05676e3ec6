"""Check everything once more, then book."""

from dataclasses import dataclass

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking.book import Book, book
from booking.errors import HoldExpired
from booking.hall_rules import rules_of
from booking.policy import AlreadyBookedThatDay, DocumentNotBookable, NoShowStanding, TooManyOpen
from booking.standing import no_shows_of
from kernel.errors import DomainError
from people.citizens import identity_index, phone_index
from people.identity import Identity, mask, mask_name, normalise
from people.identity import check as check_identity
from people.licences import Held
from people.names import check_name
from web import edge
from web.citizen.basket import empty_basket
from web.citizen.face import blueprint
from web.citizen.forms import PersonForm, errors_of, kind_name
from web.citizen.on_record import of_document
from web.citizen.phone_check import TRIES
from web.citizen.posting import chosen_delivery, postable
from web.citizen.running import Running, running_booking
from web.citizen.trip import Trip
from web.guards import citizen_phone, public
from web.limits import limit_booking_try, limit_tries
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Ready:
    """A booking with nothing missing."""

    running: Running
    phone: str

    @property
    def person(self) -> dict[str, str]:
        """Name and document as filled in."""
        return self.running.form


@blueprint.get("/booking/check")
@public
def check() -> ResponseReturnValue:
    """Everything on one page, with the rules before the button."""
    ready = _ready()
    return _page(ready) if isinstance(ready, Ready) else ready


@blueprint.post("/booking/check")
@public
@limit_tries(TRIES)
def submit_check() -> ResponseReturnValue:
    """Book. The hold's token makes a second press meet the first one's booking."""
    ready = _ready()
    if not isinstance(ready, Ready):
        return ready
    try:
        reference = _book(ready)
        if len(ready.running.visits) > 1:
            empty_basket()
    except HoldExpired as gone:
        return render_template("citizen/gone.html", running=ready.running, here=url_for(".check")), status_of(
            gone
        )
    except DomainError as refusal:
        return _page(ready, refusal), status_of(refusal)
    flash(_("预约成功。请按时到场，带好材料。"), "ok")
    return redirect(url_for(".booking", reference=reference), 303)


def _ready() -> Ready | ResponseReturnValue:
    running = running_booking()
    if running.reference:
        return redirect(url_for(".booking", reference=running.reference), 303)
    phone = citizen_phone()
    if phone is None or errors_of(PersonForm(running.hall), running.form):
        flash(_("请先填好下面的信息。"), "info")
        return redirect(url_for(".who"), 303)
    return Ready(running, phone)


def _book(ready: Ready) -> str:
    command = Book(
        token=ready.running.token,
        name=check_name(ready.person["name"]),
        identity_kind=ready.person["kind"],
        identity_number=ready.person["number"],
        phone=ready.phone,
        language=edge.language(),
        delivery=chosen_delivery(ready.person) if postable(ready.running) else None,
    )
    identity = _identity(ready)
    with edge.transaction() as session:
        limit_booking_try(session, identity_index(identity.kind, identity.number), phone_index(ready.phone))
        return book(session, command, actor=edge.actor(), now=edge.now()).reference


def _page(ready: Ready, refusal: DomainError | None = None) -> str:
    rules = rules_of(ready.running.hall)
    return render_template(
        "citizen/check.html",
        running=ready.running,
        phone=ready.phone,
        person=ready.person,
        kind=kind_name(ready.person["kind"]),
        number=mask(normalise(ready.person["kind"], ready.person["number"])),
        name=mask_name(ready.person["name"]) if ready.person.get("saved") else ready.person["name"],
        postable=postable(ready.running),
        doubtful=_identity(ready).doubtful,
        policy=rules.policy,
        standing=_standing(ready),
        trip=Trip(tuple(ready.running.visits)) if len(ready.running.visits) > 1 else None,
        on_record=_on_record(ready),
        refusal=refusal.sentence(edge.language()) if refusal else "",
        other_first=isinstance(refusal, AlreadyBookedThatDay | TooManyOpen),
        not_this_phone=isinstance(refusal, DocumentNotBookable),
        here=url_for(".check"),
    )


def _on_record(ready: Ready) -> Held:
    identity = _identity(ready)
    visit_on = edge.local(ready.running.starts_at, ready.running.hall.time_zone).date()
    with edge.transaction() as session:
        return of_document(session, identity_index(identity.kind, identity.number), on=visit_on)


def _standing(ready: Ready) -> NoShowStanding:
    """Missed appointments, told before the button and never as a surprise after it.

    Each phone hears of what was booked from it: more would tell of a document whether it was here.
    """
    identity = _identity(ready)
    index = identity_index(identity.kind, identity.number)
    rules, told = rules_of(ready.running.hall), phone_index(ready.phone)
    with edge.transaction() as session:
        return no_shows_of(session, index, told=told, rules=rules, now=edge.now())


def _identity(ready: Ready) -> Identity:
    today = edge.today(ready.running.hall.time_zone)
    return check_identity(ready.person["kind"], ready.person["number"], today=today)
