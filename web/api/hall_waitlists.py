"""The waitlist of a hall for who is responsible for its day: how it stands, and taking somebody off."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking import waitlist_desk as desk
from booking.models import WaitlistEntry
from booking.waitlist import WaitUnknown
from booking.waitlist_states import WaitState
from booking.waitlist_visits import lines_of
from catalog.queries import services_of
from halls.models import Hall
from halls.queries import HallUnknown, get_hall, list_groups
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.schemas import waitlists as shapes
from web.guards import bearer_only

blueprint = Blueprint(
    "hall-waitlists", __name__, description="Who waits for a number of a hall. 大厅的候补名单"
)

TAKEN_OFF = shapes.TakenOffSchema()


@blueprint.get("/halls/<code:code>/waitlist")
@bearer_only("waitlist.tend")
@refuses(HallUnknown)
@blueprint.response(200, shapes.HallWaitlistSchema())
def read_hall_waitlist(code: str) -> dict[str, Any]:
    """See the waitlist of a hall: each line with its counts, and of each the first fifty who wait.

    大厅的候补名单：各业务组人数、留号和今天的结果，每组列出前五十位；手机号打码。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("waitlist.tend", hall.id)
        return {"hall": hall.code, "lines": _lines(session, hall)}


def _lines(session: Session, hall: Hall) -> list[dict[str, Any]]:
    codes = {group.id: group.code for group in list_groups(session, hall.id)}
    waiting = desk.list_waiting(session, hall)
    wanted = {service_id for each in waiting for service_id in each.entry.service_ids}
    services = {service.id: service.code for service in services_of(session, wanted)}
    return [
        {
            **asdict(line),
            "group": codes[line.group_id],
            "entries": [
                _entry(each, codes, services) for each in waiting if each.entry.group_id == line.group_id
            ],
        }
        for line in desk.lines_of_hall(session, hall, now=edge.now())
    ]


def _entry(each: desk.Waiting, codes: Mapping[int, str], services: Mapping[int, str]) -> dict[str, Any]:
    entry, offered = each.entry, each.entry.state == WaitState.OFFERED
    return {
        **_named(entry),
        "place": each.place,
        "phone": each.phone,
        "groups": [codes[group_id] for group_id in lines_of(entry)],
        "services": [services[each] for each in entry.service_ids if each in services],
        "first_on": entry.first_on,
        "last_on": entry.last_on,
        "joined_at": entry.created_at,
        "offers": entry.offers,
        "offer_starts_at": entry.offer_starts_at if offered else None,
        **each.offered_at.as_json(),
        "offer_until": entry.offer_until if offered else None,
    }


def _named(entry: WaitlistEntry) -> dict[str, Any]:
    return {"id": entry.id, "state": entry.state}


@blueprint.post("/halls/<code:code>/waitlist/<int(max=9223372036854775807):entry_id>/take-off")
@bearer_only("waitlist.tend")
@idempotent
@refuses(HallUnknown, WaitUnknown, desk.WaitHasEnded)
@blueprint.arguments(shapes.TakeOffSchema())
@blueprint.response(200, TAKEN_OFF)
def take_off_hall_waitlist(body: Mapping[str, str], code: str, entry_id: int) -> Response:
    """Take somebody off, with a reason; what was offered goes to the next. They are sent nothing.

    把人移出候补，须有理由；为其保留的号给下一位，不发短信。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("waitlist.tend", hall.id)
        reason = body["reason"]
        return _named(desk.take_off(session, hall, entry_id, reason=reason, actor=actor, now=edge.now()))

    return answer_once(work, TAKEN_OFF, status=200, caller=edge.actor())
