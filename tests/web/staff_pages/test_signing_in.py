import html
import re

import pytest

from kernel.audit import AuditEntry
from people.models import Staff
from tests import build
from tests.web.hall_faces import HASH, PASSWORD, token


def sign_in(faces, password=PASSWORD, next_url="", **values):
    with faces.parts.database.transaction() as session:
        staff = build.make_staff(session, password_hash=HASH, **values)
    client = faces.app.test_client()
    facts = {
        "csrf_token": token(client.get("/sign-in").text),
        "username": staff.username,
        "password": password,
    }
    return client, client.post("/sign-in", data={**facts, "next": next_url}), staff


def test_a_wrong_password_says_neither_which_was_wrong_nor_signs_in(faces):
    client, answer, _staff = sign_in(faces, password="not the password")
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert client.get("/staff").status_code == 302


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(faces):
    client, _answer, staff = sign_in(faces, password="wrong 1")
    for attempt in range(5):
        facts = {
            "csrf_token": token(client.get("/sign-in").text),
            "username": staff.username,
            "password": f"no {attempt}",
        }
        client.post("/sign-in", data=facts)
    facts = {
        "csrf_token": token(client.get("/sign-in").text),
        "username": staff.username,
        "password": PASSWORD,
    }
    answer = client.post("/sign-in", data=facts)
    assert answer.status_code == 429
    assert 890 <= int(answer.headers["Retry-After"]) <= 900
    assert "锁定" in answer.text
    answer = client.post("/api/v1/sign-in", json={"username": staff.username, "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == str(answer.json["wait_seconds"])


def test_signing_in_is_audited_and_goes_on_to_the_page_that_was_wanted(faces):
    _client, answer, staff = sign_in(faces, next_url="/cockpit/", roles=("manager",))
    assert answer.location == "/cockpit/"
    with faces.parts.database.transaction() as session:
        entry = session.query(AuditEntry).filter_by(action="staff.signed_in").one()
    assert entry.actor_id == staff.id


def test_never_goes_on_to_another_site(faces):
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        _client, answer, _staff = sign_in(faces, next_url=elsewhere)
        assert answer.location == "/staff"


def test_a_form_without_its_token_changes_nothing_and_says_what_to_do(faces):
    answer = faces.app.test_client().post("/sign-in", data={"username": "x", "password": "y"})
    assert answer.status_code == 400
    assert "刷新" in answer.text


def test_an_officer_lands_on_the_console_and_an_administrator_chooses(faces):
    client, _answer, _staff = sign_in(faces, roles=("officer",))
    assert client.get("/staff").location == "/console"
    client, _answer, _staff = sign_in(faces, roles=("admin",))
    page = client.get("/staff").text
    assert "数据驾驶舱" in page
    assert "管理" in page


@pytest.mark.parametrize("role", ["manager", "duty_officer"])
def test_whoever_may_close_a_hall_finds_the_way_there(faces, role):
    client, _answer, _staff = sign_in(faces, roles=(role,))
    assert '"/admin/"' in client.get("/staff").text
    home = client.get("/admin/").text
    assert "/admin/plans" in home
    assert "/admin/tables" in home


def test_who_may_administer_nothing_is_not_led_there(faces):
    client, _answer, _staff = sign_in(faces, roles=("officer", "desk"))
    assert '"/admin/"' not in client.get("/console", follow_redirects=True).text


def test_signing_out_ends_the_session(faces):
    client, _answer, _staff = sign_in(faces, roles=("manager",))
    page = client.get("/cockpit/").text
    assert client.post("/sign-out", data={"csrf_token": token(page)}).status_code == 302
    assert client.get("/cockpit/").status_code == 302


def cookie_of(client):
    return client.get_cookie("youhao").value


def test_a_copied_cookie_is_dead_once_its_owner_signed_out(faces):
    client, _answer, _staff = sign_in(faces, roles=("manager",))
    csrf = token(client.get("/cockpit/").text)
    copies = [faces.app.test_client(), faces.app.test_client()]
    for copy in copies:
        copy.set_cookie("youhao", cookie_of(client))
    assert copies[0].get("/cockpit/").status_code == 200
    client.post("/sign-out", data={"csrf_token": csrf})
    for copy in copies:
        answer = copy.get("/cockpit/")
        assert (answer.status_code, answer.location) == (302, "/sign-in?next=/cockpit/")
    assert copies[0].post("/sign-out", data={"csrf_token": csrf}).location.startswith("/sign-in")


def test_signing_out_ends_ones_sessions_everywhere_and_nobody_elses(faces):
    here, _answer, staff = sign_in(faces, roles=("manager",))
    colleague, _answer, _staff = sign_in(faces, roles=("manager",))
    there = faces.app.test_client()
    facts = {"csrf_token": token(there.get("/sign-in").text), "username": staff.username}
    there.post("/sign-in", data={**facts, "password": PASSWORD})
    assert there.get("/cockpit/").status_code == 200
    bearer = {"Authorization": f"Bearer {_token(there, staff)}"}
    here.post("/sign-out", data={"csrf_token": token(here.get("/cockpit/").text)})
    assert there.get("/cockpit/").status_code == 302
    assert colleague.get("/cockpit/").status_code == 200
    assert here.post("/api/v1/sign-out", headers=bearer).status_code == 204  # tokens have a life of their own
    facts["csrf_token"] = token(here.get("/sign-in").text)
    here.post("/sign-in", data={**facts, "password": PASSWORD})
    assert here.get("/cockpit/").status_code == 200


def _token(client, staff):
    body = {"username": staff.username, "password": PASSWORD}
    return client.post("/api/v1/sign-in", json=body).json["token"]


def test_a_stopped_account_is_out_at_once(faces):
    client, _answer, staff = sign_in(faces, roles=("manager",))
    admin, _answer, _staff = sign_in(faces, roles=("admin",))
    page = admin.get("/admin/staff").text
    admin.post(f"/admin/staff/{staff.id}/switch", data={"csrf_token": token(page)})
    assert client.get("/cockpit/").status_code == 302


def audited(faces):
    with faces.parts.database.transaction() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action.like("staff.sign%"))
        return [
            (entry.action, entry.actor_kind, entry.subject_id) for entry in entries.order_by(AuditEntry.id)
        ]


def test_what_happens_at_the_door_of_a_known_account_is_audited(faces):
    client, _answer, staff = sign_in(faces, password="wrong")
    for name, password in [
        ("nobody", PASSWORD),
        *[(staff.username, "wrong")] * 4,
        (staff.username, PASSWORD),
    ]:
        client.post("/api/v1/sign-in", json={"username": name, "password": password})
    failed = ("staff.sign_in_failed", "citizen", staff.id)
    assert audited(faces) == [failed] * 5 + [("staff.sign_in_locked", "citizen", staff.id)]


def test_signing_out_is_audited_on_pages_and_by_api(faces):
    client, _answer, staff = sign_in(faces, roles=("manager",))
    client.post("/sign-out", data={"csrf_token": token(client.get("/cockpit/").text)})
    body = {"username": staff.username, "password": PASSWORD}
    bearer = {"Authorization": f"Bearer {client.post('/api/v1/sign-in', json=body).json['token']}"}
    client.post("/api/v1/sign-out", headers=bearer)
    visit = [("staff.signed_in", "staff", staff.id), ("staff.signed_out", "staff", staff.id)]
    assert audited(faces) == visit * 2


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(faces):
    client, _answer, staff = sign_in(faces, roles=("admin",))
    csrf = token(client.get("/admin/staff").text)
    with faces.parts.database.transaction() as session:
        session.get(Staff, staff.id).session_epoch += 1
    back = {"Referer": "http://localhost/admin/staff?sort=name"}
    answer = client.post(f"/admin/staff/{staff.id}/switch", data={"csrf_token": csrf}, headers=back)
    page = client.get(answer.location).text
    wanted = html.unescape(re.search(r'name="next" value="([^"]*)"', page).group(1))
    facts = {"csrf_token": token(page), "username": staff.username, "password": PASSWORD, "next": wanted}
    answer = client.post("/sign-in", data=facts)
    assert answer.location == "/admin/staff?sort=name"
    assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    "referrer",
    ["", "https://evil.example/admin/staff", "http://localhost/admin/staff/1/switch", "http://[", "x"],
)
def test_a_form_of_nowhere_leads_to_the_home_of_its_sender(faces, referrer):
    client = faces.app.test_client()
    csrf = token(client.get("/sign-in").text)
    answer = client.post("/admin/staff/1/switch", data={"csrf_token": csrf}, headers={"Referer": referrer})
    assert answer.location == "/sign-in"


def test_who_answers_bad_ratings_is_led_to_them_and_who_has_no_role_is_told(faces):
    assert faces.officer(roles=("desk",)).get("/staff").location == "/desk/"
    assert "还没有分配角色" in faces.officer(roles=()).get("/staff").text
