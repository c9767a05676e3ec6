"""What a process works with, built once by the composition root and passed explicitly."""

from dataclasses import dataclass

from redis import Redis

from kernel.db import Database
from kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, the database and a Redis client with short time-outs."""

    settings: Settings
    database: Database
    redis: "Redis"
