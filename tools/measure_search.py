"""Measure the search over the demonstration city: how many queries find their answer, and how long one takes.

Starts a throw-away PostgreSQL and asks every query of `tests/catalog/queries` as a page does.
"""

import sys
import tempfile
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
from tests.catalog.queries_file import FILES, answer_of, read_queries  # noqa: E402
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


def measure(session: Session, name: str) -> None:
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
    say(
        f"{name}: {len(queries)} queries, {first / len(queries):.1%} first, {third / len(queries):.1%} "
        f"among the first three, median {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f} ms"
    )
    if "--missed" in sys.argv:
        say("  missed: " + "、".join(missed))


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
                for name in FILES:
                    measure(session, name)
        finally:
            engine.dispose()
            stop()


if __name__ == "__main__":
    main()
