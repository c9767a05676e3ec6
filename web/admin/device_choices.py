"""What a screen may show and where a kiosk may print, as people choose it: by name, never by code."""

from collections.abc import Sequence

from flask import request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.models import Counter, Hall
from halls.queries import CounterView
from halls.screen_edit import screens_of
from kernel.errors import Invalid
from people.devices import BROWSER_PRINTS, PrinterAddressWrong
from people.models import Device
from web import edge

#: What is kept of a device → what people read.
Options = list[tuple[str, str]]
_NETWORK = "network"


class ShownElsewhere(Invalid):
    """A screen shows its own hall: the zone or the counter that was chosen is not there."""

    code = "shown_elsewhere"
    zh = "所选的区域或窗口不在这个大厅，请重新选择。"
    en = "The zone or counter is not in this hall. Please choose again."


def shows_by_hall(session: Session, halls: Sequence[Hall]) -> dict[int, Options]:
    """Hall → its zones and counters that a screen may be given to; the whole hall comes first."""
    found: dict[int, Options] = {hall.id: [("", _("整个大厅"))] for hall in halls}
    for hall in halls:
        for zone in screens_of(hall).zones:
            found[hall.id].append((f"zone:{zone.code}", edge.text(zone, "name")))
    rows = select(Counter).where(Counter.hall_id.in_(found), Counter.active).order_by(Counter.number)
    for counter in session.scalars(rows):
        found[counter.hall_id].append((f"window:{counter.number}", counter_in_words(counter)))
    return found


def counter_in_words(counter: Counter | CounterView) -> str:
    """A counter as lists of choices call it: its number, and its name where it has one."""
    words = (_("%(n)s 号窗口", n=counter.number), edge.text(counter, "name"))
    return " · ".join(filter(None, words))


def with_own(options: Options, device: Device) -> Options:
    """The choices of a screen's row; what it was given but is no more keeps a line, which says so."""
    if device.shows in dict(options):
        return options
    return [*options, (device.shows, _("已没有的区域或窗口（现在显示整个大厅）"))]


def printer_ways() -> Options:
    """How a kiosk may print."""
    return [("", _("没有打印机")), (BROWSER_PRINTS, _("本机浏览器直接打印")), (_NETWORK, _("网络打印机"))]


def way_of(printer: str) -> str:
    """Which of `printer_ways` a kept printer is."""
    return printer if printer in ("", BROWSER_PRINTS) else _NETWORK


def typed_shows(options: Options, hall: Hall, own: str = "") -> str:
    """What the form chose for a screen of the hall; a form of several halls puts theirs before it.

    Raises:
        ShownElsewhere
    """
    code, slash, value = request.form.get("shows", "").strip().rpartition("/")
    if (slash and code != hall.code) or value not in {*dict(options), own}:
        raise ShownElsewhere
    return value


def typed_printer() -> str:
    """What the form chose for a kiosk: a typed address counts unless its browser prints.

    Raises:
        PrinterAddressWrong: a printer of the network without its address.
    """
    way, address = request.form.get("prints", ""), request.form.get("printer", "").strip()[:32]
    if way == BROWSER_PRINTS:
        return BROWSER_PRINTS
    if way == _NETWORK and not address:
        raise PrinterAddressWrong
    return address
