"""PURE: what changed between two saved states, as lines that a person can read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MARKS = ("code", "number", "on")


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs: `path` leads to it, from the whole to the part. None: not there."""

    path: tuple[str, ...]
    before: Any
    after: Any


def changes(before: Any, after: Any) -> list[Change]:
    """Every place where two JSON values differ, in the order of the newer one.

    Parts of a list are told apart by their `code`, `number` or `on`, so that one added at the top does not
    make all of them look changed. Rows without such a mark are gone or new, each by itself.
    """
    return list(_changes((), before, after))


def _changes(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    parts, others = _parts(after), _parts(before)
    if (parts is None or others is None) and _are_rows(before) and _are_rows(after):
        yield from _gone_and_new(path, before, after)
        return
    if parts is None or others is None:
        yield Change(path, before, after)
        return
    for name in (*parts, *(name for name in others if name not in parts)):
        if name in parts and name in others:
            yield from _changes((*path, name), others[name], parts[name])
        elif not _empty(parts.get(name)) or not _empty(others.get(name)):
            yield Change((*path, name), others.get(name), parts.get(name))
    if list(parts) != list(others) and set(parts) == set(others) and isinstance(after, list):
        yield Change(path, list(others), list(parts))


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, Mapping) for part in value)


def _gone_and_new(path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[Change]:
    """Rows that only one state has; both told in the order of fields of the older state."""
    order = list(before[0]) if before else []
    for row in before:
        if row not in after:
            yield Change(path, row, None)
    for row in after:
        if row not in before:
            names = [*(name for name in order if name in row), *(name for name in row if name not in order)]
            yield Change(path, None, {name: row[name] for name in names})


def _parts(value: Any) -> dict[str, Any] | None:
    """The named parts of a mapping, or of a list whose members have marks; None for anything else."""
    if isinstance(value, Mapping):
        return {str(name): part for name, part in value.items()}
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        for mark in _MARKS:
            names = [str(part.get(mark, "")) for part in value]
            if all(names) and len(set(names)) == len(names):
                return dict(zip(names, value, strict=True))
    return None


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {}) or value is False
