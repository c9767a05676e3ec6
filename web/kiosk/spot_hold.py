"""Keeping one of the numbers that are offered on the spot, and the way back to the others."""

from typing import Any

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Reply

from booking.errors import SlotUnknown
from booking.hold import HoldSlot, find_draft, hold
from catalog.queries import services_by_group
from halls.queries import list_groups
from kernel.errors import DomainError
from web import edge, limits
from web.citizen.running import Running
from web.citizen.slots import moment_of
from web.console.once import once
from web.kiosk.face import blueprint, hall, kiosk_only
from web.kiosk.offers import offers_page
from web.pairing import keep

COOKIE = "spot"
_KEPT_SECONDS = 900


@blueprint.post("/take/<group_code>/book")
@kiosk_only
def hold_offer(group_code: str) -> ResponseReturnValue:
    """Keep the number that was pressed while its owner says who they are; the same press keeps the same."""
    try:
        _said, token = once(lambda session: ("held", _hold(session)))
        if not _is_held(token):  # the press of somebody who came back to an old page
            with edge.transaction() as session:
                token = _hold(session)
    except DomainError as refusal:
        return offers_page(group_code, refusal)
    answer = redirect(url_for("kiosk.booking"), 303)
    _remember(answer, token)
    return answer


def _hold(session: Session) -> str:
    starts_at = moment_of(request.form.get("starts_at"))
    if starts_at is None:
        raise SlotUnknown
    command = HoldSlot(
        hall_code=request.form.get("hall", ""),
        service_codes=(request.form.get("service", ""),),
        starts_at=starts_at,
        previous_token=request.cookies.get(COOKIE) or None,
    )
    limits.limit_hold(session)
    return hold(session, command, actor=g.actor, now=edge.now()).token


def _is_held(token: str) -> bool:
    with edge.transaction() as session:
        draft = find_draft(session, token, now=edge.now())
        return draft is not None and (draft.appointment_id is not None or draft.held_until > edge.now())


def _remember(answer: Reply, token: str) -> None:
    keep(answer, COOKIE, token, path=url_for("kiosk.door"), seconds=_KEPT_SECONDS)


def other_times(session: Session, running: Running) -> str:
    """Where the other times of this matter are offered; the list of matters when no line here has it."""
    [service, *_more] = [visit.service for visit in running.visits]
    groups = list_groups(session, hall().id, active=True)
    offered = services_by_group(session, hall().id)
    for group in groups:
        if any(each.code == service.code for each in offered.get(group.id, [])):
            return url_for("kiosk.offers", group_code=group.code, service=service.code)
    return url_for("kiosk.take")


def facts_of(running: Running) -> dict[str, Any]:
    """What the pages of a hold show of it."""
    with edge.transaction() as session:
        return {"other_times": other_times(session, running)}
