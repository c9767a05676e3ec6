"""Load a city from its data files: the same use cases as an administrator's API, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from catalog import edit as catalog
from catalog.package_file import parse_packages
from catalog.service_file import ServiceFile, parse_services
from catalog.synonym_file import parse_synonyms
from halls import edit as halls
from halls.models import Hall
from halls.plan_file import parse_city, parse_extends
from halls.plan_rows import CityFile, HallFile
from halls.queries import list_groups
from kernel.actor import Actor
from kernel.data_folder import read_folder
from people.permissions import STAFF_ROLES
from people.staff import NewStaff, create_staff, find_by_username
from people.staff_file import StaffRow, parse_staff


@dataclass(frozen=True, slots=True)
class CityLoaded:
    """What was read: hall codes, service codes, and the accounts that were made."""

    halls: tuple[str, ...]
    services: tuple[str, ...]
    staff: tuple[str, ...]


def read_staff(folder: Path) -> tuple[StaffRow, ...]:
    """The people named in a city's folder."""
    files = read_files(folder)
    return _parse_staff(files, parse_city(files))


def read_files(folder: Path) -> dict[str, str]:
    """A city's files (path → text): those of the folder that it `extends`, replaced by its own."""
    files = read_folder(folder)
    base = parse_extends(files)
    return {**read_folder(folder / base), **files} if base else files


def load_city(
    session: Session,
    folder: Path,
    *,
    actor: Actor,
    now: datetime,
    passwords: Mapping[str, str] | None = None,
) -> CityLoaded:
    """Load the city of a folder: `load_files` with what the folder holds."""
    return load_files(session, read_files(folder), actor=actor, now=now, passwords=passwords)


def load_files(
    session: Session,
    files: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
    passwords: Mapping[str, str] | None = None,
) -> CityLoaded:
    """Read and check all files, then write halls, plans, services and accounts; twice changes nothing.

    `passwords` maps user names of `staff.toml` to their first password: accounts are made for these only,
    and existing ones are left as they are.

    Raises:
        CityFileInvalid, ServiceFileInvalid, PackageFileInvalid, SynonymFileInvalid,
        StaffFileInvalid: naming every mistake.
    """
    city = parse_city(files)
    services = parse_services(files, hall_groups=city.groups_by_hall())
    packages = parse_packages(files, services=[service.code for service in services])
    synonyms = parse_synonyms(files)
    people = _parse_staff(files, city)
    halls.save_calendar(session, city.calendar, actor=actor, now=now)
    saved = {
        plan.code: halls.save_hall(session, plan, time_zone=city.time_zone, actor=actor, now=now)
        for plan in city.halls
    }
    catalog.save_services(session, services, actor=actor, now=now)
    catalog.save_packages(session, packages, actor=actor, now=now)
    catalog.save_synonyms(session, synonyms, actor=actor, now=now)
    for plan in city.halls:
        _offer(session, saved[plan.code], plan, services, actor=actor, now=now)
    made = _create_staff(session, people, saved, passwords or {}, actor=actor, now=now)
    return CityLoaded(tuple(saved), tuple(service.code for service in services), made)


def _parse_staff(files: Mapping[str, str], city: CityFile) -> tuple[StaffRow, ...]:
    return parse_staff(files, halls=[hall.code for hall in city.halls], roles=STAFF_ROLES)


def _offer(
    session: Session,
    hall: Hall,
    plan: HallFile,
    services: tuple[ServiceFile, ...],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """What services say themselves, and all services of the lines that the hall `handles`."""
    group_ids = {group.code: group.id for group in list_groups(session, hall.id)}
    offered = {
        service.code: group_ids[service.halls.get(hall.code, service.group)]
        for service in services
        if hall.code in service.halls or service.group in plan.handles
    }
    catalog.offer(session, hall.id, offered, actor=actor, now=now)


def _create_staff(
    session: Session,
    people: tuple[StaffRow, ...],
    halls_by_code: Mapping[str, Hall],
    passwords: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> tuple[str, ...]:
    made = []
    for person in people:
        if person.username not in passwords or find_by_username(session, person.username) is not None:
            continue
        hall_ids = None if person.halls is None else tuple(halls_by_code[code].id for code in person.halls)
        command = NewStaff(
            person.username, person.name, passwords[person.username], person.roles, hall_ids, person.badge
        )
        create_staff(session, command, actor=actor, now=now)
        made.append(person.username)
    return tuple(made)
