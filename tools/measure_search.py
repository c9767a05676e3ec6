"""Measure the search over the demonstration city: how many queries find their answer, and how long one takes.

Starts a throw-away PostgreSQL and asks every query of `tests/catalog/queries` as a page does.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy.orm import Session  # noqa: E402  # the path comes first

from catalog.find import find_all, find_services  # noqa: E402
from catalog.queries import list_services  # noqa: E402
from kernel import clock  # noqa: E402
from kernel.actor import SYSTEM  # noqa: E402
from kernel.db import make_engine  # noqa: E402
from runtime import schema  # noqa: E402
from runtime.load_city import load_city  # noqa: E402
from tests.catalog.queries_file import FILES, KINDS, answer_of, read_queries  # noqa: E402
from tests.servers import start_test_servers  # noqa: E402

TRIES = 5  # the best counts: others use the machine too


def say(line: str) -> None:
    """One line for the reader."""
    sys.stdout.write(f"{line}\n")


def ask(session: Session, query: str, name: str) -> tuple[list[str], float]:
    """What was found, as the file calls it, and the milliseconds that it took."""
    session.expire_all()
    started = perf_counter()
    found = find_all(session, query)
    taken = 1000 * (perf_counter() - started)
    return [answer_of(each, name) for each in found], taken


@dataclass(frozen=True, slots=True)
class Found:
    """How many queries had the right answer first, and among the first three."""

    queries: int
    first: int
    third: int

    def __add__(self, other: "Found") -> "Found":
        """Of both together."""
        return Found(self.queries + other.queries, self.first + other.first, self.third + other.third)

    @property
    def shares(self) -> str:
        """As docs/city-files.md has them."""
        first, third = (f"{count / self.queries:.1%}" for count in (self.first, self.third))
        return f"{self.queries} queries, {first} first, {third} among the first three"


NOTHING = Found(0, 0, 0)


def rows(by_file: Mapping[str, Found]) -> dict[str, Found]:
    """The rows of the table in docs/city-files.md: each kind, what was held out of it, and all."""
    told = {}
    for kind, names in KINDS.items():
        told[kind] = sum((by_file[name] for name in names), NOTHING)
        held_out = [by_file[name] for name in names if "held-out" in name]
        told[f"{kind}, of these held out"] = sum(held_out, NOTHING)
    return {**told, "all": sum(by_file.values(), NOTHING)}


def measure(session: Session, name: str) -> Found:
    """Ask all queries of a file and print the shares and the times."""
    queries, times, first, third, missed = read_queries(name), [], 0, 0, []
    for query, right in queries:
        answers = [ask(session, query, name) for _ in range(TRIES)]
        times.append(min(taken for _, taken in answers))
        found = answers[0][0]
        first += bool(right & set(found[:1]))
        third += bool(right & set(found[:3]))
        if not right & set(found[:3]):
            missed.append(query)
    found_in_all = Found(len(queries), first, third)
    tails = f"median {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f} ms"
    say(f"{name}: {found_in_all.shares}, {tails}")
    if "--missed" in sys.argv:
        say("  missed: " + "、".join(missed))
    return found_in_all


def main() -> None:
    """Load the city into a database of its own and measure."""
    with tempfile.TemporaryDirectory(prefix="yh-search-") as folder:
        url, _, stop = start_test_servers(Path(folder))
        engine = make_engine(url)
        try:
            schema.upgrade(engine, url)
            with Session(engine) as session:
                started = perf_counter()
                load_city(session, ROOT / "examples" / "city", actor=SYSTEM, now=clock.real_now())
                say(f"loading the city: {perf_counter() - started:.2f} s")
                started = perf_counter()
                find_services(session, "身份证")
                taken = perf_counter() - started
                say(f"{len(list_services(session))} services, the first query: {taken:.2f} s")
                by_file = {name: measure(session, name) for name in FILES}
                for row, found in rows(by_file).items():
                    say(f"{row}: {found.shares}")
        finally:
            engine.dispose()
            stop()


if __name__ == "__main__":
    main()
