"""Pass a ticket on to one counter: the officer there knows the case, or has the stamp."""

from datetime import datetime

from sqlalchemy.orm import Session

from halls.queries import CounterNotFound, get_counter
from kernel.actor import Actor
from queueing.counters import list_group_ids, session_of_counter
from queueing.errors import CounterNotOpen, SameCounter
from queueing.models import Ticket
from queueing.serve import transfer


def send_to_counter(
    session: Session, ticket: Ticket, *, counter_id: int, actor: Actor, now: datetime
) -> Ticket:
    """Wait for this counter alone, with the first key, in a line that it serves.

    Once the counter pauses or closes, every other counter of the line may call, too: nobody waits for an
    empty chair (`queueing.waiting`).

    Raises:
        CounterNotFound, CounterNotOpen, SameCounter, TicketMoved, NotYourCounter, ServedInVillage
    """
    target = get_counter(session, counter_id)
    if target.hall_id != ticket.hall_id:
        raise CounterNotFound
    if target.id == ticket.counter_id:
        raise SameCounter
    running, skills = session_of_counter(session, counter_id), list_group_ids(session, counter_id)
    if running is None or running.state != "open" or not skills:
        raise CounterNotOpen
    group_id = ticket.group_id if ticket.group_id in skills else skills[0]
    return transfer(session, ticket, group_id=group_id, to_counter_id=counter_id, actor=actor, now=now)
