"""What the keys of the console do. Each action does one use case and says one sentence."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from booking.errors import RequestInProgress
from halls.queries import get_counter, get_group
from kernel.direct import Direct
from kernel.errors import NotFound
from queueing import contact, counters, serve
from queueing.call_at_once import CalledElsewhere, call_to_counter_at_once
from queueing.call_next import call_next
from queueing.models import Ticket
from queueing.states import TicketState
from web import edge
from web.console.more import MORE
from web.console.once import Said, once_at_once
from web.console.ticket import ticket_here, ticket_named

Verb = Callable[..., Ticket]

#: On the ticket at this counter: the verb, and what is said.
_HERE: Mapping[str, tuple[Verb, Any]] = {
    "recall": (serve.recall, _l("已再次呼叫 %(label)s。")),
    "absent": (serve.mark_absent, _l("%(label)s 已标记过号。")),
    "start": (serve.start_serving, _l("%(label)s 开始办理。")),
    "finish-all": (serve.complete_visit, _l("%(label)s 已办结。")),
}
#: On a ticket of a list.
_LISTED: Mapping[str, tuple[Verb, Any]] = {
    "reinstate": (serve.reinstate, _l("%(label)s 已恢复，会再次叫到。")),
    "return": (serve.return_to_line, _l("%(label)s 已回到队列，优先叫号。")),
    "leave": (serve.abandon, _l("%(label)s 已作废。")),
}


def carry_out(session: Session, counter_id: int, action: str) -> Said:
    """Do what a form of the desk asks; raises NotFound for an action that there is not."""
    edge.require("counter.work", get_counter(session, counter_id).hall_id)
    if action in _HERE:
        verb, said = _HERE[action]
        ticket = verb(session, ticket_here(session, counter_id), actor=edge.actor(), now=edge.now())
        return "ok", said % {"label": ticket.label}
    if action in _LISTED:
        verb, said = _LISTED[action]
        named, here = ticket_named(session, counter_id), {"counter_id": counter_id}
        ticket = verb(session, named, actor=edge.actor(), now=edge.now(), **here)
        return "ok", said % {"label": ticket.label}
    if action in _OTHERS:
        return _OTHERS[action](session, counter_id)
    raise NotFound


def call_at_once(counter_id: int) -> Said | None:
    """What the form 下一位 asks, where nothing is unusual; None for `carry_out`, which says what is."""
    actor, now, key = edge.actor(), edge.now(), _press_key()

    def work(direct: Direct) -> Said | None:
        called = call_to_counter_at_once(direct, counter_id, actor=actor, now=now, press_key=key)
        return None if called is None else _called(called.ticket.label)

    try:
        return once_at_once(work)
    except (CalledElsewhere, RequestInProgress):
        return None


def _next(session: Session, counter_id: int) -> Said:
    ticket = call_next(session, counter_id, actor=edge.actor(), now=edge.now(), press_key=_press_key())
    return ("info", _("现在没有人等候。")) if ticket is None else _called(ticket.label)


def _press_key() -> str | None:
    press = request.form.get("press", "")
    return f"console:{press}" if press else None


def _called(label: str) -> Said:
    return "ok", _("已呼叫 %(label)s。", label=label)


def _finish(session: Session, counter_id: int) -> Said:
    ticket = serve.complete(session, ticket_here(session, counter_id), actor=edge.actor(), now=edge.now())
    if ticket.state == TicketState.COMPLETED:
        return "ok", _("%(label)s 已办结。", label=ticket.label)
    line = get_group(session, ticket.group_id)
    return "ok", _(
        "%(label)s 这一步已办完，已排到%(line)s，请告诉本人在大厅等候叫号。",
        label=ticket.label,
        line=edge.text(line, "name"),
    )


def _resume(session: Session, counter_id: int) -> Said:
    ticket = serve.resume(
        session, ticket_named(session, counter_id), actor=edge.actor(), now=edge.now(), counter_id=counter_id
    )
    return "ok", _("%(label)s 继续办理。", label=ticket.label)


def _phone(session: Session, counter_id: int) -> Said:
    ticket, phone = ticket_here(session, counter_id), request.form.get("phone", "")
    contact.set_phone(session, ticket, phone=phone, actor=edge.actor(), now=edge.now())
    return "ok", _("已记下手机号，办结后会发短信请 %(label)s 评价。", label=ticket.label)


def _pause(session: Session, counter_id: int) -> Said:
    reason = request.form.get("reason", "")
    counters.pause_counter(session, counter_id, reason=reason, actor=edge.actor(), now=edge.now())
    return "info", _("窗口已暂停，不再叫号。")


def _go_on(session: Session, counter_id: int) -> Said:
    counters.resume_counter(session, counter_id, actor=edge.actor(), now=edge.now())
    return "ok", _("窗口已恢复。")


def _open(session: Session, counter_id: int) -> Said:
    counters.open_counter(session, counter_id, actor=edge.actor(), now=edge.now())
    return "ok", _("窗口已开放，按 Enter 叫第一位。")


def _close(session: Session, counter_id: int) -> Said:
    counters.close_counter(session, counter_id, actor=edge.actor(), now=edge.now())
    return "ok", _("窗口已关闭。")


_OTHERS: Mapping[str, Callable[[Session, int], Said]] = {
    "next": _next,
    "finish": _finish,
    "resume": _resume,
    "phone": _phone,
    "pause": _pause,
    "go-on": _go_on,
    "open": _open,
    "close": _close,
    **MORE,
}
