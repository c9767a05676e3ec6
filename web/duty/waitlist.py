"""The waitlists of one's halls: how many wait, who is asked next, and taking somebody off.

Entries are named by their ids: whoever knows the reference of one could take the number that is offered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.waitlist_desk import LineOfWaits, Waiting, lines_of_hall, list_waiting, take_off
from booking.waitlist_visits import lines_of
from catalog.models import Service
from catalog.queries import services_of
from halls.models import Hall, ServiceGroup
from halls.queries import get_group_by_code, list_groups, list_halls
from kernel.errors import DomainError
from web import edge
from web.console.once import Said, once
from web.duty.face import blueprint, my_hall
from web.guards import staff_only
from web.problems import status_of

PERMISSION = "waitlist.tend"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its counts."""

    group: ServiceGroup
    counts: LineOfWaits


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with what it is for; `lines` where the visit passes several."""

    waiting: Waiting
    services: Sequence[Service]
    lines: Sequence[ServiceGroup]


@blueprint.get("/waitlists")
@staff_only(PERMISSION)
def waitlists() -> ResponseReturnValue:
    """One's halls, each with the lines that somebody waits in."""
    may = edge.actor().may
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if may(PERMISSION, hall.id)]
        shown = [(hall, _lines(session, hall, _groups(session, hall))) for hall in halls]
    return render_template("duty/waitlists.html", shown=shown)


@blueprint.get("/<hall_code>/waitlist")
@staff_only(PERMISSION)
def waitlist(hall_code: str) -> ResponseReturnValue:
    """The lines of a hall with who waits in each; `line` shows one of them, and more of it."""
    return _page(hall_code)


@blueprint.post("/<hall_code>/waitlist/<int(max=9223372036854775807):entry_id>")
@staff_only(PERMISSION)
def take_off_waitlist(hall_code: str, entry_id: int) -> ResponseReturnValue:
    """Take somebody off; the same press twice is one deed."""
    try:
        _about, sentence = once(lambda session: _take_off(session, hall_code, entry_id))
    except DomainError as refusal:
        return _page(hall_code, refusal.sentence(edge.language())), status_of(refusal)
    flash(sentence, "ok")
    return redirect(url_for(".waitlist", hall_code=hall_code, line=request.args.get("line")), 303)


def _take_off(session: Session, hall_code: str, entry_id: int) -> Said:
    hall = my_hall(session, hall_code, PERMISSION)
    reason = request.form.get("reason", "")
    take_off(session, hall, entry_id, reason=reason, actor=edge.actor(), now=edge.now())
    return "", str(_("已移出候补，写入操作记录。如有为其保留的号，已给下一位。"))


def _page(hall_code: str, refusal: str = "") -> str:
    code = request.args.get("line", "")
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, PERMISSION)
        one = get_group_by_code(session, hall.id, code).id if code else None
        groups = _groups(session, hall)
        lines = [each for each in _lines(session, hall, groups) if one in (None, each.group.id)]
        rows = _rows(session, list_waiting(session, hall, group_id=one), groups)
    return render_template(
        "duty/waitlist.html", hall=hall, lines=lines, rows=rows, one=code, refusal=refusal, at=edge.now()
    )


def _groups(session: Session, hall: Hall) -> Mapping[int, ServiceGroup]:
    return {group.id: group for group in list_groups(session, hall.id)}


def _lines(session: Session, hall: Hall, groups: Mapping[int, ServiceGroup]) -> list[Line]:
    counts = {each.group_id: each for each in lines_of_hall(session, hall, now=edge.now())}
    return [Line(group, counts[group.id]) for group in groups.values() if group.id in counts]


def _rows(
    session: Session, waiting: Sequence[Waiting], groups: Mapping[int, ServiceGroup]
) -> Mapping[int, list[Row]]:
    """Line → its entries."""
    wanted = {service_id for each in waiting for service_id in each.entry.service_ids}
    services = {service.id: service for service in services_of(session, wanted)}
    rows: dict[int, list[Row]] = {}
    for each in waiting:
        mine = [services[service_id] for service_id in each.entry.service_ids if service_id in services]
        passed = [groups[group_id] for group_id in lines_of(each.entry)] if each.entry.legs else []
        rows.setdefault(each.entry.group_id, []).append(Row(each, mine, passed))
    return rows
