"""A person's own data across all packages: shown, handed out, wiped.

The topmost package that holds personal data asks those below; each has a file of this name.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

import booking.personal_data
import notifications.personal_data
import people.personal_data
import queueing.personal_data
from booking.idempotency import remove_old
from booking.personal_data import VisitNotOver
from feedback.models import FollowUpCase, Rating, Survey
from feedback.queries import comment_of
from kernel import audit, clock
from kernel.actor import Actor
from people.citizens import phone_index
from people.retention import retention


def collect(session: Session, phone: str, *, language: str = "zh") -> dict[str, Any]:
    """Everything that is known under this phone (E.164), in full: for its owner alone, in their language."""
    return {
        **people.personal_data.collect(session, phone),
        **booking.personal_data.collect(session, phone, language=language),
        **queueing.personal_data.collect(session, phone, language=language),
        **notifications.personal_data.collect(session, phone),
        "ratings": _ratings(session, phone),
    }


def _ratings(session: Session, phone: str) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Survey.visit_on, Rating)
        .join(Rating, Rating.survey_id == Survey.id)
        .where(Survey.phone_index == phone_index(phone))
        .order_by(Survey.visit_on)
    )
    return [
        {
            "visit_on": visit_on,
            "grade": rating.grade,
            "reasons": rating.reasons,
            "comment": comment_of(rating),
            "at": rating.answered_at,
        }
        for visit_on, rating in rows
    ]


def forget(session: Session, phone: str, *, cancel_open: bool, actor: Actor, now: datetime) -> None:
    """Forget the owner of a phone, who was verified just now and has said so twice.

    Raises:
        VisitNotOver, AppointmentsStillOpen, CancellationTooLate
    """
    if queueing.personal_data.has_running(session, phone):
        raise VisitNotOver
    booking.personal_data.end_open(session, phone, cancel_them=cancel_open, actor=actor, now=now)
    _forget_ratings(session, Survey.phone_index == phone_index(phone))
    queueing.personal_data.forget(session, phone)
    notifications.personal_data.forget(session, phone, real_now=clock.real_now())
    booking.personal_data.forget(session, phone, actor=actor, now=now)
    people.personal_data.forget(session, phone, now=now)
    audit.record(session, "account.forget", actor=actor, now=now, subject=("account", None))


def forget_old(session: Session, *, actor: Actor, now: datetime) -> None:
    """Wipe, everywhere, what is older than it is kept (a job of every night)."""
    spans, real_now = retention(session), clock.real_now()
    _forget_ratings(session, Survey.asked_at < spans.before("phone", now))
    queueing.personal_data.forget_old(session, spans, now=now)
    notifications.personal_data.forget_old(session, spans, now=now, real_now=real_now)
    booking.personal_data.forget_old(session, spans, actor=actor, now=now)
    people.personal_data.forget_old(session, spans, now=now)
    remove_old(session, real_now=real_now)


def _forget_ratings(session: Session, which: Any) -> None:
    """Grades stay; whose they were does not, nor what was written, unless somebody still owes an answer."""
    open_case = exists().where(FollowUpCase.rating_id == Rating.id, FollowUpCase.closed_at.is_(None))
    surveys = select(Survey.id).where(which)
    session.execute(
        update(Rating)
        .where(Rating.survey_id.in_(surveys), ~open_case, Rating.comment_sealed.is_not(None))
        .values(comment_sealed=None)
        .execution_options(synchronize_session=False)
    )
    # What was said to its owner, in a case that is closed.
    answered = select(FollowUpCase.id).join(Rating, Rating.id == FollowUpCase.rating_id)
    session.execute(
        update(FollowUpCase)
        .where(
            FollowUpCase.id.in_(answered.where(Rating.survey_id.in_(surveys))),
            FollowUpCase.closed_at.is_not(None),
        )
        .values(facts=FollowUpCase.facts.op("-")("note"))
        .execution_options(synchronize_session=False)
    )
    owed = exists().where(
        Rating.survey_id == Survey.id, FollowUpCase.rating_id == Rating.id, FollowUpCase.closed_at.is_(None)
    )
    session.execute(
        update(Survey)
        .where(which, ~owed, Survey.phone_index.is_not(None))
        .values(phone_index=None, citizen_id=None)
        .execution_options(synchronize_session=False)
    )
