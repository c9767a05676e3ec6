"""`youhao staff add`."""

import click

from halls.queries import get_hall
from kernel import clock
from kernel.actor import SYSTEM
from kernel.errors import DomainError
from kernel.settings import load
from people.permissions import STAFF_ROLES
from people.staff import NewStaff, create_staff
from runtime.build import build


@click.group()
def staff() -> None:
    """Accounts of those who work here."""


@staff.command()
@click.argument("username")
@click.option("--name", required=True, help="The name that colleagues see.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(sorted(STAFF_ROLES)))
@click.option("--hall", "halls", multiple=True, help="Code of a hall; none means all halls.")
@click.option("--badge", default="", help="Police number.")
@click.password_option(help="Asked for when not given.")
def add(
    *, username: str, name: str, roles: tuple[str, ...], halls: tuple[str, ...], badge: str, password: str
) -> None:
    """Create an account, for example the first administrator of a real city."""
    parts = build(load())
    try:
        with parts.database.transaction() as session:
            hall_ids = tuple(get_hall(session, code).id for code in halls) or None
            command = NewStaff(username, name, password, roles, hall_ids, badge)
            create_staff(session, command, actor=SYSTEM, now=clock.now())
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error
    click.echo(f"{username} may sign in")
