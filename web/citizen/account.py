"""The account of a phone: the people it books for, one's data to read and take away, and being forgotten.

There is no password. Looking at masked things needs a known or just verified phone; what shows data in full
or cannot be undone needs a code of the last half-hour, and being forgotten one of this moment.
"""

import json
from datetime import date, datetime
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask import session as cookie_session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking.personal_data import AppointmentsStillOpen, list_open
from feedback import personal_data
from kernel.errors import DomainError
from kernel.phone import mask as mask_phone
from people import known_browsers, saved_persons
from people.identity import check
from people.names import check_name
from people.phone_codes import raise_unless_ok, verify_code
from people.retention import retention
from web import edge
from web.citizen.data_words import data_words
from web.citizen.face import blueprint
from web.citizen.family import family, relations
from web.citizen.forms import KeptPersonForm, errors_of, kind_options, person_labels, typed
from web.citizen.phone_check import TRIES, send_code
from web.citizen.running import forget_hold
from web.guards import citizen_just_verified, citizen_only
from web.known_browser import forget_browser
from web.limits import limit_tries
from web.problems import status_of


@blueprint.get("/my/account")
@citizen_only
def account() -> ResponseReturnValue:
    """Saved persons, known browsers, and the ways to one's data."""
    return _account_page({})


def _account_page(form: dict[str, str], errors: dict[str, str] | None = None) -> str:
    """The page; `form` is somebody to be added as typed, with what is wrong about it."""
    with edge.transaction() as session:
        browsers = known_browsers.count_browsers(session, g.phone, now=edge.now())
        spans = retention(session)
    facts = {"persons": family(), "relations": relations(), "kinds": dict(kind_options())}
    asked = {"form": form, "errors": errors or {}, "labels": _labels(), "most": saved_persons.MOST}
    here = url_for(".account")
    return render_template(
        "citizen/account.html", phone=g.phone, browsers=browsers, spans=spans, here=here, **facts, **asked
    )


def _labels() -> dict[str, str]:
    return {
        **person_labels(),
        "relation": _("与您的关系"),
        "agree": "",
    }


@blueprint.post("/my/persons")
@citizen_only
@limit_tries(TRIES)
def add_person() -> ResponseReturnValue:
    """Keep somebody for later bookings. Whether they are known to anybody else is neither asked nor told."""
    form = typed(request.form, "name", "kind", "number", "relation", "agree")
    errors = errors_of(KeptPersonForm(), form)
    if form["relation"] not in set(saved_persons.Relation):
        errors["relation"] = saved_persons.RelationUnknown().sentence(edge.language())
    if errors:
        return _account_page(form, errors), 422
    try:
        _keep(form)
    except saved_persons.TooManySavedPersons as refusal:
        return _account_page(form, {"_refusal": refusal.sentence(edge.language())}), status_of(refusal)
    flash(_("已保存。下次预约点一下就填好。"), "ok")
    return redirect(url_for(".account", _anchor="family"), 303)


def _keep(form: dict[str, str]) -> None:
    identity = check(form["kind"], form["number"], today=edge.today())
    name, relation = check_name(form["name"]), saved_persons.Relation(form["relation"])
    now, actor = edge.now(), edge.actor()
    with edge.transaction() as session:
        saved_persons.save_person(
            session, g.phone, identity, name=name, actor=actor, now=now, relation=relation
        )


@blueprint.post("/my/persons/<reference>/relation")
@citizen_only
def rename_person(reference: str) -> ResponseReturnValue:
    """Say who somebody is to the owner of the phone."""
    wanted = request.form.get("relation", "")
    with edge.transaction() as session:
        saved_persons.set_relation(session, g.phone, reference, wanted, actor=edge.actor(), now=edge.now())
    flash(_("已保存。"), "ok")
    return redirect(url_for(".account"), 303)


@blueprint.post("/my/persons/<reference>/remove")
@citizen_only
def remove_person(reference: str) -> ResponseReturnValue:
    """Forget a saved person; their bookings stay."""
    with edge.transaction() as session:
        saved_persons.remove_person(session, g.phone, reference, actor=edge.actor(), now=edge.now())
    flash(_("已删除这位常用办事人，预约不受影响。"), "ok")
    return redirect(url_for(".account"), 303)


