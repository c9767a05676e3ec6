"""Kiosks and screens: paired by the code that they show, or by an address shown once; withdrawn here."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall, list_halls
from kernel import clock
from kernel.errors import NotFound
from people import devices, pairing
from people.models import Device
from web import edge, problems
from web import pairing as web_pairing
from web.guards import staff_only


def _page(session: Session, link: str = "", error: str = "") -> str:
    halls = [hall for hall in list_halls(session) if edge.actor().may("device.enrol", hall.id)]
    ids = [hall.id for hall in halls]
    rows = list(session.scalars(select(Device).where(Device.hall_id.in_(ids)).order_by(Device.id)))
    return render_template(
        "admin/devices.html",
        rows=rows,
        halls=halls,
        hall_names={hall.id: hall for hall in halls},
        link=link,
        error=error,
        pair_address=web_pairing.address(),
    )


@staff_only("device.enrol")
def home() -> Any:
    """All devices of one's halls."""
    with edge.transaction() as session:
        return _page(session)


@staff_only("device.enrol")
def pair() -> Any:
    """Enrol the device that shows the code; a wrong code is said on the page, and counted.

    Raises:
        HallUnknown, Forbidden, PairingTriesSpent
    """
    with edge.transaction() as session:
        hall = get_hall(session, request.form.get("hall", ""))
        who = edge.require("device.enrol", hall.id)
        found = pairing.claim(
            session,
            request.form.get("code", ""),
            _place(hall),
            actor=who,
            now=edge.now(),
            real_now=clock.real_now(),
        )
    try:
        device = pairing.raise_unless_found(found)
    except pairing.PairingCodeWrong as wrong:
        with edge.transaction() as session:
            return _page(session, error=wrong.sentence(edge.language())), problems.status_of(wrong)
    flash(_("已登记：%(name)s。设备几秒后自动进入工作页面。", name=device.name), "ok")
    return redirect(url_for("admin.devices"), 303)


@staff_only("device.enrol")
def change(device_id: int) -> Any:
    """What a screen shows, where a kiosk prints.

    Raises:
        NotFound, Forbidden, PrinterAddressWrong
    """
    with edge.transaction() as session:
        device = session.get(Device, device_id)
        if device is None:
            raise NotFound
        who = edge.require("device.enrol", device.hall_id)
        facts = {name: request.form.get(name, "").strip()[:32] for name in ("shows", "printer")}
        devices.change(session, device, **facts, actor=who, now=edge.now())
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.devices"), 303)


def _place(hall: Hall) -> devices.Place:
    kind = request.form.get("kind", "kiosk")
    facts = {name: request.form.get(name, "").strip()[:32] for name in ("shows", "printer")}
    return devices.Place(kind, hall.id, _name(kind), **facts)


def _name(kind: str) -> str:
    return request.form.get("name", "").strip()[:60] or (_("自助机") if kind == "kiosk" else _("叫号屏"))


@staff_only("device.enrol")
def enrol() -> Any:
    """Add a device and show, this once, the address to open on it.

    Raises:
        HallUnknown, Forbidden, DeviceKindUnknown
    """
    with edge.transaction() as session:
        hall = get_hall(session, request.form.get("hall", ""))
        who = edge.require("device.enrol", hall.id)
        kind = request.form.get("kind", "kiosk")
        _device, token = devices.enrol(
            session, kind=kind, hall_id=hall.id, name=_name(kind), actor=who, now=edge.now()
        )
        base_url = edge.parts().settings.base_url
        link = devices.address_of_device(base_url, kind=kind, hall_code=hall.code, token=token)
        return _page(session, link)


@staff_only("device.enrol")
def withdraw(device_id: int) -> Any:
    """From now on the device is a stranger."""
    with edge.transaction() as session:
        device = session.get(Device, device_id)
        if device is None:
            raise NotFound
        devices.revoke(session, device, actor=edge.require("device.enrol", device.hall_id), now=edge.now())
    flash(_("设备已停用。"), "ok")
    return redirect(url_for("admin.devices"), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/devices", "devices", home)
    blueprint.add_url_rule("/devices", "devices_enrol", enrol, methods=["POST"])
    blueprint.add_url_rule("/devices/pair", "devices_pair", pair, methods=["POST"])
    blueprint.add_url_rule("/devices/<int:device_id>", "devices_change", change, methods=["POST"])
    blueprint.add_url_rule(
        "/devices/<int:device_id>/withdraw", "devices_withdraw", withdraw, methods=["POST"]
    )
