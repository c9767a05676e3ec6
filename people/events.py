"""What happens to people's accounts."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class PhoneCodeRequested(Event):
    """A one-time code is to be sent; the code itself is derived when the message is sent."""

    code_id: int
    language: str
