"""Closures, waitlists, appeals, special requests, changes of numbers and histories by the API."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from booking.models import Appointment, Number
from booking.save_policy import save_policy
from booking.undo_cancel import end_undos
from halls.edit import save_calendar
from halls.models import Closure, Hall, ServiceGroup
from halls.plan_rows import CalendarRow
from kernel import clock
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.api.town import PHONE

TOMORROW = build.TODAY + timedelta(days=1)
REASON = {"reason_zh": "停电", "reason_en": "no power"}


def at(clock, day=TOMORROW):
    return build.at(clock, day).isoformat()


def actions(town, action):
    with town.parts.database.transaction() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


# ---- closures ----


def close(town, *, who="admin", **values):
    body = {"starts_at": at("13:00"), "ends_at": at("17:00"), **REASON} | values
    headers = {"Idempotency_Key": body.pop("key")} if "key" in body else {}
    return town.post(f"/halls/{town.hall}/closures", body, who=who, **headers)


def test_a_closure_is_made_listed_and_lifted(town):
    path = f"/halls/{town.hall}/closures"
    first = close(town, key="k1")
    assert first.status_code == 201, first.text
    assert close(town, key="k1").json == first.json
    assert [each["id"] for each in town.get(path, who="admin").json["closures"]] == [first.json["id"]]
    assert town.hold("14:00").status_code in (404, 409)
    lifted = town.post(f"{path}/{first.json['id']}/lift", who="admin")
    assert (lifted.status_code, lifted.json["numbers"] > 0) == (200, True)
    assert town.post(f"{path}/{first.json['id']}/lift", who="admin").json == {"numbers": 0}
    assert town.post(f"{path}/999999/lift", who="admin").json["code"] == "closure_unknown"
    assert town.get(path, who="admin").json["closures"] == []
    assert town.hold("14:00").status_code == 201


def test_nothing_is_closed_over_bookings_until_somebody_says_what_becomes_of_them(town):
    booked = town.book()
    whole = {"starts_at": at("09:00")}
    refused = close(town, **whole)
    assert (refused.status_code, refused.json["code"]) == (409, "bookings_stranded")
    with town.parts.database.transaction() as session:
        assert session.scalars(select(Closure)).all() == []
    done = close(town, **whole, then="cancel")
    assert (done.json["affected"], done.json["moved"], done.json["cancelled"]) == (1, 0, 1)
    assert town.get(f"/appointments/{booked['reference']}").json["state"] == "cancelled"


def test_an_emergency_begins_now_whatever_was_sent(town):
    done = close(town, emergency=True, starts_at=at("08:00"), ends_at=at("12:00", build.TODAY), then="move")
    assert done.status_code == 201, done.text
    assert done.json["starts_at"].startswith("2026-03-02T01:30")
    assert done.json["emergency"] is True


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"ends_at": at("12:00")}, 422, "closure_backwards"),
        ({"group": "Q"}, 404, "group_unknown"),
        ({"reason_zh": "长" * 21}, 422, "http_422"),
        ({"then": "guess"}, 422, "http_422"),
    ],
)
def test_refused_closures_change_nothing(town, values, status, code):
    before = town.counts()
    answer = close(town, **values)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert town.counts() == before


# ---- waitlist ----


def fill_up(town):
    """Tomorrow has no number left that anybody could book."""
    with town.parts.database.transaction() as session:
        session.execute(update(Number).values(released_at=None))


def wait_body(town, phone=PHONE, **values):
    days = {"first_on": TOMORROW.isoformat(), "last_on": TOMORROW.isoformat()}
    proof = {"phone_token": town.phone_token(phone)}
    return {**proof, "hall": town.hall, "services": ["id-card"], **days} | values


def test_who_waits_sees_their_place_and_leaves(town):
    assert town.post("/waitlist", wait_body(town)).json["code"] == "numbers_are_free"
    fill_up(town)
    body = wait_body(town, "13800138111")
    first = town.post("/waitlist", body, Idempotency_Key="w1")
    assert first.status_code == 201, first.text
    assert town.post("/waitlist", body, Idempotency_Key="w1").json == first.json
    assert (first.json["state"], first.json["ahead"]) == ("waiting", 0)
    assert town.post("/waitlist", body).json["code"] == "already_waiting"
    second = town.post("/waitlist", wait_body(town, "13800138222")).json
    assert town.get(f"/waitlist/{second['reference']}").json["ahead"] == 1
    own = town.post("/waitlist/list", {"phone_token": body["phone_token"]}).json
    assert [each["reference"] for each in own] == [first.json["reference"]]
    for _ in range(2):
        left = town.post(f"/waitlist/{first.json['reference']}/leave")
        assert (left.status_code, left.json["state"]) == (200, "left")
    assert town.get(f"/waitlist/{second['reference']}").json["ahead"] == 0


def test_an_offer_is_taken_and_booked(town):
    booked = town.book()
    fill_up(town)
    entry = town.post("/waitlist", wait_body(town)).json
    assert town.post(f"/waitlist/{entry['reference']}/accept").json["code"] == "offer_over"
    town.post(f"/appointments/{booked['reference']}/cancel")
    with town.parts.database.transaction() as session:
        end_undos(session, now=clock.now() + timedelta(minutes=3))
    town.run_events()
    offered = town.get(f"/waitlist/{entry['reference']}").json
    assert offered["state"] == "offered"
    taken = town.post(f"/waitlist/{entry['reference']}/accept")
    assert taken.status_code == 200, taken.text
    assert town.post(f"/waitlist/{entry['reference']}/accept").json["hold_token"] == taken.json["hold_token"]
    person = {"name": "李四", "identity_kind": "resident_id", "identity_number": sample_resident_id(7)}
    proof = {"hold_token": taken.json["hold_token"], "phone_token": town.phone_token("13800138333")}
    assert town.post("/appointments", person | proof).status_code == 201


def test_a_wait_that_there_is_not_is_not_found(town):
    for method, tail in (("GET", ""), ("POST", "/accept"), ("POST", "/leave")):
        answer = town.call(method, f"/waitlist/{'x' * 22}{tail}")
        assert (answer.status_code, answer.json["code"]) == (404, "wait_unknown")


# ---- appeals ----


@pytest.fixture
def missed(town):
    """A booking that its owner missed; the phone that booked it."""
    booked = town.book(1)
    with town.parts.database.transaction() as session:
        session.execute(update(Appointment).values(state="no_show"))
    town.set_clock(build.at("09:40"))  # the phone may ask for another code
    return booked["reference"]


def appeal(town, missed, phone="13800130001", **headers):
    body = {"phone_token": town.phone_token(phone), "reason": "当天在医院急诊。"}
    return town.post(f"/appointments/{missed}/appeal", body, **headers)


def test_an_appeal_is_made_by_the_phone_that_booked_and_decided_by_the_hall(town, missed):
    assert appeal(town, missed, "13800139999").json["code"] == "appointment_unknown"
    made = appeal(town, missed)
    assert made.status_code == 201, made.text
    path = f"/halls/{town.hall}/appeals"
    (listed,) = town.get(path, who="manager").json["appeals"]
    assert (listed["reference"], listed["reason"]) == (made.json["reference"], "当天在医院急诊。")
    assert "name" not in listed
    decide = f"{path}/{made.json['reference']}/decide"
    body = {"accepted": True, "answer": "已核实。"}
    done = town.post(decide, body, who="manager", Idempotency_Key="d1")
    assert (done.status_code, done.json["state"]) == (200, "accepted")
    assert town.post(decide, body, who="manager", Idempotency_Key="d1").json == done.json
    assert town.post(decide, body, who="manager").json["code"] == "appeal_is_decided"
    assert town.get(path, who="manager").json["appeals"] == []
    assert len(town.get(f"{path}?open=false", who="manager").json["appeals"]) == 1
    assert len(actions(town, "appeal.decide")) == 1


# ---- special requests ----


def ask(town, **values):
    body = {
        "phone_token": town.phone_token(),
        "hall": town.hall,
        "services": ["id-card"],
        "kind": "urgent",
        "wanted_on": TOMORROW.isoformat(),
        "reason": "母亲坐轮椅。",
        "name": "张三",
        "identity_kind": "resident_id",
        "identity_number": sample_resident_id(3),
    }
    return town.post("/special-requests", body | values)


def test_a_request_is_asked_listed_and_withdrawn_by_its_owner_only(town):
    made = ask(town)
    assert made.status_code == 201, made.text
    reference = made.json["reference"]
    town.set_clock(build.at("09:40"))
    assert ask(town).json["code"] == "one_open_request"
    stranger = {"phone_token": town.phone_token("13800139998")}
    assert town.post("/special-requests/list", stranger).json == []
    assert town.post(f"/special-requests/{reference}/withdraw", stranger).json["code"] == "request_unknown"
    town.set_clock(build.at("09:50"))
    mine = {"phone_token": town.phone_token()}
    assert [each["state"] for each in town.post("/special-requests/list", mine).json] == ["asked"]
    for _ in range(2):
        assert town.post(f"/special-requests/{reference}/withdraw", mine).json["state"] == "withdrawn"


def test_the_hall_reads_a_request_masked_and_gives_a_number_of_the_reserve(town):
    reference = ask(town).json["reference"]
    path = f"/halls/{town.hall}/special-requests"
    (listed,) = town.get(path, who="manager").json["requests"]
    assert listed["reference"] == reference
    assert not {"name", "phone", "identity_number"} & set(listed)
    one = town.get(f"{path}/{reference}", who="manager").json
    assert (one["name"], one["reason"]) == ("张三", "母亲坐轮椅。")
    assert sample_resident_id(3) not in one["identity_number"]
    starts_at = free_for_staff(town)
    done = town.post(f"{path}/{reference}/approve", {"starts_at": starts_at}, who="manager")
    assert (done.status_code, done.json["state"]) == (200, "approved"), done.text
    assert (one["phone"], done.json["name"]) == ("138****8000", "张*")
    assert [each.details["what"] for each in actions(town, "person.view")] == [["name"]]
    again = town.post(f"{path}/{reference}/approve", {"starts_at": starts_at}, who="manager")
    assert again.json["code"] == "request_is_decided"
    assert len(actions(town, "special_request.approve")) == 1


def free_for_staff(town):
    with town.parts.database.transaction() as session:
        wanted = select(Number.starts_at).where(
            Number.on_date == TOMORROW, Number.channel == "walk_in", Number.appointment_id.is_(None)
        )
        return session.scalars(wanted.order_by(Number.starts_at)).first().isoformat()


def test_a_request_is_refused_with_an_answer_that_its_owner_reads(town):
    reference = ask(town).json["reference"]
    path = f"/halls/{town.hall}/special-requests/{reference}/refuse"
    assert town.post(path, {"answer": " "}, who="manager").json["code"] == "http_422"
    assert town.post(path, {"answer": "当天已满，请约周三。"}, who="manager").json["state"] == "refused"
    town.set_clock(build.at("09:50"))
    (mine,) = town.post("/special-requests/list", {"phone_token": town.phone_token()}).json
    assert (mine["state"], mine["answer"]) == ("refused", "当天已满，请约周三。")


# ---- numbers ----


def online_of(day):
    """Line A of a day, and its online numbers."""
    line = next(each for each in day["groups"] if each["group"] == "A")
    return line, next(each for each in line["channels"] if each["channel"] == "online")


def test_numbers_are_counted_and_changed_with_a_reason(town):
    path = f"/halls/{town.hall}/numbers"
    town.book()
    day = town.get(f"{path}?on={TOMORROW}", who="admin").json
    line, online = online_of(day)
    assert (line["booked"], online["booked"]) == (1, 1)
    body = {"on": str(TOMORROW), "group": "A", "change": "withdraw", "most": 2, "reason": "fewer_staff"}
    done = town.post(f"{path}/change", body, who="admin", Idempotency_Key="n1")
    assert (done.status_code, done.json) == (200, {"count": 2})
    assert town.post(f"{path}/change", body, who="admin", Idempotency_Key="n1").json == {"count": 2}
    after = town.get(f"{path}?on={TOMORROW}", who="admin").json
    assert online_of(after)[1]["free"] == online["free"] - 2
    assert [entry.details["reason"] for entry in actions(town, "numbers.change")] == ["fewer_staff"]
    assert town.post(f"{path}/change", body | {"reason": "because"}, who="admin").status_code == 422
    assert town.post(f"{path}/change", body | {"group": "Q"}, who="admin").json["code"] == "group_unknown"
    assert town.get(path, who="admin").json["on"] == str(build.TODAY)


# ---- histories ----


def test_histories_and_drafts_can_be_read(town):
    town.put("/services/id-card/active", {"active": False}, who="admin")
    draft = town.get("/services/id-card/guide/draft", who="admin").json
    assert (draft["published"], draft["begun"]) == (True, False)
    assert draft["tree"]["start"] == "reason"
    town.put("/synonyms", {"groups": [["丢了", "遗失"]]}, who="admin")
    town.put("/synonyms", {"groups": [["丢了", "遗失", "没了"]]}, who="admin")
    rows = town.get("/history/synonyms/all", who="admin").json["revisions"]
    assert [row["number"] for row in rows] == sorted((row["number"] for row in rows), reverse=True)
    assert rows[0]["by"]
    one = town.get(f"/history/synonyms/all/{rows[0]['number']}", who="admin").json
    assert "没了" in str(one["content"])
    assert town.get("/history/services/nothing/1", who="admin").json["code"] == "revision_unknown"
    assert town.get(f"/halls/{town.hall}/plan/history", who="admin").status_code == 200
    assert town.get(f"/halls/{town.hall}/plan/history/999", who="admin").json["code"] == "revision_unknown"


def test_histories_of_rules_and_days_can_be_read(town):
    with town.parts.database.transaction() as session:
        hall = session.scalars(select(Hall).where(Hall.code == town.hall)).one()
        by = {"actor": SYSTEM, "now": build.at("08:00")}
        save_policy(session, hall, {"lead_time_minutes": 60}, version=hall.policy_version, **by)
        save_calendar(session, (CalendarRow(date(2026, 10, 8), True, "补班", ""),), **by)
    path = f"/halls/{town.hall}/rules/booking/history"
    rows = town.get(path, who="admin").json["revisions"]
    kept = [town.get(f"{path}/{row['number']}", who="admin").json["content"] for row in rows]
    assert kept == [{"lead_time_minutes": 60}, {}]
    for part in ("queue", "phone-codes", "screens"):
        empty = town.get(f"/halls/{town.hall}/rules/{part}/history", who="admin").json
        assert empty == {"revisions": []}, part
    assert town.get(f"/halls/{town.hall}/rules/colours/history", who="admin").status_code == 404
    kept = town.get("/calendar/history/2", who="admin").json["content"]["days"]
    assert [day["on"] for day in kept] == ["2026-10-08"]
    assert len(town.get("/calendar/history", who="admin").json["revisions"]) == 2
    assert town.get("/calendar/history/9", who="admin").json["code"] == "revision_unknown"


# ---- guards ----

HALL = "/halls/city-hall"
GUARDED = [
    ("GET", f"{HALL}/closures"),
    ("POST", f"{HALL}/closures"),
    ("POST", f"{HALL}/closures/1/lift"),
    ("GET", f"{HALL}/appeals"),
    ("POST", f"{HALL}/appeals/{'x' * 22}/decide"),
    ("GET", f"{HALL}/document-appeals"),
    ("POST", f"{HALL}/document-appeals/{'x' * 22}/decide"),
    ("POST", f"{HALL}/suspensions/lift"),
    ("GET", f"{HALL}/waitlist"),
    ("POST", f"{HALL}/waitlist/1/take-off"),
    ("GET", f"{HALL}/special-requests"),
    ("GET", f"{HALL}/special-requests/{'x' * 22}"),
    ("POST", f"{HALL}/special-requests/{'x' * 22}/approve"),
    ("POST", f"{HALL}/special-requests/{'x' * 22}/refuse"),
    ("GET", f"{HALL}/numbers"),
    ("POST", f"{HALL}/numbers/change"),
    ("GET", "/history/services/id-card"),
    ("GET", f"{HALL}/plan/history"),
    ("GET", f"{HALL}/rules/queue/history"),
    ("GET", f"{HALL}/rules/screens/history/1"),
    ("GET", "/calendar/history"),
    ("GET", "/services/id-card/guide/draft"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_nobody_without_the_permission_gets_in(town, method, path):
    assert town.call(method, path).status_code == 401
    for who in ("kiosk", "desk", "officer"):
        assert town.call(method, path, who=who).status_code == 403, who


def test_a_line_closed_for_good_is_told_as_such_and_cannot_be_closed_again(town):
    with town.parts.database.transaction() as session:
        line = session.scalars(select(ServiceGroup).order_by(ServiceGroup.id)).first()
        line.active, code = False, line.code
    groups = {each["code"]: each["active"] for each in town.get(f"/halls/{town.hall}").json["groups"]}
    assert groups.pop(code) is False
    assert all(groups.values())
    assert close(town, group=code).json["code"] == "group_unknown"
