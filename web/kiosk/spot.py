"""A booking on the spot: who takes one of the numbers offered when a line gives none today says who they are.

The kiosk keeps a cookie of the hold and nothing else; what was typed lies sealed in the draft on the server.
Going back to the start gives the number back and forgets what was typed, for the next person.
"""

from dataclasses import replace
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from booking.book import Book, book
from booking.hold import find_draft, read_form, release, save_form
from booking.queries import get_appointment
from kernel import clock
from kernel.errors import DomainError, Invalid
from kernel.phone import mask as mask_phone
from people.citizens import identity_index, phone_index
from people.identity import check, mask, mask_name
from people.names import check_name
from people.phone_codes import raise_unless_ok, verify_code
from queueing.press import stored
from web import edge, limits
from web.citizen.forms import kind_options
from web.citizen.phone_check import TRIES, send_code
from web.citizen.running import NothingRunning, Running, find_running, keep_form
from web.kiosk.face import blueprint, hall, kiosk_only
from web.kiosk.scan import read_document
from web.kiosk.spot_hold import COOKIE, facts_of
from web.pairing import keep
from web.qr import modules

#: What is asked for, one after the other; with the last one the number is booked.
STEPS = ("number", "name", "phone", "code", "book")


class DocumentMissing(Invalid):
    """The step for the document was sent without one."""

    code = "document_missing"
    zh = "请把证件放到读卡器上，或输入证件号码。"
    en = "Please put your document on the reader, or type its number."


@blueprint.get("/booking")
@kiosk_only
def booking() -> ResponseReturnValue:
    """The next thing to say; after the last one the confirmation. Scripts ask for the page twice."""
    running = _running()
    if running.reference:
        return redirect(url_for("kiosk.booked"), 303)
    return _page(running)


@blueprint.post("/booking")
@kiosk_only
@limits.limit_tries(TRIES, of=lambda: f"kiosk {g.device.id}")
def booking_step() -> ResponseReturnValue:
    """Keep what this step asked for; the last one books. A second press finds the booking of the first.

    The form says which step it is of: one that is sent again (a double press, a page of before) is no try
    for the step after it. A refusal is told on the page that follows, so that no press is sent twice.
    """
    running = _claim(_running())
    if running is not None:
        try:
            _take(running)
        except DomainError as refusal:
            _refuse(running.token, refusal.sentence(edge.language()))
    return redirect(url_for("kiosk.booking"), 303)


@blueprint.get("/booked")
@kiosk_only
def booked() -> ResponseReturnValue:
    """When, where, the code to check in with, and its paper."""
    running = _running()
    if not running.reference:
        return redirect(url_for("kiosk.booking"), 303)
    with edge.transaction() as session:
        appointment = get_appointment(session, running.reference)
    page = edge.parts().settings.base_url + url_for("citizen.booking", reference=appointment.reference)
    facts = {"running": running, "appointment": appointment, "page": page, "modules": modules(page)}
    return render_template("kiosk/booked.html", **facts)


def leave(page: str) -> Response:
    """The first page: whatever the last person was in the middle of is over."""
    answer = make_response(page)
    token = request.cookies.get(COOKIE)
    # Pages ask for the first one without wanting it (HEAD), to know whether the line is up.
    if token and request.method == "GET":
        with edge.transaction() as session:
            forget(session, token)
        keep(answer, COOKIE, "", path=url_for("kiosk.door"), seconds=0)
    return answer


def forget(session: Session, token: str) -> None:
    """Give the number back unless it was booked, and wipe what was typed."""
    release(session, token, now=edge.now())
    if find_draft(session, token, now=edge.now()) is not None:
        save_form(session, token, {}, now=edge.now())


def booked_here(session: Session) -> Running:
    """What was booked at this kiosk a moment ago; raises NothingRunning."""
    found = find_running(session, request.cookies.get(COOKIE, ""))
    if found is None or not found.reference:
        raise NothingRunning
    return found


