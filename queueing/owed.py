"""Accept with a paper missing (容缺), note what is owed until when, and settle it later."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.guide import Material
from catalog.models import Service
from catalog.queries import materials_of, services_of
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.outbox import emit
from queueing import events
from queueing.after_counter import find_in_hall, left_of, left_of_visits, lock_served, tell_of
from queueing.after_models import OwedPaper
from queueing.models import Ticket
from queueing.steps import ensure_in_hall, forget_step


class PaperUnknown(Invalid):
    """The paper is not one of those that the person's services need."""

    code = "paper_unknown"
    zh = "所选材料不属于正在办理的事项，请刷新后重选。"
    en = "This paper does not belong to what is being done. Please refresh and choose again."


class NotDeferrable(Forbidden):
    """The list of papers does not let this one be brought later. The duty officer may decide otherwise."""

    code = "not_deferrable"
    zh = "“{paper}”不在容缺范围内，如确需容缺受理，请值班长操作。"
    en = "“{paper}” cannot be brought later. If it must be, please ask the duty officer."


class OwedUnknown(NotFound):
    """No owed paper has this number."""

    code = "owed_unknown"
    zh = "没有找到这条容缺记录，请刷新后重试。"
    en = "We could not find this owed paper. Please refresh."


class OwedSettled(Conflict):
    """Somebody has settled it already."""

    code = "owed_settled"
    zh = "这份材料已处理过，请刷新后查看。"
    en = "This paper has been settled already. Please refresh."


def accept_without(
    session: Session,
    ticket: Ticket,
    *,
    service_id: int,
    material: str,
    due_on: date | None = None,
    actor: Actor,
    now: datetime,
) -> OwedPaper:
    """Note that a paper of the person being served is owed. Again for the same paper changes nothing.

    Raises:
        PaperUnknown, NotDeferrable, DueDateUnfit, TicketMoved, NotYourCounter
    """
    ticket, now = lock_served(session, ticket, actor=actor, now=now)
    service, paper = _paper(session, ticket, service_id, material)
    if not paper.deferrable and not actor.may("ticket.override", ticket.hall_id):
        raise NotDeferrable(paper=paper.name_zh)
    values = {
        **left_of(session, ticket, service.id, due_on, actor=actor, now=now),
        "material": paper.code,
        "name_zh": paper.name_zh[:120],
        "name_en": paper.name_en[:200],
    }
    made = insert(OwedPaper).values(values).on_conflict_do_nothing().returning(OwedPaper)
    owed = session.scalars(made).one_or_none()
    if owed is None:
        return _open_one(session, ticket, service, paper)
    forget_step(ticket)
    told, steps = events.PaperOwed(owed.id, owed.hall_id, owed.ticket_id), (None, "owed")
    tell_of(session, owed, told, "paper.owe", actor=actor, now=now, states=steps, material=owed.material)
    return owed


def settle(session: Session, owed_id: int, *, actor: Actor, now: datetime, waived: bool = False) -> OwedPaper:
    """The paper has come, or nobody needs it any more (`waived`).

    Raises:
        OwedUnknown, OwedSettled, Forbidden
    """
    owed = session.scalars(select(OwedPaper).where(OwedPaper.id == owed_id).with_for_update()).one_or_none()
    if owed is None:
        raise OwedUnknown
    ensure_in_hall(actor, owed.hall_id)
    if owed.state != "owed":
        raise OwedSettled
    owed.state = "waived" if waived else "settled"
    now = max(now, owed.created_at)
    owed.ended_at, owed.ended_by = now, actor.id
    told, steps = events.PaperSettled(owed.id, owed.hall_id, owed.ticket_id), ("owed", owed.state)
    tell_of(session, owed, told, "paper.settle", actor=actor, now=now, states=steps, material=owed.material)
    return owed


def get_owed(session: Session, reference: str, *, hall_id: int) -> OwedPaper:
    """A hall's owed paper by its reference; raises OwedUnknown."""
    owed = find_in_hall(session, OwedPaper, reference, hall_id=hall_id)
    if owed is None:
        raise OwedUnknown
    return owed


def list_owed(session: Session, hall_id: int, *, limit: int = 200) -> list[OwedPaper]:
    """What is owed to a hall, the first due first."""
    query = select(OwedPaper).where(OwedPaper.hall_id == hall_id, OwedPaper.state == "owed")
    return list(session.scalars(query.order_by(OwedPaper.due_on, OwedPaper.id).limit(limit)))


def owed_of(session: Session, ticket_ids: Sequence[int]) -> list[OwedPaper]:
    """All papers that these visits owed, also those that were settled."""
    return left_of_visits(session, OwedPaper, ticket_ids)


def remind(session: Session, hall_id: int, *, due_on: date, now: datetime) -> int:
    """Tell everybody whose paper is due on that day; how many. The events are told once per paper."""
    query = select(OwedPaper).where(
        OwedPaper.hall_id == hall_id, OwedPaper.state == "owed", OwedPaper.due_on == due_on
    )
    found = session.scalars(query.order_by(OwedPaper.id)).all()
    for owed in found:
        emit(session, events.PaperDueSoon(owed.id, owed.hall_id, owed.ticket_id), now=now)
    return len(found)


def _paper(session: Session, ticket: Ticket, service_id: int, code: str) -> tuple[Service, Material]:
    for service in services_of(session, [each for each in ticket.service_ids if each == service_id]):
        for paper in materials_of(service):
            if paper.code == code:
                return service, paper
    raise PaperUnknown


def _open_one(session: Session, ticket: Ticket, service: Service, paper: Material) -> OwedPaper:
    same = select(OwedPaper).where(
        OwedPaper.ticket_id == ticket.id,
        OwedPaper.service_id == service.id,
        OwedPaper.material == paper.code,
        OwedPaper.state == "owed",
    )
    return session.scalars(same).one()
