"""What a way to send SMS must offer, whoever the provider is.

A gateway never raises for what a provider does: the four outcomes of `send` are all that can happen, and
`Unknown` is one of them, because after a timeout the message may well have been sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do.

    `timeout` is the longest that `send` or `lookup` may take, in seconds; `settles_within` is how long
    after that a message may still turn up in what `lookup` sees.
    """

    name: str
    timeout: float
    settles_within: float
    can_look_up: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to hand over. `valid_for` is how long it is worth delivering."""

    reference: str
    phone: str
    text: str
    valid_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it and will send it."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never send it. `number_is_bad`: the phone, rather than our account, is the cause."""

    code: str
    number_is_bad: bool = False


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The provider certainly did not take it, and a later try may succeed."""

    code: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody here can tell whether the provider took it."""

    code: str


Outcome = Accepted | Rejected | RetryLater | Unknown


@dataclass(frozen=True, slots=True)
class Sought:
    """A message whose fate is in doubt. `matches` tells whether a text is its text; `since` is real time."""

    reference: str
    phone: str
    since: datetime
    matches: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """The provider has it, under one of these ids (more than one where it cannot be told apart)."""

    provider_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider never got it."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The provider does not answer, or its answer proves nothing."""

    code: str


Sighting = Found | Absent | CannotTell


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request of the provider, without HTTP's types. `path` is path and query as they came."""

    path: str
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message; `status` is one of `notifications.states.FATES`."""

    provider_id: str
    status: str
    reference: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS from a citizen."""

    provider_id: str
    phone: str
    text: str


class Gateway(Protocol):
    """A provider of SMS. All methods may block on the network; none is called inside a transaction."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def send(self, message: Outgoing) -> Outcome:
        """Hand a message over, once: never retried in here."""

    def lookup(self, sought: Sought) -> Sighting:
        """Whether the provider has a message that we are in doubt about."""

    def is_genuine(self, incoming: Incoming) -> bool:
        """Whether a request really comes from the provider."""

    def parse_receipts(self, incoming: Incoming) -> list[Receipt]:
        """The receipts in a genuine request; empty when there are none."""

    def parse_replies(self, incoming: Incoming) -> list[Reply]:
        """The replies in a genuine request; empty when there are none."""
