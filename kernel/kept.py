"""What a process may remember of what it read: for a moment, by a clock that no demonstration sets."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values that were made at most `seconds` ago, not more than `most` of them; safe from several threads.

    Each value's age counts from before it was made, so nothing that was changed longer ago than `seconds` is
    told as it was. Two threads may make the same value at once; neither waits.
    """

    def __init__(
        self, seconds: float, *, most: int = 1000, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._monotonic = seconds, most, monotonic
        self._values: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of `key`, made anew if it is too old. What `make` raises is not kept."""
        now = self._monotonic()
        value = self.find(key)
        if value is not None:
            return value
        made = make()
        self._put(key, made, now)
        return made

    def find(self, key: Key) -> Value | None:
        """The value of `key`, None when there is none that is young enough."""
        until, value = self._values.get(key, (0.0, None))
        return value if self._monotonic() < until else None

    def put(self, key: Key, value: Value) -> None:
        """Keep what was made just now."""
        self._put(key, value, self._monotonic())

    def _put(self, key: Key, value: Value, made_at: float) -> None:
        if len(self._values) >= self._most:
            self._values = {}  # whoever still needs one makes it again
        self._values[key] = (made_at + self._seconds, value)
