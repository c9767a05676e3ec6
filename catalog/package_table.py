"""Packages (一件事) as a table: the whole list, in the order in which citizens see it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.edit import save_packages
from catalog.models import Service
from catalog.package_file import PackageFileInvalid, PackageRow, package_from_data
from catalog.queries import list_packages
from catalog.words import NAMES
from kernel.actor import Actor
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet

_TEXTS = ("name_zh", "name_en", "summary_zh", "summary_en")
PACKAGES = Sheet(
    "packages",
    "一件事",
    "Packages",
    (
        Column("code", *NAMES["code"], kind="code", needed=True),
        *(Column(name, *NAMES[name], needed=True) for name in _TEXTS),
        Column("services", *NAMES["services"], kind="list", needed=True),
        Column("keywords", *NAMES["keywords"], kind="list"),
        Column("elsewhere_zh", *NAMES["elsewhere_zh"]),
        Column("elsewhere_en", *NAMES["elsewhere_en"]),
    ),
    key=("code",),
    whole=(),
)


def read_packages(session: Session, _actor: Actor) -> list[Row]:
    """All packages."""
    names = [each.name for each in fields(PackageRow)]
    return [{name: getattr(row, name) for name in names} for row in list_packages(session)]


def write_packages(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Make these the packages of the city, in this order, and no others."""
    services = set(session.scalars(select(Service.code)))
    rows = []
    for line in lines:
        try:
            rows.append(package_from_data(line.row, services=services))
        except PackageFileInvalid as error:
            for problem in error.problems:
                mistakes.add(line.number, problem.key.partition("[")[0], zh=problem.zh, en=problem.en)
    mistakes.stop_if_any()
    save_packages(session, rows, actor=actor, now=now)


KIND = Kind(PACKAGES, "catalog.edit", read_packages, write_packages)
