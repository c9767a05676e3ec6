"""Walk-ins who got no number today: counted after the refusal, whose own transaction is undone."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from queueing.forecast_models import WalkInRefusal


@dataclass(frozen=True, slots=True)
class Refused:
    """The line that was full; a press that is repeated counts once."""

    hall_id: int
    group_id: int
    on_date: date
    press_key: str | None = None


def note_refusal(session: Session, refused: Refused, *, now: datetime) -> None:
    """Remember that somebody was refused."""
    values = {
        "hall_id": refused.hall_id,
        "group_id": refused.group_id,
        "on_date": refused.on_date,
        "press_key": refused.press_key,
        "refused_at": now,
    }
    made = insert(WalkInRefusal).values(values)
    session.execute(made.on_conflict_do_nothing(index_elements=[WalkInRefusal.press_key]))
