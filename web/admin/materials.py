"""The materials of a service: one form each, in the order that citizens read them."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from catalog.guide import UPLOADED
from catalog.guide_edit import free_code
from catalog.history import service_content
from catalog.known_papers import licence_kinds
from catalog.models import Service
from catalog.picture_file import (
    MOST_BYTES,
    Drawn,
    PictureTooLarge,
    PictureTooSmall,
    PictureUnreadable,
    draw,
)
from catalog.pictures import add_picture
from catalog.restore import find_any_service
from kernel.actor import Actor
from kernel.data_file import DataFileInvalid
from kernel.errors import DomainError, NotFound
from web import edge, problems
from web.admin import entry
from web.admin.services import form_page, is_unsaved, save_changed, sent_facts
from web.assets import paper_pictures
from web.guards import staff_only
from web.pictures import sample_of

_TEXTS = ("name_zh", "name_en", "note_zh", "note_en", "picture", "picture_zh", "picture_en")
#: What stands for no picture, also where the program has one of the material's code.
_NO_PICTURE = "none"
_FLAGS = ("original", "waivable", "deferrable")


class MaterialUnknown(NotFound):
    """The service has no such material."""

    code = "material_unknown"
    zh = "该事项没有这份材料，请回到事项页面查看。"
    en = "The service has no such material. Please go back to the service."


def _at(service: Service, material: str) -> int:
    codes = [each["code"] for each in service.materials]
    if material not in codes:
        raise MaterialUnknown
    return codes.index(material)


@staff_only("catalog.edit")
def new(code: str) -> Any:
    """An empty form."""
    with edge.transaction() as session:
        service = find_any_service(session, code)
    return _form(service, None, {"original": True, "copies": 0})


@staff_only("catalog.edit")
def show(code: str, material: str) -> Any:
    """One material's form."""
    with edge.transaction() as session:
        service = find_any_service(session, code)
    return _form(service, material, service.materials[_at(service, material)])


def _form(
    service: Service, material: str | None, data: dict[str, Any], errors: dict[str, str] | None = None
) -> str:
    facts = {"service": service, "material": material, "data": data, "errors": errors or {}}
    shown = {**data, "code": data.get("code") or "-"}
    return render_template(
        "admin/material.html",
        **facts,
        sample=sample_of(shown),
        pictures=_pictures(data.get("picture") or ""),
        licences=_licences(data.get("licence") or ""),
    )


def _licences(chosen: str) -> list[tuple[str, str]]:
    """The kinds of licences to choose from, by name; one that nothing else names is called by its code."""
    with edge.transaction() as session:
        known = licence_kinds(session)
    named = [(kind, names[edge.language() == "en"]) for kind, names in known.items()]
    own = [(chosen, chosen)] if chosen and chosen not in known else []
    return [("", _("没有：不查电子证照")), *named, *own]


def _pictures(chosen: str) -> list[tuple[str, str]]:
    """The pictures to choose from: the program's, the one that was sent in, and none."""
    known = [("", str(_("按材料代码自动找"))), (_NO_PICTURE, str(_("不放样图")))]
    if chosen.startswith(UPLOADED):
        known.insert(0, (chosen, str(_("上传的图片"))))
    elif chosen and chosen not in {_NO_PICTURE, *paper_pictures()}:
        known.append((chosen, chosen))
    return known + [(name, str(_OF_PROGRAM.get(name, name))) for name in paper_pictures()]


_OF_PROGRAM = {
    "household-register": _l("自带的：户口簿"),
    "id-card": _l("自带的：居民身份证"),
    "licence": _l("自带的：驾驶证"),
    "passport": _l("自带的：护照"),
    "photo": _l("自带的：证件照"),
    "vehicle-licence": _l("自带的：行驶证"),
}


def _typed() -> dict[str, Any]:
    return {
        **entry.texts(_TEXTS),
        "licence": entry.text("licence_new") or entry.text("licence"),
        "copies": entry.whole("copies", 0),
        **{flag: flag in request.form for flag in _FLAGS},
    }


@staff_only("catalog.edit")
def add(code: str) -> Any:
    """One more material, at the end of the list."""
    return _save(code, None)


@staff_only("catalog.edit")
def save(code: str, material: str) -> Any:
    """Write a material; its code stays, since guides name it."""
    return _save(code, material)


