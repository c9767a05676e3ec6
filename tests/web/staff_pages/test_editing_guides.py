import re

import pytest

from catalog import guide_drafts
from catalog.queries import find_guide
from catalog.restore import find_any_service

SERVICE = {
    "name_zh": "出生登记",
    "name_en": "Birth",
    "group": "A",
    "minutes": "15",
    "fee": "0",
    "position": "3",
}


@pytest.fixture
def base(chief):
    chief.send("/admin/services/new", code="birth", **SERVICE)
    return "/admin/guides/birth"


def mark(chief, base):
    return re.search(r'name="mark" value="(\w+)"', chief.get(f"{base}/questions/new"))[1]


def add_question(chief, base, text, *options, **fields):
    facts = {"text_zh": text, "text_en": text, "mark": mark(chief, base), **fields}
    for at, (name, following) in enumerate(options):
        facts |= {f"o{at}-zh": name, f"o{at}-en": name, f"o{at}-next": following}
    chief.send(f"{base}/questions/new", **facts)


def add_situation(chief, base, name, **fields):
    paper = {"paper": "id-card", "why-zh-id-card": "核对", "why-en-id-card": "check"}
    facts = {"name_zh": name, "name_en": name, "mark": mark(chief, base), **paper, **fields}
    chief.send(f"{base}/situations/new", **facts)


@pytest.fixture
def drafted(chief, base):
    add_question(chief, base, "在哪出生", ("医院", ""), ("国外", ""))
    add_situation(chief, base, "医院出生", **{"when-q1": ["o1"]})
    add_situation(chief, base, "国外出生", **{"when-q1": ["o2"], "minutes": "30", "fee": "5"})
    return base


def published(faces):
    with faces.parts.database.transaction() as session:
        return find_guide(session, find_any_service(session, "birth"))


def test_a_guide_is_made_with_forms_walked_through_and_published(chief, faces, drafted):
    assert "草稿检查通过" in chief.get(drafted)
    assert published(faces) is None
    assert "在哪出生" in chief.get(f"{drafted}/preview")
    page = chief.get(f"{drafted}/preview?a=q1=o2")
    assert "国外出生" in page
    assert "约 30 分钟" in page
    assert "核对" in page
    chief.send(f"{drafted}/publish", mark=mark(chief, drafted), note="新指引")
    guide = published(faces)
    assert [situation.fee_fen for situation in guide.situations] == [None, 500]
    assert "新指引" in chief.get("/admin/history/guide/birth")
    assert "在哪出生" in faces.app.test_client().get("/services/birth/guide").text


def test_a_draft_with_mistakes_names_each_place_and_is_not_published(chief, faces, drafted):
    add_question(chief, drafted, "没人会问", ("是", ""))
    add_question(chief, drafted, "没有选项")
    page = chief.get(drafted)
    assert "发布前要改正" in page
    assert f'{drafted}/questions/q3">问题“没有选项” › 选项</a>' in page
    chief.send(f"{drafted}/questions/q3/change", do="remove", mark=mark(chief, drafted))
    assert "永远问不到" in chief.get(drafted)
    chief.send(f"{drafted}/publish", mark=mark(chief, drafted))
    assert published(faces) is None
    assert chief.client.get(f"{drafted}/preview").status_code == 303


def test_a_question_is_changed_with_its_answers(chief, faces, drafted):
    fields = {
        "o0-was": "o1",
        "o0-zh": "国内",
        "o0-en": "here",
        "o0-code": "home",
        "o1-was": "o2",
        "o1-gone": "1",
    }
    facts = {"text_zh": "哪里", "text_en": "Where", "code": "place", "o1-zh": "国外", "o1-en": "abroad"}
    chief.send(f"{drafted}/questions/q1", mark=mark(chief, drafted), **facts, **fields)
    with faces.parts.database.transaction() as session:
        tree = guide_drafts.get_draft(session, find_any_service(session, "birth")).tree
    assert tree["start"] == "place"
    assert [option["code"] for option in tree["questions"][0]["options"]] == ["home"]
    assert tree["situations"][0]["when"] == {"place": ["home"]}


