"""Earlier states of services, packages and synonyms, brought back through the same checks as any edit."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import history
from catalog.edit import save_services, save_synonyms
from catalog.models import Guide, Service
from catalog.package_file import package_from_data
from catalog.packages import save_package
from catalog.queries import ServiceUnknown
from catalog.service_file import service_from_data
from kernel.actor import Actor
from kernel.history import get_revision


def find_any_service(session: Session, code: str) -> Service:
    """The service of this code, also when it is out of use; raises ServiceUnknown."""
    service = session.scalar(select(Service).where(Service.code == code))
    if service is None:
        raise ServiceUnknown
    return service


def restore_service(session: Session, service: Service, number: int, *, actor: Actor, now: datetime) -> None:
    """Bring back a service as it was; its guide stays as it is.

    Raises:
        RevisionUnknown
        ServiceFileInvalid: the guide needs a material that the earlier state did not have.
    """
    content = dict(get_revision(session, history.SERVICE, service.code, number).content)
    guide = session.get(Guide, service.id)
    if guide is not None:
        content["guide"] = guide.tree
    save_services(session, [service_from_data(content, code=service.code)], actor=actor, now=now)


def restore_package(session: Session, code: str, number: int, *, actor: Actor, now: datetime) -> None:
    """Bring back a package as it was, also one that was taken away.

    Raises:
        RevisionUnknown
        PackageFileInvalid: it names a service that is gone.
    """
    content = get_revision(session, history.PACKAGE, code, number).content
    services = session.scalars(select(Service.code)).all()
    save_package(session, package_from_data(content, services=services), actor=actor, now=now)


def restore_synonyms(session: Session, number: int, *, actor: Actor, now: datetime) -> None:
    """Bring back all groups of words as they were; raises RevisionUnknown."""
    content = get_revision(session, history.SYNONYMS, history.ALL_SYNONYMS, number).content
    save_synonyms(session, content["groups"], actor=actor, now=now)
