"""Kiosks and call screens: enrolled by staff, known by a token of which only the hash is kept."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.actor import Actor
from kernel.errors import Invalid
from kernel.ids import new_token, token_hash
from people.models import Device
from people.permissions import DEVICE_ROLES, permissions_of


class DeviceKindUnknown(Invalid):
    """Devices are kiosks or displays."""

    code = "device_kind_unknown"
    zh = "没有这种设备：{kind}。"
    en = "There is no such kind of device: {kind}."


def enrol(
    session: Session, *, kind: str, hall_id: int, name: str, actor: Actor, now: datetime
) -> tuple[Device, str]:
    """Add a device of a hall; the token is shown once.

    Raises:
        DeviceKindUnknown
    """
    if kind not in DEVICE_ROLES:
        raise DeviceKindUnknown(kind=kind)
    token = new_token()
    device = Device(kind=kind, hall_id=hall_id, name=name, token_hash=token_hash(token), created_at=now)
    session.add(device)
    session.flush()
    audit.record(
        session,
        "device.enrol",
        actor=actor,
        now=now,
        subject=("device", device.id),
        hall_id=hall_id,
        kind=kind,
    )
    return device, token


def address_of_device(base_url: str, *, kind: str, hall_code: str, token: str) -> str:
    """What to open on the device, once. A kiosk's is a secret; screens show nothing private and need none."""
    page = f"kiosk/{hall_code}?device={token}" if kind == "kiosk" else f"screen/{hall_code}"
    return f"{base_url}/{page}"


def find_device(session: Session, token: str) -> Device | None:
    """The device of a token, unless it was withdrawn."""
    return session.scalar(
        select(Device).where(Device.token_hash == token_hash(token), Device.revoked_at.is_(None))
    )


def revoke(session: Session, device: Device, *, actor: Actor, now: datetime) -> None:
    """Withdraw a device's token; doing it twice changes nothing."""
    if device.revoked_at is not None:
        return
    device.revoked_at = now
    audit.record(
        session, "device.revoke", actor=actor, now=now, subject=("device", device.id), hall_id=device.hall_id
    )


def actor_of_device(device: Device) -> Actor:
    """What the device may do: only in its own hall."""
    return Actor("device", device.id, permissions_of([device.kind]), frozenset({device.hall_id}))