def _running() -> Running:
    with edge.transaction() as session:
        found = find_running(session, request.cookies.get(COOKIE, ""))
    if found is None:
        raise NothingRunning
    return found


def _claim(running: Running) -> Running | None:
    """What this press may go on with; None when it was made already, or belongs to another step."""
    press = stored(request.form.get("press")) or ""
    with edge.transaction() as session:
        draft = find_draft(session, running.token, now=edge.now())
        if draft is None or running.reference:
            return None
        session.refresh(draft, with_for_update=True)  # presses come one after the other
        form = read_form(draft)
        if request.form.get("step") != _step(form) or (press and press == form.get("press")):
            return None
        form = {**form, "press": press, "refused": ""}
        save_form(session, running.token, form, now=edge.now())
    return replace(running, form=form)


def _refuse(token: str, sentence: str) -> None:
    with edge.transaction() as session:
        draft = find_draft(session, token, now=edge.now())
        if draft is not None:
            save_form(session, token, {**read_form(draft), "refused": sentence}, now=edge.now())


def _step(form: dict[str, Any]) -> str:
    said = {**form, "code": form.get("verified")}
    return next((step for step in STEPS if not said.get(step)), STEPS[-1])


def _take(running: Running) -> None:
    wish = request.form.get("do", "")
    if wish == "again":
        keep_form(running.token, {"press": running.form["press"]})
    elif wish == "phone":
        keep_form(running.token, {**running.form, "phone": "", "verified": ""})
    elif wish == "send" and running.form.get("phone"):
        send_code(running.form["phone"], hall())
    else:
        _TAKE[_step(running.form)](running)


def _take_document(running: Running) -> None:
    name, number = read_document(request.form.get("code") or request.form.get("document", ""))
    if not number:
        raise DocumentMissing
    today = edge.today(running.hall.time_zone)
    identity = check(request.form.get("kind") or "resident_id", number, today=today)
    facts = {"kind": identity.kind.value, "number": identity.number, "name": check_name(name) if name else ""}
    keep_form(running.token, {**running.form, **facts})


def _take_name(running: Running) -> None:
    keep_form(running.token, {**running.form, "name": check_name(request.form.get("name", ""))})


def _take_phone(running: Running) -> None:
    phone = send_code(request.form.get("phone", ""), hall())
    keep_form(running.token, {**running.form, "phone": phone, "verified": ""})


def _take_code(running: Running) -> None:
    with edge.transaction() as session:
        outcome = verify_code(
            session, running.form["phone"], request.form.get("sms", "")[:12], now=edge.now()
        )
    raise_unless_ok(outcome)
    form = {**running.form, "verified": "1"}
    keep_form(running.token, form)
    _book(running, form)


def _book_again(running: Running) -> None:
    _book(running, running.form)


def _book(running: Running, form: dict[str, Any]) -> None:
    command = Book(
        token=running.token,
        name=form["name"],
        identity_kind=form["kind"],
        identity_number=form["number"],
        phone=form["phone"],
        language=edge.language(),
    )
    with edge.transaction() as session:
        person = identity_index(form["kind"], form["number"])
        limits.limit_booking_try(session, person, phone_index(form["phone"]))
        book(session, command, actor=g.actor, now=edge.now())


_TAKE = dict(zip(STEPS, (_take_document, _take_name, _take_phone, _take_code, _book_again), strict=True))


def _page(running: Running) -> str:
    """The step; what was typed is not shown again, because the next person may be reading."""
    form, demo = running.form, clock.demo_clock()
    known = {
        "number": mask(form["number"]) if form.get("number") else "",
        "name": mask_name(form["name"]) if form.get("name") else "",
        "phone": mask_phone(form["phone"]) if form.get("phone") else "",
    }
    return render_template(
        "kiosk/booking.html",
        running=running,
        step=_step(form),
        known=known,
        kinds=kind_options(),
        error=form.get("refused", ""),
        clock_rate=demo.rate if demo else 1,
        **facts_of(running),
    )
