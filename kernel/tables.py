"""PURE: tables that people edit in a spreadsheet: their columns, reading them row by row, what would change.

A reader never stops at the first mistake: each is noted with its line and column, and nothing is taken while
there is one.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

from kernel.actor import Actor
from kernel.data_file import CODE, should_be
from kernel.errors import Invalid
from kernel.table_order import moved_rows

Row = dict[str, Any]
MOST_ROWS = 5_000
#: What stands in a cell whose formula has no result: no text that somebody could have written.
NO_RESULT = "\0"
_BETWEEN = re.compile(r"[、,，;；\n]")
_YES = {"是", "yes", "y", "true", "1"}
_NO = {"否", "no", "n", "false", "0", ""}
_FEN = 100


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: text, code, whole, number, yuan (kept in fen), flag, list, date or time.

    A file may leave an `optional` column out. `needed`: no cell of it is empty. What stands in a
    `secret` one is never shown again.
    """

    name: str
    zh: str
    en: str
    kind: str = "text"
    needed: bool = False
    optional: bool = False
    most: int = 400
    secret: bool = False

    def label(self, language: str) -> str:
        """What stands at its head."""
        return self.en if language.startswith("en") else self.zh


#: Where a row stands among those that it belongs to; no file has such a column.
PLACE = Column("", "顺序", "Place", kind="whole")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind of table. Rows are told apart by the columns of `key`.

    Rows that a file leaves out stay as they are, or go: with `whole`, a file says everything of each value
    of these columns that it names (of the whole table where `whole` is empty).

    Where the order of rows says something, those that share the values of `in_order` follow one another: one
    that has another place among them is changed (`kernel.table_order`).
    """

    code: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    whole: tuple[str, ...] | None = None
    in_order: tuple[str, ...] | None = None

    def label(self, language: str) -> str:
        """What the table is called."""
        return self.en if language.startswith("en") else self.zh

    def key_of(self, row: Row) -> tuple[str, ...]:
        """What tells the row from others."""
        return tuple(str(row.get(name)) for name in self.key)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, in which line (the head is line 1) and column ("" when it is the whole line)."""

    line: int
    column: str
    zh: str
    en: str


class TableInvalid(Invalid):
    """A table has mistakes; all of them are in `mistakes`, and nothing was taken."""

    code = "table_invalid"
    zh = "表格有 {count} 处问题，没有导入任何一行。请改正后重新上传："
    en = "The table has {count} mistake(s), and no row was taken. Please correct them and send it again:"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda each: (each.line, each.column)))
        listed = [{"line": m.line, "column": m.column, "zh": m.zh, "en": m.en} for m in self.mistakes]
        super().__init__(count=len(self.mistakes), mistakes=listed)


@dataclass(slots=True)
class Mistakes:
    """Collects what is wrong with one table."""

    found: list[Mistake] = field(default_factory=list)

    def add(self, line: int, column: str, *, zh: str, en: str) -> None:
        """Note one mistake."""
        self.found.append(Mistake(line, column, zh, en))

    def stop_if_any(self) -> None:
        """Raise TableInvalid with all mistakes, if there are any."""
        if self.found:
            raise TableInvalid(self.found)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file and where it stood."""

    number: int
    row: Row


Read = Callable[[Any, Actor], list[Row]]
Write = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A sheet with the use cases behind it: `read(session, actor)`, `write(session, lines, mistakes, …)`.

    `need` is the permission; `city_wide` tables are for people whom no hall limits. What `strands` bookings
    is also told what is to become of them: `write(…, then=…, because=…)`.
    """

    sheet: Sheet
    need: str
    read: Read
    write: Write
    city_wide: bool = True
    strands: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What a file would do to a table."""

    new: int
    changed: int
    unchanged: int
    removed: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that a file would change; `column` None: the whole row is new, or goes (`line` None)."""

    line: int | None
    key: tuple[str, ...]
    column: Column | None
    before: str
    after: str


def cells_of(sheet: Sheet, rows: Iterable[Row], language: str) -> list[list[str]]:
    """The table as text: a head, then a line per row. `lines_of` reads it back."""
    head = [column.label(language) for column in sheet.columns]
    return [
        head,
        *([_text(column, row.get(column.name), language) for column in sheet.columns] for row in rows),
    ]


