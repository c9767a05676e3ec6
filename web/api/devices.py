"""Kiosks and call screens: enrolled by a token or by the code that they show, changed, withdrawn."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import HallUnknown, get_hall, get_hall_by_id
from kernel import clock
from kernel.errors import NotFound
from people import devices, pairing
from people.devices import PrinterAddressWrong
from people.models import Device
from people.pairing import PairingCodeWrong, PairingTriesSpent
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import devices as shapes
from web.guards import bearer_only

blueprint = Blueprint("devices", __name__, description="Kiosks and call screens. 自助机与叫号屏")
_ONE = "/devices/<int(max=9223372036854775807):device_id>"


class DeviceNotFound(NotFound):
    """No device has this id."""

    code = "device_not_found"
    zh = "没有这台设备，请刷新设备列表。"
    en = "There is no such device. Please read the list of devices again."


@blueprint.get("/halls/<code:code>/devices")
@bearer_only("device.enrol")
@refuses(HallUnknown)
@blueprint.response(200, shapes.DeviceListSchema())
def list_devices(code: str) -> dict[str, Any]:
    """List the devices of a hall, withdrawn ones too.

    列出大厅的设备，包括已停用的。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("device.enrol", hall.id)
        rows = session.scalars(select(Device).where(Device.hall_id == hall.id).order_by(Device.id))
        return {"hall": hall.code, "devices": [_shown(row, hall) for row in rows]}


@blueprint.post("/devices")
@bearer_only("device.enrol")
@refuses(HallUnknown)
@blueprint.arguments(shapes.DeviceEditSchema())
@blueprint.response(201, shapes.DeviceSchema())
def enrol_device(body: Mapping[str, str]) -> dict[str, Any]:
    """Enrol a kiosk or a call screen; its token is shown once.

    登记自助机或叫号屏；令牌只显示一次。
    """
    with edge.transaction() as session:
        hall = get_hall(session, body["hall"])
        actor = edge.require("device.enrol", hall.id)
        facts = {"kind": body["kind"], "name": body["name"]}
        device, token = devices.enrol(session, hall_id=hall.id, **facts, actor=actor, now=edge.now())
        return {**_shown(device, hall), "token": token}


@blueprint.post("/devices/pair")
@bearer_only("device.enrol")
@refuses(HallUnknown, PairingCodeWrong, PairingTriesSpent, PrinterAddressWrong)
@blueprint.arguments(shapes.PairSchema())
@blueprint.response(201, shapes.DeviceRowSchema())
def pair_device(body: Mapping[str, str]) -> dict[str, Any]:
    """Enrol the device that shows this code at `/pair`; it goes on by itself. Wrong codes are counted.

    按设备在 /pair 页面显示的配对码登记；输错会计次数。
    """
    with edge.transaction() as session:
        hall = get_hall(session, body["hall"])
        actor = edge.require("device.enrol", hall.id)
        place = devices.Place(body["kind"], hall.id, body["name"], body["shows"], body["printer"])
        found = pairing.claim(
            session, body["code"], place, actor=actor, now=edge.now(), real_now=clock.real_now()
        )
    return _shown(pairing.raise_unless_found(found), hall)


@blueprint.post(_ONE)
@bearer_only("device.enrol")
@refuses(DeviceNotFound, PrinterAddressWrong)
@blueprint.arguments(shapes.DeviceChangeSchema())
@blueprint.response(200, shapes.DeviceRowSchema())
def change_device(body: Mapping[str, str], device_id: int) -> dict[str, Any]:
    """Let a screen show something else, or a kiosk print elsewhere; the device follows by itself.

    修改屏幕显示内容或自助机的打印机。
    """
    with edge.transaction() as session:
        device, hall = _get(session, device_id)
        actor = edge.require("device.enrol", hall.id)
        facts = {"shows": device.shows, "printer": device.printer, **body}
        devices.change(session, device, **facts, actor=actor, now=edge.now())
        return _shown(device, hall)


@blueprint.post(f"{_ONE}/withdraw")
@bearer_only("device.enrol")
@refuses(DeviceNotFound)
@blueprint.response(200, shapes.DeviceRowSchema())
def withdraw_device(device_id: int) -> dict[str, Any]:
    """Withdraw a device's token: from its next request on it is a stranger. Twice changes nothing.

    停用设备：令牌立即失效；重复停用不改变结果。
    """
    with edge.transaction() as session:
        device, hall = _get(session, device_id)
        actor = edge.require("device.enrol", hall.id)
        devices.revoke(session, device, actor=actor, now=edge.now())
        return _shown(device, hall)


def _get(session: Session, device_id: int) -> tuple[Device, Hall]:
    device = session.get(Device, device_id)
    if device is None:
        raise DeviceNotFound
    return device, get_hall_by_id(session, device.hall_id)


def _shown(device: Device, hall: Hall) -> dict[str, Any]:
    return {
        "id": device.id,
        "kind": device.kind,
        "hall": hall.code,
        "name": device.name,
        "shows": device.shows,
        "printer": device.printer,
        "enrolled_at": device.created_at,
        "withdrawn_at": device.revoked_at,
    }
