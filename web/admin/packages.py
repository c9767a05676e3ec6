"""Packages (一件事): the list in its order, and one package's form."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import packages
from catalog.models import Service
from catalog.package_file import package_from_data
from catalog.queries import get_package, list_packages, list_services
from kernel.errors import Conflict, DomainError
from web import edge, problems
from web.admin import entry
from web.guards import staff_only

_TEXTS = ("name_zh", "name_en", "summary_zh", "summary_en", "elsewhere_zh", "elsewhere_en")
_PLACES = 8


class PackageCodeTaken(Conflict):
    """A new package would replace an old one."""

    code = "package_code_taken"
    zh = "已有代码为“{taken}”的一件事，请换一个代码。"
    en = "There is a package with the code “{taken}” already. Please choose another code."


@staff_only("catalog.edit")
def home() -> Any:
    """All packages in the order that citizens see."""
    with edge.transaction() as session:
        rows = list_packages(session)
        names = {service.code: edge.text(service, "name") for service in session.scalars(select(Service))}
    return render_template("admin/packages.html", rows=rows, names=names)


@staff_only("catalog.edit")
def new() -> Any:
    """An empty form."""
    edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        return _form(session, None, {})


@staff_only("catalog.edit")
def show(code: str) -> Any:
    """One package's form."""
    with edge.transaction() as session:
        row = packages.package_row(get_package(session, code))
        return _form(session, code, {name: getattr(row, name) for name in row.__dataclass_fields__})


def _form(
    session: Session, code: str | None, data: dict[str, Any], errors: dict[str, str] | None = None
) -> str:
    services = [(service.code, edge.text(service, "name")) for service in list_services(session)]
    places = max(_PLACES, len(data.get("services", ())) + 1)
    facts = {"code": code, "data": data, "services": services, "places": places, "errors": errors or {}}
    return render_template("admin/package.html", **facts)


def _typed() -> dict[str, Any]:
    chosen = [entry.text(f"service-{at}") for at in range(20)]
    lists = {"services": list(dict.fromkeys(filter(None, chosen))), "keywords": entry.words("keywords")}
    return {**entry.texts(_TEXTS), **lists}


@staff_only("catalog.edit")
def add() -> Any:
    """One more package, at the end."""
    return _save(None)


@staff_only("catalog.edit")
def save(code: str) -> Any:
    """Write a package."""
    return _save(code)


def _save(code: str | None) -> Any:
    who, typed = edge.require_everywhere("catalog.edit"), _typed()
    data = {**typed, "code": code or entry.text("code")}
    try:
        with edge.transaction() as session:
            row = package_from_data(data, services=session.scalars(select(Service.code)).all())
            if code is None and row.code in {each.code for each in list_packages(session)}:
                raise PackageCodeTaken(taken=row.code)
            packages.save_package(session, row, actor=who, now=edge.now())
    except DomainError as error:
        with edge.transaction() as session:
            return _form(session, code, data, entry.mistakes(error)), problems.status_of(error)
    flash(_("已保存，群众立即可见。"), "ok")
    return redirect(url_for("admin.packages"), 303)


@staff_only("catalog.edit")
def change(code: str) -> Any:
    """Move a package, or take it away: `do` says which."""
    who, do = edge.require_everywhere("catalog.edit"), request.form.get("do", "")
    with edge.transaction() as session:
        get_package(session, code)
        if do == "remove":
            packages.remove_package(session, code, actor=who, now=edge.now())
        else:
            by = 1 if do == "down" else -1
            packages.move_package(session, code, by=by, actor=who, now=edge.now())
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.packages"), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/packages", "packages", home)
    blueprint.add_url_rule("/packages/new", "package_new", new)
    blueprint.add_url_rule("/packages/new", "package_add", add, methods=["POST"])
    blueprint.add_url_rule("/packages/<code>", "package", show)
    blueprint.add_url_rule("/packages/<code>", "package_save", save, methods=["POST"])
    blueprint.add_url_rule("/packages/<code>/change", "package_change", change, methods=["POST"])
