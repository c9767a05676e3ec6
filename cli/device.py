"""`youhao device enrol`."""

import click

from halls.queries import get_hall
from kernel import clock
from kernel.actor import SYSTEM
from kernel.errors import DomainError
from kernel.settings import load
from people import devices
from runtime.build import build


@click.group()
def device() -> None:
    """Kiosks and screens."""


@device.command()
@click.argument("kind", type=click.Choice(["kiosk", "display"]))
@click.argument("hall")
@click.option("--name", required=True, help="Where it stands, for the list of devices.")
def enrol(*, kind: str, hall: str, name: str) -> None:
    """Enrol a device of HALL and print the address to open on it once; the address is a secret."""
    settings = load()
    parts = build(settings)
    try:
        with parts.database.transaction() as session:
            hall_id = get_hall(session, hall).id
            _row, token = devices.enrol(
                session, kind=kind, hall_id=hall_id, name=name, actor=SYSTEM, now=clock.now()
            )
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error
    click.echo(devices.address_of_device(settings.base_url, kind=kind, hall_code=hall, token=token))
