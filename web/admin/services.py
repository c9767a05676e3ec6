"""Services: the list, one service's form, out of use and back, and in which halls' lines it is handled."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import edit
from catalog.find import find_services
from catalog.history import service_content
from catalog.models import Guide, GuideDraft, HallService, Service
from catalog.queries import halls_offering, list_all_services
from catalog.restore import find_any_service
from catalog.service_file import FIRST_MATERIAL, PAYMENTS, WAYS, service_from_data
from halls.models import Hall, ServiceGroup
from halls.queries import GroupUnknown, list_groups, list_halls
from kernel.data_file import DataFileInvalid
from kernel.errors import Conflict, DomainError
from web import edge, problems
from web.admin import entry
from web.guards import staff_only

_TEXTS = (
    "name_zh", "name_en", "summary_zh", "summary_en", "group", "fee_note_zh", "fee_note_en", "handling_zh",
    "handling_en", "online_url", "online_note_zh", "online_note_en", "machine_zh", "machine_en",
)  # fmt: skip


class ServiceCodeTaken(Conflict):
    """A new service would replace an old one."""

    code = "service_code_taken"
    zh = "已有代码为“{taken}”的事项，请换一个代码。"
    en = "There is a service with the code “{taken}” already. Please choose another code."


@staff_only("catalog.edit")
def home() -> Any:
    """All services, or those that fit `q`; also those out of use."""
    query = request.args.get("q", "").strip()[:60]
    with edge.transaction() as session:
        rows = _matching(session, query) if query else list_all_services(session)
        guides = set(session.scalars(select(Guide.service_id)))
        drafts = set(session.scalars(select(GuideDraft.service_id)))
        counts: dict[int, int] = {}
        for service_id in session.scalars(select(HallService.service_id)):
            counts[service_id] = counts.get(service_id, 0) + 1
    facts = {"rows": rows, "query": query, "guides": guides, "drafts": drafts, "counts": counts}
    return render_template("admin/services.html", **facts)


def _matching(session: Session, query: str) -> list[Service]:
    """By code or name as it is written, then as citizens would find it."""
    plain = query.lower()
    rows = [
        row
        for row in list_all_services(session)
        if plain in row.code.lower() or plain in row.name_zh.lower() or plain in row.name_en.lower()
    ]
    known = {row.code for row in rows}
    return rows + [hit.service for hit in find_services(session, query) if hit.service.code not in known]


@staff_only("catalog.edit")
def new() -> Any:
    """An empty form."""
    edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        return form_page(session, None, {"minutes": 10, "fee_fen": 0, "position": 0})


@staff_only("catalog.edit")
def show(code: str) -> Any:
    """One service's form."""
    with edge.transaction() as session:
        service = find_any_service(session, code)
        return form_page(session, service, service_content(service))


def form_page(
    session: Session, service: Service | None, data: dict[str, Any], errors: dict[str, str] | None = None
) -> str:
    """The form with these facts in it."""
    halls = [(hall, list_groups(session, hall.id, active=True)) for hall in _own_halls(session)]
    return render_template(
        "admin/service.html",
        service=service,
        data={**data, "fee": entry.yuan_text(data.get("fee_fen", 0))},
        errors=errors or {},
        ways=WAYS,
        payments=PAYMENTS,
        lines=_codes_of_lines(session),
        halls=halls,
        offered=dict(halls_offering(session, service.id)) if service else {},
        lines_of_halls=_lines_of_halls(session, service, halls),
        has_guide=service is not None and session.get(Guide, service.id) is not None,
        everywhere=edge.actor().everywhere,
    )


def _codes_of_lines(session: Session) -> list[str]:
    halls = list_halls(session)
    return sorted({group.code for hall in halls for group in list_groups(session, hall.id, active=True)})


def _own_halls(session: Session) -> list[Hall]:
    return [hall for hall in list_halls(session) if edge.actor().may("catalog.edit", hall.id)]


def _lines_of_halls(
    session: Session, service: Service | None, halls: Sequence[tuple[Hall, Sequence[ServiceGroup]]]
) -> dict[int, str]:
    """Hall id → code of the line that handles the service: as it was chosen in the form, else as it is."""
    offered = dict(halls_offering(session, service.id)) if service else {}
    return {
        hall.id: entry.text(f"hall-{hall.id}")
        if f"hall-{hall.id}" in request.form
        else next((group.code for group in groups if group.id == offered.get(hall.id)), "")
        for hall, groups in halls
    }


def typed_facts() -> dict[str, Any]:
    """The form in the shape of a service file, but for materials and guide."""
    return {
        **entry.texts(_TEXTS),
        "position": entry.whole("position", 0),
        "minutes": entry.whole("minutes"),
        "fee_fen": entry.fen("fee"),
        "ways": [way for way in WAYS if way in request.form.getlist("ways")],
        "pay": [way for way in PAYMENTS if way in request.form.getlist("pay")],
        "keywords": entry.words("keywords"),
        "by_post": "by_post" in request.form,
    }


