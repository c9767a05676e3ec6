"""Remembering that somebody looked for a number. Only browsers and programs that show themselves count.

Whoever comes by a link straight to the days of a hall has nothing to show yet. Their look goes into a cookie
beside the one that makes them known, and counts as soon as both come back: with the next page, or with the
piece that this page asks for by itself. A robot that keeps no cookies never brings it.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, after_this_request, g, request
from sqlalchemy.orm import Session

from booking.attempts import record_look, visitor_of
from kernel.crypto import cipher
from web import edge
from web.device import announced_device, device, device_to_be

COOKIE = "yl"
_KEPT = timedelta(hours=12)
_MOST_SERVICES = 20


def note_look(
    session: Session, *, service_ids: Sequence[int], hall_id: int, today: date, found: bool
) -> None:
    """Record a look of this request, if it carries the random text of a browser or a program.

    Who sends none (robots, cookies refused) would be somebody new each time and count as crowds; so they are
    left out, and the count is a lower bound.
    """
    name = device() or announced_device()
    if name is not None:
        _record(session, name, (service_ids, hall_id, today, found))
    elif request.blueprint == "citizen":
        device_to_be()  # settled now: whichever of the two cookies is written first, both name it
        g.first_look = [sorted(set(service_ids))[:_MOST_SERVICES], hall_id, today.isoformat(), found]
        after_this_request(_let_it_come_back)


def count_first_look() -> None:
    """Record what a browser looked at before it was known, once it shows that it keeps cookies."""
    text = request.cookies.get(COOKIE)
    name = device() if text else None
    if text is None or name is None or g.get("first_look") is not None:
        return
    after_this_request(_forget)
    look = _read(name, text)
    if look is not None:
        with edge.transaction() as session:
            _record(session, name, look)


def _record(session: Session, name: str, look: tuple[Sequence[int], int, date, bool]) -> None:
    service_ids, hall_id, today, found = look
    record_look(
        session,
        visitor_of(name, today),
        service_ids=service_ids,
        hall_id=hall_id,
        on_date=today,
        found=found,
        now=edge.now(),
    )


def _let_it_come_back(response: Response) -> Response:
    text = urlsafe_b64encode(json.dumps(g.first_look, separators=(",", ":")).encode()).decode()
    response.set_cookie(
        COOKIE,
        f"{text}.{_mark(device_to_be(), text)}",
        max_age=int(_KEPT.total_seconds()),
        httponly=True,
        secure=edge.parts().settings.base_url.startswith("https://"),
        samesite="Lax",
    )
    return response


def _forget(response: Response) -> Response:
    response.delete_cookie(COOKIE)
    return response


def _read(name: str, text: str) -> tuple[Sequence[int], int, date, bool] | None:
    """A look that we wrote for this browser; None for anything else, and for one of another day."""
    packed, _dot, mark = text.partition(".")
    if not hmac.compare_digest(mark.encode(), _mark(name, packed).encode()):
        return None
    service_ids, hall_id, day, found = _unpack(packed)
    looked_on = date.fromisoformat(day)
    if abs(edge.today() - looked_on) > timedelta(days=1):  # halls may be in many zones
        return None
    return service_ids, hall_id, looked_on, found


def _unpack(packed: str) -> Any:
    return json.loads(urlsafe_b64decode(packed))


def _mark(name: str, text: str) -> str:
    return cipher().blind_index(f"{name}:{text}", "look.cookie").hex()[:16]
