"""PURE: the kinds of messages: how long each is worth sending, and what to do when its fate is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class InDoubt(StrEnum):
    """The written policy for a message of which nobody can tell whether it was sent.

    RESEND where a second copy does no harm and a missing one does; HOLD (shown to staff) where a second
    copy would be worse.
    """

    RESEND = "resend"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Kind:
    """`urgent` goes before the rest; `optional` is not sent to phones that opted out."""

    lifetime: timedelta
    in_doubt: InDoubt
    urgent: bool = False
    optional: bool = False


_MINUTES, _HOURS = timedelta(minutes=1), timedelta(hours=1)

#: Every template there is; its texts are in `notifications.texts`.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "phone_code": Kind(5 * _MINUTES, InDoubt.RESEND, urgent=True),
        "booked": Kind(24 * _HOURS, InDoubt.RESEND),
        "cancelled": Kind(24 * _HOURS, InDoubt.RESEND),
        "rescheduled": Kind(24 * _HOURS, InDoubt.RESEND),
        "partly_done": Kind(24 * _HOURS, InDoubt.RESEND),
        "closed": Kind(24 * _HOURS, InDoubt.RESEND, urgent=True),
        "moved": Kind(24 * _HOURS, InDoubt.RESEND, urgent=True),
        "waitlist_offer": Kind(20 * _MINUTES, InDoubt.RESEND, urgent=True),
        "waitlist_offer_lost": Kind(24 * _HOURS, InDoubt.RESEND, urgent=True),
        "appeal_decided": Kind(24 * _HOURS, InDoubt.RESEND),
        "document_appeal_decided": Kind(24 * _HOURS, InDoubt.RESEND),
        "special_request_approved": Kind(24 * _HOURS, InDoubt.RESEND),
        "special_request_refused": Kind(24 * _HOURS, InDoubt.RESEND),
        "special_request_expired": Kind(24 * _HOURS, InDoubt.RESEND),
        "reminder_eve": Kind(3 * _HOURS, InDoubt.RESEND, optional=True),
        "reminder_2h": Kind(1 * _HOURS, InDoubt.RESEND, optional=True),
        "three_ahead": Kind(15 * _MINUTES, InDoubt.RESEND, urgent=True),
        "next_leg": Kind(15 * _MINUTES, InDoubt.RESEND, urgent=True),
        "promise_late": Kind(30 * _MINUTES, InDoubt.RESEND, urgent=True),
        "line_closed": Kind(1 * _HOURS, InDoubt.RESEND, urgent=True),
        "called": Kind(10 * _MINUTES, InDoubt.RESEND, urgent=True),
        "missed": Kind(30 * _MINUTES, InDoubt.RESEND, urgent=True),
        "called_undone": Kind(10 * _MINUTES, InDoubt.RESEND, urgent=True),
        "next_leg_undone": Kind(15 * _MINUTES, InDoubt.RESEND, urgent=True),
        "missed_undone": Kind(10 * _MINUTES, InDoubt.RESEND, urgent=True),
        "reopened": Kind(1 * _HOURS, InDoubt.RESEND, urgent=True),
        "paper_owed": Kind(24 * _HOURS, InDoubt.RESEND),
        "paper_due": Kind(24 * _HOURS, InDoubt.RESEND),
        "result_ready": Kind(48 * _HOURS, InDoubt.RESEND),
        "survey": Kind(48 * _HOURS, InDoubt.HOLD, optional=True),
        "reply_thanks": Kind(1 * _HOURS, InDoubt.HOLD),
        "reply_sorry": Kind(1 * _HOURS, InDoubt.HOLD),
        "reply_known": Kind(1 * _HOURS, InDoubt.HOLD),
        "reply_help": Kind(1 * _HOURS, InDoubt.HOLD),
        "opted_out": Kind(1 * _HOURS, InDoubt.HOLD),
    }
)

URGENT = frozenset(name for name, kind in KINDS.items() if kind.urgent)
OPTIONAL = frozenset(name for name, kind in KINDS.items() if kind.optional)
