"""What both kinds of appeals share: their words, and how one is found, listed, counted and decided.

The kinds are `booking.appeals` (against a missed appointment) and `booking.document_appeals` (a document that
others used). What is particular to one stands there.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from booking.models import Appeal, DocumentAppeal
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict, Forbidden, Invalid, NotFound

LONGEST = 500

Kind = TypeVar("Kind", Appeal, DocumentAppeal)
Selected = TypeVar("Selected", bound="Select[*tuple[Any, ...]]")


class AppealState(StrEnum):
    """The value is stored."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class AppealUnknown(NotFound):
    """No appeal has this reference in this hall."""

    code = "appeal_unknown"
    zh = "没有找到这份申诉，请从列表中选择。"
    en = "There is no such appeal. Please choose one from the list."


class AppealIsDecided(Conflict):
    """Somebody has decided it already."""

    code = "appeal_is_decided"
    zh = "这份申诉已经有人处理过了，请刷新列表。"
    en = "This appeal has already been decided. Please refresh the list."


class WordsMissing(Invalid):
    """A reason or an answer is needed, in words for the other side."""

    code = "words_missing"
    zh = "请写明理由，2 到 500 字。"
    en = "Please write the reason, 2 to 500 characters."


def check_words(text: str) -> str:
    """A reason or an answer, trimmed; raises WordsMissing."""
    words = text.strip().replace("\0", "")
    if not 2 <= len(words) <= LONGEST:  # noqa: PLR2004 - as the sentence says
        raise WordsMissing
    return words


def check_decision(asked: Appeal | DocumentAppeal, answer: str, *, actor: Actor) -> str:
    """The answer of somebody who may decide, trimmed; raises Forbidden, WordsMissing."""
    if not actor.may("appeal.decide", asked.hall_id):
        raise Forbidden
    return check_words(answer)


def lock_to_decide(session: Session, asked: Kind) -> None:
    """Lock it, as it is now; it still waits for the hall for which it was read.

    Raises:
        AppealUnknown: who appealed wished to be forgotten since.
        AppealIsDecided: or it went on to another hall.
    """
    kind, hall_id = type(asked), asked.hall_id
    mine = select(kind).where(kind.id == asked.id).with_for_update()
    if session.scalar(mine.execution_options(populate_existing=True)) is None:
        raise AppealUnknown
    if asked.state != AppealState.ASKED or asked.hall_id != hall_id:
        raise AppealIsDecided


def settle(
    asked: Appeal | DocumentAppeal, *, accepted: bool, words: str, actor: Actor, now: datetime
) -> None:
    """Write down who decided what, and the answer, encrypted."""
    asked.state = AppealState.ACCEPTED if accepted else AppealState.REFUSED
    asked.decided_at, asked.decided_by = now, actor.id
    asked.answer_sealed = cipher().encrypt(words, f"{asked.__tablename__}.answer")


def get_of_hall(session: Session, kind: type[Kind], reference: str, *, hall_id: int) -> Kind:
    """The appeal of this kind and reference in this hall; raises AppealUnknown."""
    found = session.scalar(select(kind).where(kind.reference == reference, kind.hall_id == hall_id))
    if found is None:
        raise AppealUnknown
    return found


def of_hall(query: Selected, kind: type[Kind], hall_id: int, *, open_only: bool) -> Selected:
    """Of what is asked for, that of a hall: the open ones oldest first, the decided newest first."""
    query = query.where(kind.hall_id == hall_id)
    if open_only:
        return query.where(kind.state == AppealState.ASKED).order_by(kind.created_at)
    return query.where(kind.state != AppealState.ASKED).order_by(kind.decided_at.desc())


def count_open(session: Session, kind: type[Kind], hall_ids: Collection[int]) -> Mapping[int, int]:
    """Hall id → how many of this kind wait there, for several halls at once."""
    rows = session.execute(
        select(kind.hall_id, func.count())
        .where(kind.hall_id.in_(hall_ids), kind.state == AppealState.ASKED)
        .group_by(kind.hall_id)
    )
    return {row[0]: row[1] for row in rows}