def lines_of(sheet: Sheet, cells: Sequence[Sequence[str]], mistakes: Mistakes) -> list[Line]:
    """The rows of a file. The head may name columns in either language or by their code, in any order."""
    if not any(cell.strip() for row in cells for cell in row):
        return []
    places = _places(sheet, cells[0], mistakes)
    lines, seen = [], dict[tuple[str, ...], int]()
    told_apart = {column.name for column, _at in places}.issuperset(sheet.key)
    for number, each in enumerate(cells[1:], 2):
        if not any(cell.strip() for cell in each):
            continue
        row = {
            column.name: _value(column, each[at].strip() if at < len(each) else "", number, mistakes)
            for column, at in places
        }
        first = seen.setdefault(sheet.key_of(row), number)
        if told_apart and first != number:
            mistakes.add(number, "", zh=f"与第 {first} 行重复", en=f"is the same as line {first}")
        lines.append(Line(number, row))
    if len(lines) > MOST_ROWS:
        mistakes.add(1, "", zh=f"超过 {MOST_ROWS} 行", en=f"has more than {MOST_ROWS} rows")
    return lines


def compare(sheet: Sheet, before: Iterable[Row], lines: Sequence[Line]) -> Counts:
    """How many rows are new, changed, unchanged, and gone."""
    known = {sheet.key_of(row): row for row in before}
    keys = {sheet.key_of(line.row): line.row for line in lines}
    moved = moved_rows(sheet.in_order, known, keys)
    same = sum(
        1 for key, row in keys.items() if key in known and key not in moved and _same(sheet, known[key], row)
    )
    both = sum(1 for key in keys if key in known)
    return Counts(len(keys) - both, both - same, same, len(_gone(sheet, known, lines)))


def differences(
    sheet: Sheet, before: Iterable[Row], lines: Sequence[Line], language: str
) -> list[Difference]:
    """Every cell that a file would change, line by line, then the rows that go; no secret is shown."""
    known = {sheet.key_of(row): row for row in before}
    moved = moved_rows(sheet.in_order, known, {sheet.key_of(line.row): line.row for line in lines})
    found: list[Difference] = []
    for line in lines:
        key = sheet.key_of(line.row)
        if key not in known:
            found.append(Difference(line.number, key, None, "", ""))
            continue
        if key in moved:
            was, becomes = moved[key]
            found.append(Difference(line.number, key, PLACE, str(was), str(becomes)))
        found += [
            Difference(
                line.number,
                key,
                column,
                _shown(column, known[key].get(column.name), language),
                _shown(column, line.row[column.name], language),
            )
            for column in sheet.columns
            if column.name in line.row and not _equal(known[key].get(column.name), line.row[column.name])
        ]
    return found + [Difference(None, key, None, "", "") for key in _gone(sheet, known, lines)]


def _shown(column: Column, value: Any, language: str) -> str:
    return ("•" * 6 if value else "") if column.secret else _text(column, value, language)


