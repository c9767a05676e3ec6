"""A guide taken out as a file and sent back as the draft."""

import io
import json

import pytest

from catalog.models import Guide, GuideDraft, Service
from tests.web.hall_faces import token
from tests.web.staff_pages.test_editing_guides import add_question, add_situation
from tests.web.staff_pages.test_editing_services import FORM


@pytest.fixture
def base(chief):
    """A service with a draft of one question and one situation."""
    chief.send("/admin/services/new", code="id-card", **FORM)
    base = "/admin/guides/id-card"
    add_question(chief, base, "Born where", ("Here", ""), ("Abroad", ""))
    add_situation(chief, base, "Anybody", **{"when-q1": ["o1", "o2"]})
    return base


def mark_of(chief, base):
    return chief.get(base).split('name="mark" value="')[1].split('"')[0]


def send(chief, base, data, status=303, mark=None):
    facts = {
        "csrf_token": token(chief.client.get("/admin/").text),
        "mark": mark or mark_of(chief, base),
        "file": (io.BytesIO(data), "guide.json"),
    }
    answer = chief.client.post(f"{base}/file", data=facts)
    assert answer.status_code == status, answer.text[:500]
    return chief.get(base)


def taken(chief, base):
    return json.loads(chief.get(f"{base}/file"))


def draft(faces):
    with faces.parts.database.transaction() as session:
        service = session.query(Service).filter_by(code="id-card").one()
        assert session.get(Guide, service.id) is None  # citizens see nothing yet
        return session.get(GuideDraft, service.id).tree


def test_taken_out_changed_and_sent_back_is_the_draft(chief, faces, base):
    file = taken(chief, base)
    file["guide"]["questions"][0]["text_zh"] = "在哪里出生？"
    page = send(chief, base, json.dumps(file).encode())
    assert draft(faces)["questions"][0]["text_zh"] == "在哪里出生？"
    assert taken(chief, base) == file
    assert "文件已放进草稿" in page


def test_mistakes_are_listed_on_the_page_and_can_be_put_right_there(chief, faces, base):
    file = taken(chief, base)
    file["guide"]["questions"][0]["options"][0]["next"] = "q9"
    file["guide"]["situations"][0]["materials"] = [{"code": "no-such", "why_zh": "要", "why_en": "needed"}]
    page = send(chief, base, json.dumps(file).encode())
    assert "发布前要改正" in page
    assert "no-such" in page
    assert "q9" in page
    for part in ("questions/q1", "situations/s1"):
        chief.get(f"{base}/{part}")


def test_the_toml_of_a_citys_files_does_as_well(chief, faces, base):
    toml = """
minutes = 10
[guide]
start = "q1"
[[guide.questions]]
code = "q1"
text_zh = "问"
text_en = "Ask"
options = [{ code = "o1", text_zh = "是", text_en = "Yes" }]
[[guide.situations]]
code = "s1"
name_zh = "都一样"
name_en = "All"
materials = [{ code = "id-card", why_zh = "核对", why_en = "To check" }]
[guide.situations.when]
q1 = ["o1"]
"""
    assert "检查通过" in send(chief, base, toml.encode())
    assert draft(faces)["situations"][0]["when"] == {"q1": ["o1"]}


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\xff\xfe", "utf-8"),
        (b'{"guide": ', "line 1"),
        (b'{"guide": []}', "guide"),
        (b'{"guide": {"questions": [{"code": "q1", "options": [{"code": 7}]}]}}', "questions[1].options[1]"),
        (b'{"guide": {"questions": "none"}}', "questions"),
        (
            b'{"guide": {"questions": [], "situations": [{"code": "s1", "when": {"q1": "o1"}}]}}',
            "situations[1].when",
        ),
        (b'{"guide": {"questions": [], "start": "' + b"x" * 201_000 + b'"}}', "（200 KB）"),
        (b"{}", "questions"),
        (b"", "questions"),
    ],
)
def test_what_is_no_guide_is_refused_with_its_place_and_the_draft_stays(chief, faces, base, data, where):
    before = draft(faces)
    page = send(chief, base, data)
    assert "无法读取这个文件" in page
    assert where in page.replace("&#39;", "'")
    assert draft(faces) == before


def test_of_two_editors_the_slower_one_is_told(chief, faces, base):
    mark = mark_of(chief, base)
    file = taken(chief, base)
    add_question(chief, base, "Another", ("Yes", ""))
    facts = {"csrf_token": token(chief.client.get("/admin/").text), "mark": mark}
    facts["file"] = (io.BytesIO(json.dumps(file).encode()), "guide.json")
    assert chief.client.post(f"{base}/file", data=facts).status_code == 409
    assert len(draft(faces)["questions"]) == 2


def test_a_hall_administrator_may_read_the_file_and_not_send_one(chief, hall_chief, base):
    hall_chief.get(f"{base}/file")
    assert "放进草稿" not in hall_chief.get(base)
    facts = {
        "csrf_token": token(hall_chief.client.get("/admin/").text),
        "file": (io.BytesIO(b"{}"), "x.json"),
    }
    assert hall_chief.client.post(f"{base}/file", data=facts).status_code == 403
