"""How often somebody may do something, counted in Redis: all limits of a request in one step, or none.

A limit is "so many within so many seconds", counted from the first. The keys hold keyed hashes only. While
Redis is away each process counts for itself, which is wider by the number of processes but never open.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from kernel.crypto import cipher
from kernel.errors import TooMany
from kernel.redis_line import RedisLine

log = structlog.get_logger("limits")

_PREFIX = "fair:"
# After Redis failed, so long nobody waits for it again; each failure doubles it. A Redis that hangs costs
# whoever asks it the whole time-out, so only one request at a time tries. Those that were asking when it
# began to hang all wait, so the time-out is one that nobody who books notices.
_ANSWER_SECONDS = 0.3
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_MOST_REMEMBERED = 50_000
_TOLD_EVERY = 0.5

# First all are asked, then all are counted: who is refused by one limit uses up none of the others.
_TAKE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then
    return {i, redis.call('PTTL', key)}
  end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * i] * 1000) end
end
return 0
"""
_NOTE = """
local count = redis.call('INCRBY', KEYS[1], ARGV[4])
if count == tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[1] * 1000) end
if count > tonumber(ARGV[2]) then redis.call('SET', KEYS[2], '1', 'PX', ARGV[3] * 1000) end
return redis.call('EXISTS', KEYS[2])
"""


