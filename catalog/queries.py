"""Reading the catalogue: services, where they are handled, their guides."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.guide import Guide as GuideTree
from catalog.guide import Material, Option, Question, UnknownAnswer, answers_for, walk
from catalog.guide_file import guide_from_data, materials_from_data
from catalog.models import Guide, HallService, Package, Service
from kernel.errors import NotFound


class ServiceUnknown(NotFound):
    """No service has this code, or it is no longer handled."""

    code = "service_unknown"
    zh = "没有这个事项，请搜索或从列表中选择。"
    en = "There is no such service. Please search, or choose one from the list."


class PackageUnknown(NotFound):
    """No package has this code."""

    code = "package_unknown"
    zh = "没有这个“一件事”，请从全部事项中选择。"
    en = "There is no such package. Please choose from the list of services."


def get_service(session: Session, code: str) -> Service:
    """The service of this code; raises ServiceUnknown."""
    service = session.scalar(select(Service).where(Service.code == code, Service.active))
    if service is None:
        raise ServiceUnknown
    return service


def list_all_services(session: Session) -> list[Service]:
    """Those that are handled no more too, for who edits the catalog."""
    return list(session.scalars(select(Service).order_by(Service.position, Service.code)))


def list_services(session: Session, hall_id: int | None = None) -> list[Service]:
    """All services in their order, or those that a hall handles."""
    wanted = select(Service).where(Service.active).order_by(Service.position, Service.code)
    if hall_id is not None:
        wanted = wanted.join(HallService, HallService.service_id == Service.id).where(
            HallService.hall_id == hall_id
        )
    return list(session.scalars(wanted))


def list_packages(session: Session) -> list[Package]:
    """All packages in their order."""
    return list(session.scalars(select(Package).order_by(Package.position)))


def get_package(session: Session, code: str) -> Package:
    """The package of this code; raises PackageUnknown."""
    package = session.scalar(select(Package).where(Package.code == code))
    if package is None:
        raise PackageUnknown
    return package


def services_of_package(session: Session, package: Package) -> list[Service]:
    """Its services that are still handled, in its order."""
    rows = session.scalars(select(Service).where(Service.code.in_(package.services), Service.active))
    return sorted(rows, key=lambda service: package.services.index(service.code))


def services_of(session: Session, service_ids: Iterable[int]) -> list[Service]:
    """Services by id (also those no longer handled), in the order asked for."""
    ids = list(service_ids)
    found = {row.id: row for row in session.scalars(select(Service).where(Service.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


def halls_offering(session: Session, service_id: int) -> list[tuple[int, int]]:
    """Where a service is handled: (hall id, group id)."""
    rows = session.execute(
        select(HallService.hall_id, HallService.group_id)
        .where(HallService.service_id == service_id)
        .order_by(HallService.hall_id)
    )
    return [(row[0], row[1]) for row in rows]


def services_by_group(session: Session, hall_id: int) -> Mapping[int, list[Service]]:
    """Group id → the services that the hall handles there; what a kiosk offers."""
    rows = session.execute(
        select(HallService.group_id, Service)
        .join(Service, Service.id == HallService.service_id)
        .where(HallService.hall_id == hall_id, Service.active)
        .order_by(Service.position, Service.code)
    )
    found: dict[int, list[Service]] = {}
    for group_id, service in rows:
        found.setdefault(group_id, []).append(service)
    return found


def materials_of(service: Service) -> tuple[Material, ...]:
    """The materials of a service, all that may be needed."""
    return materials_from_data(service.materials)


def find_guide(session: Session, service: Service) -> GuideTree | None:
    """The questions of a service, if it has any."""
    row = session.get(Guide, service.id)
    if row is None:
        return None
    codes = {material["code"] for material in service.materials}
    return guide_from_data(row.tree, materials=codes, name=f"{service.code}.guide")


def answers_in_words(
    session: Session, services: Iterable[Service], answers: Mapping[str, Any], *, language: str
) -> list[dict[str, str]]:
    """What somebody answered to the guides of these services: question and answer, in a language.

    What a guide does not ask any more stays as the codes that were kept.
    """
    found, known = [], set()
    for service in services:
        guide, own = find_guide(session, service), answers_for(service.code, answers)
        for question in guide.questions if guide else ():
            option = question.option(own.get(question.code, ""))
            if option is not None:
                found.append({"question": _text(question, language), "answer": _text(option, language)})
                known |= {question.code, f"{service.code}.{question.code}"}
    left = [{"question": asked, "answer": str(said)} for asked, said in answers.items() if asked not in known]
    return found + left


def _text(row: Question | Option, language: str) -> str:
    return (row.text_en if language == "en" else "") or row.text_zh


def minutes_in_situation(
    session: Session, service_ids: Sequence[int], answers: Mapping[str, Any]
) -> dict[int, int]:
    """Service id → planned minutes, for services whose guide these answers lead to a length of its own.

    Answers are as `catalog.guide.answers_for` reads them; those that a guide does not ask, or no longer
    offers, change nothing.
    """
    rows = session.execute(
        select(Service, Guide.tree)
        .join(Guide, Guide.service_id == Service.id)
        .where(Service.id.in_(service_ids))
    )
    found: dict[int, int] = {}
    for service, tree in rows:
        codes = {material["code"] for material in service.materials}
        try:
            step = walk(guide_from_data(tree, materials=codes), answers_for(service.code, answers))
        except UnknownAnswer:
            continue
        if step.situation is not None and step.situation.minutes is not None:
            found[service.id] = step.situation.minutes
    return found
