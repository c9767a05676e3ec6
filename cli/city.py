"""`youhao city load DIR`."""

from datetime import timedelta
from pathlib import Path

import click

from booking.publish import publish
from halls.queries import list_halls
from kernel import clock
from kernel.actor import SYSTEM
from kernel.errors import DomainError
from kernel.settings import load as load_settings
from runtime.build import build
from runtime.load_city import load_city


@click.group()
def city() -> None:
    """A city's halls, services and guides as data files."""


@city.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--publish-days", default=15, show_default=True, help="Publish numbers for so many days ahead.")
def load(*, folder: Path, publish_days: int) -> None:
    """Load or update FOLDER (docs/city-files.md). All or nothing; loading twice changes nothing."""
    parts = build(load_settings())
    now = clock.now()
    try:
        with parts.database.transaction() as session:
            load_city(session, folder, actor=SYSTEM, now=now)
            numbers = sum(
                publish(
                    session,
                    hall.id,
                    first_on=now.date(),
                    last_on=now.date() + timedelta(days=publish_days),
                    actor=SYSTEM,
                    now=now,
                )
                for hall in list_halls(session)
            )
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error
    click.echo(f"loaded {folder}; {numbers} new numbers published")
