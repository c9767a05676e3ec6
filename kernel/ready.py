"""Bytes that many ask for again and again: made once, kept for less than a second, shared through Redis.

Two layers, one age: how old bytes are counts from before they were made, wherever they were kept since.

1. Each process keeps them by its own monotonic clock.
2. Redis keeps them for the other processes. Machines need not agree on the time: whoever makes bytes asks
   Redis for its time *before* that, and stores them to expire so long after it; whoever takes them asks how
   long they still have to live. Both err on the side of too young.

While one thread makes new bytes, the others of its process go on with the old ones as long as these last,
and wait for the new ones after that. Without Redis each process makes its own.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger("ready")

#: How old bytes may be when a question comes in, and from which age on somebody makes new ones.
KEPT_SECONDS, RENEWED_AFTER = 0.8, 0.4
#: After Redis failed, so long nobody waits for it.
PAUSE_SECONDS = 5.0
_PREFIX = "ready:"
_MOST, _LARGEST = 300, 128 * 1024
_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Made:
    """What was made; `shared` says whether other processes may have it, `kept` whether anybody may."""

    value: bytes
    kept: bool = True
    shared: bool = True


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    until: float  # monotonic


class Ready:
    """The memory of one process; safe from several threads."""

    def __init__(
        self, redis: Redis, *, seconds: float = KEPT_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis, self._monotonic = redis, monotonic
        self._seconds, self._renewing = seconds, seconds * (1 - RENEWED_AFTER / KEPT_SECONDS)
        self._entries: dict[str, _Entry] = {}
        self._making: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._away_until = float("-inf")

    def get(self, key: str, make: Callable[[], Made]) -> bytes:
        """The bytes of `key`, no older than allowed at the moment of asking."""
        asked_at = self._monotonic()
        while True:
            entry = self._entries.get(key)
            if entry is not None and (
                asked_at < entry.until - self._renewing or (asked_at < entry.until and key in self._making)
            ):
                return entry.value
            with self._lock:
                others = self._making.get(key)
                if others is None:
                    self._making[key] = threading.Event()
                    break
            others.wait(_LONGEST_WAIT)
        try:
            return self._renew(key, make)
        finally:
            with self._lock:
                self._making.pop(key).set()

    def _renew(self, key: str, make: Callable[[], Made]) -> bytes:
        name = _PREFIX + hashlib.sha256(key.encode()).hexdigest()
        began = self._monotonic()
        shared, redis_ms = self._read(name)
        if shared is not None and shared.until - began > self._renewing:
            self._keep(key, shared)
            return shared.value
        began = self._monotonic()
        made = make()
        if made.kept and len(made.value) <= _LARGEST:
            self._keep(key, _Entry(made.value, began + self._seconds))
            if made.shared and redis_ms is not None:
                self._write(name, made.value, redis_ms + int(self._seconds * 1000))
        return made.value

    def _keep(self, key: str, entry: _Entry) -> None:
        with self._lock:
            if len(self._entries) >= _MOST:
                now = self._monotonic()
                self._entries = {each: kept for each, kept in self._entries.items() if kept.until > now}
            if len(self._entries) < _MOST or key in self._entries:
                self._entries[key] = entry

    def _read(self, name: str) -> tuple[_Entry | None, int | None]:
        """What other processes made, and the time of Redis in ms; (None, None) without Redis."""
        asked_at = self._monotonic()
        if asked_at < self._away_until:
            return None, None
        try:
            pipe = self._redis.pipeline(transaction=False)
            pipe.time()
            pipe.pttl(name)
            pipe.get(name)
            (seconds, micros), left_ms, value = pipe.execute()
        except RedisError as error:
            self._do_without(error)
            return None, None
        found = _Entry(value, asked_at + left_ms / 1000) if value is not None and left_ms > 0 else None
        return found, seconds * 1000 + micros // 1000

    def _write(self, name: str, value: bytes, expires_ms: int) -> None:
        try:
            self._redis.set(name, value, pxat=expires_ms)
        except RedisError as error:
            self._do_without(error)

    def _do_without(self, error: RedisError) -> None:
        if self._monotonic() >= self._away_until:
            log.warning("ready_answers_of_this_process_alone", error=type(error).__name__)
        self._away_until = self._monotonic() + PAUSE_SECONDS
