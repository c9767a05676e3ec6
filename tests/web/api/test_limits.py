"""Limits of an address, outside and inside a demonstration."""

from dataclasses import replace

import pytest

from kernel.parts import Parts
from tests.web.apps import app_for


def client_of(parts: Parts, env: str):
    return app_for(replace(parts, settings=replace(parts.settings, env=env))).test_client()


def ask_for_code(client, number: int) -> int:
    return client.post("/api/v1/phone-codes", json={"phone": f"138{number:08d}"}).status_code


def hold(client, number: int) -> int:
    facts = {"hall": "nowhere", "services": ["id-card"], "starts_at": "2026-03-03T01:00:00Z"}
    headers = {"Idempotency-Key": f"hold-number-{number}"}
    return client.post("/api/v1/holds", json=facts, headers=headers).status_code


@pytest.mark.parametrize(("call", "answered"), [(ask_for_code, 202), (hold, 404)])
def test_an_address_is_stopped_after_sixty(parts, call, answered):
    client = client_of(parts, "test")
    assert {call(client, number) for number in range(60)} == {answered}
    assert call(client, 60) == 429


@pytest.mark.parametrize(("call", "answered"), [(ask_for_code, 202), (hold, 404)])
def test_a_demonstration_has_everybody_at_one_address(parts, call, answered):
    client = client_of(parts, "demo")
    assert {call(client, number) for number in range(61)} == {answered}


def test_codes_asked_for_on_pages_and_by_api_count_together(parts):
    client = client_of(parts, "test")
    page = client.get("/verify").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    for number in range(30):
        ask_for_code(client, number)
        facts = {"phone": f"139{number:08d}", "do": "send", "csrf_token": token}
        assert client.post("/verify", data=facts).status_code == 303
    facts = {"phone": "13800138000", "do": "send", "csrf_token": token}
    assert client.post("/verify", data=facts).status_code == 429
    assert ask_for_code(client, 60) == 429
