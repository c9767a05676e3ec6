"""Keep a number while its owner says who they are."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking.errors import (
    ServiceNotOffered,
    SlotFull,
    SlotUnknown,
)
from booking.hold import Held, HoldSlot, hold, hold_at_once, release
from booking.policy import BeyondHorizon, InPast, InsideLeadTime
from halls.queries import HallUnknown
from kernel.direct import Direct
from kernel.limits import LimitReached
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_at_once, answer_once, key_of_request
from web.api.plain import plain_hold
from web.api.schemas import booking as shapes
from web.bare import bare
from web.guards import public
from web.proof import ProofRequired, admit_hold

blueprint = Blueprint("holds", __name__, description="Keep a number for ten minutes. 占号")

HELD = shapes.HeldSchema()


@blueprint.post("/holds")
@bare
@public
@idempotent
@refuses(
    LimitReached,
    ProofRequired,
    SlotFull,
    HallUnknown,
    SlotUnknown,
    ServiceNotOffered,
    InPast,
    InsideLeadTime,
    BeyondHorizon,
)
@blueprint.arguments(shapes.HoldSchema(), plain=plain_hold)
@blueprint.response(201, HELD)
def hold_slot(command: HoldSlot) -> Response:
    """Hold the numbers of a visit for ten minutes. A full slot answers with the nearest alternatives.

    Services of several lines are held together, one line after the other; each answer of a guide then
    carries its service's code, `service.question`.

    为一次办理占号十分钟；时段已满时返回附近仍有号的时段（alternatives）。
    几个事项分属不同窗口时，一次占好前后相接的号；此时指引的回答写作「事项代码.问题」。
    """
    # A refusal from memory costs nothing that limits or proofs protect.
    edge.recent().raise_again(_question(command), now=edge.now())
    repeatable = key_of_request() is not None
    held = None if repeatable else _hold_at_once(command)
    if held is not None:
        return answer_at_once(_told(command, held))

    def work(session: Session) -> dict[str, Any]:
        if repeatable:
            _admit(session, command)
        return _told(command, _hold(session, command))

    return answer_once(work, HELD)


def _admit(database: Session | Direct, command: HoldSlot) -> None:
    admit_hold(database, command.hall_code, command.service_codes, command.starts_at)


def _hold_at_once(command: HoldSlot) -> Held | None:
    with edge.direct() as direct:
        _admit(direct, command)
        return hold_at_once(direct, command, recent=edge.recent(), now=edge.now())


def _told(command: HoldSlot, held: Held) -> dict[str, Any]:
    return {
        "token": held.token,
        "hall": command.hall_code,
        "starts_at": held.starts_at,
        "ends_at": held.ends_at,
        "held_until": held.held_until,
        **held.place.as_json(),
    }


def _hold(session: Session, command: HoldSlot) -> Held:
    recent = edge.recent()
    try:
        return hold(session, command, actor=edge.actor(), now=edge.now(), recent=recent)
    except SlotFull as refusal:
        recent.note_refusal(_question(command), refusal, now=edge.now())
        raise


def _question(command: HoldSlot) -> tuple[object, ...]:
    """What a refusal depends on. Whoever holds something already may be refused what others get."""
    answers = tuple(sorted(command.answers.items()))
    return command.hall_code, command.service_codes, command.starts_at, answers, command.previous_token


@blueprint.delete("/holds/<reference:token>")
@public
@blueprint.response(204)
def release_hold(token: str) -> None:
    """Give held numbers back at once. A token that holds nothing is no error.

    立即释放占号；重复释放不算错误。
    """
    with edge.transaction() as session:
        release(session, token, now=edge.now())
