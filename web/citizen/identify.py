"""Who comes: name, document, phone. Asked once, after the slot was chosen, and kept while it is corrected."""

from contextlib import suppress
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie_session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking.errors import HoldExpired
from booking.hall_rules import rules_of
from booking.keep_hold import keep_hold
from kernel.errors import DomainError
from kernel.limits import LimitReached
from kernel.phone import mask as mask_phone
from people.identity import mask, mask_name, normalise
from web import edge
from web.citizen.face import blueprint
from web.citizen.family import family, merge, relations
from web.citizen.forms import PersonForm, errors_of, kind_options, person_labels, typed
from web.citizen.phone_check import TRIES, no_code, send_code, try_code
from web.citizen.running import Running, keep_form, keep_unless_older, next_turn, running_booking
from web.guards import CITIZEN_KEY, citizen_phone, public
from web.known_browser import forget_browser
from web.limits import limit_keep, limit_tries
from web.problems import status_of

KEPT = ("name", "kind", "number", "phone", "agree")


@blueprint.get("/booking/who")
@public
def who() -> ResponseReturnValue:
    """The form, with everything that was filled in before."""
    running = running_booking()
    if running.reference:
        return redirect(url_for(".booking", reference=running.reference))
    return _page(running, running.form)


@blueprint.post("/booking/who")
@public
@limit_tries(TRIES)
def submit_who() -> ResponseReturnValue:
    """Keep what was typed, then do what the pressed button says."""
    running = running_booking()
    if running.reference:
        return redirect(url_for(".booking", reference=running.reference), 303)
    form = merge(running.form, typed(request.form, *KEPT)) | next_turn(running.form)
    keep_form(running.token, form)
    wish = {"send": _send, "other": _other_phone}.get(request.form.get("do", ""), _go_on)
    return wish(running, form)


@blueprint.post("/booking/who/draft")
@public
def keep_who() -> ResponseReturnValue:
    """Keep what stands in the form so far: sent by the page while somebody types, and when it is put away."""
    running = running_booking()
    now = typed(request.form, *KEPT)
    order = request.form.get("turn", 0, type=int), request.form.get("seq", 0, type=int)
    keep_unless_older(running.token, order, lambda before: merge(before, now))
    return "", 204


def _send(running: Running, form: dict[str, Any]) -> ResponseReturnValue:
    try:
        phone = send_code(form["phone"], running.hall)
    except DomainError as error:
        return _page(running, form, {"phone": error.sentence(edge.language())}), status_of(error)
    flash(_("验证码已发送到 %(phone)s，5 分钟内有效。", phone=mask_phone(phone)), "ok")
    return redirect(url_for(".who", _anchor="field-code"), 303)


def _other_phone(running: Running, form: dict[str, Any]) -> ResponseReturnValue:
    cookie_session.pop(CITIZEN_KEY, None)
    forget_browser()
    keep_form(running.token, {**form, "phone": ""})
    return redirect(url_for(".who", _anchor="field-phone"), 303)


def _go_on(running: Running, form: dict[str, Any]) -> ResponseReturnValue:
    errors = errors_of(PersonForm(running.hall), form)
    code = request.form.get("code", "").strip()[:12]
    if citizen_phone() is None:
        wrong = try_code(form["phone"], code) if code else no_code(form["phone"])
        if not wrong and not form["name"] and not form["number"] and family():
            return redirect(url_for(".who"), 303)  # now that we know the phone: whom they may choose from
        errors |= wrong
    _keep_hold(running)
    if errors:
        return _page(running, form, errors), 422
    return redirect(url_for(".check"), 303)


def _keep_hold(running: Running) -> None:
    """The hold of a browser that showed no cookie of ours lasts as any other once a phone stands for it."""
    phone, usual = citizen_phone(), rules_of(running.hall).policy.hold
    if phone is None or running.draft.held_until - running.draft.created_at >= usual:
        return
    with suppress(HoldExpired, LimitReached), edge.transaction() as session:
        limit_keep(session, phone)
        keep_hold(session, running.token, now=edge.now())


def _page(running: Running, form: dict[str, Any], errors: dict[str, str] | None = None) -> str:
    """The number is shown as typed only while it is wrong; afterwards by its first and last characters."""
    right = bool(form.get("number")) and not {"number", "kind"} & set(
        errors_of(PersonForm(running.hall), form)
    )
    labels = {
        **person_labels(),
        "phone": _("手机号"),
        "code": _("验证码"),
        "agree": "",
    }
    persons = family()
    return render_template(
        "citizen/who.html",
        running=running,
        form=form,
        errors={name: (errors or {})[name] for name in labels if name in (errors or {})},
        labels=labels,
        kinds=kind_options(),
        persons=[] if form.get("saved") else persons,
        relations=relations(),
        saved_name=mask_name(form["name"]) if form.get("saved") else "",
        number_kept=mask(normalise(form["kind"], form["number"])) if right else "",
        verified=citizen_phone(),
        here=url_for(".who"),
    )
