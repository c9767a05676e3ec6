"""What commands share: a data file read or refused with a sentence, a database that is let go at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import click

from kernel.data_file import DataFileInvalid
from kernel.db import Database

Content_co = TypeVar("Content_co", covariant=True)


class Parse(Protocol[Content_co]):
    """Makes something of the text of a file; `name` is for its complaints."""

    def __call__(self, text: str, *, name: str) -> Content_co: ...


def read(path: Path, parse: Parse[Content_co]) -> Content_co:
    """What the file holds.

    Raises:
        click.ClickException: it cannot be read, or says something wrong.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error
    except DataFileInvalid as error:
        raise click.ClickException(error.sentence("en")) from error


@contextmanager
def disposing(database: Database) -> Iterator[Database]:
    """The database for one command: its connections are closed whatever happens."""
    try:
        yield database
    finally:
        database.dispose()
