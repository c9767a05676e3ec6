"""PURE: the list beside the newest call, in pages of as many rows as the letters leave room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from queueing.board import BoardCall, most_wanted


@dataclass(frozen=True, slots=True)
class Recent:
    """`newest` stands large. `pages` are shown in turn: all open calls, however many.

    One page is filled up with calls that were answered.
    """

    newest: BoardCall | None
    pages: tuple[tuple[BoardCall, ...], ...]
    open_calls: int


def recent(calls: Sequence[BoardCall], rows: int) -> Recent:
    """Split calls (newest first) for a layout of so many rows."""
    newest, rest = (calls[0], list(calls[1:])) if calls else (None, [])
    listed = most_wanted(rest, rows)
    pages = tuple(tuple(listed[at : at + rows]) for at in range(0, len(listed), rows))
    return Recent(newest, pages or ((),), sum(call.is_open for call in calls))
