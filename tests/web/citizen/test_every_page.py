"""Every page of citizens has an address in `PAGES`, and with a whole city loaded none is heavy."""

from datetime import datetime

import pytest

from catalog.queries import list_packages, list_services
from halls.queries import list_halls
from tests.build import TODAY
from tests.web.chinese_words import ChineseWords
from tests.web.citizen.every_page import LATER, NOT_PAGES, PAGES, load, make_pages, take
from tests.web.citizen.test_sizes import KILO, first_weight, packed, tell, weight
from tests.web.citizen.town import PERSON

MOST = 6 * KILO


def test_every_page_of_citizens_is_looked_at(town):
    rules = [rule for rule in town.app.url_map.iter_rules() if rule.endpoint.startswith("citizen.")]
    pages = {rule.endpoint for rule in rules if "GET" in rule.methods} - NOT_PAGES
    assert pages == {name.partition("?")[0] for name in PAGES}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_of_a_whole_city_is_heavy(town, survey, language):
    phone, pages = make_pages(town, survey, pieces=True)
    phone.client.set_cookie("lang", language)
    sizes = {name: weight(phone, path) for name, path in pages.items()}
    answers = {name: phone.client.get(path) for name, path in pages.items()}
    assert {name for name, answer in answers.items() if answer.status_code != 200} == set()
    if language == "en":
        assert {name: said for name in PAGES if (said := chinese_on(answers[name].text))} == {}
    phone.client.set_cookie("lang", "zh")
    for name, press in (("lost", lose), ("visit_lost", lose), ("gone", expire)):
        address = pages["citizen.trip_slots" if name == "visit_lost" else "citizen.slots"]
        press(town, phone, address)
        sizes[name] = packed(phone.answer)
    tell(f"pages in {language}", sizes)
    assert {name: size for name, size in sizes.items() if size > MOST} == {}


def test_the_first_page_of_a_whole_city_with_all_it_loads_is_light(town, phone):
    load(town)
    assert first_weight(phone) <= 60 * KILO


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_service_guide_package_or_hall_of_a_whole_city_is_heavy(town, phone, language):
    load(town)
    phone.client.set_cookie("lang", language)
    with town.parts.database.transaction() as session:
        codes = [row.code for row in list_services(session)]
        packages = [row.code for row in list_packages(session)]
        halls = [row.code for row in list_halls(session)]
    paths = [
        *(f"/services/{code}{page}" for code in codes for page in ("", "/guide", "/halls", "/first")),
        *(f"/packages/{code}" for code in packages),
        *(f"/halls/{code}" for code in halls),
        *(f"/services/{code}/halls/{halls[0]}" for code in codes),
    ]
    assert len(codes) >= 60
    sizes = {path: weight(phone, path) for path in paths}
    tell(f"services, guides, packages and halls in {language}", sizes)
    assert {path: size for path, size in sizes.items() if size > MOST} == {}


def chinese_on(html):
    """What an English page says in Chinese, but for a person's own name and what they wrote."""
    said = ChineseWords(html).found
    return [text for text in said if not any(each in text for each in (PERSON["name"], "欧**", "身份证丢了"))]


def lose(town, phone, address):
    """Press for a number of a day that others filled meanwhile."""
    first = phone.go(address).form_with("下一步").offered["starts_at"][0]
    take(town, "city-hall", datetime.fromisoformat(first).date())
    assert phone.press("下一步", starts_at=first).status == 409


def expire(town, phone, _address):
    """Press for a number that was held too long, and that others have now."""
    phone.go("/booking/check")
    town.at(LATER)
    take(town, "city-hall", TODAY)
    assert phone.press("确认预约").status == 409
