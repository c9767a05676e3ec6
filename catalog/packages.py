"""Editing one package among the others."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from catalog.edit import save_packages
from catalog.models import Package
from catalog.package_file import PackageRow
from catalog.queries import list_packages
from kernel.actor import Actor


def package_row(package: Package) -> PackageRow:
    """A package as its file says it."""
    values: dict[str, Any] = {field.name: getattr(package, field.name) for field in fields(PackageRow)}
    lists = {"services": tuple(package.services), "keywords": tuple(package.keywords)}
    return PackageRow(**{**values, **lists})


def save_package(session: Session, package: PackageRow, *, actor: Actor, now: datetime) -> None:
    """Write one package: in its place when there is one of its code, else at the end."""
    rows = [package_row(each) for each in list_packages(session)]
    known = [each.code for each in rows]
    if package.code in known:
        rows[known.index(package.code)] = package
    else:
        rows.append(package)
    save_packages(session, rows, actor=actor, now=now)


def remove_package(session: Session, code: str, *, actor: Actor, now: datetime) -> None:
    """Take a package away; its earlier states stay known."""
    rows = [package_row(each) for each in list_packages(session)]
    save_packages(session, [each for each in rows if each.code != code], actor=actor, now=now)


def move_package(session: Session, code: str, *, by: int, actor: Actor, now: datetime) -> None:
    """Show a package `by` places further down (negative: up)."""
    rows = [package_row(each) for each in list_packages(session)]
    at = next((at for at, each in enumerate(rows) if each.code == code), None)
    if at is not None:
        rows.insert(max(0, at + by), rows.pop(at))
        save_packages(session, rows, actor=actor, now=now)
