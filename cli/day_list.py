"""`youhao day-list`."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from cli.reading import disposing
from halls.queries import get_hall, list_halls
from kernel import clock
from kernel.errors import DomainError
from kernel.settings import load
from runtime.build import build
from runtime.day_lists import write_list


@click.command()
@click.option("--hall", "codes", multiple=True, help="Code of a hall; none means all halls.")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="The day; today unless told.")
def day_list(*, codes: tuple[str, ...], on: datetime | None) -> None:
    """Write the halls' lists of bookings as workbooks ready to print (docs/admin.md)."""
    parts = build(load())
    now = clock.now()
    try:
        with disposing(parts.database) as database, database.transaction() as session:
            halls = [get_hall(session, code) for code in codes] or list_halls(session)
            for hall in halls:
                day = on.date() if on else now.astimezone(ZoneInfo(hall.time_zone)).date()
                click.echo(write_list(session, hall, on_date=day, now=now))
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error
