"""Limits of devices, persons and phones, and the wide one of an address."""

from dataclasses import replace

import pytest

from kernel.db import Database, make_engine
from kernel.parts import Parts
from kernel.settings import SettingsInvalid
from runtime.ports import find_free
from tests.web.apps import app_for
from web.device import cookie_of

FEW = "hold.address=20/60 code.address=20/3600"


def client_of(parts: Parts, env: str = "test", limits: str = ""):
    settings = replace(parts.settings, env=env, limits=limits)
    return app_for(replace(parts, settings=settings)).test_client()


def ask_for_code(client, number: int, **headers: str) -> int:
    facts = {"phone": f"138{number:08d}"}
    return client.post("/api/v1/phone-codes", json=facts, headers=headers).status_code


def hold(client, number: int, **headers: str) -> int:
    facts = {"hall": "nowhere", "services": ["id-card"], "starts_at": "2026-03-03T01:00:00Z"}
    headers |= {"Idempotency-Key": f"hold-number-{number}"}
    return client.post("/api/v1/holds", json=facts, headers=headers).status_code


@pytest.mark.parametrize(("call", "answered"), [(ask_for_code, 202), (hold, 404)])
def test_an_address_is_stopped_when_it_floods(parts, call, answered):
    client = client_of(parts, limits=FEW)
    assert {call(client, number) for number in range(20)} == {answered}
    assert call(client, 20) == 429


@pytest.mark.parametrize(("call", "answered"), [(ask_for_code, 202), (hold, 404)])
def test_a_hall_full_of_people_at_one_address_is_not(parts, call, answered):
    client = client_of(parts)
    assert {call(client, number) for number in range(61)} == {answered}


@pytest.mark.parametrize(("call", "answered"), [(ask_for_code, 202), (hold, 404)])
def test_a_demonstration_has_everybody_at_one_address(parts, call, answered):
    client = client_of(parts, "demo", FEW)
    assert {call(client, number) for number in range(21)} == {answered}


@pytest.mark.parametrize(("call", "answered", "most"), [(ask_for_code, 202, 15), (hold, 404, 30)])
def test_a_device_is_stopped_and_its_neighbour_is_not(parts, call, answered, most):
    client, mine = client_of(parts), {"Youhao-Device": "a-random-text-of-a-program"}
    assert {call(client, number, **mine) for number in range(most)} == {answered}
    assert call(client, most, **mine) == 429
    assert call(client, most + 1, **{"Youhao-Device": "the-one-of-its-neighbour"}) == answered


def test_a_browser_is_known_by_its_cookie(parts):
    client = client_of(parts)
    client.set_cookie("yd", cookie_of("the-browser-of-somebody"))
    assert {hold(client, number) for number in range(30)} == {404}
    assert hold(client, 30) == 429
    client.set_cookie("yd", cookie_of("the-browser-of-another"))
    assert hold(client, 31) == 404


def test_a_try_to_hold_that_finds_no_database_is_not_the_citizens(parts):
    port = find_free()  # nobody listens there
    nowhere = Database(make_engine(f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing"))
    few = "hold.address=1/600"
    away = client_of(replace(parts, database=nowhere), limits=few)
    assert {hold(away, number) for number in range(3)} == {503}
    back = client_of(parts, limits=few)
    assert (hold(back, 3), hold(back, 4)) == (404, 429)
    nowhere.dispose()


def test_a_cookie_that_was_made_up_counts_for_nobody(parts):
    client = client_of(parts)
    client.set_cookie("yd", "made-up.0123456789abcdef")
    # What such a caller holds is counted by line, see test_nameless; there is no line here.
    assert {hold(client, number) for number in range(31)} == {404}


def test_a_refusal_says_what_to_do(parts):
    client = client_of(parts, limits="hold.address=1/60")
    hold(client, 0)
    facts = {"hall": "nowhere", "services": ["id-card"], "starts_at": "2026-03-03T01:00:00Z"}
    answer = client.post("/api/v1/holds", json=facts)
    assert (answer.json["code"], answer.json["limit"]) == ("limit_reached", "hold.address")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert "大厅" in answer.json["detail"]


def test_codes_asked_for_on_pages_and_by_api_count_together(parts):
    client = client_of(parts, limits=FEW)
    page = client.get("/verify").text
    client.delete_cookie("yd")
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    for number in range(10):
        ask_for_code(client, number)
        facts = {"phone": f"139{number:08d}", "do": "send", "csrf_token": token}
        assert client.post("/verify", data=facts).status_code == 303
    facts = {"phone": "13800138000", "do": "send", "csrf_token": token}
    assert client.post("/verify", data=facts).status_code == 429
    assert ask_for_code(client, 60) == 429


def test_a_limit_that_there_is_not_stops_the_start(parts):
    with pytest.raises(SettingsInvalid, match=r"hold\.moon"):
        client_of(parts, limits="hold.moon=1/60")
