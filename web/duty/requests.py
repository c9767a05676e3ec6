"""Special requests: look at the reason, give a number of the reserve, or say no with an answer that helps."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking import special_requests as asked_for
from booking.asked import answer_of, reason_of
from booking.book_by_staff import needed_for
from booking.models import SpecialRequest
from booking.request_days import CHANNELS, request_days
from booking.request_person import show_person
from booking.staff_slots import staff_slots, starts_in_line
from booking.staff_visits import find_visit, staff_starts
from catalog.queries import services_of
from halls.models import Hall, ServiceGroup
from kernel.errors import DomainError, Invalid
from web import edge
from web.citizen.forms import kind_name
from web.citizen.slots import day_of, moment_of
from web.duty.face import blueprint, my_hall
from web.guards import staff_only
from web.problems import status_of

_OTHERS = 5


class TimeMissing(Invalid):
    """A request is approved with a time."""

    code = "time_missing"
    zh = "请先选择安排的时间，再点同意。"
    en = "Please choose a time before you approve."


@dataclass(frozen=True, slots=True)
class Row:
    """A request as the list shows it: no name, no document."""

    request: SpecialRequest
    services: Any
    minutes: int
    late: bool


@blueprint.get("/<hall_code>/requests")
@staff_only("request.decide")
def requests(hall_code: str) -> ResponseReturnValue:
    """The open ones, urgent first, and below what was decided."""
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "request.decide")
        waiting = [_row(session, each) for each in asked_for.list_requests(session, hall.id, open_only=True)]
        done = asked_for.list_requests(session, hall.id, open_only=False, limit=30)
        decided = [_row(session, each) for each in done]
    return render_template("duty/requests.html", hall=hall, waiting=waiting, decided=decided)


def _row(session: Session, each: SpecialRequest) -> Row:
    minutes = int((edge.now() - each.created_at).total_seconds() // 60)
    late = asked_for.is_late(each, now=edge.now())
    return Row(each, services_of(session, each.service_ids), minutes, late)


@blueprint.get("/<hall_code>/requests/<reference>")
@staff_only("request.decide")
def one_request(hall_code: str, reference: str) -> ResponseReturnValue:
    """Who asks and why, with the times that can be given on a day."""
    return _page(hall_code, reference)


@blueprint.post("/<hall_code>/requests/<reference>")
@staff_only("request.decide")
def decide_request(hall_code: str, reference: str) -> ResponseReturnValue:
    """Approve with a time, or refuse."""
    answer = request.form.get("answer", "")[:2000]
    try:
        with edge.transaction() as session:
            hall = my_hall(session, hall_code, "request.decide")
            asked = asked_for.get_request(session, reference, hall_id=hall.id)
            said = _decide(session, asked, answer)
    except DomainError as refusal:
        return _page(hall_code, reference, answer, refusal.sentence(edge.language())), status_of(refusal)
    flash(said, "ok")
    return redirect(url_for(".requests", hall_code=hall_code), 303)


def _decide(session: Session, asked: SpecialRequest, answer: str) -> str:
    who, now = edge.actor(), edge.now()
    starts_at = moment_of(request.form.get("starts_at"))
    if request.form.get("do") == "refuse":
        asked_for.refuse(session, asked, answer=answer, actor=who, now=now)
        return str(_("已答复，短信告诉申请人。"))
    if starts_at is None:
        raise TimeMissing
    asked_for.approve(session, asked, starts_at=starts_at, answer=answer, actor=who, now=now)
    return str(_("已同意并安排好时间，短信告诉申请人。"))


def _page(hall_code: str, reference: str, answer: str = "", refusal: str = "") -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "request.decide")
        asked = asked_for.get_request(session, reference, hall_id=hall.id)
        return render_template(
            "duty/request.html",
            hall=hall,
            row=_row(session, asked),
            groups=_groups(session, asked),
            reason=reason_of(asked),
            answered=answer_of(asked),
            answer=answer,
            refusal=refusal,
            here=url_for(".one_request", hall_code=hall_code, reference=reference),
            **_person(session, asked),
            **_times(session, hall, asked),
        )


def _person(session: Session, asked: SpecialRequest) -> dict[str, str]:
    person = show_person(session, asked, actor=edge.actor(), now=edge.now())
    return {
        "name": person.name,
        "kind": kind_name(person.identity_kind),
        "number": person.identity_number,
        "phone": person.phone,
    }


def _times(session: Session, hall: Hall, asked: SpecialRequest) -> dict[str, Any]:
    on = day_of(request.values.get("day")) or asked.wanted_on
    today = edge.today(hall.time_zone)
    visit = find_visit(session, hall.id, asked.service_ids, asked.answers)
    needed = needed_for(session, asked.group_id, asked.service_ids, asked.answers)
    days = request_days(session, visit.needs if visit else {asked.group_id: needed}, now=edge.now())
    facts = {
        "on": on,
        "today": today,
        "slots": [],
        "starts": [],
        "open": on in {each.on_date for each in days},
        "last_on": days[-1].on_date if days else None,
        "others": [each.on_date for each in days if each.reserve and each.on_date != on][:_OTHERS],
    }
    if visit is not None:
        starts = staff_starts(session, visit, on, channels=CHANNELS, now=edge.now())
        return facts | {"starts": starts}
    slots = staff_slots(session, asked.group_id, on, now=edge.now())
    if needed > 1:
        starts = starts_in_line(slots, needed=needed, channels=CHANNELS)
        return facts | {"starts": starts}
    return facts | {"slots": [slot for slot in slots if slot.duty or slot.walk_in]}


def _groups(session: Session, asked: SpecialRequest) -> list[ServiceGroup]:
    """The lines of the visit, in the order asked for."""
    visit = find_visit(session, asked.hall_id, asked.service_ids, asked.answers)
    ids = visit.group_ids if visit is not None else (asked.group_id,)
    return [session.get_one(ServiceGroup, each) for each in ids]
