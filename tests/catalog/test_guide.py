import copy
import itertools
import json

import pytest

from catalog.guide import UnknownAnswer, checklist, format_answers, parse_answers, walk
from catalog.guide_file import GuideInvalid, guide_from_data
from tests.catalog.city import SERVICES

CARD = SERVICES["id-card-renewal"]
PERMIT = SERVICES["foreigner-residence-permit"]
BIRTH = SERVICES["birth-registration"]

SMALL = {
    "start": "lost",
    "questions": [
        {
            "code": "lost",
            "text_zh": "丢了吗？",
            "text_en": "Lost?",
            "options": [
                {"code": "yes", "text_zh": "丢了", "text_en": "Yes", "next": "child"},
                {"code": "no", "text_zh": "没有", "text_en": "No"},
            ],
        },
        {
            "code": "child",
            "text_zh": "是孩子的吗？",
            "text_en": "A child's?",
            "options": [
                {"code": "yes", "text_zh": "是", "text_en": "Yes"},
                {"code": "no", "text_zh": "不是", "text_en": "No"},
            ],
        },
    ],
    "situations": [
        {
            "code": "new",
            "name_zh": "补领",
            "name_en": "New",
            "when": {"lost": ["yes"]},
            "materials": [{"code": "paper", "why_zh": "核对身份", "why_en": "Identity"}],
        },
        {
            "code": "exchange",
            "name_zh": "换领",
            "name_en": "Exchange",
            "when": {"lost": ["no"]},
            "materials": [{"code": "paper", "why_zh": "核对身份", "why_en": "Identity"}],
        },
    ],
}


def problems_of(change, language="en"):
    data = copy.deepcopy(SMALL)
    change(data)
    with pytest.raises(GuideInvalid) as caught:
        guide_from_data(data, materials=["paper"])
    return [problem.line(language) for problem in caught.value.problems]


def codes(service, **answers):
    step = walk(service.guide, answers)
    return [item.material.code for item in checklist(step.situation, service.materials)]


def test_asks_one_question_after_the_other_until_the_situation_is_known():
    assert walk(CARD.guide, {}).question.code == "reason"
    assert walk(CARD.guide, {"reason": "lost"}).question.code == "residence"
    step = walk(CARD.guide, {"reason": "lost", "residence": "elsewhere", "age": "adult"})
    assert (step.question, step.situation.code) == (None, "lost-elsewhere")
    assert [option.code for _, option in step.answered] == ["lost", "elsewhere", "adult"]


def test_an_answer_leads_to_a_question_of_its_own():
    child = {"reason": "lost", "residence": "local", "age": "minor"}
    assert walk(CARD.guide, child).question.code == "guardian"
    assert "guardianship-proof" in codes(CARD, **child, guardian="parent")
    assert "guardian-appointment" in codes(CARD, **child, guardian="other")
    assert walk(PERMIT.guide, {"purpose": "work"}).question.code == "first"
    family = {"purpose": "family", "first": "extension"}
    assert walk(PERMIT.guide, family).question.code == "relative"
    assert "relative-permit" not in codes(PERMIT, **family, relative="chinese")
    assert "relative-permit" in codes(PERMIT, **family, relative="foreigner")


def test_checklist_is_personal_and_says_why():
    assert codes(CARD, reason="expired", residence="local", age="adult") == ["old-card"]
    child = {"reason": "lost", "residence": "local", "age": "minor"}
    assert "guardian-id" in codes(CARD, **child, guardian="parent")
    assert "old-card" not in codes(CARD, reason="lost", residence="local", age="adult")
    assert "paternity-report" in codes(BIRTH, birthplace="home", marriage="unmarried", parent="father")
    assert "paternity-report" not in codes(BIRTH, birthplace="home", marriage="unmarried", parent="mother")
    assert codes(BIRTH, birthplace="abroad")[0] == "foreign-birth-certificate"


def test_fee_follows_the_situation():
    assert (
        walk(CARD.guide, {"reason": "expired", "residence": "local", "age": "adult"}).situation.fee_fen
        == 2000
    )
    assert (
        walk(CARD.guide, {"reason": "lost", "residence": "local", "age": "adult"}).situation.fee_fen == 4000
    )


def test_drops_answers_that_no_longer_lie_on_the_way():
    step = walk(BIRTH.guide, {"birthplace": "abroad", "marriage": "married", "hukou": "apart"})
    assert step.answers == (("birthplace", "abroad"),)


def test_refuses_an_answer_that_is_not_offered():
    with pytest.raises(UnknownAnswer):
        walk(CARD.guide, {"reason": "eaten"})


