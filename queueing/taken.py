"""How long a completed ticket took at the counters of the line in which it ended, in SQL."""

from decimal import Decimal

from sqlalchemy import ColumnElement, Numeric, case, cast, exists, func, or_

from queueing.models import Call, Ticket

_MICROSECONDS = 1_000_000


def minutes_taken() -> ColumnElement[float | Decimal]:
    """The minutes from its calls to its starts and of its service, without those put aside or missed.

    Who came from another line, or was there and came back, has the sums of all (`queueing.durations`): the
    last of its stays is what counts. Tickets of before stays were kept count with at most what passed since
    their last call.
    """
    at_counters, since_call = Ticket.walk_time + Ticket.service_time, Ticket.ended_at - Ticket.called_at
    elsewhere = exists().where(Call.ticket_id == Ticket.id, Call.group_id != Ticket.group_id, ~Call.undone)
    taken = case(
        (at_counters <= since_call, at_counters),  # nearly everybody: calls of few are looked up
        (or_(Ticket.group_id != Ticket.issued_group_id, elsewhere), since_call),
        else_=at_counters,
    )
    last_stay = cast(Ticket.stays[-1]["took"].as_string(), Numeric) / _MICROSECONDS
    return func.coalesce(last_stay, func.extract("epoch", taken)) / 60
