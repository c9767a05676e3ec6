"""Telling somebody on the waitlist that a number is held for them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.models import WaitlistEntry
from booking.waitlist import phone_of
from booking.waitlist_states import WaitState
from notifications.plan import plan


def offered(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Send the offer with its link, worth sending as long as the number is held (WaitlistOffered)."""
    entry = session.get_one(WaitlistEntry, event["entry_id"])
    if entry.state != WaitState.OFFERED or entry.offer_until is None or entry.offer_starts_at is None:
        return
    plan(
        session,
        "waitlist_offer",
        event_key=f"waitlist:{entry.id}:offer:{entry.draft_id}",
        phone=phone_of(entry),
        language=entry.language,
        subject=("waitlist_entry", entry.id),
        hall_id=entry.hall_id,
        facts={"starts_at": entry.offer_starts_at.astimezone(UTC).isoformat()},
        expires_in=entry.offer_until - now,
        now=now,
    )
