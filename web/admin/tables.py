"""Tables in bulk: taken out as a spreadsheet, edited there, tried out here, then taken in, all or nothing."""

import base64
import binascii
import json
import zlib
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from booking.change_plan import BookingsStranded
from booking.close import Then
from booking.tables import export_table, import_table, list_differences
from kernel.errors import DomainError, Forbidden
from kernel.table_files import MOST_BYTES, TableFileUnreadable, read_table, write_csv, write_xlsx
from kernel.tables import Counts, Kind, TableInvalid
from queueing.tables import get_kind, kinds_for
from web import edge, problems
from web.admin import entry, plan_edge
from web.guards import staff_only

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"
MOST_SHOWN = 200


@staff_only("")
def home() -> Any:
    """The tables that this person may take out and in.

    Raises:
        Forbidden: none of them.
    """
    kinds = kinds_for(edge.actor())
    if not kinds:
        raise Forbidden
    return render_template("admin/tables.html", kinds=kinds)


@staff_only("")
def download(kind: str, suffix: str) -> Any:
    """The table as it is now."""
    found = get_kind(kind, edge.actor())
    language = edge.language()
    with edge.transaction() as session:
        cells = export_table(session, found, language=language, actor=edge.actor(), now=edge.now())
    name = f"{found.sheet.code}-{edge.local(edge.now()):%Y%m%d}"
    return as_file(cells, name, suffix, title=found.sheet.label(language))


def as_file(cells: list[list[str]], name: str, suffix: str, *, title: str, printed: str = "") -> Response:
    """Cells as a download."""
    data = write_csv(cells) if suffix == "csv" else write_xlsx(cells, name=title, printed=printed)
    file = f"{name}.{'csv' if suffix == 'csv' else 'xlsx'}"
    answer = Response(data, content_type=_CSV if suffix == "csv" else _XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


@staff_only("")
def send(kind: str) -> Any:
    """Try a file out: what is wrong with it, row by row, or what it would do. Nothing is changed yet."""
    found = get_kind(kind, edge.actor())
    try:
        return _tried(found, read_table(entry.sent_file(MOST_BYTES)))
    except DomainError as error:
        return _page(found, error), problems.status_of(error)


def _tried(kind: Kind, cells: list[list[str]]) -> str:
    """What the table would do, and to how many bookings, with the button that does it."""
    stranded = 0
    try:
        counts = _try(kind, cells, None)
    except BookingsStranded as error:
        stranded = error.params["count"]
        counts = _try(kind, cells, Then.KEEP)
    with edge.transaction() as session:
        found = list_differences(session, kind, cells, language=edge.language(), actor=edge.actor())
    facts: dict[str, Any] = {"counts": counts, "stranded": stranded, "content": pack(cells)}
    facts |= {"changes": found[:MOST_SHOWN], "more_changes": len(found) - MOST_SHOWN}
    facts |= {"ways": plan_edge.THEN_NAMES, "reasons": plan_edge.reason_options()}
    return render_template("admin/table.html", kind=kind, errors={}, **facts)


def _try(kind: Kind, cells: list[list[str]], then: Then | None) -> Counts:
    """Take the table in and roll it back: every check of the real thing has been made."""
    with edge.transaction() as session:
        trial = session.begin_nested()
        try:
            return import_table(session, kind, cells, then=then, actor=edge.actor(), now=edge.now())
        finally:
            trial.rollback()


def _page(kind: Kind, error: DomainError | None) -> str:
    english = edge.language() == "en"
    labels = {column.name: column.label(edge.language()) for column in kind.sheet.columns}
    mistakes = error.mistakes if isinstance(error, TableInvalid) else ()
    rows = [
        (m.line, labels.get(m.column, m.column), m.en if english else m.zh) for m in mistakes[:MOST_SHOWN]
    ]
    sentence = error.sentence(edge.language()) if error else ""
    facts = {"rows": rows, "more": len(mistakes) - len(rows), "sentence": sentence}
    return render_template("admin/table.html", kind=kind, errors=facts, counts=None)


@staff_only("")
def show(kind: str) -> Any:
    """The form to send a file, and what the columns hold."""
    return _page(get_kind(kind, edge.actor()), None)


@staff_only("")
def apply(kind: str) -> Any:
    """Take in what was tried out; checked anew, since the table and bookings may have changed meanwhile."""
    found = get_kind(kind, edge.actor())
    try:
        cells = unpack(request.form.get("content", ""))
        then = plan_edge.typed_choice(Then, "then") if "then" in request.form else None
        with edge.transaction() as session:
            counts = import_table(session, found, cells, then=then, **plan_edge.who_and_why())
    except BookingsStranded as error:
        return _tried(found, cells), problems.status_of(error)
    except DomainError as error:
        return _page(found, error), problems.status_of(error)
    said = {"new": counts.new, "changed": counts.changed, "removed": counts.removed}
    flash(_("已导入：新增 %(new)s 行，修改 %(changed)s 行，删除 %(removed)s 行。", **said), "ok")
    return redirect(url_for("admin.tables"), 303)


def pack(cells: list[list[str]]) -> str:
    """Cells as one field of a form: nothing is kept on the server between trying out and taking in."""
    return base64.b64encode(zlib.compress(json.dumps(cells, ensure_ascii=False).encode())).decode()


def unpack(text: str) -> list[list[str]]:
    """What `pack` made; raises TableFileUnreadable for anything else, and for far too much of it."""
    opener = zlib.decompressobj()
    try:
        unpacked = opener.decompress(base64.b64decode(text, validate=True), 4 * MOST_BYTES)
        cells = json.loads(unpacked) if opener.eof else None
    except (binascii.Error, zlib.error, ValueError) as error:
        raise TableFileUnreadable from error
    if not isinstance(cells, list) or not all(
        isinstance(row, list) and all(isinstance(cell, str) and "\0" not in cell for cell in row)
        for row in cells
    ):
        raise TableFileUnreadable
    return cells


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/tables", "tables", home)
    blueprint.add_url_rule("/tables/<kind>", "table", show)
    blueprint.add_url_rule("/tables/<kind>", "table_send", send, methods=["POST"])
    blueprint.add_url_rule("/tables/<kind>/apply", "table_apply", apply, methods=["POST"])
    blueprint.add_url_rule("/tables/<kind>.<any(xlsx, csv):suffix>", "table_download", download)
