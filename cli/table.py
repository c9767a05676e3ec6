"""`youhao table export` and `youhao table import`."""

from pathlib import Path

import click

from booking.change_reasons import REASONS, UNSAID, because
from booking.close import Then
from booking.tables import export_table, import_table
from cli.reading import disposing
from kernel import clock
from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.settings import load
from kernel.table_files import read_table, write_csv, write_xlsx
from kernel.tables import TableInvalid
from people.permissions import permissions_of
from people.staff import ADMINISTRATOR
from queueing.tables import KINDS
from runtime.build import build

#: Whoever may start commands here may do what an administrator of the city may.
_OPERATOR = Actor("system", permissions=permissions_of([ADMINISTRATOR]))
_KIND = click.Choice(sorted(KINDS))
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def table() -> None:
    """Services, materials, counters, plans, staff and more as spreadsheets (docs/admin.md)."""


@table.command("export")
@click.argument("kind", type=_KIND)
@click.argument("file", type=_FILE)
@click.option("--language", default="zh", type=click.Choice(["zh", "en"]), help="Of the heads of columns.")
def export(*, kind: str, file: Path, language: str) -> None:
    """Write a table to FILE (.xlsx or .csv)."""
    found = KINDS[kind]
    parts = build(load())
    with disposing(parts.database) as database, database.transaction() as session:
        cells = export_table(session, found, language=language, actor=_OPERATOR, now=clock.now())
    as_csv = file.suffix.lower() == ".csv"
    file.write_bytes(write_csv(cells) if as_csv else write_xlsx(cells, name=found.sheet.label(language)))
    click.echo(f"{len(cells) - 1} rows written to {file}")


@table.command("import")
@click.argument("kind", type=_KIND)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--try", "trial", is_flag=True, help="Say what it would do, and change nothing.")
@click.option(
    "--stranded",
    type=click.Choice([then.value for then in Then]),
    help="What becomes of bookings that lose their place; refused while there are any, unless given.",
)
@click.option(
    "--reason", type=click.Choice(list(REASONS)), default=UNSAID.code, help="Told to whom it concerns by SMS."
)
def take_in(*, kind: str, file: Path, trial: bool, stranded: str | None, reason: str) -> None:
    """Take FILE in, all or nothing."""
    parts = build(load())
    try:
        with disposing(parts.database) as database, database.transaction() as session:
            savepoint = session.begin_nested()
            cells = read_table(file.read_bytes())
            then = Then(stranded) if stranded else None
            why, now = because(reason), clock.now()
            counts = import_table(
                session, KINDS[kind], cells, then=then, because=why, actor=_OPERATOR, now=now
            )
            if trial:
                savepoint.rollback()
    except TableInvalid as error:
        lines = (f"line {each.line}, {each.column or 'whole line'}: {each.en}" for each in error.mistakes)
        raise click.ClickException("\n".join([error.sentence("en"), *lines])) from error
    except DomainError as error:
        raise click.ClickException(error.sentence("en")) from error
    what = "would be" if trial else "are"
    click.echo(f"{counts.new} rows {what} new, {counts.changed} changed, {counts.removed} removed")