@blueprint.post("/my/browsers/forget")
@citizen_only
def forget_browsers() -> ResponseReturnValue:
    """A phone was lost or lent: every browser needs a code again."""
    with edge.transaction() as session:
        known_browsers.forget_all(session, g.phone, actor=edge.actor(), now=edge.now())
    forget_browser()
    flash(_("已取消。所有手机和电脑下次都要重新收验证码。"), "ok")
    return redirect(url_for(".home"), 303)


@blueprint.get("/my/data")
@citizen_just_verified
def my_data() -> ResponseReturnValue:
    """Everything that is known under this phone, to read."""
    return render_template("citizen/data.html", data=_collect(), phone=g.phone, words=data_words)


@blueprint.get("/my/data.json")
@citizen_just_verified
def my_data_file() -> Response:
    """The same as a file to take away."""
    text = json.dumps(_collect(), ensure_ascii=False, indent=2, default=_written)
    answer = Response(text, content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="youhao-my-data.json"'
    return answer


def _collect() -> dict[str, Any]:
    with edge.transaction() as session:
        return personal_data.collect(session, g.phone, language=edge.language())


def _written(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


@blueprint.get("/my/forget")
@citizen_only
def ask_forget() -> ResponseReturnValue:
    """What being forgotten means; a code of this moment confirms it."""
    return _forget_page()


def _forget_page(errors: dict[str, str] | None = None, *, sent: bool = False, code: str = "") -> str:
    """The form, with the ticks as they were sent; with `code`, where it is still good."""
    with edge.transaction() as session:
        still = list_open(session, g.phone)
    sent = sent or request.args.get("sent") == "1"
    return render_template(
        "citizen/forget.html",
        still=still,
        sent=sent,
        code=code,
        ticked=[box for box in ("cancel", "sure") if request.form.get(box) == "1"],
        phone=g.phone,
        errors=errors or {},
        labels={"code": _("验证码"), "sure": "", "cancel": ""},
        here=url_for(".ask_forget"),
    )


@blueprint.post("/my/forget")
@citizen_only
@limit_tries(TRIES)
def submit_forget() -> ResponseReturnValue:
    """Send a code, or with the right one forget the owner of the phone."""
    try:
        if request.form.get("do") == "send":
            send_code(g.phone)
            flash(_("验证码已发送到 %(phone)s，5 分钟内有效。", phone=mask_phone(g.phone)), "ok")
            return redirect(url_for(".ask_forget", sent=1, _anchor="field-code"), 303)
        if empty := _empty_boxes():
            page = _forget_page(empty, sent=True, code=request.form.get("code", "")[:12])
            return page, 422 if "sure" in empty else 409
        _forget()
    except DomainError as refusal:
        at = "cancel" if isinstance(refusal, AppointmentsStillOpen) else "code"
        return _forget_page({at: refusal.sentence(edge.language())}, sent=True), status_of(refusal)
    cookie_session.clear()
    forget_browser()
    forget_hold()
    flash(_("您的信息已删除。以后随时可以重新预约。"), "ok")
    return redirect(url_for(".home"), 303)


def _empty_boxes() -> dict[str, str]:
    """Asked before the code is looked at, which is good once: a box left empty should not cost it."""
    with edge.transaction() as session:
        still = list_open(session, g.phone)
    empty = {}
    if still and request.form.get("cancel") != "1":
        empty["cancel"] = AppointmentsStillOpen(count=len(still)).sentence(edge.language())
    if request.form.get("sure") != "1":
        empty["sure"] = _("请勾选确认。")
    return empty


def _forget() -> None:
    """The try is committed before its outcome is told, so wrong ones count."""
    now, actor = edge.now(), edge.actor()
    with edge.transaction() as session:
        outcome = verify_code(session, g.phone, request.form.get("code", "").strip()[:12], now=now)
    raise_unless_ok(outcome)
    with edge.transaction() as session:
        cancel_open = request.form.get("cancel") == "1"
        personal_data.forget(session, g.phone, cancel_open=cancel_open, actor=actor, now=now)
