import threading

import pytest
from sqlalchemy import select

from catalog import history
from catalog.guide_drafts import (
    DraftChanged,
    discard_draft,
    get_draft,
    mark_of,
    problems_of,
    publish_draft,
    restore_to_draft,
    save_draft,
    withdraw_guide,
)
from catalog.guide_edit import blank, put_question, put_situation
from catalog.guide_file import GuideInvalid
from catalog.models import Guide, Service
from catalog.queries import find_guide
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.history import list_revisions
from kernel.outbox import OutboxEvent
from tests import build
from tests.conftest import NOW

BY = {"actor": SYSTEM, "now": NOW}
MATERIAL = {"code": "id", "name_zh": "身份证", "name_en": "ID card"}


@pytest.fixture
def service(session):
    return build.make_service(session, materials=[MATERIAL])


def sound(tree, name="只有一种"):
    options = [{"text_zh": "是", "text_en": "Yes"}]
    made = put_question(tree, None, {"text_zh": "本人吗", "text_en": "You?", "options": options})
    needs = [{"code": "id", "why_zh": "核对", "why_en": "Check"}]
    facts = {"name_zh": name, "name_en": "One", "when": {}, "materials": needs}
    return put_situation(made, None, facts)


def publish(session, service, tree):
    save_draft(session, service, tree, based_on=get_draft(session, service).mark, **BY)
    publish_draft(session, service, based_on=get_draft(session, service).mark, **BY)


def test_citizens_see_a_draft_only_once_it_is_published(session, service):
    save_draft(session, service, sound(get_draft(session, service).tree), based_on=mark_of(blank()), **BY)
    assert find_guide(session, service) is None
    publish_draft(session, service, based_on=get_draft(session, service).mark, **BY)
    assert find_guide(session, service).situations[0].name_zh == "只有一种"
    assert not get_draft(session, service).begun
    assert "guide.publish" in session.scalars(select(AuditEntry.action)).all()
    assert "ServicesSaved" in session.scalars(select(OutboxEvent.name)).all()


def test_a_draft_with_mistakes_is_kept_but_not_published(session, service):
    tree = put_question(get_draft(session, service).tree, None, {"text_zh": "空", "options": []})
    save_draft(session, service, tree, based_on=mark_of(blank()), **BY)
    keys = {problem.key for problem in problems_of(service, tree)}
    assert keys == {"questions[1].text_en", "questions[1].options", "situations"}
    with pytest.raises(GuideInvalid):
        publish_draft(session, service, based_on=get_draft(session, service).mark, **BY)
    assert session.get(Guide, service.id) is None


def test_the_slower_of_two_editors_is_told_and_overwrites_nothing(session, service):
    mine = sound(get_draft(session, service).tree, "先保存的")
    save_draft(session, service, mine, based_on=mark_of(blank()), **BY)
    with pytest.raises(DraftChanged):
        save_draft(session, service, sound(get_draft(session, service).tree), based_on=mark_of(blank()), **BY)
    with pytest.raises(DraftChanged):
        publish_draft(session, service, based_on=mark_of(blank()), **BY)
    assert get_draft(session, service).tree == mine


def test_of_two_editors_at_once_one_is_told(database):
    with database.transaction() as session:
        service_id = build.make_service(session, materials=[MATERIAL]).id
    begin, outcomes = threading.Barrier(2), []

    def edit(name):
        try:
            with database.transaction() as session:
                service = session.get(Service, service_id)
                tree = sound(get_draft(session, service).tree, name)
                begin.wait()
                save_draft(session, service, tree, based_on=mark_of(blank()), **BY)
            outcomes.append("saved")
        except DraftChanged:
            outcomes.append("told")

    threads = [threading.Thread(target=edit, args=(name,)) for name in ("甲", "乙")]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(outcomes) == ["saved", "told"]


def test_an_earlier_guide_comes_back_as_a_draft(session, service):
    publish(session, service, sound(get_draft(session, service).tree, "旧"))
    publish(session, service, sound(blank(), "新"))
    restore_to_draft(session, service, 1, **BY)
    assert find_guide(session, service).situations[0].name_zh == "新"
    assert get_draft(session, service).tree["situations"][0]["name_zh"] == "旧"


def test_a_withdrawn_guide_is_a_state_that_history_knows(session, service):
    publish(session, service, sound(get_draft(session, service).tree))
    withdraw_guide(session, service, **BY)
    assert find_guide(session, service) is None
    states = list_revisions(session, history.GUIDE, service.code)
    assert [state.content["tree"] is None for state in states] == [True, False]


def test_a_discarded_draft_leaves_what_is_published(session, service):
    publish(session, service, sound(get_draft(session, service).tree))
    save_draft(session, service, blank(), based_on=get_draft(session, service).mark, **BY)
    discard_draft(session, service, **BY)
    assert get_draft(session, service).tree == session.get(Guide, service.id).tree
