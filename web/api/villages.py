"""Mobile sessions of today (流动下乡): who is booked, check-in, the end, and taking either back."""

from typing import Any

from sqlalchemy.orm import Session

from booking.errors import AppointmentUnknown
from booking.models import Appointment
from booking.policy import CheckInOnAnotherDay
from booking.queries import find_by_code
from halls.models import Hall
from halls.queries import HallUnknown, get_hall
from kernel import clock
from queueing.check_in import CheckIn
from queueing.errors import BookedInHall, CannotUndo, NothingToCheckIn, TooLate, VisitIsOver, WrongHall
from queueing.undo_in_village import undo_in_village
from queueing.village import arrive_in_village, list_village_visits, serve_in_village
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import queue as shapes
from web.api.schemas import villages as village_shapes
from web.guards import bearer_only
from web.told_to_staff import look_ups_audited

blueprint = Blueprint("villages", __name__, description="Mobile sessions. 流动下乡签到与办结")

VISIT = village_shapes.VillageVisitSchema()
ADDRESS = "/halls/<code:code>/villages"
VERBS = ("complete", "undo")


@blueprint.get(ADDRESS)
@bearer_only("checkin.do")
@refuses(HallUnknown)
@blueprint.response(200, village_shapes.VillagesSchema())
def list_villages(code: str) -> dict[str, Any]:
    """Who is booked in the villages of today, by place and time; of names only the last character.

    今天流动下乡各地点的预约，按地点和时间排列，姓名只留最后一个字。
    """
    with edge.transaction() as session:
        hall = _hall(session, code)
        today = edge.today(hall.time_zone)
        found = list_village_visits(session, hall, on_date=today)
        return {
            "villages": [
                {
                    "place_zh": place.name_zh,
                    "place_en": place.name_en,
                    "visits": [{**_told(row.appointment), "name": row.name} for row in rows],
                }
                for place, rows in found.items()
            ]
        }


@blueprint.post(f"{ADDRESS}/check-ins")
@bearer_only("checkin.do")
@refuses(HallUnknown, NothingToCheckIn, WrongHall, CheckInOnAnotherDay, BookedInHall, TooLate, VisitIsOver)
@blueprint.arguments(shapes.CheckInSchema())
@blueprint.response(200, VISIT)
def check_in_at_village(body: dict[str, str], code: str) -> dict[str, Any]:
    """Check in who came to the village, at any time of the day; twice changes nothing.

    流动下乡签到，当天任何时候都可以；重复签到结果不变。
    """
    with look_ups_audited(code, body.get("identity")), edge.transaction() as session:
        hall = _hall(session, code)
        shown = CheckIn(hall.id, **body)
        return _told(arrive_in_village(session, shown, actor=edge.actor(), now=edge.now()))


@blueprint.post(f"{ADDRESS}/visits/<code:number>/<any({','.join(VERBS)}):verb>")
@bearer_only("checkin.do")
@refuses(HallUnknown, AppointmentUnknown, NothingToCheckIn, BookedInHall, CannotUndo)
@blueprint.response(200, VISIT)
def move_village_visit(code: str, number: str, verb: str) -> dict[str, Any]:
    """Take the visit of today with this six-digit code one step on: complete or undo.

    `complete` ends it and asks its owner how it was; twice changes nothing. `undo` takes your own last
    check-in or end back, within ten seconds and while nobody has gone on from there.

    流动下乡办结（`complete`），或十秒内撤销自己的上一步签到或办结（`undo`）；按六位取号码。
    """
    with edge.transaction() as session:
        hall = _hall(session, code)
        by, now = edge.actor(), edge.now()
        booked = find_by_code(session, hall.id, edge.local(now, hall.time_zone).date(), number)
        if booked is None:
            raise AppointmentUnknown
        if verb == "undo":
            undo_in_village(session, hall.id, booked.reference, actor=by, now=now, real_now=clock.real_now())
        else:
            serve_in_village(session, hall.id, booked.reference, actor=by, now=now)
        return _told(booked)


def _hall(session: Session, code: str) -> Hall:
    hall = get_hall(session, code)
    edge.require("checkin.do", hall.id)
    return hall


def _told(booked: Appointment) -> dict[str, Any]:
    """Named by its code: the reference stays with the citizen."""
    names = ("code", "state", "starts_at", "ends_at", "place_zh", "place_en", "checked_in_at", "fulfilled_at")
    return {name: getattr(booked, name) for name in names}