def _gone(sheet: Sheet, known: Mapping[tuple[str, ...], Row], lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """The rows that the file leaves out though it says everything of what they belong to."""
    if sheet.whole is None:
        return []
    keys = {sheet.key_of(line.row) for line in lines}
    named = {tuple(str(line.row.get(name)) for name in sheet.whole) for line in lines}
    return [
        key
        for key, row in known.items()
        if key not in keys and tuple(str(row.get(name)) for name in sheet.whole) in named
    ]


def _equal(before: Any, after: Any) -> bool:
    return bool(before == after or (not before and not after))


def _same(sheet: Sheet, before: Row, after: Row) -> bool:
    names = [column.name for column in sheet.columns if column.name in after]
    return all(_equal(before.get(name), after[name]) for name in names)


def _places(sheet: Sheet, head: Sequence[str], mistakes: Mistakes) -> list[tuple[Column, int]]:
    """Each column of the file with its place."""
    known = {word.lower(): column for column in sheet.columns for word in (column.name, column.zh, column.en)}
    found: dict[str, int] = {}
    named = {column.name for cell in head if (column := known.get(cell.strip().lower()))}
    if named.isdisjoint(sheet.key) and 2 * len(named) < len(sheet.columns):  # another table, or another sheet
        zh = f"不是“{sheet.zh}”表的列名；只读第一张工作表"
        mistakes.add(1, "", zh=zh, en=f"has no heads of “{sheet.en}”; only the first sheet is read")
        return []
    for at, cell in enumerate(head):
        word = cell.strip()
        column = known.get(word.lower())
        if column is None and word:
            mistakes.add(1, word, zh="不认识的列", en="is not a column of this table")
        elif column is not None and column.name in found:
            mistakes.add(1, column.name, zh="这一列出现了两次", en="is there twice")
        elif column is not None:
            found[column.name] = at
    for column in sheet.columns:
        if column.name not in found and not column.optional:
            mistakes.add(1, column.name, zh="缺少这一列", en="is missing")
    return [(column, found[column.name]) for column in sheet.columns if column.name in found]


def _value(column: Column, cell: str, line: int, mistakes: Mistakes) -> Any:
    if cell == NO_RESULT:
        zh, en = "公式没有结果，请改成数值", "has a formula without a result; please write the value"
        mistakes.add(line, column.name, zh=zh, en=en)
        return None
    if not cell and column.needed:
        mistakes.add(line, column.name, zh="不能为空", en="must not be empty")
        return None
    if len(cell) > column.most * (10 if column.kind == "list" else 1):
        mistakes.add(line, column.name, zh=f"超过 {column.most} 字", en=f"is longer than {column.most}")
        return ""
    try:
        return _READ[column.kind](cell)
    except (ValueError, InvalidOperation):
        zh, en = _SHAPES[column.kind]
        mistakes.add(line, column.name, zh=should_be(zh, cell), en=f"must be {en}, not “{cell}”")
        return None


def _code(cell: str) -> str:
    if cell and CODE.fullmatch(cell) is None:
        raise ValueError
    return cell


def _whole(cell: str) -> int | None:
    if not cell:
        return None
    if re.fullmatch(r"-?\d{1,9}", cell) is None:
        raise ValueError
    return int(cell)


def _number(cell: str) -> float | None:
    if not cell:
        return None
    if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", cell) is None:
        raise ValueError
    return float(cell)


def _yuan(cell: str) -> int:
    amount = Decimal(cell or "0") * _FEN
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount < 10**9:
        raise ValueError
    return int(amount)


def _flag(cell: str) -> bool:
    if cell.lower() not in _YES | _NO:
        raise ValueError
    return cell.lower() in _YES


def _list(cell: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in _BETWEEN.split(cell) if part.strip()))


def _date(cell: str) -> date | None:
    if not cell:
        return None
    year, month, day = cell.replace("/", "-").replace(".", "-").split("-")
    return date(int(year), int(month), int(day))


def _time(cell: str) -> time | None:
    if not cell:
        return None
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", cell) is None:
        raise ValueError
    return time.fromisoformat(cell.zfill(5) if len(cell) < 6 else cell.zfill(8))  # noqa: PLR2004 - HH:MM


_READ: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "code": _code,
    "whole": _whole,
    "number": _number,
    "yuan": _yuan,
    "flag": _flag,
    "list": _list,
    "date": _date,
    "time": _time,
}
_SHAPES = {
    "code": ("代码（字母、数字、横线）", "a code (letters, digits, hyphens)"),
    "whole": ("整数", "a whole number"),
    "number": ("数", "a number"),
    "yuan": ("金额（元）", "an amount in yuan"),
    "flag": ("“是”或“否”", "yes or no"),
    "date": ("日期，如 2026-10-08", "a date such as 2026-10-08"),
    "time": ("时刻，如 09:00", "a time such as 09:00"),
}


def _text(column: Column, value: Any, language: str) -> str:
    if column.kind == "flag":
        return ("yes" if value else "no") if language.startswith("en") else ("是" if value else "否")
    if value is None:
        return ""
    if column.kind == "list":
        return "、".join(map(str, value))
    if column.kind == "yuan":
        return f"{Decimal(value) / _FEN:.2f}".removesuffix(".00")
    if column.kind == "number":
        return f"{value:.9g}"
    return f"{value:%H:%M}" if isinstance(value, time) else str(value)
