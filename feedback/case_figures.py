"""How the follow-up desk does: what is open, what is late, what was answered in its time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Date, case, cast, func, select
from sqlalchemy.orm import Session

from feedback.models import FollowUpCase
from halls.models import Hall

LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """`closed`, and of these `in_time` and `extended`, are those closed lately."""

    open: int
    overdue: int
    closed: int
    in_time: int
    extended: int


def count_cases(session: Session, hall_ids: Iterable[int], *, now: datetime) -> CaseFigures:
    """The cases of these halls; days are each hall's own. What is late says `feedback.handle.is_overdue`."""
    is_open = FollowUpCase.closed_at.is_(None)
    step_due = case(
        (FollowUpCase.contacted_at.is_(None), FollowUpCase.contact_due_on), else_=FollowUpCase.rectify_due_on
    )
    closed_on = cast(func.timezone(Hall.time_zone, FollowUpCase.closed_at), Date)
    lately = FollowUpCase.closed_at > now - LATELY
    counts = (
        is_open,
        is_open & (step_due < cast(func.timezone(Hall.time_zone, now), Date)),
        lately,
        lately & (closed_on <= FollowUpCase.rectify_due_on),
        lately & FollowUpCase.facts.has_key("extended"),
    )
    asked = (
        select(*(func.count().filter(each) for each in counts))
        .select_from(FollowUpCase)
        .join(Hall, Hall.id == FollowUpCase.hall_id)
    )
    row = session.execute(asked.where(FollowUpCase.hall_id.in_(list(hall_ids)))).one()
    return CaseFigures(*(int(count) for count in row))
