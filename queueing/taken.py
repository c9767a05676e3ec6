"""How long a completed ticket took at the counters of its line, in SQL."""

from decimal import Decimal

from sqlalchemy import ColumnElement, case, func

from queueing.models import Ticket


def minutes_taken() -> ColumnElement[float | Decimal]:
    """The minutes from its calls to its starts and of its service, without those put aside or missed.

    Who came from another line has the sums of both (`queueing.durations`): of those, at most what passed
    since the last call.
    """
    at_counters = Ticket.walk_time + Ticket.service_time
    in_last_line = func.least(at_counters, Ticket.ended_at - Ticket.called_at)
    taken = case((Ticket.group_id == Ticket.issued_group_id, at_counters), else_=in_last_line)
    return func.extract("epoch", taken) / 60
