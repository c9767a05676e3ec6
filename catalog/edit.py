"""Editing the catalogue: what an administrator's page, the API and the loading of a city all do."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.service_file import ServiceFile
from kernel.actor import Actor


def save_services(
    session: Session, services: Sequence[ServiceFile], *, actor: Actor, now: datetime
) -> list[Service]:
    """Write services with their materials and guides: found by code, made if new, in the order given.

    The same services twice change nothing. Where they are handled is `offer`'s matter.
    """
    raise NotImplementedError


def offer(
    session: Session, hall_id: int, group_of: Mapping[str, int], *, actor: Actor, now: datetime
) -> None:
    """Say which services a hall handles, and in which line: service code → group id. Replaces what was.

    Raises:
        ServiceUnknown
    """
    raise NotImplementedError


def set_active(session: Session, service: Service, *, active: bool, actor: Actor, now: datetime) -> None:
    """Take a service out of the catalogue, or back in."""
    raise NotImplementedError
