"""Choose hall, day and slot; what is free is shown before anybody is asked who they are."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask import Response, after_this_request, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.attempts import WHOLE_CITY
from booking.errors import SlotFull, SlotUnknown
from booking.hold import Held, HoldSlot, hold
from booking.policy import BeyondHorizon, InPast, InsideLeadTime
from booking.slot_places import place_told
from halls.models import Hall
from halls.queries import list_halls
from web import edge
from web.citizen.face import blueprint
from web.citizen.near import away, nearest_first, read_start, starts_to_choose
from web.citizen.places import Choice, list_places, read_choice
from web.citizen.running import hold_token, remember_hold
from web.citizen.trip import Way
from web.citizen.visit import Visit, get_visit
from web.device import give_device, is_nameless
from web.fragments import fragment
from web.guards import public
from web.looks import note_look
from web.proof import admit_hold

_YEARS = range(2000, 2100)


@blueprint.get("/services/<code>/halls")
@public
def halls(code: str) -> ResponseReturnValue:
    """Where the service is handled, and where numbers are free soonest."""
    with edge.transaction() as session:
        visit = get_visit(session, code, request.args.get("a", ""))
        places = list_places(session, visit, now=edge.now())
        zone = zone_of(place.hall for place in places)
        note_city_look(session, [visit], zone=zone, found=any(place.soon for place in places))
    after_this_request(give_device)
    start = read_start(place.hall for place in places)
    return render_template(
        "citizen/halls.html",
        visit=visit,
        places=nearest_first(start, places),
        away={place.hall.code: away(start, place.hall) for place in places},
        start=start,
        starts=starts_to_choose(place.hall for place in places),
        here=url_for(".halls", code=code, a=visit.answers or None),
    )


@blueprint.get("/services/<code>/halls/<hall_code>")
@public
def slots(code: str, hall_code: str) -> ResponseReturnValue:
    """Days and slots of one hall."""
    after_this_request(give_device)
    return _page(code, hall_code, request.args.get("a", ""), day_of(request.args.get("day")))


@blueprint.get("/services/<code>/halls/<hall_code>/live")
@public
def live_slots(code: str, hall_code: str) -> Response:
    """The slots of a day, asked again while the page is open."""
    visit, choice = _read(code, hall_code, request.args.get("a", ""), day_of(request.args.get("day")))
    return fragment("citizen/_slots.html", live=_live(visit, choice), choice=choice)


@blueprint.post("/services/<code>/halls/<hall_code>")
@public
def hold_slot(code: str, hall_code: str) -> ResponseReturnValue:
    """Hold the chosen slot and ask who it is for."""
    answers, starts_at = request.form.get("a", ""), moment_of(request.form.get("starts_at"))
    if starts_at is None:
        errors = {"starts_at": _("请选择一个时段。")}
        return _page(code, hall_code, answers, day_of(request.form.get("day")), errors), 422
    try:
        remember_hold(_hold(code, hall_code, answers, starts_at).token)
    except SlotFull as full:
        return lost_page(code, answers, full), 409
    except (SlotUnknown, InPast, InsideLeadTime, BeyondHorizon) as refusal:
        flash(refusal.sentence(edge.language()), "warn")
        return redirect(url_for(".slots", code=code, hall_code=hall_code, a=answers or None), 303)
    return redirect(url_for(".who"), 303)


def _hold(code: str, hall_code: str, answers: str, starts_at: datetime) -> Held:
    with edge.transaction() as session:
        admit_hold(session, hall_code, (code,), starts_at)
        visit = get_visit(session, code, answers)
        wanted = HoldSlot(
            hall_code=hall_code,
            service_codes=(code,),
            starts_at=starts_at,
            answers=dict(visit.step.answers) if visit.step else {},
            previous_token=hold_token(),
            nameless=is_nameless(),
        )
        return hold(session, wanted, actor=edge.actor(), now=edge.now(), recent=edge.recent())


def lost_page(code: str, answers: str, full: SlotFull) -> str:
    """Somebody was quicker: the nearest free slots, one tap each."""
    with edge.transaction() as session:
        visit = get_visit(session, code, answers)
        by_code = {hall.code: hall for hall in list_halls(session)}
    nearest = [
        (
            by_code[each["hall_code"]],
            datetime.fromisoformat(each["starts_at"]),
            each["free"],
            place_told(each),
        )
        for each in full.params["alternatives"]
        if each["hall_code"] in by_code
    ]
    sentence = full.sentence(edge.language())
    back = url_for(".halls", code=code, a=answers or None)
    return render_template(
        "citizen/lost.html", way=Way([visit]), nearest=nearest, sentence=sentence, here=back
    )


def _read(code: str, hall_code: str, answers: str, wanted: date | None) -> tuple[Visit, Choice]:
    with edge.transaction() as session:
        visit = get_visit(session, code, answers)
        choice = read_choice(session, visit, hall_code, wanted=wanted, now=edge.now())
        if request.method == "GET" and request.endpoint == "citizen.slots":
            ids, hall_id = [visit.service.id], choice.hall.id
            note_look(session, service_ids=ids, hall_id=hall_id, today=choice.today, found=choice.soon)
        return visit, choice


def zone_of(halls: Iterable[Hall]) -> str:
    """By whose clock a look at all halls is: that of the hall that stands first."""
    return next((hall.time_zone for hall in halls), edge.CITY_ZONE)


def note_city_look(session: Session, visits: Sequence[Visit], *, zone: str, found: bool) -> None:
    """Somebody looked at all halls at once, for one service or for several together."""
    today, ids = edge.today(zone), [visit.service.id for visit in visits]
    note_look(session, service_ids=ids, hall_id=WHOLE_CITY, today=today, found=found)


def _page(
    code: str, hall_code: str, answers: str, wanted: date | None, errors: dict[str, str] | None = None
) -> str:
    visit, choice = _read(code, hall_code, answers, wanted)
    address: dict[str, Any] = {"code": code, "hall_code": hall_code, "a": visit.answers or None}
    return render_template(
        "citizen/slots.html",
        visit=visit,
        visits=[visit],
        back=url_for(".halls", code=code, a=visit.answers or None),
        fields=Way([visit]).fields,
        choice=choice,
        live=_live(visit, choice),
        action=url_for(".hold_slot", **address),
        tabs=[(tab, url_for(".slots", day=tab.on_date.isoformat(), **address)) for tab in choice.days],
        errors=errors or {},
        here=url_for(".slots", day=choice.on_date.isoformat(), **address),
    )


def _live(visit: Visit, choice: Choice) -> str:
    facts: dict[str, Any] = {
        "code": visit.code,
        "hall_code": choice.hall.code,
        "day": choice.on_date.isoformat(),
    }
    return url_for(".live_slots", a=visit.answers or None, **facts)


def day_of(text: str | None) -> date | None:
    """The date of a link or form; None for anything else."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def moment_of(text: str | None) -> datetime | None:
    """The instant of a form, aware; None for anything else and for years that no slot has."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year not in _YEARS:
        return None
    return moment.astimezone(UTC)
