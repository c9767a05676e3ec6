"""PURE: the life of a message: its states, the only ways between them, and what a receipt changes.

Drawn in docs/messages.md. `unknown` is a state of its own because a timeout is neither a success nor a
failure: the provider may have sent the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class MessageState(StrEnum):
    """Where a message is."""

    PLANNED = "planned"
    QUEUED = "queued"
    SENDING = "sending"
    RETRY = "retry"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNDETERMINED = "undetermined"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


class Fate(StrEnum):
    """What a receipt says, whatever words the provider uses."""

    UNDERWAY = "underway"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


_S = MessageState

#: Not sent yet, and nobody is sending it: may still be cancelled or expire.
WAITING = frozenset({_S.PLANNED, _S.QUEUED, _S.RETRY})
#: May be claimed by a sender.
DUE = frozenset({_S.QUEUED, _S.RETRY})
#: The provider may have it, or will tell: a receipt may still move these.
OPEN = frozenset({_S.SENDING, _S.UNKNOWN, _S.RETRY, _S.ACCEPTED, _S.UNDETERMINED})
#: Its owner has it, may have it, or will have it in a moment.
MAY_BE_READ = frozenset({_S.SENDING, _S.UNKNOWN, _S.ACCEPTED, _S.DELIVERED, _S.UNDETERMINED})
#: Nothing more is done by us.
FINAL = frozenset(
    {_S.DELIVERED, _S.UNDELIVERED, _S.UNDETERMINED, _S.FAILED, _S.EXPIRED, _S.CANCELLED, _S.SUPPRESSED}
)

#: What a provider's words mean. Gateways with other words translate to these before storing.
FATES: Mapping[str, Fate] = MappingProxyType(
    {
        "accepted": Fate.UNDERWAY,
        "scheduled": Fate.UNDERWAY,
        "queued": Fate.UNDERWAY,
        "sending": Fate.UNDERWAY,
        "sent": Fate.UNDERWAY,
        "delivered": Fate.DELIVERED,
        "read": Fate.DELIVERED,
        "undelivered": Fate.UNDELIVERED,
        "failed": Fate.UNDELIVERED,
        "canceled": Fate.UNDELIVERED,
    }
)


def after_receipt(state: MessageState, fate: Fate) -> MessageState | None:
    """Where a receipt moves a message, None where it changes nothing.

    Receipts arrive late, twice and in any order, so movement is forward only: what ended stays ended,
    except `undetermined`, which only means that nobody had told us yet.
    """
    if state not in OPEN:
        return None
    if fate is Fate.DELIVERED:
        return _S.DELIVERED
    if fate is Fate.UNDELIVERED:
        return _S.UNDELIVERED
    return None if state in {_S.ACCEPTED, _S.UNDETERMINED} else _S.ACCEPTED
