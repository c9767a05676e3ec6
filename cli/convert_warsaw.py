"""`youhao convert-warsaw`."""

from datetime import datetime
from pathlib import Path

import click

from cli.writing import OutFile
from kernel.errors import DomainError
from twin.day_file import format_day
from twin.warsaw import convert

_SHARE = click.FloatRange(0, 1)


@click.command("convert-warsaw")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--office", required=True, help="Code of the office, such as UD_Wola.")
@click.option("--date", "on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The real date.")
@click.option("--booked-share", type=_SHARE, default=0.5, show_default=True, help="Share of people who book.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same day.")
@click.option("--out", required=True, type=OutFile(), help="The day file to write.")
def convert_warsaw(
    *, file: Path, office: str, on: datetime, booked_share: float, seed: int, out: Path
) -> None:
    """Make a day file from the queue boards of Warsaw's offices (docs/day-files.md)."""
    try:
        day = convert(file, office=office, on_date=on.date(), booked_share=booked_share, seed=seed)
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error
    out.write_text(format_day(day), encoding="utf-8")
    click.echo(f"{out}: {len(day.people)} people, {len(day.groups)} lines, {len(day.counters)} counters")
