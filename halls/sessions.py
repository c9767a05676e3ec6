"""Extra sessions as citizens see them: what a slot outside the usual hours is, and where it is held."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import PlanLine

#: The words of `halls.plan_rows.SESSIONS`.
NAMES_ZH = {"early_late": "错时", "extended": "延时", "weekend": "周末加考", "mobile": "流动下乡"}
NAMES_EN = {
    "early_late": "shifted hours",
    "extended": "extended hours",
    "weekend": "weekend session",
    "mobile": "mobile session",
}


@dataclass(frozen=True, slots=True)
class ExtraSession:
    """One extra session of a group; `place` is empty when it is held in the hall."""

    group_id: int
    on_date: date
    starts: time
    ends: time
    kind: str
    place_zh: str
    place_en: str

    @property
    def name_zh(self) -> str:
        """What it is called."""
        return NAMES_ZH.get(self.kind, "加开场次")

    @property
    def name_en(self) -> str:
        """The same in English."""
        return NAMES_EN.get(self.kind, "extra session")

    def holds(self, starts_at: datetime, tz: ZoneInfo) -> bool:
        """Whether a slot that begins at this instant belongs to it."""
        local = starts_at.astimezone(tz)
        return local.date() == self.on_date and self.starts <= local.time() < self.ends


def list_sessions(
    session: Session, group_ids: Collection[int], *, first_on: date, last_on: date
) -> list[ExtraSession]:
    """The extra sessions of groups between two hall-local dates, both included, in order."""
    lines = session.scalars(
        select(PlanLine)
        .where(
            PlanLine.group_id.in_(group_ids),
            PlanLine.kind == "extra",
            PlanLine.on_date.between(first_on, last_on),
        )
        .order_by(PlanLine.on_date, PlanLine.starts, PlanLine.group_id)
    )
    return [
        ExtraSession(
            line.group_id, line.on_date, line.starts, line.ends, line.session, line.place_zh, line.place_en
        )
        for line in lines
        if line.on_date is not None
    ]
