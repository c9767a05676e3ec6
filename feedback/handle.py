"""Answer a bad rating: reach its owner, put right what was wrong, and close the case in time.

A case goes received → contacted → closed. Who cannot be reached after three tries on different days, or left
no phone, is closed as such. What was said is kept sealed (purpose `case.note`); its state, not its words, is
in the audit.
"""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback.events import CaseMoved
from feedback.models import FollowUpCase, Rating, Survey
from halls.models import Hall
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict, Forbidden, Invalid, NotFound

#: How a case ends.
OUTCOMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "rectified": ("已整改", "Put right"),
        "explained": ("已解释说明", "Explained"),
        "not_upheld": ("核实不属实", "Found not to be so"),
        "unreachable": ("联系不上", "Could not be reached"),
    }
)
TRIES = 3
_SHORTEST, _LONGEST = 2, 500


class CaseUnknown(NotFound):
    """No case of this hall has this reference."""

    code = "case_unknown"
    zh = "没有找到这个回访，请回到列表重新打开。"
    en = "This case was not found. Please open it from the list."


class CaseClosed(Conflict):
    """Somebody has closed it meanwhile."""

    code = "case_closed"
    zh = "这个回访已经办结，请刷新后查看。"
    en = "This case has been closed already. Please refresh."


class NotContactedYet(Conflict):
    """A case is answered to a person, not to a file."""

    code = "not_contacted_yet"
    zh = "还没有联系到本人。请先联系；在不同的日子联系三次没有接通，可以按“联系不上”办结。"
    en = (
        "Its owner was not reached yet. Please call first; after three days without an answer, close as such."
    )


class CaseAnswerUnfit(Invalid):
    """An outcome of the list, and what was done in 2 to 500 characters."""

    code = "case_answer_unfit"
    zh = "请选择处理结果，并用 2 到 500 个字写清做了什么。"
    en = "Please choose an outcome and say in 2 to 500 characters what was done."


def get_case(session: Session, reference: str, *, hall_id: int) -> FollowUpCase:
    """A hall's case; raises CaseUnknown."""
    mine = (FollowUpCase.reference == reference, FollowUpCase.hall_id == hall_id)
    case = session.scalars(select(FollowUpCase).where(*mine)).one_or_none()
    if case is None:
        raise CaseUnknown
    return case


def note_contact(
    session: Session, case: FollowUpCase, *, reached: bool, actor: Actor, now: datetime
) -> FollowUpCase:
    """Its owner was called: reached, or not. Tries count once a day.

    Raises:
        CaseClosed, Forbidden
    """
    case = lock_case(session, case, actor)
    before = case.state
    if not reached:
        days = {*case.facts.get("tried_on", ()), _day(session, case, now).isoformat()}
        case.facts = {**case.facts, "tried_on": sorted(days)}
    elif case.contacted_at is None:
        case.contacted_at, case.state = now, "contacted"
    tell_moved(session, case, "case.contact", before, actor=actor, now=now, reached=reached)
    return case


def close_case(
    session: Session, case: FollowUpCase, *, outcome: str, note: str, actor: Actor, now: datetime
) -> FollowUpCase:
    """It is answered.

    Raises:
        CaseAnswerUnfit, NotContactedYet, CaseClosed, Forbidden
    """
    case, words = lock_case(session, case, actor), note.strip()
    if outcome not in OUTCOMES or not _SHORTEST <= len(words) <= _LONGEST:
        raise CaseAnswerUnfit
    tries = len(case.facts.get("tried_on", ()))
    given_up = outcome == "unreachable" and tries >= TRIES
    if case.contacted_at is None and not given_up and _left_a_phone(session, case):
        raise NotContactedYet
    before = case.state
    sealed = base64.b64encode(cipher().encrypt(words, "case.note")).decode()
    case.facts = {**case.facts, "outcome": outcome, "note": sealed}
    case.state, case.closed_at = "closed", now
    tell_moved(session, case, "case.close", before, actor=actor, now=now, outcome=outcome)
    return case


def note_of(case: FollowUpCase) -> str:
    """What was written when it was closed; empty before, and once it was forgotten."""
    sealed = case.facts.get("note", "")
    return cipher().decrypt(base64.b64decode(sealed), "case.note") if sealed else ""


def due_on(case: FollowUpCase) -> date:
    """The day by which the next step is due: the contact, then the answer."""
    return case.contact_due_on if case.contacted_at is None else case.rectify_due_on


def is_overdue(case: FollowUpCase, *, today: date) -> bool:
    """Whether its next step should have been taken before today."""
    return case.closed_at is None and due_on(case) < today


def lock_case(session: Session, case: FollowUpCase, actor: Actor) -> FollowUpCase:
    """For a step of who may work on it; raises Forbidden, CaseClosed."""
    if not actor.may("case.work", case.hall_id):
        raise Forbidden
    session.flush()  # reading anew would drop what this transaction has changed and not yet written
    session.refresh(case, with_for_update=True)
    if case.closed_at is not None:
        raise CaseClosed
    return case


def _left_a_phone(session: Session, case: FollowUpCase) -> bool:
    mine = select(Survey.phone_index).join(Rating, Rating.survey_id == Survey.id)
    return session.scalar(mine.where(Rating.id == case.rating_id)) is not None


def _day(session: Session, case: FollowUpCase, now: datetime) -> date:
    return now.astimezone(ZoneInfo(session.get_one(Hall, case.hall_id).time_zone)).date()


def tell_moved(
    session: Session,
    case: FollowUpCase,
    action: str,
    before: str,
    *,
    actor: Actor,
    now: datetime,
    **details: object,
) -> None:
    """Write a step to the audit and tell who shows cases."""
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        subject=("case", case.id),
        hall_id=case.hall_id,
        states=(before, case.state),
        **details,
    )
    outbox.emit(session, CaseMoved(case.id, case.hall_id), now=now)
