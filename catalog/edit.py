"""Editing the catalogue: what an administrator's page, the API and the loading of a city all do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from catalog import history
from catalog.events import ServicesSaved
from catalog.models import Guide, HallService, Package, SearchSynonym, Service
from catalog.package_file import PackageRow
from catalog.pictures import missing_pictures
from catalog.queries import ServiceUnknown
from catalog.service_file import ServiceFile, ServiceFileInvalid
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.data_file import Problems

_PLAIN = (
    "position",
    "name_zh",
    "name_en",
    "summary_zh",
    "summary_en",
    "minutes",
    "fee_fen",
    "fee_note_zh",
    "fee_note_en",
    "handling_zh",
    "handling_en",
    "online_url",
    "online_note_zh",
    "online_note_en",
    "machine_zh",
    "machine_en",
    "by_post",
)

_PACKAGE = (*(field.name for field in fields(PackageRow)), "position")


def save_services(
    session: Session, services: Sequence[ServiceFile], *, actor: Actor, now: datetime
) -> list[Service]:
    """Write services with their materials and guides: found by code, made if new, in the order given.

    The same services twice change nothing. Where they are handled is `offer`'s matter.

    Raises:
        ServiceFileInvalid: a material names a picture that nobody sent in here.
    """
    _check_pictures(session, services)
    codes = [each.code for each in services]
    of_codes = select(Service).where(Service.code.in_(codes)).order_by(Service.id).with_for_update()
    known = {row.code: row for row in session.scalars(of_codes)}
    new = {each.code: Service(code=each.code, **_values(each)) for each in services if each.code not in known}
    session.add_all(new.values())
    session.flush()
    known |= new
    ids = [row.id for row in known.values()]
    guides = {row.service_id: row for row in session.scalars(select(Guide).where(Guide.service_id.in_(ids)))}
    changed = []
    for each in services:
        row = known[each.code]
        if _save_service(
            session, row, guides.get(row.id), each, is_new=each.code in new, actor=actor, now=now
        ):
            changed.append(row)
    for row in changed:
        audit.record(session, "service.save", actor=actor, now=now, subject=("service", row.id))
    if changed:
        outbox.emit(session, ServicesSaved(len(changed)), now=now)
    session.flush()
    return [known[code] for code in codes]


def _check_pictures(session: Session, services: Sequence[ServiceFile]) -> None:
    missing = missing_pictures(session, {row.picture for each in services for row in each.materials})
    problems = Problems()
    for each in services:
        for at, row in enumerate(each.materials, 1):
            if row.picture in missing:
                zh, en = "没有这张图片，请重新上传", "names a picture that is not here: send it in again"
                problems.add(each.code, f"materials[{at}].picture", zh=zh, en=en)
    problems.stop_if_any(ServiceFileInvalid)


def save_synonyms(session: Session, groups: Sequence[Sequence[str]], *, actor: Actor, now: datetime) -> None:
    """Make these the words that mean the same (as `catalog.synonym_file` reads them), and no others."""
    wanted = [list(group) for group in groups]
    rows = session.scalars(select(SearchSynonym).order_by(SearchSynonym.id)).all()
    if [row.words for row in rows] == wanted:
        return
    if rows:
        history.keep_synonyms(session, [row.words for row in rows], actor=actor, now=now)
    history.keep_synonyms(session, wanted, actor=actor, now=now)
    session.execute(delete(SearchSynonym))
    session.add_all(SearchSynonym(words=words) for words in wanted)
    audit.record(
        session, "synonyms.save", actor=actor, now=now, subject=("synonyms", None), groups=len(wanted)
    )
    outbox.emit(session, ServicesSaved(0), now=now)
    session.flush()


def save_packages(session: Session, packages: Sequence[PackageRow], *, actor: Actor, now: datetime) -> None:
    """Make these the packages of the city, in this order, and no others."""
    wanted = [_package_values(each, at) for at, each in enumerate(packages)]
    rows = session.scalars(select(Package).order_by(Package.position)).all()
    if [{name: getattr(row, name) for name in _PACKAGE} for row in rows] == wanted:
        return
    history.keep_packages(session, packages, actor=actor, now=now)
    session.execute(delete(Package))
    session.add_all(Package(**values) for values in wanted)
    audit.record(
        session, "packages.save", actor=actor, now=now, subject=("packages", None), packages=len(wanted)
    )
    outbox.emit(session, ServicesSaved(0), now=now)
    session.flush()


def _package_values(package: PackageRow, position: int) -> dict[str, Any]:
    lists = {"services": list(package.services), "keywords": list(package.keywords)}
    return {**asdict(package), **lists, "position": position}


def offer(
    session: Session, hall_id: int, group_of: Mapping[str, int], *, actor: Actor, now: datetime
) -> None:
    """Say which services a hall handles, and in which line: service code → group id. Replaces what was.

    Raises:
        ServiceUnknown
    """
    found = session.scalars(select(Service).where(Service.code.in_(list(group_of))))
    ids = {service.code: service.id for service in found}
    if set(group_of) - set(ids):
        raise ServiceUnknown
    wanted = {ids[code]: group_id for code, group_id in group_of.items()}
    rows = session.scalars(select(HallService).where(HallService.hall_id == hall_id))
    offered = {row.service_id: row for row in rows}
    if {service_id: row.group_id for service_id, row in offered.items()} == wanted:
        return
    for service_id in set(offered) - set(wanted):
        session.delete(offered[service_id])
    for service_id, group_id in wanted.items():
        if service_id in offered:
            offered[service_id].group_id = group_id
        else:
            session.add(HallService(hall_id=hall_id, service_id=service_id, group_id=group_id))
    audit.record(
        session,
        "hall.offer",
        actor=actor,
        now=now,
        subject=("hall", hall_id),
        hall_id=hall_id,
        services=sorted(group_of),
    )
    session.flush()


def offer_service(
    session: Session, service: Service, group_of: Mapping[int, int | None], *, actor: Actor, now: datetime
) -> None:
    """Say where one service is handled: hall id → group id, or None for not at all there.

    Halls that are not named stay as they are.
    """
    rows = session.scalars(
        select(HallService)
        .where(HallService.service_id == service.id, HallService.hall_id.in_(list(group_of)))
        .with_for_update()
    )
    offered = {row.hall_id: row for row in rows}
    for hall_id, group_id in group_of.items():
        row = offered.get(hall_id)
        if (row.group_id if row else None) == group_id:
            continue
        if row is None:
            session.add(HallService(hall_id=hall_id, service_id=service.id, group_id=group_id))
        elif group_id is None:
            session.delete(row)
        else:
            row.group_id = group_id
        audit.record(
            session,
            "hall.offer",
            actor=actor,
            now=now,
            subject=("hall", hall_id),
            hall_id=hall_id,
            services=[service.code],
            removed=group_id is None,
        )
    session.flush()


def stop_offering(
    session: Session, hall_id: int, group_ids: Collection[int], *, actor: Actor, now: datetime
) -> int:
    """Handle nothing any more in these lines of a hall: they were closed; how many services that concerns."""
    rows = session.scalars(
        select(HallService).where(HallService.hall_id == hall_id, HallService.group_id.in_(group_ids))
    ).all()
    for row in rows:
        session.delete(row)
    if rows:
        services = session.scalars(
            select(Service.code).where(Service.id.in_([row.service_id for row in rows]))
        )
        audit.record(
            session,
            "hall.offer",
            actor=actor,
            now=now,
            subject=("hall", hall_id),
            hall_id=hall_id,
            services=sorted(services),
            removed=True,
        )
        session.flush()
    return len(rows)


def set_active(session: Session, service: Service, *, active: bool, actor: Actor, now: datetime) -> None:
    """Take a service out of the catalogue, or back in."""
    if service.active == active:
        return
    service.active = active
    audit.record(
        session, "service.set_active", actor=actor, now=now, subject=("service", service.id), active=active
    )
    outbox.emit(session, ServicesSaved(1), now=now)


def _save_service(
    session: Session,
    row: Service,
    guide: Guide | None,
    service: ServiceFile,
    *,
    is_new: bool,
    actor: Actor,
    now: datetime,
) -> bool:
    """Write one service and its guide; whether anything differed. Both states are kept."""
    values = _values(service)
    tree = dict(service.guide_data) if service.guide_data is not None else None
    same = all(getattr(row, name) == value for name, value in values.items())
    if not is_new and same and (guide.tree if guide else None) == tree:
        return False
    if not is_new:
        history.keep_first(session, row, guide, actor=actor, now=now)
    _set(row, values)
    _save_guide(session, row, guide, tree)
    history.keep_service(session, row, actor=actor, now=now)
    history.keep_guide(session, row, tree, actor=actor, now=now)
    return True


def _values(service: ServiceFile) -> dict[str, Any]:
    return {
        **{name: getattr(service, name) for name in _PLAIN},
        "group_code": service.group,
        "materials": service.materials_data(),
        "keywords": list(service.keywords),
        "ways": list(service.ways),
        "pay": list(service.pay),
    }


def _set(row: Service, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _save_guide(session: Session, row: Service, guide: Guide | None, tree: dict[str, Any] | None) -> None:
    if tree is None:
        if guide is not None:
            session.delete(guide)
    elif guide is None:
        session.add(Guide(service_id=row.id, tree=tree))
    else:
        guide.tree = tree
