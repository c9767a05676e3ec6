"""Give an answer more time: once, for a reason, by who is responsible for the hall.

First contact has no more time: who rated badly is called soon, and told why the answer takes longer.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from feedback.grades import EXTENSIONS
from feedback.handle import is_overdue, lock_case, tell_moved
from feedback.models import FollowUpCase, Rating
from halls.models import Hall
from halls.queries import calendar
from halls.workdays import add_working_days
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, Invalid

EXTENDED_DAYS = 15  # working days from the rating, instead of `feedback.cases.RECTIFY_DAYS`


class CaseNotExtendable(Conflict):
    """More time is given once, after the contact and before the time is over."""

    code = "case_not_extendable"
    zh = "只有已经联系到本人、还没有超期的回访可以延期，而且只能延期一次。"
    en = "An answer is given more time once, after its owner was reached and before it is overdue."


class CaseExtensionUnfounded(Invalid):
    """A reason of the list."""

    code = "case_extension_unfounded"
    zh = "请选择延期的原因。"
    en = "Please choose why the answer takes longer."


def may_extend(case: FollowUpCase, *, actor: Actor, now: datetime, zone: str) -> bool:
    """Whether this person could give the case more time now."""
    return actor.may("case.extend", case.hall_id) and _is_extendable(case, now=now, zone=zone)


def extend_case(
    session: Session, case: FollowUpCase, *, reason: str, actor: Actor, now: datetime
) -> FollowUpCase:
    """Its answer is due fifteen working days after the rating.

    Raises:
        CaseExtensionUnfounded, CaseNotExtendable, CaseClosed, Forbidden
    """
    if not actor.may("case.extend", case.hall_id):
        raise Forbidden
    if reason not in EXTENSIONS:
        raise CaseExtensionUnfounded
    case = lock_case(session, case, actor)
    zone = session.get_one(Hall, case.hall_id).time_zone
    if not _is_extendable(case, now=now, zone=zone):
        raise CaseNotExtendable
    rated_on = session.get_one(Rating, case.rating_id).answered_at.astimezone(ZoneInfo(zone)).date()
    before = case.rectify_due_on
    case.rectify_due_on = add_working_days(rated_on, EXTENDED_DAYS, calendar(session))
    case.facts = {**case.facts, "extended": reason}
    days = {"due_before": before.isoformat(), "due_on": case.rectify_due_on.isoformat()}
    tell_moved(session, case, "case.extend", case.state, actor=actor, now=now, reason=reason, **days)
    return case


def _is_extendable(case: FollowUpCase, *, now: datetime, zone: str) -> bool:
    today = now.astimezone(ZoneInfo(zone)).date()
    is_open = case.contacted_at is not None and case.closed_at is None
    return is_open and "extended" not in case.facts and not is_overdue(case, today=today)
