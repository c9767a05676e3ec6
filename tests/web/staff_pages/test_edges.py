"""What holds for every page: headers, errors in the reader's language, preferences, files, health."""

import gzip

import pytest


@pytest.fixture
def client(faces):
    return faces.app.test_client()


def test_every_answer_is_hardened(client):
    headers = client.get("/").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


def test_an_unknown_page_says_what_to_do_in_the_readers_language(client):
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "从首页重新进入" in answer.text
    client.set_cookie("lang", "en")
    assert "start again from the home page" in client.get("/no-such-page").text


def test_an_error_is_headed_by_what_happened(client):
    assert '<h1 class="page-title">没有找到</h1>' in client.get("/no-such-page").text
    assert '<h1 class="page-title">这次操作没有完成</h1>' in client.delete("/").text


@pytest.mark.parametrize(("role", "path"), [("officer", "/cockpit/"), ("manager", "/console")])
def test_staff_who_are_refused_stay_among_staff_pages(faces, role, path):
    answer = faces.officer(roles=(role,)).get(path)
    assert answer.status_code == 403
    assert 'data-face="staff"' in answer.text
    assert '<h1 class="page-title">没有权限</h1>' in answer.text
    assert 'href="/staff">回到工作台' in answer.text
    assert 'href="/my"' not in answer.text


def test_an_unknown_staff_page_does_not_need_anybody_signed_in(client):
    answer = client.get("/admin/no-such-page")
    assert answer.status_code == 404
    assert 'data-face="staff"' in answer.text


def test_a_phone_that_prefers_english_second_gets_chinese(client):
    page = client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
    assert '<html lang="zh-Hans"' in page


def test_an_api_error_is_a_problem_with_the_allowed_methods(client):
    answer = client.delete("/api/v1/services")
    assert answer.status_code == 405
    assert answer.content_type == "application/problem+json"
    assert "GET" in answer.headers["Allow"]


def test_a_body_of_a_megabyte_is_refused(client):
    answer = client.post("/api/v1/holds", data=b"x" * 1_000_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json["code"] == "http_413"


def test_preferences_are_kept_and_lead_back(client):
    answer = client.get("/preferences?lang=en&care=1&next=/services?q=a")
    assert answer.location == "/services?q=a"
    assert client.get("/").text.startswith('<!doctype html>\n<html lang="en"')
    assert client.get("/preferences?lang=klingon&next=https://evil.example").location == "/"


def test_a_file_asked_with_its_version_is_kept_for_a_year_and_packed(client):
    page = client.get("/").text
    start = page.index("/static/css/base.css")
    path = page[start : page.index('"', start)]
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["Cache-Control"]
    assert b"--target" in gzip.decompress(answer.data)
    with client.get("/static/css/base.css") as plain:
        assert plain.headers["Cache-Control"] == "no-cache"


def test_no_file_outside_static_is_served(client):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"):
        assert client.get(path, follow_redirects=True).status_code == 404


def test_health_tells_of_the_process_and_of_its_dependencies(client):
    assert client.get("/health").json == {"status": "ok"}
    assert client.get("/health/ready").json == {"status": "ok", "database": "ok", "redis": "ok"}
