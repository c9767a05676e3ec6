"""A provider whose behaviour a test chooses, with a memory of what reached it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from notifications.gateways.base import (
    Absent,
    Accepted,
    CannotTell,
    Capabilities,
    Found,
    Incoming,
    Outcome,
    Outgoing,
    Receipt,
    Reply,
    Sighting,
    Sought,
)


@dataclass
class FakeGateway:
    """`answers` are given one after another, then everything is accepted; `sent` is what really went out.

    An answer may be an Outcome (nothing is sent unless it is Accepted), or a function of the message.
    """

    answers: list[Outcome | Callable[[Outgoing], Outcome]] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    asked: list[Sought] = field(default_factory=list)
    can_tell: bool = True
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities("fake", timeout=1.0, settles_within=0.0, can_look_up=True)
    )

    def send(self, message: Outgoing) -> Outcome:
        answer = self.answers.pop(0) if self.answers else None
        if answer is None or isinstance(answer, Accepted):
            self.sent.append(message)
            return answer or Accepted(f"FAKE{len(self.sent)}")
        return answer(message) if callable(answer) else answer

    def lose_the_answer(self, message: Outgoing) -> Outcome:
        """Send it, then break."""
        self.sent.append(message)
        raise ConnectionResetError

    def lookup(self, sought: Sought) -> Sighting:
        self.asked.append(sought)
        if not self.can_tell:
            return CannotTell("busy")
        ids = tuple(
            f"FAKE{number}"
            for number, message in enumerate(self.sent, start=1)
            if message.reference == sought.reference
        )
        return Found(ids) if ids else Absent()

    def is_genuine(self, incoming: Incoming) -> bool:
        return True

    def parse_receipts(self, incoming: Incoming) -> list[Receipt]:
        return []

    def parse_replies(self, incoming: Incoming) -> list[Reply]:
        return []

    def texts(self) -> Sequence[str]:
        return [message.text for message in self.sent]