class LimitReached(TooMany):
    """One of the limits of `web.limits.RULES`; `limit` names it."""

    code = "limit_reached"
    zh = "操作次数已达上限，请 {wait_seconds} 秒后再试。着急的话，可到大厅现场取号或请工作人员代办。"
    en = (
        "Too many attempts. Please try again in {wait_seconds} seconds. If it is urgent, "
        "take a number at the hall or ask its staff."
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """So many within so many seconds."""

    most: int
    seconds: int


@dataclass(slots=True)
class _Untold:
    """What a process has counted and not told Redis yet, and what Redis said last."""

    since: float
    count: int = 0
    busy: bool = False


def parse_rules(text: str) -> dict[str, Rule]:
    """`hold.device=30/600 book.phone=20/86400`: limits that differ from the defaults.

    Raises:
        ValueError: another shape, or a number below 1.
    """
    found = {}
    for part in text.split():
        name, equals, numbers = part.partition("=")
        most, slash, seconds = numbers.partition("/")
        rule = Rule(int(most), int(seconds))
        if not name or not equals or not slash or min(rule.most, rule.seconds) < 1:
            raise ValueError(part)
        found[name] = rule
    return found


def hashed(text: str, kind: str) -> str:
    """Who somebody is, as it may stand in a key: a keyed hash."""
    return cipher().blind_index(text, f"limit.{kind}").hex()


class Limits:
    """The limits of a process; safe from several threads."""

    def __init__(
        self, redis: Redis, rules: Mapping[str, Rule], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis, self._rules, self._monotonic = redis, dict(rules), monotonic
        self._line = RedisLine(redis, answer_seconds=_ANSWER_SECONDS)
        self._own: dict[str, tuple[int, float]] = {}  # key → (count, until)
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._pause = 0.0  # 0: Redis answers
        self._untold: dict[str, _Untold] = {}

    @property
    def redis(self) -> Redis:
        """Where it counts."""
        return self._redis

    @property
    def rules(self) -> Mapping[str, Rule]:
        """What is in force, by name."""
        return self._rules

    def take(self, claims: Sequence[tuple[str, str]]) -> None:
        """Count one for each (name of the limit, hash of who), or for none of them.

        Raises:
            LimitReached: `limit` names the first that is used up; `wait_seconds` until it begins anew.
        """
        keys = [f"{_PREFIX}{name}:{who}" for name, who in claims]
        at, left = self._take(keys, [self._rules[name] for name, _who in claims])
        if at:
            raise LimitReached(limit=claims[at - 1][0], wait_seconds=max(1, round(left)))

    def has_room(self, claims: Sequence[tuple[str, Rule]]) -> bool:
        """Count one for each name, by rules of the caller; False, with none counted, where one is full."""
        if not claims:
            return True
        at, _left = self._take(
            [f"{_PREFIX}{name}" for name, _rule in claims], [rule for _name, rule in claims]
        )
        return not at

    def _take(self, keys: Sequence[str], rules: Sequence[Rule]) -> tuple[int, float]:
        """Which is used up (from 1; 0: none was, and all are counted) and how many seconds it stays so."""
        numbers = [number for rule in rules for number in (rule.most, rule.seconds)]
        answer = self._ask(_TAKE, keys, numbers)
        if answer == 0:
            return 0, 0.0
        return self._take_own(keys, rules) if answer is None else (answer[0], answer[1] / 1000)

    def note(self, name: str, *, window: int, most: int, stays: int) -> bool:
        """Count one more; whether more than `most` came within a window, or did less than `stays` s ago.

        A storm needs no exact count, and its requests no exchange each: a process tells of up to a twentieth
        of `most`, or of half a second, at once.
        """
        with self._lock:
            untold = self._untold.setdefault(name, _Untold(self._monotonic()))
            untold.count += 1
            late = self._monotonic() - untold.since >= _TOLD_EVERY
            if not late and untold.count < max(1, most // 20):
                return untold.busy
            many, untold.count, untold.since = untold.count, 0, self._monotonic()
        untold.busy = self._note(name, many, window=window, most=most, stays=stays)
        return untold.busy

    def _note(self, name: str, many: int, *, window: int, most: int, stays: int) -> bool:
        keys = [f"{_PREFIX}{name}:now", f"{_PREFIX}{name}:busy"]
        answer = self._ask(_NOTE, keys, [window, most, stays, many])
        if answer is not None:
            return bool(answer)
        with self._lock:
            if self._count_own(keys[0], window, many) > most:
                self._own[keys[1]] = (1, self._monotonic() + stays)
            return self._read_own(keys[1]) > 0

    def use_once(self, name: str, *, seconds: int, by: str | None = None) -> bool:
        """Whether this is the first use of something within so many seconds, or again one `by` the same."""
        key = f"{_PREFIX}{name}"
        if self._may_ask():
            try:
                first = bool(self._line.execute("SET", key, by or "1", "NX", "EX", seconds))
                if by and not first:
                    first = self._line.execute("GET", key) == by.encode()
            except RedisError as error:
                self._fall_back(error)
            else:
                self._answered()
                return first
        with self._lock:
            if self._count_own(key, seconds) == 1:
                self._count_own(f"{key}:{by}", seconds)
                return True
            return by is not None and self._read_own(f"{key}:{by}") > 0

    def _ask(self, script: str, keys: Sequence[str], numbers: Sequence[int]) -> Any:
        """The script's answer; None while Redis is away."""
        if not self._may_ask():
            return None
        try:
            answer = self._line.execute("EVAL", script, len(keys), *keys, *numbers)
        except RedisError as error:
            self._fall_back(error)
            return None
        self._answered()
        return answer

    def _may_ask(self) -> bool:
        if not self._pause:
            return True
        with self._lock:
            if self._monotonic() < self._away_until:
                return False
            self._away_until = self._monotonic() + self._pause  # this request tries, the others do not
            return True

    def _answered(self) -> None:
        if self._pause:
            self._pause = 0.0
            log.info("limits_in_redis_again")

    def _fall_back(self, error: RedisError) -> None:
        if not self._pause:
            log.warning("limits_counted_by_this_process", error=type(error).__name__)
        self._pause = min(max(_FIRST_PAUSE, self._pause * 2), _LONGEST_PAUSE)
        self._away_until = self._monotonic() + self._pause

    def _take_own(self, keys: Sequence[str], rules: Sequence[Rule]) -> tuple[int, float]:
        with self._lock:
            for nth, (key, rule) in enumerate(zip(keys, rules, strict=True), 1):
                if self._read_own(key) >= rule.most:
                    return nth, self._own[key][1] - self._monotonic()
            for key, rule in zip(keys, rules, strict=True):
                self._count_own(key, rule.seconds)
        return 0, 0.0

    def _read_own(self, key: str) -> int:
        count, until = self._own.get(key, (0, 0.0))
        return count if until > self._monotonic() else 0

    def _count_own(self, key: str, seconds: int, many: int = 1) -> int:
        if len(self._own) >= _MOST_REMEMBERED:
            self._forget_old()
        count = self._read_own(key) + many
        until = self._own[key][1] if count > many else self._monotonic() + seconds
        self._own[key] = (count, until)
        return count

    def _forget_old(self) -> None:
        """Make room; if all still count, the soonest over go."""
        now = self._monotonic()
        kept = sorted((item for item in self._own.items() if item[1][1] > now), key=lambda item: -item[1][1])
        self._own = dict(kept[: _MOST_REMEMBERED // 2])
