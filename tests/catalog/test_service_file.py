from collections import Counter

import pytest

from catalog.guide_file import guide_from_data, materials_from_data
from catalog.service_file import ServiceFileInvalid, parse_services
from tests.catalog.city import SERVICES

SERVICE = """
code = "card"
name_zh = "办卡"
name_en = "A card"
group = "A"
minutes = 10
fee_fen = 4000
[halls]
one = "A"
[[materials]]
code = "old"
name_zh = "旧卡"
name_en = "Old card"
"""


def problems_of(text):
    with pytest.raises(ServiceFileInvalid) as caught:
        parse_services({"services/card.toml": text}, hall_groups={"one": ("A", "Z")})
    return [problem.line("en") for problem in caught.value.problems]


def test_demonstration_has_the_services_people_come_for():
    assert len(SERVICES) >= 60
    assert SERVICES["id-card-renewal"].fee_fen == 4000
    assert SERVICES["passport"].fee_fen == 12000
    assert SERVICES["hk-macao-permit"].fee_fen == 6000
    assert SERVICES["birth-registration"].halls == {"city-hall": "A", "xihu-station": "A"}
    assert Counter(service.group for service in SERVICES.values()).keys() == set("ABCDZ")
    branching = [
        code for code, service in SERVICES.items() if service.guide and len(service.guide.questions) > 1
    ]
    assert len(branching) >= 10
    assert {"birth-registration", "id-card-renewal"} < set(branching)


def test_most_guides_of_the_demonstration_ask_by_what_was_answered():
    """An answer leads to a question that another answer of the same question does not lead to."""
    asking = [
        code
        for code, service in SERVICES.items()
        if service.guide
        and any(len({option.next for option in each.options}) > 1 for each in service.guide.questions)
    ]
    assert len(asking) >= 10
    assert {"id-card-renewal", "foreigner-residence-permit", "death-cancellation"} < set(asking)


def test_every_service_of_the_demonstration_says_how_it_is_done_and_paid():
    assert [code for code, service in SERVICES.items() if not service.ways] == []
    assert [code for code, service in SERVICES.items() if service.fee_fen and not service.pay] == []
    assert [
        code
        for code, service in SERVICES.items()
        if "online" in service.ways and not (service.online_note_zh and service.online_url)
    ] == []
    papers = [paper for service in SERVICES.values() for paper in service.materials]
    assert any(paper.deferrable for paper in papers)
    assert not any(paper.deferrable and paper.waivable and not paper.original for paper in papers)


def test_refuses_ways_and_payments_that_nobody_knows():
    wrong = SERVICE.replace("[halls]", 'ways = ["by_post"]\npay = ["cash", "cash"]\n[halls]')
    assert problems_of(wrong) == [
        "services/card.toml: ways: may only name, once each: at_once, online, nearby, in_one_go",
        "services/card.toml: pay: may only name, once each: wechat, alipay, card, cash",
    ]


def test_every_text_of_the_demonstration_is_there_in_both_languages():
    for service in SERVICES.values():
        for name in ("name", "summary", "fee_note", "handling"):
            assert getattr(service, f"{name}_zh")
            assert getattr(service, f"{name}_en")
        assert bool(service.online_note_zh) == bool(service.online_note_en)


@pytest.mark.parametrize("code", sorted(SERVICES))
def test_what_is_stored_reads_back_the_same(code):
    service = SERVICES[code]
    assert materials_from_data(service.materials_data()) == service.materials
    if service.guide_data is not None:
        again = guide_from_data(service.guide_data, materials=[m.code for m in service.materials])
        assert again == service.guide


def test_names_every_mistake_of_a_service():
    wrong = SERVICE.replace('one = "A"', 'one = "Q"\ntwo = "A"').replace("minutes = 10", "minutes = 0")
    assert problems_of(wrong) == [
        "services/card.toml: halls.one: that hall has no group Q",
        "services/card.toml: halls.two: no such hall: two",
        "services/card.toml: minutes: must be a whole number 1..480, not 0",
    ]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (('code = "card"', 'code = "card" \nkeyword = ["x"]'), "keyword: is not a known key"),
        (('name_zh = "办卡"', 'name_zh = " "'), "name_zh: must be text"),
        (("fee_fen = 4000", 'online_url = "http://example.org/"'), "online_url: must start with https://"),
        (('code = "card"', 'code = "disc"'), "code: must equal the file's name"),
    ],
)
def test_says_what_is_wrong_and_where(wrong, told):
    assert any(told in line for line in problems_of(SERVICE.replace(wrong[0], wrong[1], 1)))


def test_refuses_a_folder_without_services():
    with pytest.raises(ServiceFileInvalid):
        parse_services({"city.toml": ""}, hall_groups={})
