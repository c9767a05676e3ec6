"""`youhao bench`."""

import os
import signal
import sys
from pathlib import Path

import click

from bench.result import table
from bench.run import BENCHMARKS, run
from bench.scale import FULL, QUICK
from bench.stage import NotEmpty, NotStarted
from runtime.server_home import ServerNotStarted

_STDOUT = "-"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option(
    "--quick", is_flag=True, help="Fewer rows and shorter runs: shows that it runs, judges nothing."
)
@click.option(
    "--json",
    "out",
    is_flag=False,
    flag_value=_STDOUT,
    metavar="[OUT]",
    help="One JSON object a benchmark, one a line: into the file OUT, or as the last lines printed.",
)
def bench(*, names: tuple[str, ...], quick: bool, out: str | None) -> None:
    """Measure the budgets beside their floors (docs/performance.md).

    Starts servers of its own, unless DATABASE_URL and REDIS_URL name empty ones that may be filled and
    emptied. Exits 1 when an invariant was broken; a goal that is not met is only said.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended and removed, too
    results = []
    addresses = {name: os.environ.get(name.upper(), "") for name in ("database_url", "redis_url")}
    try:
        for result in run(names, QUICK if quick else FULL, **addresses):
            click.echo(f"{result.name}: {result.verdict}", err=True)
            results.append(result)
    except (NotEmpty, NotStarted, ServerNotStarted) as error:
        raise click.ClickException(str(error)) from error
    click.echo(table(results))
    for result in results:
        for violation in result.violations:
            click.echo(f"BROKEN {result.name}: {violation}")
    lines = "\n".join(result.as_json() for result in results)
    if out == _STDOUT:
        click.echo(lines)
    elif out is not None:
        Path(out).write_text(lines + "\n", encoding="utf-8")
    if any(result.violations for result in results):
        raise SystemExit(1)
