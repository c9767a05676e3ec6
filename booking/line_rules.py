"""The booking rules of the line that a visit would join, for questions asked before anything is held."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules, rules_from
from booking.ladder import Release, releases_of
from catalog.models import HallService, Service
from halls.models import Hall
from halls.queries import CITY_DAYS, calendar_with
from halls.workdays import Calendar

_LINE = (
    select(Hall.policy, Hall.time_zone, HallService.group_id, CITY_DAYS.label("city_days"))
    .join(HallService, HallService.hall_id == Hall.id)
    .join(Service, Service.id == HallService.service_id)
    .where(Hall.code == bindparam("hall_code"), Hall.active, Service.code == bindparam("service_code"))
)


@dataclass(frozen=True, slots=True)
class LineRules:
    """A line with its hall's rules."""

    group_id: int
    rules: HallRules
    calendar: Calendar

    def releases_for(self, starts_at: datetime) -> list[Release]:
        """When the numbers of the date of this slot are released."""
        on, rules = self.rules.date_of(starts_at), self.rules
        return releases_of(on, calendar=self.calendar, tz=rules.tz, ladder=rules.policy.ladder)


def find_line_rules(session: Session, hall_code: str, service_code: str) -> LineRules | None:
    """The line of this service in this hall, None where there is none."""
    row = session.execute(_LINE, {"hall_code": hall_code, "service_code": service_code}).one_or_none()
    if row is None:
        return None
    return LineRules(row.group_id, rules_from(row.policy, row.time_zone), calendar_with(row.city_days))
