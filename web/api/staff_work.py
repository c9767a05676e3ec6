"""What staff notes while serving and what goes on after the counter."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import ServiceUnknown, get_service
from halls.queries import CounterNotFound, HallUnknown, get_counter_by_number, get_hall
from queueing import back_tasks, hand_over, owed, serve
from queueing.after_models import BackTask, OwedPaper
from queueing.choose import call_chosen
from queueing.desk import get_in_hall
from queueing.errors import (
    AlreadyAtCounter,
    ChosenReasonUnknown,
    CounterBusy,
    CounterNotOpen,
    CounterPaused,
    NotOffered,
    NotServedHere,
    NotYourCounter,
    PressReused,
    SameCounter,
    ServedInVillage,
    ServiceNotHere,
    TicketMoved,
    TicketUnknown,
)
from queueing.models import Ticket
from queueing.rooms import ParkReasonUnknown, RoomUnreadable
from queueing.send_to import send_to_counter
from queueing.services_done import ServicesUnfit, correct_services
from queueing.task_states import DueDateUnfit, TaskMoved, TaskState
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once, key_of_request, press_of
from web.api.schemas import staff_work as shapes
from web.api.schemas.queue import TicketAtWorkSchema
from web.api.tickets import ticket_of_today
from web.guards import bearer_only

blueprint = Blueprint(
    "staff_work", __name__, description="While serving and after the counter. 办理中与窗口之后"
)

TICKET = TicketAtWorkSchema()
ADDRESS = "/halls/<code:code>/tickets/<label:label>"
COUNTER = "/halls/<code:code>/counters/<int(max=999):number>"
AT_WORK = (HallUnknown, TicketUnknown, TicketMoved, NotYourCounter)


@blueprint.post(f"{ADDRESS}/counter")
@bearer_only("ticket.call")
@refuses(*AT_WORK, CounterNotFound, CounterNotOpen, SameCounter, ServedInVillage)
@blueprint.arguments(shapes.ToCounterSchema())
@blueprint.response(200, TICKET)
def pass_to_counter(body: Mapping[str, Any], code: str, label: str) -> dict[str, Any]:
    """Pass a ticket on to one counter, which alone calls it while somebody works there.

    转到指定窗口，由该窗口叫号。
    """
    with edge.transaction() as session:
        ticket, actor = ticket_of_today(session, code, label)
        target = get_counter_by_number(session, ticket.hall_id, body["number"])
        ticket = send_to_counter(session, ticket, counter_id=target.id, actor=actor, now=edge.now())
        return present.ticket_at_work(session, ticket, now=edge.now())


@blueprint.post(f"{ADDRESS}/room")
@bearer_only("ticket.call")
@refuses(*AT_WORK, ParkReasonUnknown, RoomUnreadable, ServedInVillage)
@blueprint.arguments(shapes.RoomSchema())
@blueprint.response(200, TICKET)
def send_to_room(body: Mapping[str, str], code: str, label: str) -> dict[str, Any]:
    """Put a ticket aside with a reason, and send its owner to a room.

    暂挂并请到指定房间。
    """
    with edge.transaction() as session:
        ticket, actor = ticket_of_today(session, code, label)
        ticket = serve.park(session, ticket, actor=actor, now=edge.now(), **body)
        return present.ticket_at_work(session, ticket, now=edge.now())


@blueprint.post(f"{ADDRESS}/services")
@bearer_only("ticket.call")
@refuses(*AT_WORK, ServiceUnknown, ServicesUnfit)
@blueprint.arguments(shapes.ServicesSchema())
@blueprint.response(200, TICKET)
def set_services(body: Mapping[str, Any], code: str, label: str) -> dict[str, Any]:
    """Set what is really done for the person being served.

    更正实际办理的事项。
    """
    with edge.transaction() as session:
        ticket, actor = ticket_of_today(session, code, label)
        wanted = [get_service(session, each).id for each in body["services"]]
        ticket = correct_services(session, ticket, service_ids=wanted, actor=actor, now=edge.now())
        return present.ticket_at_work(session, ticket, now=edge.now())


@blueprint.post(f"{ADDRESS}/owed-papers")
@bearer_only("ticket.call")
@idempotent
@refuses(*AT_WORK, ServiceUnknown, owed.PaperUnknown, owed.NotDeferrable, DueDateUnfit)
@blueprint.arguments(shapes.OweSchema())
@blueprint.response(201, shapes.OwedSchema())
def owe_paper(body: Mapping[str, Any], code: str, label: str) -> Response:
    """Accept with a paper missing, and note until when it is owed.

    容缺受理，记下补交期限。
    """

    def work(session: Session) -> dict[str, Any]:
        ticket, actor = ticket_of_today(session, code, label)
        service = get_service(session, body["service"])
        rest = {"material": body["material"], "due_on": body.get("due_on")}
        paper = owed.accept_without(
            session, ticket, service_id=service.id, actor=actor, now=edge.now(), **rest
        )
        return _paper(session, paper)

    return answer_once(work, shapes.OwedSchema(), caller=edge.actor())


@blueprint.get("/halls/<code:code>/owed-papers")
@bearer_only("task.work")
@refuses(HallUnknown)
@blueprint.response(200, shapes.OwedListSchema())
def list_owed_papers(code: str) -> dict[str, Any]:
    """List the papers that are owed to a hall, the first due first.

    查询容缺待补材料。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("task.work", hall.id)
        return {"papers": [_paper(session, each) for each in owed.list_owed(session, hall.id)]}


