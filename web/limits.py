"""Limits: how often a person, a phone and a device may do what costs others something. Data, in one table.

No decision about a person hangs on an address alone: halls, villages and carriers share them. What counts
by address is so wide that it only stops a flood of requests.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

from flask import Flask, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from sqlalchemy.orm import Session

from kernel.direct import Direct
from kernel.limits import LimitReached, Limits, Rule, hashed, parse_rules
from kernel.parts import Parts
from kernel.settings import Settings, SettingsInvalid
from people.citizens import identity_index
from people.identity import normalise
from web import edge
from web.device import address, announced_device, device

View = TypeVar("View", bound=Callable[..., Any])
limiter = Limiter(get_remote_address, default_limits=[], in_memory_fallback_enabled=True)

#: What one address may ask of a page: only floods are more.
FLOOD = "1200/minute"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

#: Also in docs/fairness.md; `YOUHAO_LIMITS` changes them.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "hold.device": Rule(30, 10 * _MINUTE),
        "hold.address": Rule(1200, _MINUTE),
        "hold.phone": Rule(10, 10 * _MINUTE),  # holds of unknown devices that it stands for
        "code.device": Rule(15, _HOUR),  # beside those of each phone, which are the use case's
        "code.address": Rule(600, _HOUR),
        # What can be learned of a document in a day by typing it: docs/adr/0009-what-a-try-tells.md.
        "book.identity": Rule(16, _DAY),
        "book.pair": Rule(8, _DAY),  # one phone with one document: it alone stops nobody from booking
        "book.phone": Rule(30, _DAY),
        "wait.device": Rule(6, 10 * _MINUTE),
        "request.phone": Rule(5, _DAY),
        "appeal.phone": Rule(10, _DAY),
        "appeal.identity": Rule(5, _DAY),
        "pair.address": Rule(120, 10 * _MINUTE),
    }
)


def caller() -> str:
    """Who asks: a browser or program as it is known, and only without that its address."""
    known = device() or announced_device()
    return hashed(known, "device") if known else hashed(address(), "address")


def limit_tries(
    most: str, *, of: Callable[[], str] = caller, flood: str = FLOOD, **when: Any
) -> Callable[[View], View]:
    """At most so many requests of whoever asks (or `of` something else), and no flood from one address."""

    def limited(view: View) -> View:
        wide = limiter.limit(flood, **when)(view)
        return cast("View", limiter.limit(most, key_func=of, **when)(wide))

    return limited


def is_demonstration() -> bool:
    """A played day books for hundreds of people from one address."""
    return edge.parts().settings.demo


def rules_of(settings: Settings) -> dict[str, Rule]:
    """The limits in force.

    Raises:
        SettingsInvalid: a limit that there is not.
    """
    changed = parse_rules(settings.limits)
    unknown = sorted(changed.keys() - RULES.keys())
    if unknown:
        raise SettingsInvalid([f"YOUHAO_LIMITS names {', '.join(unknown)}, which is no limit"])
    return {**RULES, **changed}


def fair() -> Limits:
    """The counters of this process."""
    extensions = current_app.extensions
    parts: Parts = extensions["youhao"]
    own = extensions.get("fair_limits")
    if not isinstance(own, Limits) or own.redis is not parts.redis:
        own = extensions["fair_limits"] = Limits(parts.redis, rules_of(parts.settings))
    return own


def reach(database: Session | Direct) -> None:
    """Make sure that there is a database before a try is counted: one that finds none is not the citizen's.

    Whoever counts the tries of a hold, a booking, a move, an appeal or a request asks for what it will be
    written with, so that none of them can be counted before.

    Raises:
        DatabaseDown: at the edge.
    """
    if isinstance(database, Session):
        database.connection()


def limit_hold(database: Session | Direct) -> None:
    """One more number is to be held, in this transaction or by this connection; raises LimitReached."""
    reach(database)
    _limit_device("hold")


def limit_keep(database: Session | Direct, phone: str | None) -> None:
    """One more hold is to be kept for the usual time by who stands for it: a phone, else a browser.

    Raises:
        LimitReached
    """
    if phone is not None:
        limit_phone(database, "hold.phone", phone)
    else:
        reach(database)
        _limit_device("hold")


def limit_code() -> None:
    """One more code is to be sent, for pages and API together; raises LimitReached."""
    _limit_device("code")


def _limit_device(what: str) -> None:
    known = device() or announced_device()
    claims = [(f"{what}.device", hashed(known, "device"))] if known else []
    if not is_demonstration():
        claims.append((f"{what}.address", hashed(address(), "address")))
    if claims:
        fair().take(claims)


def limit_pairing() -> None:
    """One more device asks for a code; raises LimitReached."""
    fair().take([("pair.address", hashed(address(), "address"))])


def limit_booking_try(database: Session | Direct, person: bytes | None, phone: bytes | None) -> None:
    """One more try to book, to move or to take a cancellation back: all three ask what else stands that day.

    `person` and `phone` are keyed hashes already; either is None once its owner was forgotten.

    Raises:
        LimitReached
    """
    reach(database)
    claims = [("book.identity", person), ("book.phone", phone)]
    if person is not None and phone is not None:
        claims.append(("book.pair", person + phone))
    limits = fair()
    try:
        limits.take([(name, value.hex()) for name, value in claims if value is not None])
    except LimitReached as refusal:
        if refusal.params["limit"] != "book.identity":
            raise
        # How long it really is would tell when somebody else has first tried with this document.
        whole = limits.rules["book.identity"].seconds
        raise LimitReached(limit="book.identity", wait_seconds=whole) from None


def limit_phone(database: Session | Direct, name: str, phone: str) -> None:
    """One more of something that a verified phone may do only so often; raises LimitReached."""
    reach(database)
    fair().take([(name, hashed(phone, "phone"))])


def limit_document_appeal(database: Session | Direct, phone: str, kind: str, number: str) -> None:
    """One more appeal of a verified phone, for a document; raises LimitReached."""
    reach(database)
    document = identity_index(kind, normalise(kind, number)).hex()
    fair().take([("appeal.phone", hashed(phone, "phone")), ("appeal.identity", document)])


def register(app: Flask, settings: Settings) -> None:
    """Use the same Redis as everything else."""
    rules_of(settings)
    url = settings.redis_url or "memory://"
    app.config.update(
        RATELIMIT_STORAGE_URI=url.replace("unix://", "redis+unix://") if url.startswith("unix://") else url,
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.3, "socket_timeout": 0.5}
        if url != "memory://"
        else {},
        RATELIMIT_KEY_PREFIX="limit",
        RATELIMIT_HEADERS_ENABLED=False,
    )
    limiter.init_app(app)
    # Only routes that say so have limits, and those ask by themselves: no other request need be looked at.
    asked = app.before_request_funcs[None]
    asked[:] = [each for each in asked if getattr(each, "__self__", None) is not limiter]
