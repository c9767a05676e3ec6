"""Rarer keys of the console: undo, pass on, correct, owe, hand over, call a chosen one."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from catalog.models import Service
from halls.queries import get_counter_by_number, get_group_by_code
from kernel import clock
from queueing import back_tasks, owed, serve
from queueing.choose import call_chosen
from queueing.hand_over import offer_counter, take_over
from queueing.send_to import send_to_counter
from queueing.services_done import correct_services
from queueing.states import TicketState
from queueing.steps import NAMES_EN, NAMES_ZH
from queueing.undo import undo
from web import edge
from web.citizen.slots import day_of
from web.console.once import Said
from web.console.ticket import ticket_here, ticket_named


def _by() -> dict[str, Any]:
    return {"actor": edge.actor(), "now": edge.now()}


def _undo(session: Session, counter_id: int) -> Said:
    ticket = undo(session, ticket_named(session, counter_id), real_now=clock.real_now(), **_by())
    names = NAMES_EN if edge.language() == "en" else NAMES_ZH
    state = names[TicketState(ticket.state)]
    return "ok", _("已撤销，%(label)s 回到“%(state)s”。", label=ticket.label, state=state)


def _transfer(session: Session, counter_id: int) -> Said:
    """`group` is the code of a line, or # and the number of a counter."""
    ticket, to = ticket_here(session, counter_id), request.form.get("group", "")
    if to.startswith("#") and to[1:].isdecimal():
        counter = get_counter_by_number(session, ticket.hall_id, int(to[1:4]))
        ticket = send_to_counter(session, ticket, counter_id=counter.id, **_by())
        return "ok", _("%(label)s 已转到 %(n)s 号窗口，由该窗口叫号。", label=ticket.label, n=counter.number)
    group = get_group_by_code(session, ticket.hall_id, to)
    serve.transfer(session, ticket, group_id=group.id, **_by())
    return "ok", _("%(label)s 已转到%(line)s，优先叫号。", label=ticket.label, line=edge.text(group, "name"))


def _park(session: Session, counter_id: int) -> Said:
    reason, room = request.form.get("why") or "paper", request.form.get("room", "")[:24]
    ticket = serve.park(session, ticket_here(session, counter_id), reason=reason, room=room, **_by())
    if ticket.room:
        return "ok", _("%(label)s 已暂挂，屏幕显示请到%(room)s。", label=ticket.label, room=ticket.room)
    return "ok", _("%(label)s 已暂挂，可以叫下一位。", label=ticket.label)


def _services(session: Session, counter_id: int) -> Said:
    wanted = [int(each) for each in request.form.getlist("service")[:20] if each.isdecimal()]
    ticket = correct_services(session, ticket_here(session, counter_id), service_ids=wanted, **_by())
    return "ok", _("%(label)s 的办理事项已更正。", label=ticket.label)


def _owe(session: Session, counter_id: int) -> Said:
    """`paper` is the row of a service and the code of its paper: 12/household."""
    service, _slash, material = request.form.get("paper", "").partition("/")
    paper = owed.accept_without(
        session,
        ticket_here(session, counter_id),
        service_id=int(service) if service.isdecimal() else 0,
        material=material,
        due_on=_due(),
        **_by(),
    )
    name, on = edge.text(paper, "name"), paper.due_on.isoformat()
    return "ok", _("已容缺受理：%(paper)s，%(on)s 前补交，会告诉本人。", paper=name, on=on)


def _settle(session: Session, counter_id: int) -> Said:
    ticket, row = ticket_here(session, counter_id), request.form.get("owed", "")
    mine = {each.id for each in owed.owed_of(session, [ticket.id])}
    if not row.isdecimal() or int(row) not in mine:
        raise owed.OwedUnknown
    owed.settle(session, int(row), **_by())
    return "ok", _("已记下，容缺材料处理完毕。")


def _task(session: Session, counter_id: int) -> Said:
    service, place = request.form.get("task_service", ""), request.form.get("place", "")[:24]
    task = back_tasks.open_task(
        session,
        ticket_here(session, counter_id),
        service_id=int(service) if service.isdecimal() else 0,
        due_on=_due(),
        place=place,
        **_by(),
    )
    name = edge.text(session.get_one(Service, task.service_id), "name")
    return "ok", _("已转后台办理：%(service)s，%(on)s 前出件。", service=name, on=task.due_on.isoformat())


def _due() -> date | None:
    return day_of(request.form.get("due"))


def _offer(session: Session, counter_id: int) -> Said:
    offer_counter(session, counter_id, **_by())
    return "ok", _("已请人接班；接班的人在“选择窗口”里点“接班”。")


def _keep(session: Session, counter_id: int) -> Said:
    offer_counter(session, counter_id, wanted=False, **_by())
    return "ok", _("已取消接班，继续由您值守。")


def _take_over(session: Session, counter_id: int) -> Said:
    take_over(session, counter_id, **_by())
    return "ok", _("已接班，正在办理的人由您继续。")


def _choose(session: Session, counter_id: int) -> Said:
    press = request.form.get("press", "")
    ticket = call_chosen(
        session,
        counter_id,
        ticket_named(session, counter_id),
        why=request.form.get("why", ""),
        press_key=f"console:{press}" if press else None,
        **_by(),
    )
    return "ok", _("已呼叫 %(label)s。", label=ticket.label)


MORE: Mapping[str, Callable[[Session, int], Said]] = {
    "undo": _undo,
    "transfer": _transfer,
    "park": _park,
    "services": _services,
    "owe": _owe,
    "settle": _settle,
    "task": _task,
    "offer": _offer,
    "keep": _keep,
    "take-over": _take_over,
    "choose": _choose,
}
