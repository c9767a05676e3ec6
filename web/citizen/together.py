"""Several services in one visit: their questions one after the other, one checklist, one time."""

from collections.abc import Mapping
from datetime import date, datetime

from flask import Response, after_this_request, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.errors import SlotFull, SlotUnknown
from booking.hold import HoldSlot, hold
from booking.policy import BeyondHorizon, InPast, InsideLeadTime
from booking.promise import promise_on
from booking.slot_places import place_told
from catalog.queries import list_packages
from halls.queries import list_halls
from web import edge
from web.citizen.basket import basket_codes
from web.citizen.face import blueprint
from web.citizen.near import away, nearest_first, read_start, starts_to_choose
from web.citizen.on_record import of_browser
from web.citizen.running import hold_token, remember_hold
from web.citizen.slots import day_of, moment_of, note_city_look, zone_of
from web.citizen.trip import Trip, Way, get_trip
from web.citizen.trip_places import TripChoice, list_trip_places, read_trip_choice
from web.device import give_device, is_nameless
from web.fragments import fragment
from web.guards import public
from web.looks import note_look
from web.proof import admit_hold


@blueprint.get("/visit")
@public
def trip() -> ResponseReturnValue:
    """The next question of any of the services, or the checklist for all of them."""
    found = _trip()
    asking, back = found.open, _before(found)
    if asking is None or asking.step is None or asking.step.question is None:
        with edge.transaction() as session:
            on_record = of_browser(session)
        return render_template(
            "citizen/visit_checklist.html",
            trip=found,
            way=Way(found.visits),
            on_record=on_record,
            back=back,
        )
    question = asking.step.question
    options = [(option, found.with_answer(asking, question.code, option.code)) for option in question.options]
    at = found.visits.index(asking) + 1
    return render_template(
        "citizen/visit_question.html",
        trip=found,
        visit=asking,
        question=question,
        options=options,
        at=at,
        back=back,
    )


@blueprint.get("/visit/halls")
@public
def trip_halls() -> ResponseReturnValue:
    """Where everything can be done at once; where only a part can, it is said which."""
    after_this_request(give_device)
    with edge.transaction() as session:
        found = get_trip(session, *_asked(request.args))
        whole, parts = list_trip_places(session, found, now=edge.now())
        if whole:  # that no hall handles everything is no lack of numbers
            zone = zone_of(place.hall for place in whole)
            note_city_look(session, found.visits, zone=zone, found=any(place.soon for place in whole))
    start = read_start(place.hall for place in whole)
    return render_template(
        "citizen/visit_halls.html",
        trip=found,
        way=Way(found.visits),
        places=nearest_first(start, whole),
        parts_only=parts,
        away={place.hall.code: away(start, place.hall) for place in whole},
        start=start,
        starts=starts_to_choose(place.hall for place in whole),
    )


@blueprint.get("/visit/halls/<hall_code>")
@public
def trip_slots(hall_code: str) -> ResponseReturnValue:
    """Days and slots of one hall at which the whole visit fits."""
    after_this_request(give_device)
    return _page(_asked(request.args), hall_code, day_of(request.args.get("day")))


@blueprint.get("/visit/halls/<hall_code>/live")
@public
def live_trip_slots(hall_code: str) -> Response:
    """The slots of a day, asked again while the page is open."""
    found, choice = _read(_asked(request.args), hall_code, day_of(request.args.get("day")))
    return fragment("citizen/_slots.html", live=_live(found, choice), choice=choice)


@blueprint.post("/visit/halls/<hall_code>")
@public
def hold_trip(hall_code: str) -> ResponseReturnValue:
    """Hold the numbers of all services and ask who it is for."""
    asked, starts_at = _asked(request.form), moment_of(request.form.get("starts_at"))
    if starts_at is None:
        errors = {"starts_at": _("请选择一个时段。")}
        return _page(asked, hall_code, day_of(request.form.get("day")), errors), 422
    with edge.transaction() as session:
        found = get_trip(session, *asked)
    try:
        remember_hold(_hold(found, hall_code, starts_at))
    except SlotFull as full:
        return _lost(found, full), 409
    except (SlotUnknown, InPast, InsideLeadTime, BeyondHorizon) as refusal:
        flash(refusal.sentence(edge.language()), "warn")
        return redirect(Way(found.visits).slots(hall_code), 303)
    return redirect(url_for(".who"), 303)


def _hold(found: Trip, hall_code: str, starts_at: datetime) -> str:
    wanted = HoldSlot(
        hall_code=hall_code,
        service_codes=found.codes,
        starts_at=starts_at,
        answers=dict(found.pairs),
        previous_token=hold_token(),
        nameless=is_nameless(),
    )
    with edge.transaction() as session:
        admit_hold(session, hall_code, found.codes, starts_at)
        return hold(session, wanted, actor=edge.actor(), now=edge.now()).token


def _lost(found: Trip, full: SlotFull) -> str:
    """Somebody was quicker: the nearest starts at which everything fits, one tap each."""
    with edge.transaction() as session:
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
    way, sentence = Way(found.visits), full.sentence(edge.language())
    return render_template("citizen/lost.html", way=way, nearest=nearest, sentence=sentence, here=way.halls())


def _asked(values: Mapping[str, str]) -> tuple[str, str]:
    return values.get("s", ""), values.get("a", "")


def _before(found: Trip) -> str:
    """The question before, or where these services were put together: in the basket or by a package."""
    if found.before is not None:
        return url_for(".trip", s=found.services, a=found.before or None)
    if basket_codes() != list(found.codes):
        with edge.transaction() as session:
            for package in list_packages(session):
                if package.services == list(found.codes):
                    return url_for(".package", code=package.code)
    return url_for(".basket")


def _trip() -> Trip:
    with edge.transaction() as session:
        return get_trip(session, *_asked(request.args))


def _read(asked: tuple[str, str], hall_code: str, wanted: date | None) -> tuple[Trip, TripChoice]:
    with edge.transaction() as session:
        found = get_trip(session, *asked)
        choice = read_trip_choice(session, found, hall_code, wanted=wanted, now=edge.now())
        if request.method == "GET" and request.endpoint == "citizen.trip_slots":
            _note(session, found, choice)
        return found, choice


def _note(session: Session, found: Trip, choice: TripChoice) -> None:
    """Somebody looked for room for all these services."""
    promise = promise_on(choice.today, choice.offer.calendar)
    note_look(
        session,
        service_ids=[visit.service.id for visit in found.visits],
        hall_id=choice.hall.id,
        today=choice.today,
        found=promise.kept_by(tab.on_date for tab in choice.days if tab.free),
    )


def _page(
    asked: tuple[str, str], hall_code: str, wanted: date | None, errors: dict[str, str] | None = None
) -> str:
    found, choice = _read(asked, hall_code, wanted)
    way = Way(found.visits)
    tabs = [
        (tab, url_for(".trip_slots", hall_code=hall_code, day=tab.on_date.isoformat(), **way.query))
        for tab in choice.days
    ]
    return render_template(
        "citizen/visit_slots.html",
        visits=found.visits,
        choice=choice,
        back=way.halls(),
        live=_live(found, choice),
        action=way.hold(hall_code),
        fields=way.fields,
        tabs=tabs,
        errors=errors or {},
        here=url_for(".trip_slots", hall_code=hall_code, day=choice.on_date.isoformat(), **way.query),
    )


def _live(found: Trip, choice: TripChoice) -> str:
    day, query = choice.on_date.isoformat(), Way(found.visits).query
    return url_for(".live_trip_slots", hall_code=choice.hall.code, day=day, **query)
