"""A file that a command will write: refused before the work begins, not after it."""

import os
from pathlib import Path
from typing import Any

import click


class OutFile(click.Path):
    """A path whose folder exists and may be written to."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; fails with a sentence where it could not be written."""
        path = super().convert(value, param, ctx)
        folder = Path(os.fsdecode(path)).parent
        if not folder.is_dir():
            self.fail(f"There is no folder {folder}.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"The folder {folder} cannot be written to.", param, ctx)
        return path
