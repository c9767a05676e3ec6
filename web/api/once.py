"""Answer once: a request sent again with its `Idempotency-Key` gets the first answer, byte by byte."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from flask import Response, request
from marshmallow import Schema
from sqlalchemy.orm import Session

from booking import idempotency
from booking.errors import RequestInProgress
from kernel import clock
from kernel.actor import ANONYMOUS, Actor
from kernel.direct import Direct
from kernel.errors import Invalid
from web import edge
from web.device import announced_device, device

Found = TypeVar("Found")

_KEY = re.compile(r"[!-~]{1,128}")
_WAITS = 60
_WAIT_SECONDS = 0.05


class IdempotencyKeyMalformed(Invalid):
    """Not a key that we keep."""

    code = "idempotency_key_malformed"
    zh = "请求标识（Idempotency-Key）应为 1 到 128 个可见的 ASCII 字符，请更换后再试。"
    en = "An Idempotency-Key has 1 to 128 printable ASCII characters. Please send another one."


def key_of_request() -> str | None:
    """The client's own id of this request, None when it sent none.

    Raises:
        IdempotencyKeyMalformed
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise IdempotencyKeyMalformed
    return key


def press_of(actor: Actor, key: str | None) -> str | None:
    """The key as the id of a press of this caller: two callers may choose the same key."""
    return hashlib.sha256(f"{actor.kind}:{actor.id}:{key}".encode()).hexdigest() if key else None


def answer_once(
    work: Callable[[Session], Mapping[str, Any]],
    schema: Schema,
    *,
    status: int = 201,
    caller: Actor = ANONYMOUS,
) -> Response:
    """Carry out `work` in the request's transaction and answer with its result.

    With a key, the answer is kept beside the work: both are committed, or neither is. A refusal is not
    kept: the same request may succeed later. Keys belong to their `caller`, where a token says who that is;
    at a counter somebody waits for the answer, so such a request waits a little for the first one.

    Raises:
        IdempotencyKeyMalformed, IdempotencyKeyReused, RequestInProgress
    """
    for _ in range(0 if caller is ANONYMOUS else _WAITS):
        try:
            return _answer(work, schema, status, caller)
        except RequestInProgress:
            time.sleep(_WAIT_SECONDS)
    return _answer(work, schema, status, caller)


def _answer(
    work: Callable[[Session], Mapping[str, Any]], schema: Schema, status: int, caller: Actor
) -> Response:
    key = key_of_request()
    if key is None:
        with edge.transaction() as session:
            return _json(_text(schema, work(session)), status)
    scope, asked = _scope_and_asked(caller)
    with edge.transaction() as session:
        kept = idempotency.begin(session, key, scope, asked, real_now=clock.real_now())
        if kept is not None:
            return _json(kept.body, kept.status, replayed=True)
        body = _text(schema, work(session))
        idempotency.finish(session, key, scope, asked, status=status, body=body, real_now=clock.real_now())
    return _json(body, status)


def _text(schema: Schema, answer: Mapping[str, Any]) -> str:
    return json.dumps(schema.dump(answer), ensure_ascii=False, separators=(",", ":"))


def _scope_and_asked(caller: Actor) -> tuple[str, bytes]:
    """Whose key it is, and what it was sent with.

    Who shows no token is known by our cookie or by what a program calls itself, the same each time it sends
    again: two programs that count their requests from 1 must not get each other's answers. An address is no
    name; whoever has no other needs keys that nobody guesses.
    """
    known = (device() or announced_device() or "") if caller is ANONYMOUS else ""
    asked = hashlib.sha256(request.get_data(cache=True)).digest()
    return f"{caller.kind} {caller.id}{known and f' {known}'} {request.method} {request.path}", asked


def answer_once_at_once(
    work: Callable[[Direct], Found | None],
    tell: Callable[[Found], Mapping[str, Any]],
    *,
    status: int,
    caller: Actor,
) -> Response | None:
    """As `answer_once`, past SQLAlchemy; None, with nothing changed, where `work` finds nothing to do.

    Without a key the answer is written after the commit: others may wait for what `work` has locked.

    Raises:
        IdempotencyKeyMalformed, IdempotencyKeyReused
        RequestInProgress: nobody has waited for it yet
    """
    key = key_of_request()
    if key is None:
        with edge.direct(together=True) as direct:
            found = work(direct)
        return None if found is None else answer_at_once(tell(found), status=status)
    scope, asked = _scope_and_asked(caller)
    with edge.direct(together=True) as direct:
        kept = idempotency.begin_at_once(direct, key, scope, asked, real_now=clock.real_now())
        if kept is not None:
            return _json(kept.body, kept.status, replayed=True)
        found = work(direct)
        if found is None:
            return None
        body = _by_hand(tell(found))
        idempotency.finish_at_once(
            direct, key, scope, asked, status=status, body=body, real_now=clock.real_now()
        )
    return _json(body, status)


def answer_at_once(answer: Mapping[str, Any], *, status: int = 201) -> Response:
    """The same bytes as by the schema, from its fields in its order."""
    return _json(_by_hand(answer), status)


def _by_hand(answer: Mapping[str, Any]) -> str:
    return _WRITER.encode(answer)


def _told(moment: datetime | date) -> str:
    return (moment.astimezone(UTC) if isinstance(moment, datetime) else moment).isoformat()


_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_told)


def _json(body: str, status: int, *, replayed: bool = False) -> Response:
    response = Response(body, status, content_type="application/json")
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
