"""Times of the schedule that have come, one row each: the key makes every job of the schedule run once."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class JobRun(Base):
    """Job `name` (with its hall, for example `close_day:3`) was due at business time `due_at`.

    Written in the transaction that hands the job to the outbox; `recorded_at` is real time.
    """

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime]