def _save(code: str, material: str | None) -> Any:
    who, data = edge.require_everywhere("catalog.edit"), _typed()
    try:
        sent = _sent_picture()
        with edge.transaction() as session:
            _write(session, code, material, data, sent, who=who)
    except (DataFileInvalid, PictureTooLarge, PictureTooSmall, PictureUnreadable) as error:
        with edge.transaction() as session:
            service = find_any_service(session, code)
        typed = {**data, "code": material or entry.text("code"), "licence": entry.text("licence")}
        return _form(service, material, typed, _mistakes(service, material, error)), problems.status_of(error)
    flash(_("材料已保存。"), "ok")
    return redirect(url_for("admin.service", code=code), 303)


def _sent_picture() -> Drawn | None:
    """The picture that came along, drawn anew; before anything is locked, since that takes a moment.

    Raises:
        PictureTooLarge, PictureTooSmall, PictureUnreadable
    """
    file = request.files.get("picture_file")
    if file is None:
        return None
    try:
        data = file.stream.read(MOST_BYTES + 1)
    finally:
        file.close()
    return draw(data) if data else None


def _write(
    session: Session, code: str, material: str | None, data: dict[str, Any], sent: Drawn | None, *, who: Actor
) -> None:
    service = find_any_service(session, code)
    rows = list(service.materials)
    at = len(rows) if material is None else _at(service, material)
    row = {"code": material or entry.text("code") or free_code("m", {row["code"] for row in rows}), **data}
    if sent is not None:
        row["picture"] = add_picture(session, sent, service=service, actor=who, now=edge.now())
    rows[at : at + 1] = [row]
    save_changed(session, service, {"materials": rows}, who=who)


def _mistakes(service: Service, material: str | None, error: DomainError) -> dict[str, str]:
    """Field → what is wrong with it; a browser forgets the file that was chosen."""
    if not isinstance(error, DataFileInvalid):
        return {"picture_file": error.sentence(edge.language())}
    at = len(service.materials) if material is None else _at(service, material)
    found = entry.mistakes(error, under=f"materials[{at + 1}].")
    if "licence" in found and entry.text("licence_new"):
        found["licence_new"] = found.pop("licence")
    if request.files.get("picture_file"):
        found.setdefault("picture_file", str(_("图片没有问题，但浏览器不会替您记住，请再选一次。")))
    return found


@staff_only("catalog.edit")
def change(code: str, material: str) -> Any:
    """Move a material up or down, or take it away; `do` says which, and from where (`up:2`).

    The buttons send the service's form along: what was typed there and not saved yet stays on the page.
    """
    who = edge.require_everywhere("catalog.edit")
    try:
        with edge.transaction() as session:
            service = find_any_service(session, code)
            _rearrange(session, service, material, who=who)
            if is_unsaved(session, service):
                flash(_("材料已改好。上面改过的内容还没有保存。"), "warn")
                return form_page(session, service, {**service_content(service), **sent_facts()})
    except DataFileInvalid as error:
        with edge.transaction() as session:
            service = find_any_service(session, code)
            data = service_content(service) | sent_facts()
            return form_page(session, service, data, entry.mistakes(error)), problems.status_of(error)
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.service", code=code), 303)


def _rearrange(session: Session, service: Service, material: str, *, who: Any) -> None:
    """Do what the button says, once: the same page sent again finds the material elsewhere, or gone.

    Raises:
        MaterialUnknown
        ServiceFileInvalid: the guide needs it.
    """
    do, _colon, place = request.form.get("do", "").partition(":")
    rows = list(service.materials)
    if place and (not place.isdecimal() or [row["code"] for row in rows][int(place) :][:1] != [material]):
        return
    row = rows.pop(at := _at(service, material))
    if do != "remove":
        rows.insert(max(0, at + (1 if do == "down" else -1)), row)
    save_changed(session, service, {"materials": rows}, who=who)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    base = "/services/<code>/materials"
    blueprint.add_url_rule(f"{base}/new", "material_new", new)
    blueprint.add_url_rule(f"{base}/new", "material_add", add, methods=["POST"])
    blueprint.add_url_rule(f"{base}/<material>", "material", show)
    blueprint.add_url_rule(f"{base}/<material>", "material_save", save, methods=["POST"])
    blueprint.add_url_rule(f"{base}/<material>/change", "material_change", change, methods=["POST"])
