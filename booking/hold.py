"""Hold numbers for ten minutes while a citizen says who they are.

A hold is `held_until` and a token on numbers, and a draft on the server. It ends by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.models import Draft
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class HoldSlot:
    """The slot a citizen has chosen. `answers` are those of the guide; `previous_token` is given up."""

    hall_code: str
    service_codes: tuple[str, ...]
    starts_at: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)
    previous_token: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Numbers are kept until `held_until`; `token` is the only key to them."""

    token: str
    draft_id: int
    held_until: datetime
    starts_at: datetime
    ends_at: datetime
    hall_id: int
    group_id: int


def hold(session: Session, command: HoldSlot, *, actor: Actor, now: datetime) -> Held:
    """Keep the numbers that a visit takes, all or none.

    Raises:
        HallUnknown, ServiceNotOffered, ServicesInDifferentLines, SlotUnknown, InPast, InsideLeadTime,
        BeyondHorizon, SlotFull (with `alternatives`)
    """
    raise NotImplementedError


def find_draft(session: Session, token: str, *, now: datetime) -> Draft | None:
    """What was filled in under this token, also after the hold ran out; None when the token is unknown."""
    raise NotImplementedError


def release(session: Session, token: str, *, now: datetime) -> None:
    """Give the numbers back at once; the draft stays."""
    raise NotImplementedError


def save_form(session: Session, token: str, form: Mapping[str, Any], *, now: datetime) -> None:
    """Keep the form, encrypted. Raises HoldExpired when the token is unknown."""
    raise NotImplementedError


def read_form(draft: Draft) -> dict[str, Any]:
    """What `save_form` kept; empty when nothing was."""
    raise NotImplementedError
