"""How a hall's call screens look and sound: the last chair, nights, silence, zones."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from catalog.guide_edit import free_code
from halls.models import Hall
from halls.queries import get_hall, list_counters, list_groups
from halls.screen_edit import ScreenSettingsInvalid, save_screens, screens_of
from halls.screens import LAYOUTS, ScreenPolicy
from web import edge, problems
from web.admin.device_choices import counter_in_words
from web.guards import staff_only

_PATH = "/screens/<code>"
_SPARE_ZONES = 2
_TEXTS = ("code", "name_zh", "name_en")
_ROW = (*_TEXTS, "chair", "sound")
#: Ticked in each zone's own boxes, which stand under its place in the form, as unticked ones are not sent.
_TICKED = ("groups", "counters")
_LONGEST, _LONGEST_LIST = 60, 500
_NUMBERS, _TIMES = ("last_chair_m", "panel_inches"), ("night_from", "night_to")
_FLAGS = ("portrait", "silent", "english")


@staff_only("device.enrol")
def show(code: str) -> Any:
    """The settings in force, and how far each layout reaches on the hall's panels."""
    with edge.transaction() as session:
        return _page(session, _hall(session, code))


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
            page = _page(session, _hall(session, code), error)
        return page, problems.status_of(error)
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.screens", code=code), 303)


def _hall(session: Session, code: str) -> Hall:
    hall = get_hall(session, code)
    edge.require("device.enrol", hall.id)
    return hall


def _page(session: Session, hall: Hall, error: ScreenSettingsInvalid | None = None) -> str:
    """The settings in force, or, beside what is wrong with them, those that were typed."""
    screens = screens_of(hall)
    values = _as_typed() if error else _in_force(screens)
    zones: list[dict[str, Any]] = values["zones"]
    name = str(error.params["name"]) if error else ""
    return render_template(
        "admin/screens.html",
        hall=hall,
        screens=screens,
        values=values,
        zones=[*zones, *({} for _spare in range(_SPARE_ZONES))],
        groups=_groups(session, hall, {code for zone in zones for code in zone["groups"]}),
        counters=_counters(session, hall, {number for zone in zones for number in zone["counters"]}),
        reach=[(each, screens.panel.reach_m(each)) for each in LAYOUTS],
        chosen=screens.layout(None),
        # What is wrong with a zone is said above: its fields stand several times.
        errors={name if name in (*_NUMBERS, *_TIMES, "rooms") else "_zones": error.sentence(edge.language())}
        if error
        else {},
    )


def _groups(session: Session, hall: Hall, named: set[str]) -> list[tuple[str, str]]:
    """The lines to tick, by name, with what a zone names although it is out of use."""
    lines = {each.code: each for each in list_groups(session, hall.id)}
    known = [
        (code, f"{each.letter} {edge.text(each, 'name')}")
        for code, each in lines.items()
        if each.active or code in named
    ]
    return known + [(code, code) for code in sorted(named - set(lines))]


def _counters(session: Session, hall: Hall, named: set[str]) -> list[tuple[str, str]]:
    """The counters to tick, likewise."""
    known = [(str(each.number), counter_in_words(each)) for each in list_counters(session, hall.id)]
    return known + [(number, number) for number in sorted(named - set(dict(known)))]


def _in_force(screens: ScreenPolicy) -> dict[str, Any]:
    return {
        **{name: f"{getattr(screens, name):g}" for name in _NUMBERS},
        **{name: getattr(screens, name).isoformat("minutes") for name in _TIMES},
        **{name: getattr(screens, name) for name in _FLAGS},
        "rooms": " ".join(screens.rooms),
        "zones": [
            {
                **{name: getattr(zone, name) for name in _TEXTS},
                "groups": list(zone.groups),
                "counters": [str(each) for each in zone.counters],
                "chair": "" if zone.last_chair_m is None else f"{zone.last_chair_m:g}",
                "sound": "" if zone.silent is None else "silent" if zone.silent else "loud",
            }
            for zone in screens.zones
        ],
    }


def _as_typed() -> dict[str, Any]:
    form = request.form
    return {
        **{name: form.get(name, "")[:_LONGEST] for name in _NUMBERS + _TIMES},
        **{name: form.get(name) == "1" for name in _FLAGS},
        "rooms": form.get("rooms", "")[:_LONGEST_LIST],
        "zones": [row for row in _typed_zones() if any(row.values())],
    }


def _typed_zones() -> list[dict[str, Any]]:
    """Every zone of the form as it was typed, the spare ones as well."""
    form = request.form
    rows = zip(*(form.getlist(f"zone_{name}") for name in _ROW), strict=False)
    return [
        {
            **{name: text.strip()[:_LONGEST] for name, text in zip(_ROW, row, strict=True)},
            **{name: form.getlist(f"zone_{name}-{at}") for name in _TICKED},
            "gone": f"zone_gone-{at}" in form,
        }
        for at, row in enumerate(rows, 1)
    ]


def _typed() -> dict[str, object]:
    form = request.form
    usual = ScreenPolicy()
    return {
        "last_chair_m": _number(form.get("last_chair_m", ""), usual.last_chair_m),
        "panel_inches": _number(form.get("panel_inches", ""), usual.panel_inches),
        "night_from": form.get("night_from", ""),
        "night_to": form.get("night_to", ""),
        **{name: form.get(name) == "1" for name in _FLAGS},
        "rooms": _pieces(form.get("rooms", "")[:_LONGEST_LIST].upper()),
        "zones": _kept_zones(),
    }


def _kept_zones() -> list[dict[str, object]]:
    """The zones to save: those in which anything stands and that are not to be removed."""
    typed = [row for row in _typed_zones() if not row["gone"] and any(row.values())]
    taken = {row["code"] for row in typed}
    for row in typed:
        if not row["code"]:
            row["code"] = free_code("zone-", taken)
            taken.add(row["code"])
    return [_zone(row) for row in typed]


def _zone(row: dict[str, Any]) -> dict[str, object]:
    return {
        **{name: row[name] for name in (*_TEXTS, "groups")},
        "counters": [int(each) if each.isdecimal() else each for each in row["counters"]],
        "last_chair_m": _number(row["chair"], None),
        "silent": {"silent": True, "loud": False}.get(row["sound"]),
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
