"""PURE: which rows of a table stand at another place among those that they belong to."""

from collections.abc import Mapping, Sequence
from typing import Any

Key = tuple[str, ...]
Rows = Mapping[Key, Mapping[str, Any]]


def moved_rows(in_order: Sequence[str] | None, before: Rows, after: Rows) -> dict[Key, tuple[int, int]]:
    """The fewest rows whose moves explain the new order, each with its places (from 1) then and now.

    Rows stand in order among those with the same values of the columns `in_order`; None: nowhere.
    """
    found: dict[Key, tuple[int, int]] = {}
    if in_order is None:
        return found
    old, new = _siblings(in_order, before), _siblings(in_order, after)
    for shared, keys in new.items():
        was = {key: at for at, key in enumerate(old.get(shared, ()), 1)}
        both = [key for key in keys if key in was]
        stay = _longest_rise([was[key] for key in both])
        becomes = {key: at for at, key in enumerate(keys, 1)}
        found |= {key: (was[key], becomes[key]) for key in both if was[key] not in stay}
    return found


def _siblings(in_order: Sequence[str], rows: Rows) -> dict[Key, list[Key]]:
    found: dict[Key, list[Key]] = {}
    for key, row in rows.items():
        found.setdefault(tuple(str(row.get(name)) for name in in_order), []).append(key)
    return found


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """A longest rising choice of different numbers, in their order."""
    best: dict[int, list[int]] = {}  # number → the longest that ends with it
    for number in numbers:
        best[number] = [*_longest([best[each] for each in best if each < number]), number]
    return set(_longest(list(best.values())))


def _longest(choices: Sequence[list[int]]) -> list[int]:
    return max(choices, key=len) if choices else []
