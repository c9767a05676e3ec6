"""PURE: reading tables of a data file (TOML, JSON) so that one pass names every mistake, with file and key.

A reader never stops at the first mistake: it notes a `Problem`, returns a harmless value and goes on.
`Problems.stop_if_any` raises at the end, so an administrator corrects a file in one round, not in twenty.
"""

import re
import tomllib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from kernel.errors import Invalid

CODE = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")


def should_be(zh: str, shown: str) -> str:
    """What a value should be, and what stands there: one sentence for files and tables."""
    space = " " if zh[0].isascii() else ""
    return f"应为{space}{zh}，现为“{shown}”"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is and what to do about it."""

    file: str
    key: str
    zh: str
    en: str

    def line(self, language: str) -> str:
        """`halls/city-hall.toml: counters[3].groups: no such group: Q`."""
        what = self.en if language.startswith("en") else self.zh
        return ": ".join(part for part in (self.file, self.key, what) if part)


class DataFileInvalid(Invalid):
    """A data file has mistakes; all of them are in `problems`."""

    code = "data_file_invalid"
    zh = "数据文件有 {count} 处问题，请改正后重新载入："
    en = "The data files have {count} mistake(s). Please correct them and load again:"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        listed = [{"file": p.file, "key": p.key, "zh": p.zh, "en": p.en} for p in problems]
        super().__init__(count=len(problems), problems=listed)

    def sentence(self, language: str) -> str:
        """The sentence, then one line per mistake."""
        return "\n".join([super().sentence(language), *(p.line(language) for p in self.problems)])


@dataclass(slots=True)
class Problems:
    """Collects the mistakes of one loading."""

    found: list[Problem] = field(default_factory=list)

    def add(self, file: str, key: str, *, zh: str, en: str) -> None:
        """Note one mistake."""
        self.found.append(Problem(file, key, zh, en))

    def stop_if_any(self, kind: type[DataFileInvalid]) -> None:
        """Raise `kind` with all mistakes, if there are any."""
        if self.found:
            raise kind(tuple(self.found))


class Table:
    """One mapping of a data file, read key by key; `finish` reports keys that nobody asked for."""

    def __init__(self, data: Mapping[str, Any], problems: Problems, *, file: str, path: str = "") -> None:
        self.data = data
        self.problems = problems
        self.file = file
        self.path = path
        self._asked: set[str] = set()

    def complain(self, key: str, zh: str, en: str) -> None:
        """Note a mistake at `key` of this table."""
        full = f"{self.path}.{key}" if self.path and key else self.path or key
        self.problems.add(self.file, full, zh=zh, en=en)

    def has(self, key: str) -> bool:
        """True if the key is there."""
        return key in self.data

    def _take(self, key: str, accept: Callable[[Any], bool], default: Any, *, zh: str, en: str) -> Any:
        """The value if `accept` likes it; else `default`, with a complaint unless the key may be left out."""
        self._asked.add(key)
        if key not in self.data:
            if default is None:
                self.complain(key, "缺少这一项", "is missing")
            return default
        value = self.data[key]
        if accept(value):
            return value
        if value in ("", []):
            self.complain(key, "不能为空", "must not be empty")
        else:
            shown = value if isinstance(value, str) else repr(value)
            self.complain(key, should_be(zh, shown), f"must be {en}, not {value!r}")
        return default

    def text(self, key: str, default: str | None = None, *, most: int = 400) -> str:
        """A string of at most `most` characters; required and not blank when there is no default."""

        def accept(value: Any) -> bool:
            return (
                isinstance(value, str) and len(value) <= most and (default is not None or bool(value.strip()))
            )

        return str(
            self._take(key, accept, default, zh=f"不超过 {most} 字的文字", en=f"text up to {most} characters")
            or ""
        )

    def code(self, key: str, default: str | None = None, *, most: int = 48) -> str:
        """A code: letters, digits, single hyphens."""

        def accept(value: Any) -> bool:
            return isinstance(value, str) and len(value) <= most and CODE.fullmatch(value) is not None

        return str(
            self._take(
                key, accept, default, zh="代码（字母、数字、连字符）", en="a code (letters, digits, hyphens)"
            )
            or ""
        )

    def whole(self, key: str, default: int | None = None, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number in [least, most]."""

        def accept(value: Any) -> bool:
            return type(value) is int and least <= value <= most

        return int(
            self._take(
                key, accept, default, zh=f"{least} 到 {most} 的整数", en=f"a whole number {least}..{most}"
            )
            or 0
        )

    def number(self, key: str, default: float | None = None, *, least: float = 0, most: float = 1e6) -> float:
        """A number in [least, most]."""

        def accept(value: Any) -> bool:
            return type(value) in (int, float) and least <= value <= most

        return float(
            self._take(
                key, accept, default, zh=f"{least:g} 到 {most:g} 的数", en=f"a number {least:g}..{most:g}"
            )
            or 0
        )

    def flag(self, key: str, *, default: bool) -> bool:
        """`true` or `false`."""
        return bool(
            self._take(
                key, lambda value: isinstance(value, bool), default, zh=" true 或 false", en="true or false"
            )
        )

    def clock(self, key: str) -> time:
        """A time of day, "09:00" or "09:00:05"."""
        text = self._take(
            key, lambda value: _time(value) is not None, None, zh="时刻，如 09:00", en="a time such as 09:00"
        )
        return _time(text) or time(0)

    def day(self, key: str) -> date:
        """A date, "2026-10-08"."""
        text = self._take(
            key,
            lambda value: _date(value) is not None,
            None,
            zh="日期，如 2026-10-08",
            en="a date such as 2026-10-08",
        )
        return _date(text) or date(2000, 1, 1)

    def texts(self, key: str, default: tuple[str, ...] | None = ()) -> tuple[str, ...]:
        """A list of non-empty strings."""

        def accept(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)

        return tuple(self._take(key, accept, default, zh="文字的列表", en="a list of texts") or ())

    def wholes(self, key: str, *, least: int, most: int) -> tuple[int, ...]:
        """A non-empty list of whole numbers in [least, most]."""

        def accept(value: Any) -> bool:
            return (
                isinstance(value, list)
                and bool(value)
                and all(type(n) is int and least <= n <= most for n in value)
            )

        return tuple(
            self._take(
                key,
                accept,
                None,
                zh=f"{least} 到 {most} 的整数列表",
                en=f"a list of whole numbers {least}..{most}",
            )
            or ()
        )

    def mapping(self, key: str, *, required: bool = False) -> Mapping[str, Any]:
        """A raw mapping."""
        default: dict[str, Any] | None = None if required else {}
        return (
            self._take(key, lambda value: isinstance(value, Mapping), default, zh="一张表", en="a table")
            or {}
        )

    def table(self, key: str, *, required: bool = False) -> "Table":
        """A table inside this one."""
        path = f"{self.path}.{key}" if self.path else key
        return Table(self.mapping(key, required=required), self.problems, file=self.file, path=path)

    def tables(self, key: str, *, required: bool = False) -> list["Table"]:
        """A list of tables, each with its place counted from 1: `counters[3]`."""

        def accept(value: Any) -> bool:
            return (
                isinstance(value, list)
                and all(isinstance(one, Mapping) for one in value)
                and (bool(value) or not required)
            )

        rows = self._take(key, accept, None if required else [], zh="表的列表", en="a list of tables") or []
        path = f"{self.path}.{key}" if self.path else key
        return [
            Table(row, self.problems, file=self.file, path=f"{path}[{at}]") for at, row in enumerate(rows, 1)
        ]

    def finish(self) -> None:
        """Report keys that mean nothing here: most are typing errors."""
        for key in self.data:
            if key not in self._asked:
                self.complain(key, "不认识的项（可能是拼写错误）", "is not a known key (a typing error?)")


def report_doubles(rows: Iterable[tuple[Table, Hashable]], key: str) -> None:
    """Complain about every value that an earlier row has already."""
    seen: set[Hashable] = set()
    for row, value in rows:
        if value in seen:
            row.complain(key, f"重复：{value}", f"is there twice: {value}")
        seen.add(value)


def read_toml(text: str, problems: Problems, *, file: str) -> Table:
    """The whole file as a table; an empty one, with the parser's complaint, where it is not TOML."""
    try:
        return Table(tomllib.loads(text), problems, file=file)
    except tomllib.TOMLDecodeError as wrong:
        problems.add(file, "", zh=f"不是合法的 TOML：{wrong}", en=f"not TOML: {wrong}")
        return Table({}, Problems(), file=file)


def _time(value: Any) -> time | None:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or re.fullmatch(r"[0-2]\d:[0-5]\d(:[0-5]\d)?", value) is None:
        return None
    try:
        return time.fromisoformat(value)
    except ValueError:
        return None


def _date(value: Any) -> date | None:
    if type(value) is date:
        return value
    if not isinstance(value, str) or re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
