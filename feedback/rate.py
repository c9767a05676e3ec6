"""Rate a visit: once, by its owner, by page or by a digit in an SMS. Nobody can change it afterwards."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from feedback.events import RatingGiven
from feedback.grades import GRADES, REASONS
from feedback.models import Rating, Survey
from kernel import audit, outbox
from kernel.actor import ANONYMOUS
from kernel.crypto import cipher
from kernel.errors import Conflict, Invalid
from notifications.plan import cancel_pending

_LONGEST_COMMENT = 500


class AlreadyRated(Conflict):
    """One visit, one rating."""

    code = "already_rated"
    zh = "这次办理已经评价过了，一次办理只能评价一次。谢谢您。"
    en = "This visit is already rated; each visit is rated once. Thank you."


class SurveyOver(Conflict):
    """The time for rating this visit has passed."""

    code = "survey_over"
    zh = "评价时间已过（办理后 7 天内可评价）。如有意见，请联系大厅。"
    en = "The time for rating this visit is over (7 days). If something is wrong, please contact the hall."


class RatingInvalid(Invalid):
    """A grade, reason or comment that is not one."""

    code = "rating_invalid"
    zh = "请选择一个评价（5 非常满意 … 1 非常不满意），留言不超过 500 字。"
    en = "Please choose a grade: 5 (very satisfied) to 1 (very dissatisfied), and at most 500 characters."


class ReplyOutcome(StrEnum):
    """What a digit in an SMS did."""

    RATED = "rated"
    ALREADY_RATED = "already_rated"
    NOTHING_TO_RATE = "nothing_to_rate"


def rate(
    session: Session,
    survey: Survey,
    *,
    grade: int,
    via: str,
    now: datetime,
    reasons: Sequence[str] = (),
    comment: str = "",
    contact_by_handler: bool = True,
) -> Rating:
    """Keep the answer to `survey`.

    Args:
        session: the transaction.
        survey: of the visit.
        grade: 5 非常满意 … 1 非常不满意.
        via: how it came: `sms`, `page`, `qr`.
        now: business time.
        reasons: codes of `feedback.grades.REASONS`.
        comment: in the citizen's words; stored sealed.
        contact_by_handler: False where the citizen does not want to hear from who handled it.

    Raises:
        RatingInvalid, SurveyOver, AlreadyRated
    """
    if grade not in GRADES or not set(reasons) <= set(REASONS) or len(comment) > _LONGEST_COMMENT:
        raise RatingInvalid
    if survey.expires_at <= now:
        raise SurveyOver
    sealed = cipher().encrypt(comment.strip(), "rating.comment") if comment.strip() else None
    added = session.scalar(
        insert(Rating)
        .values(
            survey_id=survey.id,
            hall_id=survey.hall_id,
            grade=grade,
            reasons=list(dict.fromkeys(reasons)),
            comment_sealed=sealed,
            via=via,
            contact_by_handler=contact_by_handler,
            answered_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Rating.survey_id])
        .returning(Rating.id)
    )
    if added is None:
        raise AlreadyRated
    cancel_pending(session, ("survey", survey.id), templates=frozenset({"survey"}))
    audit.record(
        session,
        "rate",
        actor=ANONYMOUS,
        now=now,
        subject=("survey", survey.id),
        hall_id=survey.hall_id,
        via=via,
    )
    outbox.emit(session, RatingGiven(added, survey.hall_id, grade), now=now)
    return session.get_one(Rating, added)


def rate_by_reply(session: Session, phone_index: bytes, grade: int, *, now: datetime) -> ReplyOutcome:
    """A digit rates the newest visit asked of that phone and not rated yet; it never changes a rating."""
    asked = select(Survey).where(
        Survey.phone_index == phone_index, Survey.channel == "sms", Survey.expires_at > now
    )
    unrated = ~exists().where(Rating.survey_id == Survey.id)
    newest = session.scalar(asked.where(unrated).order_by(Survey.asked_at.desc(), Survey.id.desc()).limit(1))
    if newest is None:
        any_asked = session.scalar(asked.limit(1)) is not None
        return ReplyOutcome.ALREADY_RATED if any_asked else ReplyOutcome.NOTHING_TO_RATE
    try:
        rate(session, newest, grade=grade, via="sms", now=now)
    except AlreadyRated:  # by page, in the same moment
        return ReplyOutcome.ALREADY_RATED
    return ReplyOutcome.RATED
