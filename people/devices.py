"""Kiosks and call screens: enrolled by staff, known by a token of which only the hash is kept."""

from dataclasses import asdict, dataclass
from datetime import datetime
from ipaddress import ip_address

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.errors import Invalid
from kernel.ids import new_token, token_hash
from kernel.outbox import emit
from people.events import DeviceChanged
from people.models import Device
from people.permissions import DEVICE_ROLES, permissions_of

BROWSER_PRINTS = "browser"
PRINTER_PORT = 9100
_PORTS = 65_536


class PrinterAddressWrong(Invalid):
    """A printer is an address of one's own network, with a port when it is not 9100."""

    code = "printer_address_wrong"
    zh = "打印机地址应为内网 IP，例如 192.168.1.50 或 192.168.1.50:9100。"
    en = "A printer is an address of your own network, such as 192.168.1.50 or 192.168.1.50:9100."


class DeviceKindUnknown(Invalid):
    """Devices are kiosks or displays."""

    code = "device_kind_unknown"
    zh = "没有这种设备：{kind}。"
    en = "There is no such kind of device: {kind}."


@dataclass(frozen=True, slots=True)
class Place:
    """Which device stands where; `shows` and `printer` as in `people.models.Device`.

    Raises:
        DeviceKindUnknown, PrinterAddressWrong
    """

    kind: str
    hall_id: int
    name: str
    shows: str = ""
    printer: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no device."""
        if self.kind not in DEVICE_ROLES:
            raise DeviceKindUnknown(kind=self.kind)
        if self.printer not in ("", BROWSER_PRINTS):
            read_address(self.printer)


def read_address(printer: str) -> tuple[str, int]:
    """The host and port of a network printer.

    Only addresses of one's own network: what the server opens must not be anybody's choice.

    Raises:
        PrinterAddressWrong
    """
    host, colon, port = printer.rpartition(":") if printer.count(":") == 1 else (printer, "", "")
    try:
        own = ip_address(host).is_private
        number = int(port) if colon else PRINTER_PORT
    except ValueError as error:
        raise PrinterAddressWrong from error
    if not own or not 0 < number < _PORTS:
        raise PrinterAddressWrong
    return host, number


def enrol(
    session: Session, *, kind: str, hall_id: int, name: str, actor: Actor, now: datetime
) -> tuple[Device, str]:
    """Add a device of a hall; the token is shown once.

    Raises:
        DeviceKindUnknown
    """
    token = new_token()
    return add(session, Place(kind, hall_id, name), token_hash(token), actor=actor, now=now), token


def add(session: Session, place: Place, hashed_token: bytes, *, actor: Actor, now: datetime) -> Device:
    """Add a device whose token is known to it already."""
    device = Device(**asdict(place), token_hash=hashed_token, created_at=now)
    session.add(device)
    session.flush()
    audit.record(
        session,
        "device.enrol",
        actor=actor,
        now=now,
        subject=("device", device.id),
        hall_id=place.hall_id,
        kind=place.kind,
    )
    return device


def change(
    session: Session,
    device: Device,
    *,
    shows: str,
    printer: str,
    name: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Let a screen show something else, or a kiosk print elsewhere; it follows by itself.

    Without a `name` it keeps its own.

    Raises:
        PrinterAddressWrong
    """
    fresh = Place(device.kind, device.hall_id, device.name if name is None else name, shows, printer)
    if (device.name, device.shows, device.printer) == (fresh.name, fresh.shows, fresh.printer):
        return
    device.name, device.shows, device.printer = fresh.name, fresh.shows, fresh.printer
    audit.record(
        session, "device.change", actor=actor, now=now, subject=("device", device.id), hall_id=device.hall_id
    )
    emit(session, DeviceChanged(device.id, device.hall_id), now=now)


def address_of_device(base_url: str, *, kind: str, hall_code: str, token: str) -> str:
    """What to open on the device, once; it is a secret. Without one a screen shows no arrival code."""
    page = f"kiosk/{hall_code}" if kind == "kiosk" else "my-screen/start"
    return f"{base_url}/{page}?device={token}"


def find_device(session: Session, token: str) -> Device | None:
    """The device of a token, unless it was withdrawn."""
    return session.scalar(
        select(Device).where(Device.token_hash == token_hash(token), Device.revoked_at.is_(None))
    )


def revoke(session: Session, device: Device, *, actor: Actor, now: datetime) -> None:
    """Withdraw a device's token; its page ends within seconds. Doing it twice changes nothing."""
    if device.revoked_at is not None:
        return
    device.revoked_at = now
    audit.record(
        session, "device.revoke", actor=actor, now=now, subject=("device", device.id), hall_id=device.hall_id
    )
    emit(session, DeviceChanged(device.id, device.hall_id), now=now)


def actor_of_device(device: Device) -> Actor:
    """What the device may do: only in its own hall."""
    return Actor("device", device.id, permissions_of([device.kind]), frozenset({device.hall_id}))
