"""PURE: a city's packages (一件事, `packages.toml`): several services that people need as one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.data_file import DataFileInvalid, Problems, Table, read_toml, report_doubles

FILE = "packages.toml"


@dataclass(frozen=True, slots=True)
class PackageRow:
    """Services (by code) in the order people take them; `elsewhere` is what other departments do."""

    code: str
    name_zh: str
    name_en: str
    summary_zh: str
    summary_en: str
    elsewhere_zh: str
    elsewhere_en: str
    services: tuple[str, ...]
    keywords: tuple[str, ...]


class PackageFileInvalid(DataFileInvalid):
    """The file of packages has mistakes."""

    code = "package_file_invalid"


def parse_packages(files: Mapping[str, str], *, services: Collection[str]) -> tuple[PackageRow, ...]:
    """Packages of a folder (path → text) in the file's order; none where there is no such file.

    `services`: the codes they may name. Raises `PackageFileInvalid` with all mistakes.
    """
    if FILE not in files:
        return ()
    problems = Problems()
    table = read_toml(files[FILE], problems, file=FILE)
    rows = [(row, _package(row, services)) for row in table.tables("packages")]
    report_doubles(((row, package.code) for row, package in rows), "code")
    table.finish()
    problems.stop_if_any(PackageFileInvalid)
    return tuple(package for _, package in rows)


def package_from_data(data: Mapping[str, Any], *, services: Collection[str]) -> PackageRow:
    """A package from a mapping of the shape of its file; raises `PackageFileInvalid` with all mistakes."""
    problems = Problems()
    package = _package(Table(data, problems, file=""), services)
    problems.stop_if_any(PackageFileInvalid)
    return package


def _package(row: Table, services: Collection[str]) -> PackageRow:
    package = PackageRow(
        code=row.code("code"),
        name_zh=row.text("name_zh", most=80),
        name_en=row.text("name_en", most=120),
        summary_zh=row.text("summary_zh"),
        summary_en=row.text("summary_en"),
        elsewhere_zh=row.text("elsewhere_zh", ""),
        elsewhere_en=row.text("elsewhere_en", ""),
        services=row.texts("services", None),
        keywords=row.texts("keywords"),
    )
    if not package.services:
        row.complain("services", "至少要有一个事项", "needs at least one service")
    for code in package.services:
        if code not in services:
            row.complain("services", f"没有这个事项：{code}", f"no such service: {code}")
    row.finish()
    return package
