"""Follow-up cases: a bad rating must be answered, by working days (handler of RatingGiven)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from feedback.events import CaseOpened
from feedback.grades import is_bad
from feedback.models import FollowUpCase, Rating
from halls.models import Hall
from halls.queries import calendar
from halls.workdays import add_working_days
from kernel import audit, ids, outbox
from kernel.actor import SYSTEM

CONTACT_DAYS = 1
RECTIFY_DAYS = 5


def open_case(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Open the case of a bad rating: contact within 1 working day, rectify within 5."""
    rating = session.get_one(Rating, event["rating_id"])
    if not is_bad(rating.grade):
        return
    zone = ZoneInfo(session.get_one(Hall, rating.hall_id).time_zone)
    rated_on = rating.answered_at.astimezone(zone).date()
    working = calendar(session)
    added = session.scalar(
        insert(FollowUpCase)
        .values(
            reference=ids.new_reference(),
            rating_id=rating.id,
            hall_id=rating.hall_id,
            state="received",
            opened_at=now,
            contact_due_on=add_working_days(rated_on, CONTACT_DAYS, working),
            rectify_due_on=add_working_days(rated_on, RECTIFY_DAYS, working),
            facts={},
        )
        .on_conflict_do_nothing(index_elements=[FollowUpCase.rating_id])
        .returning(FollowUpCase.id)
    )
    if added is None:
        return
    audit.record(
        session,
        "open_case",
        actor=SYSTEM,
        now=now,
        subject=("case", added),
        hall_id=rating.hall_id,
        states=(None, "received"),
    )
    outbox.emit(session, CaseOpened(added, rating.hall_id), now=now)
