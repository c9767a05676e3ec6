"""What a process works with, built once by the composition root and passed explicitly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis import Redis
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.doctor import Violation
from kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, the database and a Redis client with short time-outs.

    `deep_check` asks every package whether its promises hold; it knows all of them, so only the
    composition root can give it.
    """

    settings: Settings
    database: Database
    redis: "Redis"
    deep_check: Callable[[Session], Sequence[Violation]] | None = None
