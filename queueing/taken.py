"""How long a completed ticket took at the counters of its line, in SQL."""

from decimal import Decimal

from sqlalchemy import ColumnElement, case, exists, func, or_

from queueing.models import Call, Ticket


def minutes_taken() -> ColumnElement[float | Decimal]:
    """The minutes from its calls to its starts and of its service, without those put aside or missed.

    Who came from another line, or was there and came back, has the sums of both (`queueing.durations`): of
    those, at most what passed since the last call.
    """
    at_counters, since_call = Ticket.walk_time + Ticket.service_time, Ticket.ended_at - Ticket.called_at
    elsewhere = exists().where(Call.ticket_id == Ticket.id, Call.group_id != Ticket.group_id, ~Call.undone)
    taken = case(
        (at_counters <= since_call, at_counters),  # nearly everybody: calls of few are looked up
        (or_(Ticket.group_id != Ticket.issued_group_id, elsewhere), since_call),
        else_=at_counters,
    )
    return func.extract("epoch", taken) / 60
