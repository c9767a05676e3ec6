"""Giving numbers back: they return at a random moment, so that they cannot be handed from hand to hand."""

import secrets
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules
from booking.ladder import returned_at
from booking.models import Number


def give_back(
    session: Session,
    appointment_id: int,
    *,
    rules: HallRules,
    now: datetime,
    fraction: float | None = None,
    except_ids: list[int] | None = None,
) -> None:
    """Free an appointment's numbers (but for some); `fraction` in [0, 1) is the moment, else chance."""
    chance = secrets.SystemRandom().random() if fraction is None else fraction
    session.execute(
        update(Number)
        .where(Number.appointment_id == appointment_id, Number.id.not_in(except_ids or []))
        .values(
            appointment_id=None,
            held_until=None,
            hold_token=None,
            released_at=returned_at(now, fraction=chance, within=rules.policy.return_window),
        )
    )
