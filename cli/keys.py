"""`youhao keys`."""

import click

from kernel.crypto import new_key


@click.command()
def keys() -> None:
    """Print fresh secrets in the form of an environment file; keep them as safe as the data."""
    for name in ("YOUHAO_SECRET_KEY", "YOUHAO_DATA_KEY", "YOUHAO_INDEX_KEY"):
        click.echo(f"{name}={new_key()}")
