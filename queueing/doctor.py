"""Invariants of the lines, checked on the data of a running system."""

from sqlalchemy.orm import Session


def check(session: Session) -> list[str]:
    """Every broken invariant as one line of text; empty when all hold."""
    raise NotImplementedError
