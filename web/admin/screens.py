"""How a hall's call screens look and sound: the last chair, nights, silence, zones."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall
from halls.screen_edit import ScreenSettingsInvalid, save_screens, screens_of
from halls.screens import LAYOUTS, ScreenPolicy
from web import edge, problems
from web.guards import staff_only

_PATH = "/screens/<code>"
_SPARE_ZONES = 2
_TEXTS = ("code", "name_zh", "name_en")
_ROW = (*_TEXTS, "groups", "counters", "chair", "sound")
_LONGEST, _LONGEST_LIST = 60, 500
_NUMBERS, _TIMES = ("last_chair_m", "panel_inches"), ("night_from", "night_to")
_FLAGS = ("portrait", "silent", "english")


@staff_only("device.enrol")
def show(code: str) -> Any:
    """The settings in force, and how far each layout reaches on the hall's panels."""
    with edge.transaction() as session:
        return _page(_hall(session, code))


@staff_only("device.enrol")
def save(code: str) -> Any:
    """Write them; what no panel can show is refused and said.

    Raises:
        HallUnknown, Forbidden, RulesMovedOn
    """
    version = request.form.get("version", "")
    try:
        with edge.transaction() as session:
            hall = _hall(session, code)
            save_screens(
                session,
                hall,
                _typed(),
                version=int(version) if version.isdecimal() else -1,
                actor=edge.actor(),
                now=edge.now(),
            )
    except ScreenSettingsInvalid as error:
        with edge.transaction() as session:
            page = _page(_hall(session, code), error)
        return page, problems.status_of(error)
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.screens", code=code), 303)


def _hall(session: Session, code: str) -> Hall:
    hall = get_hall(session, code)
    edge.require("device.enrol", hall.id)
    return hall


def _page(hall: Hall, error: ScreenSettingsInvalid | None = None) -> str:
    """The settings in force, or, beside what is wrong with them, those that were typed."""
    screens = screens_of(hall)
    values = _as_typed() if error else _in_force(screens)
    zones: list[dict[str, str]] = values["zones"]
    name = str(error.params["name"]) if error else ""
    return render_template(
        "admin/screens.html",
        hall=hall,
        screens=screens,
        values=values,
        zones=[*zones, *({} for _spare in range(_SPARE_ZONES))],
        reach=[(each, screens.panel.reach_m(each)) for each in LAYOUTS],
        chosen=screens.layout(None),
        # What is wrong with a zone is said above: its fields stand several times.
        errors={name if name in (*_NUMBERS, *_TIMES, "rooms") else "_zones": error.sentence(edge.language())}
        if error
        else {},
    )


def _in_force(screens: ScreenPolicy) -> dict[str, Any]:
    return {
        **{name: f"{getattr(screens, name):g}" for name in _NUMBERS},
        **{name: getattr(screens, name).isoformat("minutes") for name in _TIMES},
        **{name: getattr(screens, name) for name in _FLAGS},
        "rooms": " ".join(screens.rooms),
        "zones": [
            {
                **{name: getattr(zone, name) for name in _TEXTS},
                "groups": " ".join(zone.groups),
                "counters": " ".join(map(str, zone.counters)),
                "chair": "" if zone.last_chair_m is None else f"{zone.last_chair_m:g}",
                "sound": "" if zone.silent is None else "silent" if zone.silent else "loud",
            }
            for zone in screens.zones
        ],
    }


def _as_typed() -> dict[str, Any]:
    form = request.form
    rows = zip(*(form.getlist(f"zone_{name}") for name in _ROW), strict=False)
    return {
        **{name: form.get(name, "")[:_LONGEST] for name in _NUMBERS + _TIMES},
        **{name: form.get(name) == "1" for name in _FLAGS},
        "rooms": form.get("rooms", "")[:_LONGEST_LIST],
        "zones": [dict(zip(_ROW, row, strict=False)) for row in rows if any(row)],
    }


def _typed() -> dict[str, object]:
    form = request.form
    usual = ScreenPolicy()
    rows = zip(*(form.getlist(f"zone_{name}") for name in _ROW), strict=False)
    return {
        "last_chair_m": _number(form.get("last_chair_m", ""), usual.last_chair_m),
        "panel_inches": _number(form.get("panel_inches", ""), usual.panel_inches),
        "night_from": form.get("night_from", ""),
        "night_to": form.get("night_to", ""),
        **{name: form.get(name) == "1" for name in _FLAGS},
        "rooms": _pieces(form.get("rooms", "")[:_LONGEST_LIST].upper()),
        "zones": [_zone(row) for row in rows if row[0].strip()],
    }


def _zone(row: tuple[str, ...]) -> dict[str, object]:
    texts = dict(zip(_TEXTS, (each.strip()[:_LONGEST] for each in row), strict=False))
    groups, counters, chair, sound = row[len(_TEXTS) :]
    return {
        **texts,
        "groups": _pieces(groups),
        "counters": [int(each) if each.isdecimal() else each for each in _pieces(counters)],
        "last_chair_m": _number(chair, None),
        "silent": {"silent": True, "loud": False}.get(sound),
    }


def _pieces(text: str) -> list[str]:
    return text.replace("，", " ").replace(",", " ").replace("、", " ").split()


def _number(text: str, empty: float | None) -> float | str | None:
    try:
        return float(text) if text.strip() else empty
    except ValueError:
        return text


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule(_PATH, "screens", show)
    blueprint.add_url_rule(_PATH, "screens_save", save, methods=["POST"])