def sent_facts() -> dict[str, Any]:
    """The same, or nothing where no form came along."""
    return typed_facts() if "name_zh" in request.form else {}


@staff_only("catalog.edit")
def add() -> Any:
    """Make a service; its first material is that every visit needs: the identity document."""
    who, data, code = edge.require_everywhere("catalog.edit"), typed_facts(), entry.text("code")
    try:
        with edge.transaction() as session:
            if session.scalar(select(Service.id).where(Service.code == code)) is not None:
                raise ServiceCodeTaken(taken=code)
            file = service_from_data({**data, "materials": [FIRST_MATERIAL]}, code=code)
            edit.save_services(session, [file], actor=who, now=edge.now())
    except DomainError as error:
        errors = entry.mistakes(error)
        with edge.transaction() as session:
            return form_page(session, None, {**data, "code": code}, errors), problems.status_of(error)
    flash(_("事项已建立。请补充材料，并选择在哪些大厅办理。"), "ok")
    return redirect(url_for("admin.service", code=code), 303)


@staff_only("catalog.edit")
def save(code: str) -> Any:
    """Write the service as typed and the halls that handle it; materials and guide stay as they are.

    Who works in some halls only has the form of the facts locked, and says what their own halls handle.
    `then` is where the button leads that saved on its way: a material of it, or the form of a new one.

    Raises:
        CityWideOnly, GroupUnknown
    """
    facts = edge.actor().everywhere or "name_zh" in request.form
    who = edge.require_everywhere("catalog.edit") if facts else edge.actor()
    data = typed_facts() if facts else {}
    try:
        with edge.transaction() as session:
            service = find_any_service(session, code)
            changed = is_unsaved(session, service)
            if facts:
                save_changed(session, service, data, who=who)
            edit.offer_service(session, service, _chosen_lines(session), actor=who, now=edge.now())
    except DataFileInvalid as error:
        with edge.transaction() as session:
            service = find_any_service(session, code)
            return form_page(session, service, data, entry.mistakes(error)), problems.status_of(error)
    then = entry.text("then")
    if changed or not then:
        flash(_("已保存，群众立即可见。"), "ok")
    return redirect(_next_page(code, then), 303)


def _next_page(code: str, then: str) -> str:
    if not then:
        return url_for("admin.service", code=code)
    if then == "new":
        return url_for("admin.material_new", code=code)
    return url_for("admin.material", code=code, material=then.removeprefix("material:"))


def is_unsaved(session: Session, service: Service) -> bool:
    """Whether the form came along and says anything else than what is kept."""
    kept, offered = service_content(service), dict(halls_offering(session, service.id))
    facts = any(kept[name] != value for name, value in sent_facts().items())
    return facts or any(offered.get(hall) != line for hall, line in _chosen_lines(session).items())


def _chosen_lines(session: Session) -> dict[int, int | None]:
    """Hall id → line that handles the service, None for not there; halls not in the form stay as they are.

    Raises:
        GroupUnknown
    """
    chosen: dict[int, int | None] = {}
    for hall in _own_halls(session):
        if f"hall-{hall.id}" not in request.form:
            continue
        lines = {group.code: group.id for group in list_groups(session, hall.id, active=True)}
        line = entry.text(f"hall-{hall.id}")
        if line and line not in lines:
            raise GroupUnknown
        chosen[hall.id] = lines.get(line)
    return chosen


def save_changed(session: Session, service: Service, changed: dict[str, Any], *, who: Any) -> None:
    """Write a service, some of whose parts have changed; raises ServiceFileInvalid."""
    data = {**service_content(service), **changed}
    guide = session.get(Guide, service.id)
    if guide is not None:
        data["guide"] = guide.tree
    file = service_from_data(data, code=service.code)
    edit.save_services(session, [file], actor=who, now=edge.now())


@staff_only("catalog.edit")
def switch(code: str) -> Any:
    """Take the service out of use, or back in; what was typed on its page and not saved yet stays there."""
    who = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        service = find_any_service(session, code)
        wanted = {"yes": True, "no": False}.get(entry.text("active"), not service.active)
        edit.set_active(session, service, active=wanted, actor=who, now=edge.now())
        if is_unsaved(session, service):
            flash(_("已保存。页面上改过的内容还没有保存。"), "warn")
            return form_page(session, service, {**service_content(service), **sent_facts()})
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.service", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/services", "services", home)
    blueprint.add_url_rule("/services/new", "service_new", new)
    blueprint.add_url_rule("/services/new", "service_add", add, methods=["POST"])
    blueprint.add_url_rule("/services/<code>", "service", show)
    blueprint.add_url_rule("/services/<code>", "service_save", save, methods=["POST"])
    blueprint.add_url_rule("/services/<code>/switch", "service_switch", switch, methods=["POST"])
