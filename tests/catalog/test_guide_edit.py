import pytest

from catalog.guide_edit import (
    GuideCodeTaken,
    GuidePartUnknown,
    blank,
    get_part,
    move,
    put_question,
    put_situation,
    remove,
    start_with,
)
from catalog.guide_file import GuideInvalid, guide_from_data


def question(text, options, **values):
    return {"text_zh": text, "text_en": text, "options": options, **values}


def option(text, **values):
    return {"text_zh": text, "text_en": text, **values}


def situation(name, when, **values):
    needs = [{"code": "id", "why_zh": "核对", "why_en": "check"}]
    return {"name_zh": name, "name_en": name, "when": when, "materials": needs, **values}


@pytest.fixture
def tree():
    made = put_question(blank(), None, question("丢了吗", [option("是"), option("否")]))
    made = put_situation(made, None, situation("丢了", {"q1": ["o1"]}))
    return put_situation(made, None, situation("没丢", {"q1": ["o2"]}))


def test_codes_left_empty_are_made_up_and_the_first_question_starts(tree):
    assert tree["start"] == "q1"
    assert [each["code"] for each in tree["questions"][0]["options"]] == ["o1", "o2"]
    assert [each["code"] for each in tree["situations"]] == ["s1", "s2"]
    guide_from_data(tree, materials={"id"})


def test_the_tree_that_was_given_stays_as_it_was(tree):
    before = repr(tree)
    remove(put_question(tree, None, question("新", [option("是")])), "situations", "s1")
    move(tree, "situations", "s1", 1)
    assert repr(tree) == before


def test_a_renamed_question_is_followed_wherever_it_is_named(tree):
    tree = put_question(tree, None, question("先问", [option("好", next="q1")]))
    tree = start_with(tree, "q2")
    renamed = put_question(
        tree,
        "q1",
        question("丢了吗", [option("是", was="o1", code="yes"), option("否", code="o2")], code="lost"),
    )
    assert get_part(renamed, "questions", "q2")["options"][0]["next"] == "lost"
    assert get_part(renamed, "situations", "s1")["when"] == {"lost": ["yes"]}
    guide_from_data(renamed, materials={"id"})


def test_a_removed_option_is_forgotten_by_situations(tree):
    kept = put_question(tree, "q1", question("丢了吗", [option("是", was="o1", code="o1")]))
    assert get_part(kept, "situations", "s2")["when"] == {}


def test_what_points_at_a_removed_question_is_named_when_the_guide_is_checked(tree):
    tree = put_question(tree, None, question("先问", [option("好", next="q1")]))
    gone = remove(tree, "questions", "q1")
    with pytest.raises(GuideInvalid) as refused:
        guide_from_data(gone, materials={"id"})
    keys = {problem.key for problem in refused.value.problems}
    assert keys >= {"start", "questions[1].options[1].next", "situations[1].when.q1"}


def test_two_parts_never_share_a_code(tree):
    with pytest.raises(GuideCodeTaken):
        put_situation(tree, "s1", situation("丢了", {}, code="s2"))
    with pytest.raises(GuideCodeTaken):
        put_question(tree, "q1", question("x", [option("a", code="same"), option("b", code="same")]))


def test_a_part_that_is_gone_is_not_edited(tree):
    with pytest.raises(GuidePartUnknown):
        put_question(tree, "q9", question("x", []))


def test_parts_move_up_and_down(tree):
    assert [each["code"] for each in move(tree, "situations", "s2", -1)["situations"]] == ["s2", "s1"]
    assert [each["code"] for each in move(tree, "situations", "s1", -1)["situations"]] == ["s1", "s2"]
