"""PURE: `staff.toml`, the people of an office, without passwords: those are made when they are loaded."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kernel.data_file import DataFileInvalid, Problems, Table, read_toml, report_doubles


@dataclass(frozen=True, slots=True)
class StaffRow:
    """Someone who works here. `halls` None: every hall."""

    username: str
    name: str
    name_en: str
    badge: str
    roles: tuple[str, ...]
    halls: tuple[str, ...] | None


class StaffFileInvalid(DataFileInvalid):
    """`staff.toml` has mistakes."""

    code = "staff_file_invalid"


def parse_staff(
    files: Mapping[str, str], *, halls: Collection[str], roles: Collection[str]
) -> tuple[StaffRow, ...]:
    """Read `staff.toml` of a folder (path → text); no such file means nobody.

    `halls` and `roles` are the codes that may be named. Raises `StaffFileInvalid` with all mistakes.
    """
    if "staff.toml" not in files:
        return ()
    problems = Problems()
    table = read_toml(files["staff.toml"], problems, file="staff.toml")
    rows = [(row, _staff(row, halls, roles)) for row in table.tables("staff", required=True)]
    report_doubles(((row, person.username) for row, person in rows), "username")
    table.finish()
    problems.stop_if_any(StaffFileInvalid)
    return tuple(person for _, person in rows)


def _staff(row: Table, halls: Collection[str], roles: Collection[str]) -> StaffRow:
    name = row.text("name", most=60)
    person = StaffRow(
        username=row.code("username", most=40),
        name=name,
        name_en=row.text("name_en", name, most=60),
        badge=row.text("badge", "", most=20),
        roles=row.texts("roles", None),
        halls=row.texts("halls") if row.has("halls") else None,
    )
    _check_known(row, "roles", person.roles, roles)
    _check_known(row, "halls", person.halls or (), halls)
    row.finish()
    return person


def _check_known(row: Table, key: str, values: tuple[str, ...], known: Collection[str]) -> None:
    for value in values:
        if value not in known:
            row.complain(key, f"没有 {value}", f"no such thing: {value}")
