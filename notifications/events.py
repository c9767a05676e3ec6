"""What happens around messages."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class ReplyReceived(Event):
    """A citizen answered by SMS; what was written is in the row, sealed."""

    reply_id: int
