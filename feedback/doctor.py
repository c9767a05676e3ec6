"""Promises about ratings, checked on the data: every visit asked once, every bad answer followed up."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from feedback.grades import WORST_GOOD
from feedback.models import FollowUpCase, Rating, Survey
from kernel.doctor import Violation
from queueing.models import Ticket

_LIMIT = 100  # violations of one rule that are listed


def check(session: Session) -> list[Violation]:
    """Completed visits without a survey, surveys without a completed visit, bad ratings without a case.

    That a visit has no second survey is a unique constraint.
    """
    completed = Ticket.state == "completed"
    unasked = select(Ticket.id).where(completed, ~exists().where(Survey.ticket_id == Ticket.id))
    unfounded = select(Survey.id).where(~exists().where(Ticket.id == Survey.ticket_id, completed))
    uncased = select(Rating.id).where(
        Rating.grade < WORST_GOOD, ~exists().where(FollowUpCase.rating_id == Rating.id)
    )
    rules = (
        ("visit_not_asked", "ticket", unasked),
        ("survey_without_visit", "survey", unfounded),
        ("bad_rating_without_case", "rating", uncased),
    )
    return [
        Violation(rule, f"{kind} {row_id}")
        for rule, kind, statement in rules
        for row_id in session.scalars(statement.limit(_LIMIT))
    ]
