"""Ask for a number outside the line: green channel, urgent, special case. A verified phone, one at a time."""

from datetime import date
from urllib.parse import urlsplit

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking import special_requests
from booking.appeal_steps import WordsMissing, check_words
from booking.request_days import request_days, to_offer
from booking.special_requests import AskSpecially
from booking.visit_offer import get_visit_offer
from halls.models import Hall
from halls.queries import get_hall
from kernel.errors import DomainError
from people.names import check_name
from web import edge
from web.citizen.face import blueprint
from web.citizen.forms import PersonForm, errors_of, kind_options, person_labels, typed
from web.citizen.slots import day_of
from web.citizen.trip import Way, get_trip
from web.citizen.visit import get_visit
from web.guards import citizen_only
from web.limits import limit_phone
from web.problems import status_of

_FIELDS = ("kind_of_request", "wanted_on", "name", "kind", "number", "agree")
_FIELD_OF = {
    "request_kind_unknown": "kind_of_request",
    "slot_in_past": "wanted_on",
    "words_missing": "reason",
}
_FIELD_OF["slot_beyond_horizon"] = _FIELD_OF["no_times_that_day"] = "wanted_on"


@blueprint.get("/services/<code>/halls/<hall_code>/special")
@citizen_only
def special(code: str, hall_code: str) -> ResponseReturnValue:
    """What this is for, who decides, and the form."""
    return _page(code, hall_code, {"wanted_on": request.args.get("day", "")})


@blueprint.get("/visit/halls/<hall_code>/special")
@citizen_only
def special_trip(hall_code: str) -> ResponseReturnValue:
    """The same for a visit of several services."""
    return _page(None, hall_code, {"wanted_on": request.args.get("day", "")})


@blueprint.post("/services/<code>/halls/<hall_code>/special")
@citizen_only
def submit_special(code: str, hall_code: str) -> ResponseReturnValue:
    """Send it to the duty officer."""
    return _submitted(code, hall_code)


@blueprint.post("/visit/halls/<hall_code>/special")
@citizen_only
def submit_special_trip(hall_code: str) -> ResponseReturnValue:
    """Send it for a visit of several services."""
    return _submitted(None, hall_code)


def _submitted(code: str | None, hall_code: str) -> ResponseReturnValue:
    form = typed(request.form, *_FIELDS) | {"reason": request.form.get("reason", "")[:2000]}
    way, hall = _read(code, hall_code)
    errors = errors_of(PersonForm(hall), form)
    wanted_on = day_of(form["wanted_on"])
    if wanted_on is None:
        errors["wanted_on"] = _("请选择希望来办的日期。")
    try:
        check_words(form["reason"])
    except WordsMissing as missing:
        errors["reason"] = missing.sentence(edge.language())
    if errors or wanted_on is None:
        return _page(code, hall_code, form, errors), 422
    try:
        _ask(way, hall, form, wanted_on)
    except DomainError as refusal:
        at = _FIELD_OF.get(refusal.code, "_refusal")
        return _page(code, hall_code, form, {at: refusal.sentence(edge.language())}), status_of(refusal)
    flash(_("申请已提交。值班长处理后会发短信告诉您，也可以在这里看结果。"), "ok")
    return redirect(url_for(".my_bookings", _anchor="requests"), 303)


def _ask(way: Way, hall: Hall, form: dict[str, str], wanted_on: date) -> None:
    command = AskSpecially(
        hall_code=hall.code,
        service_codes=way.codes,
        kind=form["kind_of_request"],
        wanted_on=wanted_on,
        reason=form["reason"],
        name=check_name(form["name"]),
        identity_kind=form["kind"],
        identity_number=form["number"],
        phone=g.phone,
        answers=way.chosen,
        language=edge.language(),
    )
    with edge.transaction() as session:
        limit_phone(session, "request.phone", g.phone)
        special_requests.ask(session, command, actor=edge.actor(), now=edge.now())


@blueprint.post("/my/requests/<reference>/withdraw")
@citizen_only
def withdraw_request(reference: str) -> ResponseReturnValue:
    """Not needed any more."""
    with edge.transaction() as session:
        asked = special_requests.get_own_request(session, reference, phone=g.phone)
        special_requests.withdraw(session, asked, actor=edge.actor(), now=edge.now())
    flash(_("申请已撤回。"), "ok")
    return redirect(url_for(".my_bookings", _anchor="requests"), 303)


def _read(code: str | None, hall_code: str) -> tuple[Way, Hall]:
    answers = request.values.get("a", "")
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        if code is None:
            return Way(get_trip(session, request.values.get("s", ""), answers).visits), hall
        return Way([get_visit(session, code, answers)]), hall


def _days(way: Way, hall: Hall) -> list[date]:
    with edge.transaction() as session:
        offer = get_visit_offer(session, hall.code, way.codes, answers=way.chosen)
        return to_offer(request_days(session, offer.needs, now=edge.now()))


def _page(
    code: str | None, hall_code: str, form: dict[str, str], errors: dict[str, str] | None = None
) -> str:
    way, hall = _read(code, hall_code)
    days = _days(way, hall)
    today = edge.today(hall.time_zone)
    labels = {
        "kind_of_request": _("申请类别"),
        "wanted_on": _("希望哪天来"),
        "reason": _("理由"),
        **person_labels(),
        "agree": "",
        "_refusal": "",
    }
    here = way.special(hall_code)
    return render_template(
        "citizen/special.html",
        way=way,
        hall=hall,
        form=form,
        today=today,
        days=days,
        errors={name: (errors or {})[name] for name in labels if name in (errors or {})},
        labels=labels,
        kinds=kind_options(),
        phone=g.phone,
        action=urlsplit(here).path,
        here=here,
    )
