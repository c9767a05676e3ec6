"""Whatever is sent: a problem detail that says what to do, and nothing is changed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kernel import clock
from kernel.db import Database, make_engine
from kernel.parts import Parts
from kernel.settings import Settings
from people.sample_ids import sample_resident_id
from runtime.doctor import check_all
from runtime.redis_client import make_client
from tests.conftest import Servers, empty
from tests.web.api.town import GUIDE, MATERIALS, SERVICE, Town, hall_body, hold_body, make_town
from tests.web.apps import app_for

REFERENCE = "A" * 22
NASTY = {
    "sql": "'; DROP TABLE appointment; --",
    "html": "<script>alert(1)</script>",
    "emoji": "😀" * 70,
    "nul": "a\x00b",
    "half_pair": "\ud83d",
    "newlines": "\r\nSet-Cookie: x=1\n" * 10,
    "long": "长" * 5000,
    "number": 12345678901234567890,
    "null": None,
    "list": [],
    "object": {"a": {"b": [1]}},
    "empty": "",
}

TEXTS = [name for name, value in NASTY.items() if isinstance(value, str)]


@pytest.fixture(scope="module")
def shared_town(
    servers: Servers, test_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """One town for all: what is refused changes nothing, so nobody disturbs anybody."""
    settings = Settings(
        env="test",
        database_url=servers.database_url,
        redis_url="",  # rate limits in memory, where other tests do not empty them
        var=tmp_path_factory.mktemp("town"),
    )
    client = make_client(servers.redis_url)
    town = make_town(Parts(settings, test_database, client, check_all))
    town.tokens["phone"] = town.phone_token()
    yield town
    clock.use_demo_file(None)
    client.close()
    empty(test_database)


@pytest.fixture
def town(shared_town: Town) -> Iterator[Town]:
    """The shared town, whose rows are counted before and after."""
    clock.use_demo_file(shared_town.parts.settings.clock_file)
    before = shared_town.counts()
    yield shared_town
    assert shared_town.counts() == before


def _refused(answer, *statuses):
    assert answer.status_code in (statuses or (400, 401, 403, 404, 409, 413, 415, 422, 429)), answer.text[
        :300
    ]
    assert answer.content_type == "application/problem+json"
    problem = answer.json
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert problem["status"] == answer.status_code
    return problem


def _book_body(town, **values):
    return {
        "hold_token": REFERENCE,
        "name": "张三",
        "identity_kind": "resident_id",
        "identity_number": sample_resident_id(1),
        "phone_token": town.tokens["phone"],
    } | values


def _bodies(town):
    """(method, path, who, a body that is right but for things that do not exist)."""
    hall = f"/halls/{town.hall}"
    return [
        ("POST", "/holds", "", hold_body(hall="nowhere")),
        ("POST", "/phone-codes", "", {"phone": "1"}),
        ("POST", "/phone-codes/verify", "", {"phone": "13911112222", "code": "123456"}),
        ("POST", "/appointments", "", _book_body(town)),
        ("POST", f"/appointments/{REFERENCE}/reschedule", "", {"hold_token": REFERENCE}),
        ("POST", "/services/nothing/guide", "", {"answers": {"reason": "lost"}}),
        ("POST", f"{hall}/check-ins", "kiosk", {"code": "000000"}),
        ("POST", f"{hall}/tickets", "kiosk", {"group": "Q", "phone": "13800138000", "press_id": "p"}),
        ("POST", f"{hall}/tickets/A404/transfer", "officer", {"group": "B"}),
        ("POST", f"{hall}/counters/9/pause", "officer", {"reason": "meal"}),
        ("POST", "/ratings", "", {"survey": REFERENCE, "grade": 5, "comment": "好", "reasons": []}),
        ("POST", "/sign-in", "", {"username": "nobody", "password": "nothing"}),
        ("PUT", hall, "desk", hall_body()),
        ("PUT", "/services/id-card", "desk", SERVICE),
        ("PUT", f"{hall}/services", "admin", {"services": {"nothing": "A"}}),
        ("POST", "/halls/nowhere/publish", "admin", {"from": "2026-03-03", "to": "2026-03-04"}),
        ("POST", "/devices", "admin", {"kind": "kiosk", "hall": "nowhere", "name": "x"}),
        ("POST", "/staff", "admin", _account()),
        ("PUT", "/clock", "officer", {"now": "2026-03-02T14:00:00+08:00", "rate": 1}),
        ("POST", "/doctor", "admin", {"hall": "nowhere"}),
        ("POST", "/simulator/replies", "admin", {"phone": "1", "text": "5"}),
        ("POST", "/simulator/conversation", "admin", {"phone": "1"}),
    ]


def _account():
    known = {"username": "x.y", "name": "x", "password": "long enough 1"}
    return known | {"roles": ["officer"], "halls": ["nowhere"]}


def test_a_right_shape_about_nothing_is_a_problem(town):
    for method, path, who, body in _bodies(town):
        _refused(town.call(method, path, body, who=who))


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_nasty_values_in_every_field_change_nothing(town, nasty):
    for method, path, who, body in _bodies(town):
        for field in body:
            _refused(town.call(method, path, body | {field: nasty}, who=who))


@pytest.mark.parametrize("nasty", [NASTY[name] for name in TEXTS], ids=TEXTS)
def test_nasty_texts_inside_a_hall_and_a_service_are_kept_as_texts_or_refused(town, nasty):
    bodies = [
        ("/halls/city-hall", hall_body(address_zh=nasty, name_zh=nasty, counters=[])),
        ("/services/id-card", SERVICE | {"summary_zh": nasty, "materials": []}),
        ("/services/id-card", SERVICE | {"guide": {**GUIDE, "start": nasty}}),
        ("/services/id-card", SERVICE | {"guide": {nasty: GUIDE["questions"]}, "materials": MATERIALS}),
        ("/halls/city-hall", hall_body(policy={"booking": {nasty: nasty}})),
        ("/halls/city-hall", hall_body(policy={"queue": {nasty: nasty}})),
    ]
    for path, body in bodies:
        _refused(town.put(path, body, who="admin"), 422)


def test_every_unknown_field_is_named(town):
    for method, path, who, body in _bodies(town):
        if who == "desk" or path in {"/clock", "/sign-in"}:  # refused before, or asked too often by now
            continue
        problem = _refused(town.call(method, path, body | {"nonsense": 1}, who=who), 422)
        assert problem["errors"]["json"]["nonsense"] == ["Unknown field."]


@pytest.mark.parametrize(
    "number",
    ["11010119900307123X", "440524188001010014", "123", "99999999999999999X", "4405241980010100１9"],
)
def test_a_wrong_identity_number_is_told_apart_from_a_missing_hold(town, number):
    problem = _refused(town.post("/appointments", _book_body(town, identity_number=number)), 422)
    assert problem["code"].startswith("identity_")
    assert number not in str(problem)


@pytest.mark.parametrize(
    "phone", ["123", "1380013800", "138001380000", "+1", "abc", "+86 12800138000", "１３８"]
)
def test_a_malformed_phone_is_refused_without_repeating_it(town, phone):
    problem = _refused(town.post("/phone-codes", {"phone": phone}), 422)
    assert problem["code"] == "phone_malformed"


@pytest.mark.parametrize(
    ("clock_time", "days", "code"),
    [
        ("10:00", -1, "slot_in_past"),
        ("09:30", 0, "slot_in_past"),
        ("10:00", 300, "slot_beyond_horizon"),
        ("10:07", 1, "slot_unknown"),
        ("03:00", 1, "slot_unknown"),
        ("10:00", 5, "slot_unknown"),  # a Saturday
    ],
)
def test_a_time_that_cannot_be_booked_says_why(town, clock_time, days, code):
    assert _refused(town.hold(clock_time, on=days))["code"] == code


@pytest.mark.parametrize(
    "starts_at",
    [
        "2026-03-03",
        "2026-03-03T10:00:00",
        "03/03/2026",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
        1,
    ],
)
def test_a_time_without_a_zone_or_out_of_this_century_is_refused(town, starts_at):
    _refused(town.hold(starts_at=starts_at), 422)


@pytest.mark.parametrize(
    "path",
    [
        "/halls/nowhere",
        "/halls/nowhere/board",
        "/halls/nowhere/availability?service=id-card",
        "/services?hall=nowhere",
        "/services/nothing",
        "/services/nothing/guide",
        f"/appointments/{REFERENCE}",
        f"/tickets/{REFERENCE}",
        f"/surveys/{REFERENCE}",
        "/halls/a%00b",
        "/halls/%F0%9F%98%80",
        "/halls/'%20OR%201=1",
        "/tickets/short",
        "/tickets/A001",
        "/appointments/%2e%2e%2f%2e%2e",
        "/nothing/of/the/kind",
    ],
)
def test_what_is_not_there_is_not_found(town, path):
    _refused(town.get(path), 404)


@pytest.mark.parametrize(
    "query",
    [
        "", "service=", "service=%00", "service=id-card&from=2026-02-01", "service=id-card&from=yesterday",
        "service=id-card&days=0", "service=id-card&days=1.5", "service=id-card&days=1000",
        "service=id-card&nonsense=1", "service=nothing", "service=" + "a," * 11 + "a",
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(town, query):
    _refused(town.get(f"/halls/{town.hall}/availability?{query}"), 422)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/halls", "GET"),
        ("PATCH", "/appointments", "POST"),
        ("GET", "/holds", "POST"),
        ("PUT", "/tickets/" + REFERENCE, "GET"),
        ("TRACE", "/clock", "PUT"),
    ],
)
def test_a_wrong_method_is_told_which_are_right(town, method, path, allowed):
    answer = town.call(method, path)
    _refused(answer, 405)
    assert allowed in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"hall=city-hall", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"hall": NaN}', 400),
        ("application/json", b'{"hall": ' + b"9" * 5000 + b"}", 400),
        ("application/json", b"[]", 422),
        ("application/json", b"null", 422),
        ("application/json", b"", 422),
        ("application/json; charset=utf-16", b"{}", 422),
        ("application/json", b'{"answers":' + b'{"a":' * 60 + b"1" + b"}" * 61, 422),
        ("application/json", b'{"hall": "' + b"a" * 1_048_576 + b'"}', 413),
    ],
)
def test_a_body_that_is_no_small_json_is_refused(town, content_type, body, status):
    answer = town.client().post("/api/v1/holds", data=body, content_type=content_type)
    _refused(answer, status)


def test_the_sentence_is_in_the_readers_language(town):
    chinese = town.post("/phone-codes", {"phone": "1"}).json["detail"]
    english = town.post("/phone-codes", {"phone": "1"}, Accept_Language="en").json["detail"]
    assert "手机号码" in chinese
    assert "mobile number" in english


def test_a_database_that_is_away_is_said_so_with_when_to_come_again(shared_town):
    gone = Database(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    town = replace(shared_town, parts=replace(shared_town.parts, database=gone))
    town.app = app_for(town.parts)
    answer = town.get("/halls")
    assert _refused(answer, 503)["code"] == "database_down"
    assert answer.headers["Retry-After"] == "5"