def test_answers_travel_as_text():
    step = walk(CARD.guide, {"reason": "lost", "residence": "local"})
    assert format_answers(step.answers) == "reason=lost,residence=local"
    assert parse_answers(format_answers(step.answers)) == dict(step.answers)
    assert parse_answers("rubbish,,=x,a=b=c") == {"a": "b=c"}


def test_guides_are_plain_data():
    for service in (CARD, BIRTH):
        assert json.loads(json.dumps(service.guide_data)) == service.guide_data


@pytest.mark.parametrize("service", [CARD, BIRTH], ids=lambda service: service.code)
def test_every_way_through_ends_in_a_checklist(service):
    choices = [[(q.code, option.code) for option in q.options] for q in service.guide.questions]
    for answers in itertools.product(*choices):
        step = walk(service.guide, dict(answers))
        assert step.situation is not None
        assert checklist(step.situation, service.materials)


def test_refuses_a_circle():
    found = problems_of(lambda data: data["questions"][1]["options"][0].update(next="lost"))
    assert found == ["guide: questions: go round in a circle: child、lost"]


def test_a_circle_is_told_without_the_questions_that_only_lead_to_it_and_in_their_own_words():
    def change(data):
        entrance = {"code": "entrance", "text_zh": "您是谁？", "text_en": "Who?"}
        options = [{"code": "a", "text_zh": "甲", "text_en": "A", "next": "lost"}]
        data["questions"].insert(0, {**entrance, "options": options})
        data["questions"][2]["options"][0]["next"] = "lost"

    assert problems_of(change)[0].endswith(": child、lost")
    assert problems_of(change, "zh")[0].endswith("问题互相绕圈：“是孩子的吗？”→“丢了吗？”→“是孩子的吗？”")


def test_refuses_a_paper_that_a_situation_asks_for_twice():
    found = problems_of(
        lambda data: data["situations"][0]["materials"].append(data["situations"][0]["materials"][0])
    )
    assert found == ["guide: situations[1].materials[2].code: is there twice: paper"]


def test_refuses_an_unreachable_situation():
    extra = {**SMALL["situations"][0], "code": "never", "when": {"lost": ["no"], "child": ["yes"]}}
    found = problems_of(lambda data: data["situations"].append(extra))
    assert found == ["guide: situations[3].code: situation never is unreachable"]


def test_refuses_answers_that_lead_nowhere_or_to_two_situations():
    def narrow(data):
        data["situations"][0]["when"]["child"] = ["yes"]

    def widen(data):
        data["situations"][1]["when"] = {}

    assert "lost=yes,child=no must lead to exactly one situation, not –" in problems_of(narrow)[0]
    assert "must lead to exactly one situation, not new、exchange" in problems_of(widen)[0]
    assert problems_of(narrow, "zh")[0].endswith("现在一个也没有：丢了吗？丢了；是孩子的吗？不是")
    assert "现在有 “补领”（new）、“换领”（exchange）：丢了吗？丢了；" in problems_of(widen, "zh")[0]


def test_refuses_an_unknown_material_question_and_option():
    def material(data):
        data["situations"][0]["materials"][0]["code"] = "gold"

    def link(data):
        data["questions"][0]["options"][0]["next"] = "nothing"

    def condition(data):
        data["situations"][0]["when"] = {"lost": ["perhaps"], "moon": ["full"]}

    assert problems_of(material) == [
        "guide: situations[1].materials[1].code: is not among the materials: gold"
    ]
    assert problems_of(link) == ["guide: questions[1].options[1].next: no such question: nothing"]
    assert len(problems_of(condition)) == 2


def test_refuses_a_question_that_is_never_asked():
    found = problems_of(lambda data: data["questions"][0]["options"][0].pop("next"))
    assert found == ["guide: questions[2].code: question child is never asked"]


def test_a_start_that_is_no_code_is_a_mistake_and_not_a_crash():
    option = {"code": "yes", "text_zh": "是", "text_en": "Yes"}
    question = {"code": "q", "text_zh": "问", "text_en": "?", "options": [option]}
    need = {"code": "card", "why_zh": "核对", "why_en": "To check"}
    situation = {"code": "s", "name_zh": "情形", "name_en": "Case", "materials": [need]}
    guide = {"start": "no code!", "questions": [question], "situations": [situation]}
    with pytest.raises(GuideInvalid) as refused:
        guide_from_data(guide, materials=["card"])
    assert [problem.key for problem in refused.value.problems] == ["start"]
