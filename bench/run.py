"""The benchmarks by name, and running some of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bench.availability import availability, availability_cold, sold_out
from bench.book import book
from bench.closure import closure
from bench.hall import call_next, tickets
from bench.messages import messages
from bench.publish import publish
from bench.push import push
from bench.result import Result, load_average
from bench.rush import rush
from bench.scale import Scale
from bench.stage import Stage, stage
from bench.twin import twin

Benchmark = Callable[[Stage, Scale], Result]

#: In this order: the past of availability-cold belongs to nobody, and those before it look at every booking.
BENCHMARKS: Mapping[str, Benchmark] = {
    "book": book,
    "availability": availability,
    "sold-out": sold_out,
    "rush": rush,
    "closure": closure,
    "call-next": call_next,
    "tickets": tickets,
    "availability-cold": availability_cold,
    "publish": publish,
    "push": push,
    "messages": messages,
    "twin": twin,
}


def run(
    names: Sequence[str], scale: Scale, *, database_url: str = "", redis_url: str = ""
) -> Iterator[Result]:
    """Run these, or all, each on a stage and in a database of its own; a result as soon as it is known."""
    for name in [name for name in BENCHMARKS if not names or name in names]:
        with stage(database_url=database_url, redis_url=redis_url) as made:
            yield run_on(made, name, scale)


def run_on(made: Stage, name: str, scale: Scale) -> Result:
    """Run one in halls of its own."""
    before = load_average()
    return replace(BENCHMARKS[name](made, scale), load=(before, load_average()))
