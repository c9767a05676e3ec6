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
    press, scope = request.form.get("press", ""), f"console {edge.actor().id} {request.path}"
    with edge.transaction() as session:
        if not press:
            return work(session)
        before = idempotency.begin(session, press, scope, _wish(), real_now=clock.real_now())
        if before is not None:
            category, sentence = json.loads(before.body)
            return category, sentence
        said = work(session)
        body = json.dumps(said, ensure_ascii=False)
        idempotency.finish(session, press, scope, _wish(), status=303, body=body, real_now=clock.real_now())
        return said


def _wish() -> bytes:
    values = sorted((k, v) for k, v in request.form.items(multi=True) if k not in ("press", "csrf_token"))
    return hashlib.sha256(repr(values).encode()).digest()
