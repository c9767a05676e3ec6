"""The halls whose figures somebody may see."""

from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import list_halls
from web import edge


def my_halls(session: Session) -> list[Hall]:
    """Those in use, in order of their code."""
    who = edge.actor()
    return [hall for hall in list_halls(session) if who.may("cockpit.view", hall.id)]
