"""Where a line gives no number today: what can be booked on the spot within three working days."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from booking.on_the_spot import list_spot_offers
from booking.slot_places import place_told
from halls.queries import get_hall_by_id
from kernel.errors import DomainError
from web import edge, problems
from web.kiosk.chosen import chosen
from web.kiosk.face import blueprint, kiosk_only


@blueprint.get("/take/<group_code>/offers")
@kiosk_only
def offers(group_code: str) -> ResponseReturnValue:
    """The times; with `way=home` what is done without a counter, with `way=all` all ways to choose from."""
    return offers_page(group_code, way=request.args.get("way", ""))


def offers_page(group_code: str, refusal: DomainError | None = None, *, way: str = "") -> ResponseReturnValue:
    """What can be done instead of a number today, and what was refused just now."""
    with edge.transaction() as session:
        facts = chosen(session, group_code)
        service = facts["service"]
        ids = (service.id,) if service else ()
        found = list_spot_offers(session, facts["group"].id, service_ids=ids, now=edge.now())
        facts["offers"] = shown(session, (each.as_json() for each in found))
    sentence = refusal.sentence(edge.language()) if refusal else ""
    template = "kiosk/stopped.html" if way == "all" else "kiosk/offers.html"
    page = render_template(template, sentence=sentence, way=way, **facts)
    return page, problems.status_of(refusal) if refusal else 200


def shown(session: Session, alternatives: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Offers as the page shows them: with their hall."""
    return [
        {
            "hall": get_hall_by_id(session, each["hall_id"]),
            "starts_at": datetime.fromisoformat(each["starts_at"]),
            "free": each["free"],
            "place": place_told(each),
        }
        for each in alternatives
    ]
