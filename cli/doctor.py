"""`youhao doctor`."""

from dataclasses import replace
from pathlib import Path

import click

from kernel.settings import load
from runtime.checkup import look, with_own_servers

_VAR = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--deep", is_flag=True, help="Check every promise of the data, too.")
@click.option("--retry", is_flag=True, help="Give dead deliveries of events a fresh start.")
@click.option("--var", type=_VAR, default=None, help="Installation of `youhao up` to look at (default var).")
def doctor(*, deep: bool, retry: bool, var: Path | None) -> None:
    """Look at settings, services and data; exit 1 when something is wrong."""
    settings = load()
    settings = with_own_servers(replace(settings, var=(var or settings.var).resolve()))
    well = True
    for finding in look(settings, deep=deep, retry=retry):
        click.echo(f"{finding.mark:<6} {finding.what:<12} {finding.told}")
        well = well and finding.good
    if not well:
        raise SystemExit(1)
