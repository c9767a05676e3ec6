"""Spreadsheet files: tables of text written as XLSX and CSV, and read back, whatever somebody uploads.

No cell is ever a formula. What a spreadsheet would take for one (`=`, `+`, `-`, `@` first) is written as text
in XLSX, and with an apostrophe before it in CSV, which has no types; reading takes the apostrophe off again.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine
import xlsxwriter

from kernel.errors import Invalid
from kernel.tables import NO_RESULT
from kernel.unworked_cells import unworked_cells

MOST_BYTES = 4_000_000
_MOST_UNPACKED = 60_000_000
_WIDEST, _NARROWEST = 60, 8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PDF = b"%PDF-"
_WIDE = 0x2E80  # characters from here on take two places


class TableFileUnreadable(Invalid):
    """The file is neither a spreadsheet nor CSV, or too large."""

    code = "table_file_unreadable"
    zh = (
        "无法读取这个文件。请上传 XLSX 或 CSV（UTF-8 或 GBK 编码），不超过 4 MB。"
        "旧版 .xls 或加密的文件，请先在 Excel 或 WPS 里另存为不加密的 .xlsx。"
    )
    en = (
        "This file cannot be read. Please send XLSX or CSV (UTF-8 or GBK) of at most 4 MB. "
        "Save an old .xls or an encrypted file as .xlsx without a password first."
    )


def write_csv(cells: Sequence[Sequence[str]]) -> bytes:
    """CSV in UTF-8 with the mark that Excel wants."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_quoted(cell) for cell in row] for row in cells)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def write_xlsx(cells: Sequence[Sequence[str]], *, name: str, printed: str = "") -> bytes:
    """A workbook of one sheet: head in bold and always in sight, every cell text.

    `printed` is the title of a table made for paper: on every page, with lines around all cells.
    """
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(name[:31])
        head, plain = (
            book.add_format({"bold": True, "bg_color": "#e8eef7"}),
            book.add_format({"num_format": "@"}),
        )
        for at, row in enumerate(cells):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell, plain if at else head)
        for column in range(len(cells[0]) if cells else 0):
            widest = max(_width(row[column]) for row in cells)
            sheet.set_column(
                column, column, max(_NARROWEST, min(_WIDEST, widest + 2)), None if printed else plain
            )
        sheet.freeze_panes(1, 0)
        if printed:
            sheet.set_landscape()
            sheet.set_paper(9)  # A4
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(0)
            sheet.set_header(f"&L{printed.replace('&', '&&')}&R&P / &N")
    return made.getvalue()


def read_table(data: bytes) -> list[list[str]]:
    """The first sheet of a workbook, or a CSV file, as text; raises TableFileUnreadable.

    A cell whose formula has no result holds `kernel.tables.NO_RESULT`.
    """
    if len(data) > MOST_BYTES or data.startswith(_PDF):
        raise TableFileUnreadable
    return _read_xlsx(data) if data[:4] == b"PK\x03\x04" else _read_csv(data)


def _read_xlsx(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED:
                raise TableFileUnreadable
            unworked = list(unworked_cells(packed))
        book = python_calamine.load_workbook(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError, ValueError, OSError, IndexError) as error:
        raise TableFileUnreadable from error
    cells = [[_unquoted(_said(cell).replace("\0", "")) for cell in row] for row in rows]
    for row, column in unworked:
        if row < len(cells) and column < len(cells[row]):
            cells[row][column] = NO_RESULT
    return cells


def _read_csv(data: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise TableFileUnreadable
    if "\0" in text:
        raise TableFileUnreadable
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise TableFileUnreadable from error
    return [[_unquoted(cell) for cell in row] for row in rows]


def _said(cell: Any) -> str:
    """A cell as people would type it: spreadsheets turn dates, times and numbers into their own."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.9f}".rstrip("0").rstrip(".")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(" ", "minutes")
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    if isinstance(cell, timedelta):
        minutes = round(cell.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _quoted(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.startswith("'") else cell


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell


def _width(cell: str) -> int:
    return sum(2 if ord(sign) >= _WIDE else 1 for sign in cell.partition("\n")[0])
