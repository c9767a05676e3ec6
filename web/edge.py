"""The edge of a request: the one place that reads the clock, opens the transaction and knows who asks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, g
from flask.globals import app_ctx, request_ctx
from sqlalchemy.orm import Session

from booking.recent import Recent
from kernel import clock
from kernel.actor import ANONYMOUS, Actor
from kernel.direct import Direct
from kernel.errors import Forbidden
from kernel.parts import Parts
from queueing.errors import WalkInsStopped
from queueing.standby import after_refusal

LANGUAGES = {"zh": "zh_Hans", "en": "en"}

#: Where no hall says otherwise.
CITY_ZONE = "Asia/Shanghai"


class CityWideOnly(Forbidden):
    """What concerns every hall is for people whom no hall limits."""

    code = "city_wide_only"
    zh = "此项操作涉及全市，请联系全市管理员办理。"
    en = "This concerns the whole city. Please ask an administrator of the city."


def parts() -> Parts:
    """What this process works with."""
    found: Parts = current_app.extensions["youhao"]
    return found


@contextmanager
def transaction() -> Iterator[Session]:
    """The request's unit of work: commits when the block ends.

    A refused walk-in is counted all the same, and standbys that were let in before it stay in.
    """
    try:
        with parts().database.transaction() as session:
            yield session
    except WalkInsStopped as stopped:
        if stopped.refused is not None:
            with parts().database.transaction() as session:
                after_refusal(session, stopped.refused, now=now())
        raise


@contextmanager
def direct(*, together: bool = False) -> Iterator[Direct]:
    """For statements that are a transaction each, or one `together` (`kernel.direct`)."""
    with parts().database.direct(together=together) as straight:
        yield straight


def now() -> datetime:
    """Business time of this request, read once."""
    kept = app_ctx.g  # asked several times a request: once through the proxy
    moment: datetime | None = kept.get("now")
    if moment is None:
        moment = kept.now = clock.now()
    return moment


def actor() -> Actor:
    """Who asks, as the route's guard found out."""
    found: Actor = g.get("actor", ANONYMOUS)
    return found


def require(permission: str, hall_id: int | None = None) -> Actor:
    """The actor, once sure that they hold `permission` (in that hall).

    Raises:
        Forbidden: otherwise.
    """
    who = actor()
    if not who.may(permission, hall_id):
        raise Forbidden
    return who


def require_everywhere(permission: str) -> Actor:
    """The actor, once sure that they hold `permission` for the whole city.

    Raises:
        Forbidden, CityWideOnly
    """
    who = require(permission)
    if not who.everywhere:
        raise CityWideOnly
    return who


def language() -> str:
    """`zh` or `en`: chosen by the reader's switch (cookie), or by `Accept-Language` on the API alone.

    Pages do not negotiate: phones that send zh-CN with English after it would get English by mistake.
    """
    asked = request_ctx.request
    return language_of(asked.cookies.get("lang", ""), asked.path, asked.headers.get("Accept-Language", ""))


def language_of(chosen: str, path: str, accepted: str) -> str:
    """`language()` of a request with this cookie, path and `Accept-Language`."""
    if not chosen and path.startswith("/api/"):
        chosen = accepted[:2].lower()
    return "en" if chosen == "en" else "zh"


def text(row: Any, name: str) -> str:
    """The row's text in the reader's language; Chinese where the English is missing."""
    chinese: str = getattr(row, f"{name}_zh")
    return (getattr(row, f"{name}_en") or chinese) if language() == "en" else chinese


def local(moment: datetime, zone: str = CITY_ZONE) -> datetime:
    """The instant on the hall's wall clock."""
    return moment.astimezone(ZoneInfo(zone))


def today(zone: str = CITY_ZONE) -> date:
    """The day of this request by the hall's wall clock."""
    return local(now(), zone).date()


def recent() -> Recent:
    """What this process read half a second ago, for questions that many ask in the same moment."""
    found: Recent = of_parts("recent", Recent)
    return found


def of_parts(name: str, make: Callable[[], Any]) -> Any:
    """Something made once for these parts: what was read from one database says nothing about another."""
    extensions = current_app.extensions
    of, found = extensions.get(name, (None, None))
    if of is not extensions["youhao"]:
        found = make()
        extensions[name] = (extensions["youhao"], found)
    return found


def parts_extension(name: str, make: Callable[[Parts], Any]) -> Any:
    """Something built once per process from its parts, when first asked for."""
    extensions = current_app.extensions
    if name not in extensions:
        extensions[name] = make(parts())
    return extensions[name]