def lackable(page):
    """The papers to tick as missing: code → (name, whether it is ticked)."""
    found = re.findall(r'name="lacks" value="([^"]*)"( checked)?><label for="[^"]*"><span>([^<]*)<', page)
    return {code: (name, bool(mark)) for code, mark, name in found}


def test_papers_that_people_lack_are_ticked_by_name(chief, faces, drafted):
    paper = {"name_zh": "出生证", "name_en": "Birth certificate", "copies": "0"}
    chief.send("/admin/services/birth/materials/new", code="certificate", **paper)
    page = chief.get(f"{drafted}/situations/new")
    assert lackable(page) == {"id-card": ("居民身份证", False), "certificate": ("出生证", False)}
    add_situation(chief, drafted, "出生证丢了", lacks=["certificate", "gone"])
    with faces.parts.database.transaction() as session:
        tree = guide_drafts.get_draft(session, find_any_service(session, "birth")).tree
    situation = tree["situations"][-1]
    assert situation["lacks"] == ["certificate", "gone"]
    page = chief.get(f"{drafted}/situations/{situation['code']}")
    assert lackable(page)["certificate"] == ("出生证", True)
    assert lackable(page)["gone"] == ("gone", True)
    assert lackable(page)["id-card"] == ("居民身份证", False)
    facts = {"name_zh": "x", "code": "a/b", "mark": mark(chief, drafted), "lacks": ["certificate"]}
    page = chief.send(f"{drafted}/situations/new", 422, **facts).text
    assert lackable(page)["certificate"] == ("出生证", True)


def test_the_list_tells_conditions_in_the_order_in_which_they_are_asked(chief, drafted):
    add_question(chief, drafted, "多大了", ("未满十六", ""), ("已满十六", ""))
    add_situation(chief, drafted, "两样都看", **{"when-q2": ["o2", "o1"], "when-q1": ["o1"]})
    chief.send(f"{drafted}/questions/q2/change", do="up", mark=mark(chief, drafted))
    page = chief.get(drafted)
    row = re.sub(r"<[^>]+>", " ", page[page.index(">两样都看</a>") :].partition("</tr>")[0]).split()
    assert [word for word in row if word in ("多大了", "在哪出生")] == ["多大了", "在哪出生"]
    assert row.index("未满十六") < row.index("已满十六")


def test_the_slower_of_two_tabs_keeps_what_was_typed_and_is_told(chief, drafted):
    old = mark(chief, drafted)
    add_question(chief, drafted, "别人加的", ("是", ""))
    facts = {"text_zh": "我写的问题", "text_en": "mine", "mark": old, "o0-zh": "我写的选项"}
    page = chief.send(f"{drafted}/questions/q1", 409, **facts).text
    assert "刚刚被别人" in page
    assert "我写的问题" in page
    assert "我写的选项" in page


def test_a_code_that_cannot_stand_in_an_address_is_refused(chief, drafted):
    facts = {"text_zh": "x", "text_en": "x", "mark": mark(chief, drafted), "code": "a/b"}
    assert "代码只能用" in chief.send(f"{drafted}/questions/new", 422, **facts).text


def test_a_draft_can_be_dropped_and_a_guide_withdrawn_and_brought_back(chief, faces, drafted):
    chief.send(f"{drafted}/publish", mark=mark(chief, drafted))
    add_question(chief, drafted, "不要了", ("是", ""))
    chief.send(f"{drafted}/drop")
    assert "不要了" not in chief.get(drafted)
    chief.send(f"{drafted}/drop", do="withdraw")
    assert published(faces) is None
    chief.send("/admin/history/guide/birth/1")
    assert "有草稿" in chief.get(drafted)
    chief.send(f"{drafted}/publish", mark=mark(chief, drafted))
    assert published(faces) is not None


def test_a_question_that_is_gone_is_not_found(chief, drafted):
    chief.get(f"{drafted}/questions/none", 404)
    chief.send(f"{drafted}/options/q1/change", 404, do="remove", mark=mark(chief, drafted))
