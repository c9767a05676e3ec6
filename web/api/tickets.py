"""Check in, take a number, and what staff do with a ticket after the call."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking.policy import CheckInOnAnotherDay, CheckInTooEarly
from catalog.queries import ServiceUnknown, get_service
from halls.models import ServiceGroup
from halls.queries import GroupUnknown, HallUnknown, get_group_by_code, get_hall
from kernel import clock
from kernel.actor import Actor
from kernel.phone import PhoneMalformed, normalise
from queueing import serve
from queueing.check_in import CheckIn, check_in
from queueing.desk import get_in_hall
from queueing.errors import (
    BookedInVillage,
    CannotUndo,
    CounterBusy,
    CounterNotOpen,
    GreenReasonUnknown,
    LineClosed,
    NothingToCheckIn,
    NotYourCounter,
    PressReused,
    SameLine,
    ServedInVillage,
    TakeNewNumber,
    TicketMoved,
    TicketUnknown,
    TooLate,
    WalkInsStopped,
    WrongHall,
)
from queueing.issue import IssueTicket, issue_in_line
from queueing.models import Ticket
from queueing.place import OpenLine
from queueing.queries import get_ticket
from queueing.undo import undo
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once, key_of_request, press_of
from web.api.schemas import queue as shapes
from web.guards import bearer_only, public
from web.told_to_staff import look_ups_audited

blueprint = Blueprint("tickets", __name__, description="Today's place in line. 签到、取号与号票")

TICKET = shapes.TicketAtWorkSchema()
GIVEN = shapes.GivenTicketSchema()
ADDRESS = "/halls/<code:code>/tickets/<label:label>"

Step = Callable[..., Ticket]


def _undo(session: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    return undo(session, ticket, actor=actor, now=now, real_now=clock.real_now())


STEPS: dict[str, Step] = {
    "recall": serve.recall,
    "start": serve.start_serving,
    "complete": serve.complete,
    "absent": serve.mark_absent,
    "reinstate": serve.reinstate,
    "park": serve.park,
    "resume": serve.resume,
    "return": serve.return_to_line,
    "undo": _undo,
    "abandon": serve.abandon,
}


@blueprint.post("/halls/<code:code>/check-ins")
@bearer_only("checkin.do")
@refuses(
    HallUnknown,
    NothingToCheckIn,
    WrongHall,
    CheckInOnAnotherDay,
    CheckInTooEarly,
    BookedInVillage,
    TooLate,
    WalkInsStopped,
    LineClosed,
)
@blueprint.arguments(shapes.CheckInSchema())
@blueprint.response(200, GIVEN)
def check_in_at_hall(body: Mapping[str, str], code: str) -> dict[str, Any]:
    """Check in a booked citizen; who is checked in already gets the same ticket again.

    为已预约的群众签到并出票；重复签到返回同一张号票。
    """
    with look_ups_audited(code, body.get("identity")), edge.transaction() as session:
        hall = get_hall(session, code)
        actor = edge.require("checkin.do", hall.id)
        ticket = check_in(session, CheckIn(hall.id, **body), actor=actor, now=edge.now())
        return _given(session, ticket)


@blueprint.post("/halls/<code:code>/tickets")
@bearer_only("ticket.issue")
@idempotent
@refuses(
    HallUnknown,
    GroupUnknown,
    ServiceUnknown,
    PhoneMalformed,
    GreenReasonUnknown,
    WalkInsStopped,
    LineClosed,
    PressReused,
)
@blueprint.arguments(shapes.IssueSchema())
@blueprint.response(201, GIVEN)
def issue_ticket(body: Mapping[str, Any], code: str) -> Response:
    """Issue a number to somebody without a booking. A full day answers with times that can be booked.

    `press_id` is the caller's own id of the press: the same one gets the same ticket.

    为未预约的群众取号；当天已满时返回可当场预约的时段（alternatives）。
    同一调用方的同一 `press_id` 返回同一张号票。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("ticket.issue", hall.id)
        group = get_group_by_code(session, hall.id, body["group"])
        command = _command(session, group, body)
        ticket, line = issue_in_line(session, command, actor=actor, now=edge.now())
        return _given(session, ticket, line)

    return answer_once(work, GIVEN, caller=edge.actor())


