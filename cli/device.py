"""`youhao device`: enrol, pair, list, withdraw."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.reading import disposing
from halls.models import Hall
from halls.queries import get_hall
from kernel import clock
from kernel.actor import SYSTEM
from kernel.errors import DomainError
from kernel.settings import Settings, load
from people import devices, pairing
from people.models import Device
from runtime.build import build

_KIND = click.argument("kind", type=click.Choice(["kiosk", "display"]))
_NAME = click.option("--name", required=True, help="Where it stands, for the list of devices.")


@click.group()
def device() -> None:
    """Kiosks and screens."""


@contextmanager
def _work(settings: Settings | None = None) -> Iterator[Session]:
    """One transaction; a refusal is one sentence, not a traceback."""
    try:
        with disposing(build(settings or load()).database) as database, database.transaction() as session:
            yield session
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error


@device.command()
@_KIND
@click.argument("hall")
@_NAME
def enrol(*, kind: str, hall: str, name: str) -> None:
    """Enrol a device of HALL and print the address to open on it once; the address is a secret."""
    settings = load()
    with _work(settings) as session:
        hall_id = get_hall(session, hall).id
        _row, token = devices.enrol(
            session, kind=kind, hall_id=hall_id, name=name, actor=SYSTEM, now=clock.now()
        )
    click.echo(devices.address_of_device(settings.base_url, kind=kind, hall_code=hall, token=token))


@device.command()
@click.argument("code")
@_KIND
@click.argument("hall")
@_NAME
@click.option("--shows", default="", help="A screen: zone:CODE or window:3; nothing means the whole hall.")
@click.option("--printer", default="", help="A kiosk: an address of the own network, or `browser`.")
def pair(*, code: str, hall: str, **facts: str) -> None:
    """Enrol the device that shows CODE (eight digits, at /pair) in HALL; it goes on by itself."""
    with _work() as session:
        place = devices.Place(hall_id=get_hall(session, hall).id, **facts)
        row = pairing.claim(session, code, place, actor=SYSTEM, now=clock.now(), real_now=clock.real_now())
    try:
        row = pairing.raise_unless_found(row)  # after the commit: a wrong code counts
    except pairing.PairingCodeWrong as wrong:
        raise click.ClickException(wrong.sentence("en")) from wrong
    click.echo(f"{row.id} {row.name} is enrolled")


@device.command("list")
@click.argument("hall", required=False)
def show(*, hall: str | None) -> None:
    """Print the devices of HALL, or of all: id, hall, kind, name, and whether it was withdrawn."""
    with _work() as session:
        for row, code in _rows(session, hall):
            state = f"withdrawn {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "in use"
            facts = [str(row.id), code, row.kind, row.name, row.shows or row.printer or "-", state]
            click.echo("\t".join(facts))


@device.command()
@click.argument("device_id", type=int, metavar="ID")
def withdraw(*, device_id: int) -> None:
    """Withdraw the token of the device with ID (`device list`): from its next request on it is a stranger."""
    with _work() as session:
        row = session.get(Device, device_id)
        if row is None:
            raise click.ClickException(f"there is no device {device_id}; see `youhao device list`")
        devices.revoke(session, row, actor=SYSTEM, now=clock.now())
        click.echo(f"{row.id} {row.name} is withdrawn")


def _rows(session: Session, hall: str | None) -> list[tuple[Device, str]]:
    query = select(Device, Hall.code).join(Hall, Hall.id == Device.hall_id).order_by(Hall.code, Device.id)
    if hall is not None:
        query = query.where(Hall.id == get_hall(session, hall).id)
    return [(row, code) for row, code in session.execute(query)]
