import pytest

from catalog.models import SearchSynonym
from catalog.queries import list_packages

PACKAGE = {
    "name_zh": "搬新家",
    "name_en": "Moving in",
    "summary_zh": "一次办完",
    "summary_en": "At once",
    "keywords": "搬家、乔迁",
}


@pytest.fixture
def service(faces):
    return faces.renewal.code


def codes(faces):
    with faces.parts.database.transaction() as session:
        return [package.code for package in list_packages(session)]


def test_packages_are_made_moved_and_taken_away(chief, faces, service):
    for code in ("move", "dog"):
        chief.send(
            "/admin/packages/new", code=code, **PACKAGE, **{"service-1": service, "service-4": service}
        )
    chief.send("/admin/packages/dog/change", do="up")
    assert codes(faces) == ["dog", "move"]
    chief.send("/admin/packages/dog/change", do="remove")
    assert codes(faces) == ["move"]
    chief.send("/admin/history/package/dog/1")
    assert codes(faces) == ["move", "dog"]


def test_a_package_without_services_is_refused_with_what_was_typed(chief, faces):
    page = chief.send("/admin/packages/new", 422, code="move", **PACKAGE).text
    assert 'href="#field-services"' in page
    assert "搬新家" in page
    assert codes(faces) == []


def test_a_package_is_changed_and_its_code_not_taken_twice(chief, faces, service):
    facts = {**PACKAGE, "service-0": service}
    chief.send("/admin/packages/new", code="move", **facts)
    assert "已有代码" in chief.send("/admin/packages/new", 409, code="move", **facts).text
    chief.send("/admin/packages/move", **{**facts, "name_zh": "乔迁"})
    assert "乔迁" in chief.get("/admin/packages")
    assert "<del>搬新家</del>" in chief.get("/admin/history/package/move")


def saved_words(faces):
    with faces.parts.database.transaction() as session:
        return [row.words for row in session.query(SearchSynonym)]


def test_words_are_tried_out_before_they_are_saved(chief, faces):
    words = "身份证、牌牌"
    page = chief.send("/admin/synonyms", 200, do="try", words=words, query="牌牌丢了").text
    after, before = page.partition("现在找到的")[::2]
    assert "居民身份证" in after
    assert "什么也没找到" in before
    assert saved_words(faces) == []
    chief.send("/admin/synonyms", do="save", words=words)
    assert saved_words(faces) == [["身份证", "牌牌"]]


def test_mistakes_in_words_name_their_line(chief, faces):
    page = chief.send("/admin/synonyms", 422, do="save", words="身份证、卡\n一个\n卡、证").text
    assert "“卡”与第 1 行重复" in page
    assert "第 2 行" in page
    assert "第 3 行" in page
    assert "一个" in page
    assert saved_words(faces) == []


def test_words_come_back(chief, faces):
    chief.send("/admin/synonyms", do="save", words="狗、犬")
    chief.send("/admin/synonyms", do="save", words="猫、喵")
    chief.send("/admin/history/synonyms/all/1")
    assert saved_words(faces) == [["狗", "犬"]]