@blueprint.get("/tickets/<reference:reference>")
@public
@refuses(TicketUnknown)
@blueprint.response(200, shapes.TicketSchema())
def read_ticket(reference: str) -> dict[str, Any]:
    """Read how a ticket stands: people ahead, the range of minutes, the latest time.

    查询号票：前面人数、预计等候区间、最晚叫号时间。
    """
    with edge.transaction() as session:
        return present.ticket(session, get_ticket(session, reference), now=edge.now())


@blueprint.post(f"{ADDRESS}/transfer")
@bearer_only("ticket.call")
@refuses(HallUnknown, TicketUnknown, GroupUnknown, SameLine, TicketMoved, NotYourCounter, ServedInVillage)
@blueprint.arguments(shapes.TransferSchema())
@blueprint.response(200, TICKET)
def transfer_ticket(body: Mapping[str, str], code: str, label: str) -> dict[str, Any]:
    """Pass a ticket on to another line of the hall; it keeps its first key.

    转办到本大厅另一业务组，保留原排队次序。
    """
    with edge.transaction() as session:
        ticket, actor = ticket_of_today(session, code, label)
        group = get_group_by_code(session, ticket.hall_id, body["group"])
        ticket = serve.transfer(session, ticket, group_id=group.id, actor=actor, now=edge.now())
        return present.ticket_at_work(session, ticket, now=edge.now())


@blueprint.post(f"{ADDRESS}/<any({','.join(STEPS)}):step>")
@bearer_only("ticket.call")
@refuses(
    HallUnknown,
    TicketUnknown,
    TicketMoved,
    TakeNewNumber,
    CounterNotOpen,
    CounterBusy,
    NotYourCounter,
    ServedInVillage,
    CannotUndo,
)
@blueprint.response(200, TICKET)
def move_ticket(code: str, label: str, step: str) -> dict[str, Any]:
    """Take a ticket of today one step on.

    recall, start, complete, absent, reinstate, park, resume, return, undo or abandon. `undo` takes the last
    step back, within ten seconds and while nobody has gone on from there.

    号票流转：重呼、开始办理、办结、过号、恢复、暂挂、继续、返回排队、十秒内撤销上一步、作废。
    """
    with edge.transaction() as session:
        ticket, actor = ticket_of_today(session, code, label)
        ticket = STEPS[step](session, ticket, actor=actor, now=edge.now())
        return present.ticket_at_work(session, ticket, now=edge.now())


def _given(session: Session, ticket: Ticket, line: OpenLine | None = None) -> dict[str, Any]:
    return present.given_ticket(session, ticket, now=edge.now(), reader=edge.actor(), line=line)


def ticket_of_today(session: Session, code: str, label: str) -> tuple[Ticket, Actor]:
    """Staff names a ticket as it is called out, and may call it; its reference stays with the citizen."""
    hall = get_hall(session, code)
    actor = edge.require("ticket.call", hall.id)
    return get_in_hall(session, hall.id, label, now=edge.now()), actor


def _command(session: Session, group: ServiceGroup, body: Mapping[str, Any]) -> IssueTicket:
    return IssueTicket(
        hall_id=group.hall_id,
        group_id=group.id,
        service_ids=tuple(get_service(session, code).id for code in body["services"]),
        track=body["track"],
        green_reason=body.get("green_reason"),
        phone=normalise(body["phone"]) if "phone" in body else None,
        language=body.get("language", edge.language()),
        press_key=press_of(edge.actor(), body.get("press_id") or key_of_request()),
        override=body["override"],
        silent=body["silent"],
    )
