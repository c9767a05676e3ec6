"""The waitlist of a hall by the API: counts, masked phones, no reference, taking somebody off."""

from sqlalchemy import select

from kernel.audit import AuditEntry
from tests.web.api.test_exceptions import fill_up, wait_body

PHONES = ("13800138111", "13800138222")


def wait_twice(town):
    fill_up(town)
    return [town.post("/waitlist", wait_body(town, phone)).json["reference"] for phone in PHONES]


def test_a_hall_where_nobody_waits_has_no_lines(town):
    path = f"/halls/{town.hall}/waitlist"
    assert town.get(path, who="manager").json == {"hall": town.hall, "lines": []}
    assert town.get("/halls/nowhere/waitlist", who="manager").status_code == 404


def test_the_hall_reads_its_waitlist_masked_and_takes_somebody_off(town):
    first, second = wait_twice(town)
    path = f"/halls/{town.hall}/waitlist"
    answer = town.get(path, who="manager")
    (line,) = answer.json["lines"]
    assert (line["group"], line["waiting"], line["offered"], line["left_today"]) == ("A", 2, 0, 0)
    assert [(each["place"], each["phone"]) for each in line["entries"]] == [
        (1, "138****8111"),
        (2, "138****8222"),
    ]
    assert line["entries"][0]["services"] == ["id-card"]
    assert line["since"] == line["entries"][0]["joined_at"]
    for secret in (first, second, *PHONES):
        assert secret not in answer.text
    off = f"{path}/{line['entries'][0]['id']}/take-off"
    assert town.post(off, {"reason": "why"}, who="manager").status_code == 422
    for _ in range(2):
        done = town.post(off, {"reason": "asked"}, who="manager", Idempotency_Key="off-1")
        assert (done.status_code, done.json["state"]) == (200, "left"), done.text
    assert town.post(off, {"reason": "asked"}, who="manager").json["code"] == "wait_has_ended"
    missing = town.post(f"{path}/999999/take-off", {"reason": "asked"}, who="manager")
    assert missing.json["code"] == "wait_unknown"
    assert town.get(f"/waitlist/{first}").json["state"] == "left"
    assert town.get(f"/waitlist/{second}").json["ahead"] == 0
    (line,) = town.get(path, who="manager").json["lines"]
    assert (line["waiting"], line["left_today"]) == (1, 1)
    with town.parts.database.transaction() as session:
        row = session.scalars(select(AuditEntry).where(AuditEntry.action == "waitlist.take_off")).one()
    assert (row.actor_kind, row.details) == ("staff", {"reason": "asked"})
