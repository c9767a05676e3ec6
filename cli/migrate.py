"""`youhao migrate`."""

import click

from kernel.settings import load
from runtime import schema
from runtime.build import build


@click.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL to this version; safe to run from several machines at once."""
    settings = load()
    if not settings.database_url:
        raise click.ClickException("DATABASE_URL is not set; `youhao up` migrates its own database by itself")
    parts = build(settings)
    schema.upgrade(parts.database.engine, settings.database_url)
    click.echo(f"database at {schema.head()}")
