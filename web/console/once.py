"""One press, one deed: the same id of a press is answered with what the first one did."""

import hashlib
import json
import time
from collections.abc import Callable

from flask import request
from sqlalchemy.orm import Session

from booking import idempotency
from booking.errors import RequestInProgress
from kernel import clock
from kernel.direct import Direct
from web import edge

Said = tuple[str, str]
_WAITS = 40
_WAIT_SECONDS = 0.05


def once(work: Callable[[Session], Said]) -> Said:
    """Carry out `work` in the request's transaction; the same press again gets what the first one said.

    An impatient second press waits for the first one (2 s at most) and then says the same.

    Raises:
        RequestInProgress, IdempotencyKeyReused
    """
    for _ in range(_WAITS):
        try:
            return _once(work)
        except RequestInProgress:
            time.sleep(_WAIT_SECONDS)
    return _once(work)


def _once(work: Callable[[Session], Said]) -> Said:
    press, scope = request.form.get("press", ""), _scope()
    with edge.transaction() as session:
        if not press:
            return work(session)
        before = idempotency.begin(session, press, scope, _wish(), real_now=clock.real_now())
        if before is not None:
            return _said(before)
        said = work(session)
        body = json.dumps(said, ensure_ascii=False)
        idempotency.finish(session, press, scope, _wish(), status=303, body=body, real_now=clock.real_now())
        return said


def once_at_once(work: Callable[[Direct], Said | None]) -> Said | None:
    """As `once`, past SQLAlchemy; None, with nothing changed, where `work` finds nothing to do.

    Raises:
        RequestInProgress: nobody has waited for it yet
        IdempotencyKeyReused
    """
    press, scope = request.form.get("press", ""), _scope()
    with edge.direct(together=True) as direct:
        if not press:
            return work(direct)
        before = idempotency.begin_at_once(direct, press, scope, _wish(), real_now=clock.real_now())
        if before is not None:
            return _said(before)
        said = work(direct)
        if said is not None:
            body, now = json.dumps(said, ensure_ascii=False), clock.real_now()
            idempotency.finish_at_once(direct, press, scope, _wish(), status=303, body=body, real_now=now)
        return said


def _scope() -> str:
    return f"console {edge.actor().id} {request.path}"


def _said(before: idempotency.Replay) -> Said:
    category, sentence = json.loads(before.body)
    return category, sentence


def _wish() -> bytes:
    values = sorted((k, v) for k, v in request.form.items(multi=True) if k not in ("press", "csrf_token"))
    return hashlib.sha256(repr(values).encode()).digest()
