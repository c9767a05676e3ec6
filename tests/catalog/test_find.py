import pytest
from sqlalchemy import func, select

from catalog.edit import save_services, save_synonyms
from catalog.find import find_services
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from tests.catalog.city import SERVICES
from tests.conftest import NOW


@pytest.fixture
def catalogue(session):
    chosen = [SERVICES["id-card-renewal"], SERVICES["passport"]]
    return save_services(session, chosen, actor=SYSTEM, now=NOW)


def test_finds_a_service_with_the_situation_meant(session, catalogue):
    found = find_services(session, "外地身份证丢了")
    assert found[0].service.code == "id-card-renewal"
    assert found[0].situation == "lost-elsewhere"
    assert found[0].situation_zh == "遗失补领（外省户口，跨省通办）"
    assert found[0].situation_en == "Lost card, household in another province"


def test_finds_nothing_for_nonsense(session, catalogue):
    assert find_services(session, "xyzzyqq") == []


def test_a_changed_catalogue_is_found_at_once(session, catalogue):
    assert find_services(session, "企鹅登记") == []
    catalogue[1].keywords = [*catalogue[1].keywords, "企鹅登记"]
    session.flush()
    assert [hit.service.code for hit in find_services(session, "企鹅登记")] == ["passport"]


def test_learns_new_synonyms_at_once(session, catalogue):
    assert find_services(session, "本本作古") == []
    save_synonyms(session, [("身份证", "本本"), ("到期", "作古")], actor=SYSTEM, now=NOW)
    assert find_services(session, "本本作古")[0].service.code == "id-card-renewal"
    before = session.scalar(select(func.count(AuditEntry.id)))
    save_synonyms(session, [("身份证", "本本"), ("到期", "作古")], actor=SYSTEM, now=NOW)
    assert session.scalar(select(func.count(AuditEntry.id))) == before


def test_a_service_that_is_no_longer_handled_is_not_found(session, catalogue):
    catalogue[0].active = False
    session.flush()
    assert "id-card-renewal" not in [hit.service.code for hit in find_services(session, "身份证丢了")]
