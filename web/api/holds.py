"""Keep a number while its owner says who they are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking.errors import (
    HoldExpired,
    ServiceNotOffered,
    SlotFull,
    SlotUnknown,
)
from booking.hold import Held, HoldSlot, hold, hold_at_once, release
from booking.keep_hold import keep_hold
from booking.policy import BeyondHorizon, InPast, InsideLeadTime
from halls.queries import HallUnknown, get_hall_by_id
from kernel.direct import Direct
from kernel.limits import LimitReached
from people import phone_token
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_at_once, answer_once, key_of_request, press_of
from web.api.person import phone_of
from web.api.plain import plain_hold
from web.api.schemas import booking as shapes
from web.bare import bare
from web.device import is_nameless
from web.guards import public
from web.limits import limit_keep
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
    carries its service's code, `service.question`. Without our cookie they are held for three minutes, and
    longer by `keep`.

    为一次办理占号十分钟；时段已满时返回附近仍有号的时段（alternatives）。
    几个事项分属不同窗口时，一次占好前后相接的号；此时指引的回答写作「事项代码.问题」。
    不带本系统 Cookie 的占三分钟，可用 keep 再保留。
    """
    command = replace(command, nameless=is_nameless())
    repeatable = key_of_request() is not None
    if not repeatable:
        _refuse_again(command)
        held = _hold_at_once(command)
        if held is not None:
            return answer_at_once(_told(command.hall_code, held))

    def work(session: Session) -> dict[str, Any]:
        if repeatable:  # and not answered before: the first answer stands, whatever others met since
            _refuse_again(command)
            _admit(session, command)
        return _told(command.hall_code, _hold(session, command))

    return answer_once(work, HELD)


def _refuse_again(command: HoldSlot) -> None:
    """A refusal from memory costs nothing that limits or proofs protect."""
    edge.recent().raise_again(_question(command), now=edge.now())


def _admit(database: Session | Direct, command: HoldSlot) -> None:
    press = press_of(edge.actor(), key_of_request())
    admit_hold(database, command.hall_code, command.service_codes, command.starts_at, press=press)


def _hold_at_once(command: HoldSlot) -> Held | None:
    with edge.direct() as direct:
        _admit(direct, command)
        return hold_at_once(direct, command, recent=edge.recent(), now=edge.now())


def _told(hall_code: str, held: Held) -> dict[str, Any]:
    return {
        "token": held.token,
        "hall": hall_code,
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


@blueprint.post("/holds/<reference:token>/keep")
@public
@refuses(phone_token.PhoneNotVerified, LimitReached, HoldExpired)
@blueprint.arguments(shapes.KeepHoldSchema())
@blueprint.response(200, HELD)
def keep_held(body: Mapping[str, str], token: str) -> dict[str, Any]:
    """Keep a hold for the usual time from its beginning, by a verified phone or a cookie of ours.

    未表明设备的占号只保留几分钟；验证手机号后（或带本系统 Cookie），从占号时起保留通常时长。
    重复提交不再延长。
    """
    phone = phone_of(body) if "phone_token" in body or is_nameless() else None
    with edge.transaction() as session:
        limit_keep(session, phone)
        held = keep_hold(session, token, now=edge.now())
        return _told(get_hall_by_id(session, held.hall_id).code, held)


@blueprint.delete("/holds/<reference:token>")
@public
@blueprint.response(204)
def release_hold(token: str) -> None:
    """Give held numbers back at once. A token that holds nothing is no error.

    立即释放占号；重复释放不算错误。
    """
    with edge.transaction() as session:
        release(session, token, now=edge.now())
