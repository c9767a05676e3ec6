"""A data file that a command was given, read or refused with a sentence."""

from pathlib import Path
from typing import Protocol, TypeVar

import click

from kernel.data_file import DataFileInvalid

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
