"""The demonstration: a city loaded by the administrator's own commands, and a clock that starts at eight."""

import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking.publish import publish
from halls import queries as halls
from halls.models import Hall
from kernel import clock
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.clock import DemoClock
from kernel.parts import Parts
from kernel.settings import Settings
from people import devices
from people.models import Device
from runtime.demo_city import city_folder, with_days
from runtime.demo_people import list_people, load_licences, load_visits
from runtime.load_city import load_files, read_files, read_staff

OPENS = time(8, 0)
CLOSED = time(18, 0)
ZONE = ZoneInfo("Asia/Shanghai")
HORIZON_DAYS = 15
_SHOWN_ACCOUNTS = ("admin", "manager", "duty", "window01")
_SHOWN_HALL = "city-hall"
_PEOPLE = "demo-people.json"
_HALL_FACES = "demo-kiosks-and-screens.json"
_DEVICES = (("kiosk", "自助取号机 1"), ("display", "叫号屏 1"))
_FACE = {"kiosk": "kiosk", "display": "screen"}

Say = Callable[[str], None]


def prepare(parts: Parts, *, say: Say, new_day: bool = False) -> list[tuple[str, str]]:
    """Load what is missing, set the clock, list the faces.

    The clock starts at 08:00 of a working day. A later start goes on where the clock stood, or at the next
    working day once the halls have closed, or always with `new_day`.
    """
    settings = parts.settings
    path = settings.clock_file
    if path is None:
        raise ValueError("a demonstration needs a clock file")
    with parts.database.transaction() as session:
        now = starts_at(session, None if new_day else clock.demo_clock())
        say(f"the demonstration's clock starts at {now.astimezone(ZONE):%Y-%m-%d %H:%M}")
        day = now.astimezone(ZONE).date()
        if session.scalar(select(func.count(Hall.id))) == 0:
            say("loading the demonstration city")
            files = with_days(read_files(city_folder()), first_on=day)
            load_files(session, files, passwords=_passwords(settings.var), actor=SYSTEM, now=now)
            load_licences(session, first_on=day, now=now)
            load_visits(session, first_on=day)
        _publish(session, day, now)
        tokens = _devices(session, settings.var, now)
    clock.set_demo(path, now, rate=1.0)
    return _faces(parts, tokens)


def _publish(session: Session, day: date, now: datetime) -> None:
    last_on = day + timedelta(days=HORIZON_DAYS)
    for hall in halls.list_halls(session):
        publish(session, hall.id, first_on=day, last_on=last_on, actor=SYSTEM, now=now)


def stop_clock(settings: Settings) -> None:
    """Let the clock stand still at the end of a run. One that is found running was left by a crash."""
    if settings.clock_file is not None:
        clock.set_demo(settings.clock_file, clock.now(), rate=0.0)


def starts_at(session: Session, left: DemoClock | None) -> datetime:
    """Where the clock begins, given the one that an earlier run left.

    Who had booked for a day that was broken off would have missed it. After a crash nobody knows how long the
    machine was off, so the last thing on record under that clock is the last known moment.
    """
    if left is not None and left.rate and _count(session):
        under_it = select(func.max(AuditEntry.at)).where(AuditEntry.recorded_at >= left.anchor_at)
        return max(session.scalar(under_it) or left.starts_at, left.starts_at)
    if left is not None and not left.rate and _is_open_day(session, left.starts_at):
        return left.starts_at
    last = session.scalar(select(func.max(AuditEntry.at)).where(AuditEntry.actor_kind != "system"))
    return datetime.combine(_first_day(session, last), OPENS, ZONE).astimezone(UTC)


def _count(session: Session) -> int:
    return session.scalar(select(func.count(AuditEntry.id))) or 0


def _is_open_day(session: Session, stood_at: datetime) -> bool:
    """Whether somebody did something on that day, and the halls have not closed."""
    stood = stood_at.astimezone(ZONE)
    midnight = datetime.combine(stood, time.min, ZONE)
    acts = select(AuditEntry.id).where(
        AuditEntry.at.between(midnight, midnight + timedelta(days=1)), AuditEntry.actor_kind != "system"
    )
    return stood.time() < CLOSED and session.scalar(acts.limit(1)) is not None


def _first_day(session: Session, last: datetime | None) -> date:
    calendar = halls.calendar(session)
    day = clock.real_now().astimezone(ZONE).date()
    if last is not None:
        played = last.astimezone(ZONE)
        day = played.date() + timedelta(days=1 if played.time() > OPENS else 0)
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return day


def _private_json(path: Path, make: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Read `path`, made on first use and readable by its owner alone."""
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(make(), file, ensure_ascii=False, indent=1)
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _passwords(var: Path) -> dict[str, str]:
    """A random password for each demonstration account, kept in `var/demo-accounts.json`."""
    names = _staff_names()
    return _private_json(
        var / "demo-accounts.json", lambda: {name: secrets.token_urlsafe(9) for name in names}
    )


def _staff_names() -> list[str]:
    return [person.username for person in read_staff(city_folder())]


def _devices(session: Session, var: Path, now: datetime) -> dict[str, str]:
    """A kiosk and a screen for every hall; `var/demo-devices.json` keeps the tokens, the database hashes."""
    if session.scalar(select(func.count(Device.id))):
        return _private_json(var / "demo-devices.json", dict)
    tokens = {}
    for hall in halls.list_halls(session):
        for kind, name in _DEVICES:
            _device, token = devices.enrol(
                session, kind=kind, hall_id=hall.id, name=name, actor=SYSTEM, now=now
            )
            tokens[f"{kind}/{hall.code}"] = token
    (var / "demo-devices.json").unlink(missing_ok=True)
    return _private_json(var / "demo-devices.json", lambda: tokens)


def _faces(parts: Parts, tokens: dict[str, str]) -> list[tuple[str, str]]:
    """Name and address of each face; kiosks and screens of the largest hall only, the others in a file."""
    accounts, base, var = _passwords(parts.settings.var), parts.settings.base_url, parts.settings.var
    with parts.database.transaction() as session:
        codes = [hall.code for hall in halls.list_halls(session)]
    screens = {f"screen {code}": f"{base}/screen/{code}" for code in codes}
    enrolled = {
        f"{_FACE[kind]} {code}": devices.address_of_device(base, kind=kind, hall_code=code, token=token)
        for (kind, code), token in ((key.split("/"), token) for key, token in tokens.items())
    }
    every = screens | enrolled
    (var / _HALL_FACES).unlink(missing_ok=True)  # the port may be another one now
    _private_json(var / _HALL_FACES, lambda: every)
    _private_json(var / _PEOPLE, list_people)
    shown = [name for name in _SHOWN_ACCOUNTS if name in accounts]
    people = [("sign in as", f"{name} / {accounts[name]}") for name in shown]
    return [
        ("citizen", f"{base}/"),
        *((name, address) for name, address in every.items() if name.endswith(f" {_SHOWN_HALL}")),
        (f"all {len(codes)} halls", str(var / _HALL_FACES)),
        ("console, cockpit, admin", f"{base}/staff"),
        ("SMS simulator", f"{base}/simulator"),
        ("API and its docs", f"{base}/api/v1/docs"),
        *people,
        ("people to play", str(var / _PEOPLE)),
        ("all accounts", str(var / "demo-accounts.json")),
    ]
