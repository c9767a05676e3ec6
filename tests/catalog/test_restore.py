from dataclasses import replace

import pytest
from sqlalchemy import select

from catalog import history
from catalog.edit import save_packages, save_services, save_synonyms
from catalog.models import SearchSynonym
from catalog.package_file import package_from_data
from catalog.packages import move_package, remove_package
from catalog.queries import find_guide, get_service, list_packages
from catalog.restore import restore_package, restore_service, restore_synonyms
from catalog.service_file import ServiceFileInvalid, service_from_data
from catalog.synonym_file import SynonymFileInvalid, synonyms_from_text, text_of
from kernel.actor import SYSTEM
from kernel.history import list_revisions
from tests import build
from tests.conftest import NOW

BY = {"actor": SYSTEM, "now": NOW}
MATERIAL = {"code": "id", "name_zh": "身份证", "name_en": "ID card"}
FACTS = {"name_zh": "补领", "name_en": "Renewal", "group": "A", "minutes": 10, "materials": [MATERIAL]}
GUIDE = {
    "start": "q",
    "questions": [
        {
            "code": "q",
            "text_zh": "?",
            "text_en": "?",
            "options": [{"code": "o", "text_zh": "是", "text_en": "y"}],
        }
    ],
    "situations": [
        {
            "code": "s",
            "name_zh": "情形",
            "name_en": "Case",
            "materials": [{"code": "photo", "why_zh": "为", "why_en": "why"}],
        }
    ],
}
PHOTO = {"code": "photo", "name_zh": "照片", "name_en": "Photo"}


def save(session, **values):
    return save_services(session, [service_from_data({**FACTS, **values}, code="card")], **BY)[0]


def test_every_save_of_a_service_is_kept_and_the_same_save_is_not(session):
    save(session)
    save(session, minutes=15)
    save(session, minutes=15)
    kept = list_revisions(session, history.SERVICE, "card")
    assert [(each.number, each.content["minutes"]) for each in kept] == [(2, 15), (1, 10)]


def test_a_service_comes_back_as_it_was_and_keeps_its_guide(session):
    save(session)
    save(session, name_zh="改过的名字", by_post=True, materials=[MATERIAL, PHOTO])
    save(session, name_zh="再改", materials=[MATERIAL, PHOTO], guide=GUIDE)
    restore_service(session, get_service(session, "card"), 2, **BY)
    service = get_service(session, "card")
    assert (service.name_zh, service.by_post) == ("改过的名字", True)
    assert find_guide(session, service).start == "q"


def test_a_service_whose_guide_needs_a_later_material_does_not_come_back(session):
    save(session)
    save(session, materials=[MATERIAL, PHOTO], guide=GUIDE)
    with pytest.raises(ServiceFileInvalid, match="service_file_invalid") as refused:
        restore_service(session, get_service(session, "card"), 1, **BY)
    assert "photo" in refused.value.sentence("en")


def test_what_was_there_before_history_began_is_kept_with_the_first_change(session):
    service = build.make_service(session, code="old", materials=[MATERIAL], minutes=7)
    save_services(session, [service_from_data(FACTS, code=service.code)], **BY)
    kept = list_revisions(session, history.SERVICE, "old")
    assert [each.content["minutes"] for each in kept] == [10, 7]


def package(code, **values):
    facts = {
        "name_zh": code,
        "name_en": code,
        "summary_zh": "摘要",
        "summary_en": "About",
        "services": ["card"],
    }
    return package_from_data({**facts, **values, "code": code}, services=["card"])


def test_a_package_comes_back_even_when_it_was_taken_away(session):
    save(session)
    save_packages(session, [package("move"), package("dog")], **BY)
    move_package(session, "dog", by=-1, **BY)
    assert [each.code for each in list_packages(session)] == ["dog", "move"]
    save_packages(session, [package("dog"), replace(package("move"), name_zh="搬家")], **BY)
    remove_package(session, "move", **BY)
    restore_package(session, "move", 1, **BY)
    assert [(each.code, each.name_zh) for each in list_packages(session)] == [
        ("dog", "dog"),
        ("move", "move"),
    ]


def test_words_come_back_as_they_were(session):
    save_synonyms(session, [("户口本", "户口簿")], **BY)
    save_synonyms(session, [("狗", "犬", "dog")], **BY)
    restore_synonyms(session, 1, **BY)
    assert session.scalars(select(SearchSynonym.words)).all() == [["户口本", "户口簿"]]


def test_words_are_typed_a_group_a_line_and_mistakes_name_the_line():
    groups = synonyms_from_text("狗、犬, dog\n\n身份证，shenfenzheng")
    assert groups == (("狗", "犬", "dog"), ("身份证", "shenfenzheng"))
    assert synonyms_from_text(text_of(groups)) == groups
    with pytest.raises(SynonymFileInvalid) as refused:
        synonyms_from_text("狗、犬\n一个\n犬、汪")
    assert [problem.file for problem in refused.value.problems] == ["2", "3"]
