"""Devices by API: paired by their code, changed, withdrawn."""

import pytest

from kernel import clock
from people import devices, pairing

HERE = {"kind": "kiosk", "hall": "city-hall", "name": "东门"}


@pytest.fixture
def waiting(town, parts):
    with parts.database.transaction() as session:
        return pairing.begin(session, real_now=clock.real_now())


def test_a_device_is_paired_by_the_code_that_it_shows_until_it_is_withdrawn(town, parts, waiting):
    body = {**HERE, "code": f"{waiting.code[:4]} {waiting.code[4:]}", "printer": "192.168.1.50"}
    paired = town.post("/devices/pair", body, who="admin")
    assert paired.status_code == 201
    assert "token" not in paired.json
    with parts.database.transaction() as session:
        assert devices.find_device(session, waiting.secret).printer == "192.168.1.50"
    listed = town.get("/halls/city-hall/devices", who="admin").json["devices"]
    assert paired.json in listed
    one = f"/devices/{paired.json['id']}"
    changed = town.post(one, {"printer": "browser"}, who="admin")
    assert (changed.status_code, changed.json["printer"]) == (200, "browser")
    for _twice in range(2):
        gone = town.post(f"{one}/withdraw", {}, who="admin")
        assert gone.json["withdrawn_at"] is not None
    with parts.database.transaction() as session:
        assert devices.find_device(session, waiting.secret) is None


def test_wrong_codes_are_counted_and_enrol_nothing(town, waiting):
    wrong = f"{(int(waiting.code) + 1) % 10**8:08d}"
    for _try in range(5):
        refused = town.post("/devices/pair", {**HERE, "code": wrong}, who="admin")
        assert (refused.status_code, refused.json["code"]) == (422, "pairing_code_wrong")
    refused = town.post("/devices/pair", {**HERE, "code": waiting.code}, who="admin")
    assert (refused.status_code, refused.json["code"]) == (429, "pairing_tries_spent")


@pytest.mark.parametrize("path", ["/devices/999999", "/devices/999999/withdraw"])
def test_an_unknown_device_is_named_as_such(town, path):
    refused = town.post(path, {}, who="admin")
    assert (refused.status_code, refused.json["code"]) == (404, "device_not_found")


def test_officers_pair_and_withdraw_nothing(town, waiting):
    for path, body in (("/devices/pair", {**HERE, "code": waiting.code}), ("/devices/1/withdraw", {})):
        assert town.post(path, body, who="officer").status_code == 403
