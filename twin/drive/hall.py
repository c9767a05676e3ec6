"""The hall of a day file, made at the server by the administrators' API."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from twin.day_file import Day
from twin.drive.server import Server


@dataclass(frozen=True, slots=True)
class DriveHall:
    """The hall made for this run, and a kiosk in it."""

    code: str
    service_of: dict[str, str]  # group code → service code
    kiosk: str  # token
    zone: ZoneInfo
    on_date: date

    def at(self, wall: time) -> datetime:
        """An instant of the day."""
        return datetime.combine(self.on_date, wall, self.zone)

    @staticmethod
    def zone_of(day: Day) -> ZoneInfo:
        """The hall's wall clock."""
        return ZoneInfo(day.time_zone)


def make_hall(server: Server, day: Day) -> DriveHall:
    """Hall, services, numbers of the date, kiosk. The code is new each time: a day can be played again."""
    code = f"{day.hall_code[:22]}-{secrets.token_hex(4)}"
    server.put(f"/halls/{code}", hall_body(day))
    service_of = {group.code: f"{day.hall_code[:28]}-{group.code}".lower() for group in day.groups}
    for position, group in enumerate(day.groups):
        body = service_body(day, group.code, position=9000 + position)
        server.put(f"/services/{service_of[group.code]}", body)
    offered = {service: group for group, service in service_of.items()}
    server.put(f"/halls/{code}/services", {"services": offered})
    on = day.on_date.isoformat()
    server.post(f"/halls/{code}/publish", {"from": on, "to": on})
    kiosk = server.post("/devices", {"kind": "kiosk", "hall": code, "name": "取号机 1"})
    return DriveHall(code, service_of, kiosk["token"], ZoneInfo(day.time_zone), day.on_date)


def leave_hall(server: Server, hall: DriveHall) -> None:
    """Offer nothing there any more: nobody must be led to a hall whose only day is over."""
    server.put(f"/halls/{hall.code}/services", {"services": {}})


def hall_body(day: Day) -> dict[str, Any]:
    """The day's plan as a hall: on its date, and on no other of that weekday's dates that rest."""
    lines = [
        {
            "group": line.group,
            "starts": f"{line.starts:%H:%M}",
            "ends": f"{line.ends:%H:%M}",
            "counters": line.counters,
        }
        for line in day.open
    ]
    once = {"on": day.on_date.isoformat(), "kind": "replace"}
    return {
        "name_zh": day.hall_name_zh,
        "name_en": day.hall_name_en,
        "time_zone": day.time_zone,
        "groups": [
            {
                "code": group.code,
                "letter": group.letter,
                "name_zh": group.name_zh,
                "name_en": group.name_en,
                "unit_minutes": group.unit_minutes,
                "mean_minutes": max(0.5, group.mean_minutes),
            }
            for group in day.groups
        ],
        "counters": [{"number": one.number, "groups": list(one.groups)} for one in day.counters],
        "plan": [{**line, "weekdays": [day.on_date.isoweekday()]} for line in lines],
        # A weekday's plan rests on holidays; that of the date holds whatever the calendar says.
        "extras": [{**line, **once} for line in lines],
    }


def service_body(day: Day, group_code: str, *, position: int) -> dict[str, Any]:
    """One service for a group: it takes one number."""
    group = next(one for one in day.groups if one.code == group_code)
    return {
        "position": position,
        "name_zh": f"{group.name_zh}（{day.hall_name_zh}）"[:80],
        "name_en": f"{group.name_en} ({day.hall_name_en})"[:120],
        "group": group.code,
        "minutes": group.unit_minutes,
        "materials": [{"code": "id-card", "name_zh": "身份证件", "name_en": "Proof of identity"}],
    }
