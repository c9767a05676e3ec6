"""What call screens show: numbers, never names."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from halls.models import Hall


@dataclass(frozen=True, slots=True)
class BoardCall:
    """One line of the screen. `last_called_at` grows with each repetition: screens announce it again."""

    call_id: int
    label: str
    booked: bool
    counter_number: int
    called_at: datetime
    last_called_at: datetime
    group_name_zh: str
    group_name_en: str
    serving: bool


@dataclass(frozen=True, slots=True)
class BoardLine:
    """How many wait in a line."""

    group_id: int
    letter: str
    name_zh: str
    name_en: str
    count: int


@dataclass(frozen=True, slots=True)
class Board:
    """Calls newest first (at most 7), and the lines. `version` changes when what is shown changes."""

    hall: Hall
    calls: list[BoardCall]
    waiting: list[BoardLine]
    version: str


def board(session: Session, hall_id: int, *, now: datetime) -> Board:
    """The screen of a hall now."""
    raise NotImplementedError
