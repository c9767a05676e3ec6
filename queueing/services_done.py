"""What was really done at the counter: services added or corrected while somebody is served."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from catalog.queries import list_services, services_of
from kernel.actor import Actor
from kernel.errors import Invalid
from kernel.outbox import emit
from queueing import events
from queueing.models import Ticket
from queueing.serve import lock_own
from queueing.states import TicketState
from queueing.steps import forget_step, moved, not_before, record

MOST_SERVICES = 10


class ServicesUnfit(Invalid):
    """One to ten services that this hall offers."""

    code = "services_unfit"
    zh = "请选择本大厅办理的 1 至 10 个事项。"
    en = "Please choose one to ten services that this hall offers."


def correct_services(
    session: Session, ticket: Ticket, *, service_ids: Sequence[int], actor: Actor, now: datetime
) -> Ticket:
    """Set what is done for the person at the counter in this line; statistics and the survey follow it.

    Services of earlier and later lines of the visit stay as they are.

    Raises:
        ServicesUnfit, TicketMoved, NotYourCounter
    """
    ticket = lock_own(session, ticket, actor=actor)
    if ticket.state != TicketState.SERVING:
        raise moved(ticket)
    wanted = list(dict.fromkeys(service_ids))
    offered = {service.id for service in list_services(session, ticket.hall_id)}
    if not 0 < len(wanted) <= MOST_SERVICES or not offered >= set(wanted):
        raise ServicesUnfit
    now = not_before(ticket, now)
    if wanted == ticket.service_ids:
        return ticket
    before, ticket.service_ids = _codes(session, ticket.service_ids), wanted
    forget_step(ticket)
    after = _codes(session, wanted)
    record(session, ticket, "ticket.correct_services", actor=actor, now=now, before=before, after=after)
    emit(session, events.ServicesCorrected(ticket.id, ticket.hall_id, ticket.group_id), now=now)
    return ticket


def _codes(session: Session, service_ids: Sequence[int]) -> list[str]:
    return [service.code for service in services_of(session, service_ids)]
