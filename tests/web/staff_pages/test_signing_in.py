from kernel.audit import AuditEntry
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
    assert answer.status_code == 401
    assert "锁定" in answer.text


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


def test_signing_out_ends_the_session(faces):
    client, _answer, _staff = sign_in(faces, roles=("manager",))
    page = client.get("/cockpit/").text
    assert client.post("/sign-out", data={"csrf_token": token(page)}).status_code == 302
    assert client.get("/cockpit/").status_code == 302


def test_a_stopped_account_is_out_at_once(faces):
    client, _answer, staff = sign_in(faces, roles=("manager",))
    admin, _answer, _staff = sign_in(faces, roles=("admin",))
    page = admin.get("/admin/staff").text
    admin.post(f"/admin/staff/{staff.id}/switch", data={"csrf_token": token(page)})
    assert client.get("/cockpit/").status_code == 302