@blueprint.post("/halls/<code:code>/owed-papers/<reference:reference>/<any(settle,waive):verb>")
@bearer_only("task.work")
@idempotent
@refuses(HallUnknown, owed.OwedUnknown, owed.OwedSettled)
@blueprint.response(200, shapes.OwedSchema())
def settle_owed_paper(code: str, reference: str, verb: str) -> Response:
    """Note that an owed paper has come (settle), or that nobody needs it any more (waive).

    容缺材料已补交，或不再需要。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("task.work", hall.id)
        found = owed.get_owed(session, reference, hall_id=hall.id)
        paper = owed.settle(session, found.id, waived=verb == "waive", actor=actor, now=edge.now())
        return _paper(session, paper)

    return answer_once(work, shapes.OwedSchema(), status=200, caller=edge.actor())


@blueprint.post(f"{ADDRESS}/tasks")
@bearer_only("ticket.call")
@idempotent
@refuses(*AT_WORK, ServiceUnknown, ServiceNotHere, DueDateUnfit, RoomUnreadable)
@blueprint.arguments(shapes.OpenTaskSchema())
@blueprint.response(201, shapes.TaskSchema())
def open_back_task(body: Mapping[str, Any], code: str, label: str) -> Response:
    """Pass a service of the person being served to the back office, with the day of its result.

    转后台办理，承诺出件日期。
    """

    def work(session: Session) -> dict[str, Any]:
        ticket, actor = ticket_of_today(session, code, label)
        service = get_service(session, body["service"])
        rest = {"due_on": body.get("due_on"), "place": body["place"]}
        task = back_tasks.open_task(
            session, ticket, service_id=service.id, actor=actor, now=edge.now(), **rest
        )
        return _task(session, task)

    return answer_once(work, shapes.TaskSchema(), caller=edge.actor())


@blueprint.get("/halls/<code:code>/tasks")
@bearer_only("task.work")
@refuses(HallUnknown)
@blueprint.response(200, shapes.TaskListSchema())
def list_back_tasks(code: str) -> dict[str, Any]:
    """List the open tasks of the back office, the first due first.

    查询后台待办和待领取的件。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("task.work", hall.id)
        return {"tasks": [_task(session, each) for each in back_tasks.list_tasks(session, hall.id)]}


@blueprint.post(f"/halls/<code:code>/tasks/<reference:reference>/<any({','.join(TaskState)}):state>")
@bearer_only("task.work")
@idempotent
@refuses(HallUnknown, back_tasks.TaskUnknown, TaskMoved)
@blueprint.response(200, shapes.TaskSchema())
def move_back_task(code: str, reference: str, state: str) -> Response:
    """Take a task one step on: working, ready (its owner is told), collected or cancelled.

    后台件流转：办理中、可领取、已领取、撤销。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("task.work", hall.id)
        task = back_tasks.get_task(session, reference, hall_id=hall.id)
        task = back_tasks.move_task(session, task, TaskState(state), actor=actor, now=edge.now())
        return _task(session, task)

    return answer_once(work, shapes.TaskSchema(), status=200, caller=edge.actor())


@blueprint.post(f"{COUNTER}/call")
@bearer_only("ticket.choose")
@idempotent
@refuses(
    HallUnknown,
    CounterNotFound,
    CounterNotOpen,
    CounterPaused,
    CounterBusy,
    NotYourCounter,
    TicketUnknown,
    TicketMoved,
    ChosenReasonUnknown,
    NotServedHere,
    PressReused,
)
@blueprint.arguments(shapes.ChooseSchema())
@blueprint.response(200, TICKET)
def call_chosen_ticket(body: Mapping[str, str], code: str, number: int) -> Response:
    """Call a chosen ticket out of turn, with a reason that the audit keeps.

    指定叫号，原因写入操作记录。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("ticket.choose", hall.id)
        counter = get_counter_by_number(session, hall.id, number)
        ticket = get_in_hall(session, hall.id, body["label"], now=edge.now())
        key = press_of(actor, key_of_request())
        called = call_chosen(
            session, counter.id, ticket, why=body["why"], actor=actor, now=edge.now(), press_key=key
        )
        return present.ticket_at_work(session, called, now=edge.now())

    return answer_once(work, TICKET, status=200, caller=edge.actor())


HANDS: dict[str, Callable[..., Any]] = {
    "offer": hand_over.offer_counter,
    "keep": lambda *places, **named: hand_over.offer_counter(*places, wanted=False, **named),
    "relieve": hand_over.take_over,
}


@blueprint.post(f"{COUNTER}/<any({','.join(HANDS)}):verb>")
@bearer_only("counter.work")
@refuses(HallUnknown, CounterNotFound, CounterNotOpen, NotOffered, AlreadyAtCounter, NotYourCounter)
@blueprint.response(200, shapes.HandSchema())
def hand_counter_over(code: str, number: int, verb: str) -> dict[str, Any]:
    """Ask to be relieved, stay after all, or take a counter over with the person in service.

    请人接班、取消、接班。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        actor = edge.require("counter.work", hall.id)
        counter = get_counter_by_number(session, hall.id, number)
        running = HANDS[verb](session, counter.id, actor=actor, now=edge.now())
        return {"number": number, "state": running.state, "offered": running.offered_at is not None}


def _paper(session: Session, paper: OwedPaper) -> dict[str, Any]:
    return {
        "paper": paper.reference,
        "label": session.get_one(Ticket, paper.ticket_id).label,
        "service": session.get_one(Service, paper.service_id).code,
        "material": paper.material,
        "name_zh": paper.name_zh,
        "name_en": paper.name_en,
        "due_on": paper.due_on,
        "state": paper.state,
    }


def _task(session: Session, task: BackTask) -> dict[str, Any]:
    return {
        "task": task.reference,
        "label": task.label,
        "service": session.get_one(Service, task.service_id).code,
        "on_date": task.on_date,
        "due_on": task.due_on,
        "place": task.place,
        "state": task.state,
    }
