import re

import pytest

from kernel.errors import DomainError, all_errors
from tests.architecture.source import import_everything
from tests.web.apps import app_for


@pytest.fixture
def client(parts):
    return app_for(parts).test_client()


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json


def _operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method, operation


def test_the_document_is_openapi_3_1_and_unchanged_ones_cost_nothing(client):
    first = client.get("/api/v1/openapi.json")
    assert first.json["openapi"] == "3.1.0"
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_every_operation_has_a_name_a_sentence_in_both_languages_and_its_problems(document):
    names = [operation["operationId"] for _path, _method, operation in _operations(document)]
    assert len(names) == len(set(names)) > 35
    for path, _method, operation in _operations(document):
        assert operation["summary"].isascii(), path
        assert re.search("[一-鿿]", operation["description"]), path
        for status, response in operation["responses"].items():
            kind = "application/json" if int(status) < 300 else "application/problem+json"
            assert status == "204" or kind in response["content"], (path, status)
        assert "503" in operation["responses"]


def test_whoever_needs_a_token_is_told_so(document):
    for path, method, operation in _operations(document):
        bearer = operation.get("security") == [{"bearer": []}]
        assert bearer == ("x-permission" in operation)
        if bearer:
            assert {"401", "403"} <= set(operation["responses"]), (method, path)


def test_every_request_body_can_be_refused_for_its_form(document):
    for path, _method, operation in _operations(document):
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(operation["responses"]), path


def test_the_codes_that_the_document_names_exist(document):
    import_everything()
    known = {kind.code for kind in all_errors() if kind is not DomainError}
    told = {
        problem["code"]
        for _path, _method, operation in _operations(document)
        for response in operation["responses"].values()
        for problem in response.get("x-problem-codes", ())
    }
    assert {code for code in told if not code.startswith("http_")} <= known


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_shows_every_operation_and_code_without_scripts_of_others(client, document, language):
    client.set_cookie("lang", language)
    page = client.get("/api/v1/docs").text
    for path, _method, operation in _operations(document):
        assert f'id="{operation["operationId"]}"' in page
        assert path in page
    assert 'id="slot_full"' in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_a_problem_points_at_its_explanation(client):
    problem = client.get("/api/v1/halls/nowhere").json
    page, _hash, anchor = problem["type"].partition("#")
    assert f'id="{anchor}"' in client.get(page).text
