"""The day's list of a hall for an outage: who is booked when and for what, to be printed and ticked off.

It shows as little of a person as calling them needs: the six-digit code and the last character of the name.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.states import AppointmentState
from catalog.queries import services_of
from halls.models import Hall
from halls.queries import list_groups
from kernel import audit
from kernel.actor import Actor
from people.citizens import name_of
from people.models import Citizen
from people.names import mask
from queueing.models import Ticket

BLANK_ROWS = 20
_COMING = (AppointmentState.BOOKED, AppointmentState.CHECKED_IN, AppointmentState.FULFILLED)
HEADS = {
    "zh": ("到场", "时间", "取号码", "号码", "队列", "事项", "姓名"),
    "en": ("Here", "Time", "Code", "Number", "Line", "Service", "Name"),
}

#: Behind the name of somebody for whom an officer booked.
BY_STAFF = {"zh": "（代办）", "en": " (by staff)"}


@dataclass(frozen=True, slots=True)
class DayRow:
    """A booking. `label` is the ticket's number, empty before check-in; `lines` the letters of its lines."""

    starts_at: datetime
    code: str
    label: str
    lines: str
    services_zh: str
    services_en: str
    name: str
    arrived: bool
    by_staff: bool
    place_zh: str = ""
    place_en: str = ""

    def services(self, *, english: bool) -> str:
        """What they come for, and where when not in the hall."""
        asked = self.services_en if english else self.services_zh
        place = (self.place_en if english else "") or self.place_zh
        if not place:
            return asked
        return f"{asked} ({place})" if english else f"{asked}（{place}）"


@dataclass(frozen=True, slots=True)
class DayList:
    """A hall's bookings of a day by time, cancelled and missed ones left out; villages at the end."""

    hall: Hall
    on_date: date
    made_at: datetime
    rows: tuple[DayRow, ...]


def take_day_list(session: Session, hall: Hall, *, on_date: date, actor: Actor, now: datetime) -> DayList:
    """The list of this moment; that it was taken is audited."""
    audit.record(
        session,
        "day_list.take",
        actor=actor,
        now=now,
        subject=("hall", hall.id),
        hall_id=hall.id,
        on=on_date.isoformat(),
    )
    letters = {group.id: group.letter for group in list_groups(session, hall.id)}
    found = session.execute(
        select(Appointment, Citizen, Ticket.label)
        .join(Citizen, Citizen.id == Appointment.citizen_id)
        .outerjoin(Ticket, (Ticket.appointment_id == Appointment.id) & (Ticket.state != "abandoned"))
        .where(
            Appointment.hall_id == hall.id,
            Appointment.on_date == on_date,
            Appointment.state.in_(_COMING),
        )
        .order_by(Appointment.place_zh, Appointment.starts_at, Appointment.code)
    ).all()
    ids = {each for appointment, _citizen, _label in found for each in appointment.service_ids}
    services = {row.id: row for row in services_of(session, ids)}
    rows = []
    for appointment, citizen, label in found:
        group_ids = [leg["group_id"] for leg in appointment.legs] or [appointment.group_id]
        asked = [services[each] for each in appointment.service_ids if each in services]
        rows.append(
            DayRow(
                appointment.starts_at,
                appointment.code,
                label or "",
                " ".join(letters.get(each, "") for each in group_ids),
                "、".join(row.name_zh for row in asked),
                ", ".join(row.name_en or row.name_zh for row in asked),
                mask(name_of(citizen)),
                appointment.state != AppointmentState.BOOKED,
                appointment.made_by == "staff",
                appointment.place_zh,
                appointment.place_en,
            )
        )
    return DayList(hall, on_date, now, tuple(rows))


def cells_of(day: DayList, language: str) -> list[list[str]]:
    """The list as a table, with blank rows at its end for people who come without a booking."""
    zone, english = ZoneInfo(day.hall.time_zone), language.startswith("en")
    head = HEADS["en" if english else "zh"]
    rows = [
        [
            "☑" if row.arrived else "☐",
            f"{row.starts_at.astimezone(zone):%H:%M}",
            row.code,
            row.label,
            row.lines,
            row.services(english=english),
            row.name + (BY_STAFF["en" if english else "zh"] if row.by_staff else ""),
        ]
        for row in day.rows
    ]
    return [list(head), *rows, *(["☐", *[""] * (len(head) - 1)] for _ in range(BLANK_ROWS))]


def title_of(day: DayList, language: str) -> str:
    """What stands above it: which hall, which day, of when."""
    made = f"{day.made_at.astimezone(ZoneInfo(day.hall.time_zone)):%m-%d %H:%M}"
    if language.startswith("en"):
        return f"{day.hall.name_en or day.hall.name_zh} · bookings of {day.on_date} (as of {made})"
    return f"{day.hall.name_zh} · {day.on_date} 预约名单（{made} 生成）"
