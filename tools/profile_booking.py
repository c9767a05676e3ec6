"""Where a booking spends its time: hold and confirm in this process, under the profiler of the library.

    python -m tools.profile_booking --bookings 300

By processor time, so that waiting for PostgreSQL and other programs do not count. Servers of its own in a
temporary folder, removed afterwards; without a client or a web server between. docs/performance.md has the
shares of several versions.
"""

import argparse
import cProfile
import json
import pstats
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from werkzeug.test import create_environ, run_wsgi_app

from bench import http_load as http
from bench.book import hold_body
from bench.stage import Stage, stage
from bench.town import TOMORROW, make_hall, make_numbers, person, settle, slot_at

BOOKINGS, FIRST = 300, 30  # those before make connections and plans
_HALVES = 16
_serials = count(7_000_000)  # other citizens than those of the benchmarks
ROOT = Path(__file__).resolve().parent.parent
#: What a file belongs to, by a part of its path; the first that fits.
PARTS = {
    "Flask and werkzeug": ("/flask/", "/werkzeug/"),
    "other extensions of Flask": ("/flask_", "/itsdangerous/"),
    "SQLAlchemy": ("/sqlalchemy/",),
    "psycopg": ("/psycopg",),
    "Redis": ("/redis/", "/kernel/redis_line.py"),
    "marshmallow and its like": ("/marshmallow/", "/webargs/", "/apispec/"),
    "our own code": (f"{ROOT}/",),
}
REST = "standard library and built-ins"


@dataclass(frozen=True, slots=True)
class Found:
    """What a booking took: processor time in ms and Python calls, and the shares of `PARTS`, together 1."""

    bookings: int
    each_ms: float
    calls: int
    shares: Mapping[str, float]


def measure(made: Stage, bookings: int) -> Found:
    """Hold and book so often, each by somebody else.

    Raises:
        RuntimeError: one of them was refused, so there is nothing to measure.
    """
    with made.parts.database.transaction() as session:
        place = make_hall(session, lines=1, counters=20)
        make_numbers(session, place, each=1 + (bookings + FIRST) // _HALVES)
    settle(made)
    profiler = cProfile.Profile(time.process_time)
    for nth in range(bookings + FIRST):
        serial, watched = next(_serials), profiler if nth >= FIRST else None
        sender = http.browser(serial)
        wish = hold_body(place, 0, slot_at(TOMORROW, nth % _HALVES))
        token = _ask(made, "/api/v1/holds", wish, sender, watched)["token"]
        _ask(made, "/api/v1/appointments", person(serial) | {"hold_token": token}, sender, watched)
    return _told(pstats.Stats(profiler), bookings)


def _ask(
    made: Stage,
    path: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    watched: cProfile.Profile | None,
) -> dict[str, Any]:
    """POST to the application itself; only what it does is watched."""
    app = made.client.application
    environ = create_environ(path, method="POST", json=dict(body), headers=dict(headers))
    with watched or nullcontext():
        pieces, status, _headers = run_wsgi_app(app, environ, buffered=True)
    answer: dict[str, Any] = json.loads(b"".join(pieces))
    if not status.startswith("2"):
        raise RuntimeError(f"{path} answered {status}: {answer.get('code')}")
    return answer


def _told(stats: pstats.Stats, bookings: int) -> Found:
    spent: Counter[str] = Counter()
    calls = 0
    for (file, _line, _name), (_primitive, many, own, *_rest) in stats.stats.items():  # type: ignore[attr-defined]  # not in the stubs
        spent[part_of(file)] += own
        calls += many
    whole = sum(spent.values())
    shares = {part: seconds / whole for part, seconds in spent.most_common()}
    return Found(bookings, round(1000 * whole / bookings, 2), calls // bookings, shares)


def part_of(file: str) -> str:
    """Whose a file is: one of `PARTS`, else the library's."""
    installed = "/site-packages/" in file
    for part, pieces in PARTS.items():
        ours = pieces[0].startswith(str(ROOT))
        if not (ours and installed) and any(piece in file for piece in pieces):
            return part
    return REST


def main() -> None:
    """Print the shares, the largest first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bookings", type=int, default=BOOKINGS)
    wanted = parser.parse_args()
    with stage() as made:
        found = measure(made, wanted.bookings)
    lines = [f"{share:6.1%}  {part}" for part, share in found.shares.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.write(
        f"{found.bookings} bookings: {found.calls:,} calls and {found.each_ms} ms under the profiler each\n"
    )


if __name__ == "__main__":
    main()
