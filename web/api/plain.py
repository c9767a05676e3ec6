"""What hundreds send at once, holds and bookings, read by hand: a field at a time the schema takes longer.

Whatever is not plain is None here; then the schema judges it and says what is wrong. It documents both, and a
test holds one against the other.
"""

import json
import re
from datetime import datetime
from typing import Any

from flask.globals import request_ctx

from booking.hold import HoldSlot
from people.identity import IdentityKind
from web.api.fields import CODE, EARLIEST, LATEST, REFERENCE

_CODE, _REFERENCE = re.compile(CODE), re.compile(REFERENCE)
_MOMENT = re.compile(
    r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][+-][0-2][0-9]:[0-5][0-9]"
)
_KINDS = frozenset(kind.value for kind in IdentityKind)
_HOLD_KEYS = {"hall", "services", "starts_at"}
_BOOK_KEYS = {"hold_token", "name", "identity_kind", "identity_number", "phone_token"}
_PHONE_TOKEN = re.compile("[A-Za-z0-9_-]{1,400}")
#: As programs and browsers write it: reading the header takes longer than the whole body.
_JSON = {"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"}
_MOST_SERVICES, _LONGEST_NAME, _LONGEST_BODY = 10, 60, 2000


def plain_hold() -> HoldSlot | None:
    """The slot that the body of this request wants, without answers and without an earlier hold."""
    body = _body(_HOLD_KEYS)
    if body is None:
        return None
    hall, services, starts_at = body["hall"], body["services"], body["starts_at"]
    if not (_matches(_CODE, hall) and isinstance(services, list) and 1 <= len(services) <= _MOST_SERVICES):
        return None
    if not all(_matches(_CODE, each) for each in services) or not _matches(_MOMENT, starts_at):
        return None
    try:
        moment = datetime.fromisoformat(starts_at)
    except ValueError:
        return None
    return HoldSlot(hall, tuple(services), moment) if EARLIEST <= moment <= LATEST else None


def plain_booking() -> dict[str, str] | None:
    """The body of this request, where it says name and document of who comes, and nothing more."""
    body = _body(_BOOK_KEYS)
    if body is None or not all(isinstance(text, str) for text in body.values()):
        return None
    short = all(
        0 < len(body[name]) <= _LONGEST_NAME and body[name].isprintable() and not body[name].isspace()
        for name in ("name", "identity_number")
    )
    kind = body["identity_kind"] in _KINDS
    tokens = _matches(_REFERENCE, body["hold_token"]) and _matches(_PHONE_TOKEN, body["phone_token"])
    return body if short and kind and tokens else None


def _matches(pattern: "re.Pattern[str]", text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _body(keys: set[str]) -> dict[str, Any] | None:
    """The object that was sent, if it has exactly these keys."""
    asked = request_ctx.request
    if asked.environ.get("CONTENT_TYPE") not in _JSON or not 0 < (asked.content_length or 0) <= _LONGEST_BODY:
        return None
    try:
        body = json.loads(asked.get_data(cache=True))
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and body.keys() == keys else None
