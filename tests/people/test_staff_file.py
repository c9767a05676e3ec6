from pathlib import Path

import pytest

from kernel.data_folder import read_folder
from people.permissions import STAFF_ROLES
from people.staff_file import StaffFileInvalid, parse_staff

HALLS = {"city-hall", "xihu-station"}


def test_demonstration_has_someone_for_every_role_and_no_passwords():
    files = read_folder(Path("examples/city"))
    text = files["staff.toml"]
    halls = {Path(name).stem for name in files if name.startswith("halls/")}
    staff = parse_staff({"staff.toml": text}, halls=halls, roles=STAFF_ROLES)
    assert {role for person in staff for role in person.roles} == STAFF_ROLES
    assert sum(person.username.startswith("window") for person in staff) == 12
    assert "password =" not in text


def test_no_file_means_nobody():
    assert parse_staff({}, halls=HALLS, roles=STAFF_ROLES) == ()


def test_refuses_unknown_roles_halls_and_doubles():
    text = '[[staff]]\nusername = "a"\nname = "甲"\nroles = ["king"]\nhalls = ["moon"]\n' * 2
    with pytest.raises(StaffFileInvalid) as caught:
        parse_staff({"staff.toml": text}, halls=HALLS, roles=STAFF_ROLES)
    assert [problem.key for problem in caught.value.problems] == [
        "staff[1].roles",
        "staff[1].halls",
        "staff[2].roles",
        "staff[2].halls",
        "staff[2].username",
    ]
