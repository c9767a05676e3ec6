"""The rooms of a hall: those that many halls have, and the names that its own settings list."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from halls.queries import get_hall_by_id
from halls.screen_edit import screens_of
from queueing.rooms import COMMON_ROOMS, room_of


def room_in(session: Session, hall_id: int, text: str | None) -> str | None:
    """The room as the hall's screens show it; None for nothing. Raises RoomUnreadable."""
    return room_of(text, screens_of(get_hall_by_id(session, hall_id)).rooms) if text else None


def list_rooms(session: Session, hall_id: int) -> Sequence[str]:
    """The names that can be typed there: the hall's own first."""
    own = screens_of(get_hall_by_id(session, hall_id)).rooms
    return (*own, *(name for name in COMMON_ROOMS if name not in own))
