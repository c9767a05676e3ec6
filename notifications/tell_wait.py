"""Telling somebody on the waitlist that a number is held for them, or that the hall took it back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.models import WaitlistEntry
from booking.waitlist import phone_of
from booking.waitlist_states import WaitState
from notifications.plan import plan, withdraw


def offered(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Send the offer with its link, worth sending as long as the number is held (WaitlistOffered)."""
    entry = session.get_one(WaitlistEntry, event["entry_id"])
    if entry.state != WaitState.OFFERED or entry.offer_until is None or entry.offer_starts_at is None:
        return
    plan(
        session,
        "waitlist_offer",
        event_key=_offer_key(entry.id, entry.draft_id),
        phone=phone_of(entry),
        language=entry.language,
        subject=("waitlist_entry", entry.id),
        hall_id=entry.hall_id,
        facts={"starts_at": entry.offer_starts_at.astimezone(UTC).isoformat()},
        expires_in=entry.offer_until - now,
        now=now,
    )


def offer_lost(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Say so to who was told of that offer; where nobody was yet, nobody is (WaitlistOfferLost)."""
    entry = session.get(WaitlistEntry, event["entry_id"])
    told = withdraw(session, _offer_key(event["entry_id"], event["draft_id"]))
    if entry is None or not told:
        return
    plan(
        session,
        "waitlist_offer_lost",
        event_key=f"waitlist:{entry.id}:lost:{event['draft_id']}",
        phone=phone_of(entry),
        language=entry.language,
        subject=("waitlist_entry", entry.id),
        hall_id=entry.hall_id,
        facts={"starts_at": event["starts_at"]},
        now=now,
    )


def _offer_key(entry_id: int, draft_id: int | None) -> str:
    """By its draft: the count of offers goes back when the hall takes one away."""
    return f"waitlist:{entry_id}:offer:{draft_id}"
