"""Walk-ins who got no number today: counted after the refusal, whose own transaction is undone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.outbox import emit
from queueing.events import LineFilledUp
from queueing.forecast_models import WalkInRefusal

#: Many are refused at once when a line is full; it is looked at once.
_QUIET = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Refused:
    """The line that was full; a press that is repeated counts once.

    `promoted`: standbys were let in before it, by the transaction that the refusal undoes.
    """

    hall_id: int
    group_id: int
    on_date: date
    press_key: str | None = None
    promoted: bool = False


def note_refusal(session: Session, refused: Refused, *, now: datetime) -> None:
    """Remember that somebody was refused; the first in a minute has the line looked at at once."""
    before = exists().where(
        WalkInRefusal.group_id == refused.group_id,
        WalkInRefusal.on_date == refused.on_date,
        WalkInRefusal.refused_at > now - _QUIET,
    )
    is_first = not session.scalar(select(before))
    values = {
        "hall_id": refused.hall_id,
        "group_id": refused.group_id,
        "on_date": refused.on_date,
        "press_key": refused.press_key,
        "refused_at": now,
    }
    made = insert(WalkInRefusal).values(values)
    made = made.on_conflict_do_nothing(index_elements=[WalkInRefusal.press_key])
    if session.scalar(made.returning(WalkInRefusal.id)) and is_first:
        emit(session, LineFilledUp(refused.hall_id, refused.group_id), now=now)
