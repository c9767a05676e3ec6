"""p̂ of the rule: how many of those who booked come to a hall, counted every night from its own days.

Promise, admission, extra time and estimates go by it. Overbooking does not: giving out more numbers than
there are places is a decision of the hall (`booking.policy`), which sees the same count beside the field.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.show_rate import observed_show_rate
from booking.show_share import SHOW_PROBABILITY, ShowRate
from halls.models import Hall
from queueing.forecast_models import LearnedShows


def learn_shows(session: Session, hall: Hall, *, now: datetime) -> ShowRate:
    """Count the last weeks before today and keep it: too many rows to count for every ticket."""
    seen = observed_show_rate(session, hall, now=now)
    values = {"booked": seen.booked, "came": seen.came, "learned_at": now}
    made = insert(LearnedShows).values(hall_id=hall.id, **values)
    session.execute(made.on_conflict_do_update(index_elements=[LearnedShows.hall_id], set_=values))
    return seen


def show_probability_of(session: Session, hall_id: int) -> float:
    """p̂ of a hall, as counted last night."""
    query = select(LearnedShows.booked, LearnedShows.came).where(LearnedShows.hall_id == hall_id)
    row = session.execute(query).one_or_none()
    return SHOW_PROBABILITY if row is None else ShowRate(row.booked, row.came).probability
