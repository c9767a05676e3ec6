"""Reading surveys, ratings and cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from feedback.models import FollowUpCase, Rating, Survey
from kernel.crypto import cipher
from kernel.errors import NotFound


class SurveyUnknown(NotFound):
    """No survey has this reference."""

    code = "survey_unknown"
    zh = "没有找到这次评价，请使用短信或票上的链接打开。"
    en = "This survey was not found. Please open it from the link in the SMS or on the ticket."


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """How a hall's visits of some days were rated; `by_grade` counts 5 to 1. Unrated is never good."""

    asked: int
    by_grade: Mapping[int, int]

    @property
    def rated(self) -> int:
        """Visits with an answer."""
        return sum(self.by_grade.values())


def get_survey(session: Session, reference: str) -> Survey:
    """The survey of this reference; raises SurveyUnknown."""
    survey = session.scalar(select(Survey).where(Survey.reference == reference))
    if survey is None:
        raise SurveyUnknown
    return survey


def find_survey_of_ticket(session: Session, ticket_id: int) -> Survey | None:
    """The survey of a completed visit, for the QR on ticket and counter."""
    return session.scalar(select(Survey).where(Survey.ticket_id == ticket_id))


def find_rating(session: Session, survey: Survey) -> Rating | None:
    """The answer, if there is one."""
    return session.scalar(select(Rating).where(Rating.survey_id == survey.id))


def comment_of(rating: Rating) -> str:
    """What the citizen wrote; empty when nothing."""
    return cipher().decrypt(rating.comment_sealed, "rating.comment") if rating.comment_sealed else ""


def count_ratings(session: Session, hall_id: int, *, first_on: date, last_on: date) -> RatingCounts:
    """Answers to the visits of these days, both included."""
    visits = (Survey.hall_id == hall_id, Survey.visit_on >= first_on, Survey.visit_on <= last_on)
    asked = session.scalar(select(func.count(Survey.id)).where(*visits)) or 0
    graded = session.execute(
        select(Rating.grade, func.count()).join(Survey).where(*visits).group_by(Rating.grade)
    )
    return RatingCounts(asked, dict.fromkeys(range(5, 0, -1), 0) | dict(graded.all()))


def list_open_cases(session: Session, hall_id: int | None = None, *, limit: int = 100) -> list[FollowUpCase]:
    """Cases still to be closed, the most urgent first."""
    wanted = select(FollowUpCase).where(FollowUpCase.closed_at.is_(None))
    if hall_id is not None:
        wanted = wanted.where(FollowUpCase.hall_id == hall_id)
    return list(session.scalars(wanted.order_by(FollowUpCase.contact_due_on, FollowUpCase.id).limit(limit)))
