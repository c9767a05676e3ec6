"""`youhao up`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kernel.settings import load
from runtime import up as everything
from runtime.ports import PortTaken
from runtime.run_files import AlreadyRunning
from runtime.server_home import ServerNotStarted
from runtime.supervisor import NotReady


@click.command()
@click.option("--demo", is_flag=True, help="Load the demonstration city and let its clock start at 08:00.")
@click.option("--new-day", is_flag=True, help="Start the demonstration's next working day at 08:00.")
@click.option("--host", default=None, help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=int, default=None, help="Port of the pages; live streams take the next one.")
@click.option(
    "--var", type=click.Path(path_type=Path), default=None, help="Directory of all data (default var)."
)
def up(*, demo: bool, new_day: bool, host: str | None, port: int | None, var: Path | None) -> None:
    """Start the servers and processes of one machine; Ctrl-C stops them all."""
    given: dict[str, Any] = {"host": host, "port": port, "var": var}
    settings = replace(load(), **{name: value for name, value in given.items() if value is not None})
    settings = replace(settings, var=settings.var.resolve())
    try:
        everything.up(settings, as_demo=demo, new_day=new_day, say=click.echo)
    except (AlreadyRunning, PortTaken, ServerNotStarted, NotReady, everything.DataUnknown) as error:
        raise click.ClickException(str(error)) from error
