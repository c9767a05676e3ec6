"""Kiosks and screens: paired by the code that they show, or by an address shown once; withdrawn here."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall, get_hall_by_id, list_halls
from kernel import clock
from kernel.errors import DomainError, NotFound
from people import devices, pairing
from people.devices import PrinterAddressWrong
from people.models import Device
from web import edge, problems
from web import pairing as web_pairing
from web.admin import device_choices
from web.admin.device_choices import ShownElsewhere
from web.guards import staff_only


def _page(
    session: Session, link: str = "", errors: Mapping[str, str] | None = None, tried: Device | None = None
) -> str:
    """All devices of one's halls; `errors` stand in the form of `tried`, or in that of the pairing code."""
    halls = [hall for hall in list_halls(session) if edge.actor().may("device.enrol", hall.id)]
    ids = [hall.id for hall in halls]
    rows = list(session.scalars(select(Device).where(Device.hall_id.in_(ids)).order_by(Device.id)))
    return render_template(
        "admin/devices.html",
        rows=rows,
        halls=halls,
        hall_names={hall.id: hall for hall in halls},
        shows=device_choices.shows_by_hall(session, halls),
        with_own=device_choices.with_own,
        printer_ways=device_choices.printer_ways(),
        way_of=device_choices.way_of,
        link=link,
        errors=errors or {},
        tried=tried,
        pair_address=web_pairing.address(),
    )


def _mistakes(error: DomainError) -> dict[str, str]:
    fields: dict[type[DomainError], str] = {PrinterAddressWrong: "printer", ShownElsewhere: "shows"}
    return {fields.get(type(error), "code"): error.sentence(edge.language())}


@staff_only("device.enrol")
def home() -> Any:
    """All devices of one's halls."""
    with edge.transaction() as session:
        return _page(session)


@staff_only("device.enrol")
def pair() -> Any:
    """Enrol the device that shows the code; what is wrong is said on the page, wrong codes are counted.

    Raises:
        HallUnknown, Forbidden, PairingTriesSpent
    """
    try:
        with edge.transaction() as session:
            hall = get_hall(session, request.form.get("hall", ""))
            who = edge.require("device.enrol", hall.id)
            place, now = _place(session, hall), edge.now()
            code = request.form.get("code", "")
            found = pairing.claim(session, code, place, actor=who, now=now, real_now=clock.real_now())
        device = pairing.raise_unless_found(found)
    except (pairing.PairingCodeWrong, PrinterAddressWrong, ShownElsewhere) as error:
        with edge.transaction() as session:
            return _page(session, errors=_mistakes(error)), problems.status_of(error)
    flash(_("已登记：%(name)s。设备几秒后自动进入工作页面。", name=device.name), "ok")
    return redirect(url_for("admin.devices"), 303)


@staff_only("device.enrol")
def change(device_id: int) -> Any:
    """What a screen shows, where a kiosk prints; what is wrong is said at its row.

    Raises:
        NotFound, Forbidden
    """
    try:
        with edge.transaction() as session:
            device = session.get(Device, device_id)
            if device is None:
                raise NotFound
            who = edge.require("device.enrol", device.hall_id)
            facts = _facts(session, get_hall_by_id(session, device.hall_id), device.kind, device.shows)
            devices.change(session, device, **facts, actor=who, now=edge.now())
    except (PrinterAddressWrong, ShownElsewhere) as error:
        with edge.transaction() as session:
            tried = session.get(Device, device_id)
            return _page(session, errors=_mistakes(error), tried=tried), problems.status_of(error)
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.devices"), 303)


def _place(session: Session, hall: Hall) -> devices.Place:
    kind = request.form.get("kind", "kiosk")
    return devices.Place(kind, hall.id, _name(kind), **_facts(session, hall, kind))


def _facts(session: Session, hall: Hall, kind: str, own: str = "") -> dict[str, str]:
    """Screens show something, kiosks print."""
    if kind == "kiosk":
        return {"shows": "", "printer": device_choices.typed_printer()}
    options = device_choices.shows_by_hall(session, [hall])[hall.id]
    return {"shows": device_choices.typed_shows(options, hall, own), "printer": ""}


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
