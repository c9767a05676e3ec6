from urllib.parse import quote

import pytest

from catalog.edit import save_packages, save_services, save_synonyms
from catalog.models import Service
from catalog.package_file import parse_packages
from kernel.actor import SYSTEM
from tests.catalog.city import FILES, SERVICES, SYNONYMS
from tests.conftest import NOW
from tests.web.citizen.test_sizes import KILO, weight
from web.citizen.packages import merged_papers


@pytest.fixture
def city(town):
    with town.parts.database.transaction() as session:
        save_services(session, list(SERVICES.values()), actor=SYSTEM, now=NOW)
        save_synonyms(session, SYNONYMS, actor=SYSTEM, now=NOW)
        save_packages(session, parse_packages(FILES, services=SERVICES), actor=SYSTEM, now=NOW)
    return town


def test_a_package_lists_its_services_and_every_paper_once(city, phone):
    page = phone.go("/packages/moving-in")
    assert "户口迁移" in page.words
    assert "约 70 分钟" in page.words  # 20 + 10 + 20 + 20
    assert page.html.count("<strong>居民身份证</strong>") == 1
    assert 'href="/services/dog-registration"' in page.html
    assert phone.client.get("/packages/nothing").status_code == 404


def test_the_way_back_from_a_package_is_the_package_and_from_a_basket_the_basket(city, phone):
    phone.go("/packages/newborn").tap("一次办好")
    assert phone.tap("返回").path == "/packages/newborn"
    phone.tap("一次办好").tap("境内的医院").tap("返回")
    assert phone.tap("返回").path == "/packages/newborn"
    for code in ("birth-registration", "id-card-first"):
        phone.go(f"/services/{code}").press("加入一起办")
    phone.go("/visit?s=birth-registration,id-card-first")
    assert phone.tap("返回").path == "/basket"


def test_packages_stand_in_the_list_and_above_what_was_found(city, phone):
    phone.go("/services")
    assert phone.html.count('href="/packages/') == 6
    assert weight(phone, "/services") <= 6 * KILO
    phone.go(f"/services?q={quote('二手房过户')}")
    assert phone.html.index("/packages/second-hand-house") < phone.html.index("/services/")
    assert "/packages/" not in phone.go(f"/services?q={quote('大绿本丢了')}").html


MEANT = {
    "搬家了": "moving-in",
    "moving house": "moving-in",
    "生娃要办哪些": "newborn",
    "买了二手房": "second-hand-house",
    "想养只狗": "keeping-a-dog",
    "yangquan yijianshi": "keeping-a-dog",
    "刚来这里生活": "residence",
    "拍照一次": "photo",
}


def test_finds_the_package_that_is_meant(city, phone):
    for query, package in MEANT.items():
        assert f"/packages/{package}" in phone.go(f"/services?q={quote(query)}").html, query
        assert "没有找到" not in phone.words


def test_a_paper_is_waived_for_a_package_only_when_every_service_waives_it():
    def service(**values):
        paper = {"code": "book", "name_zh": "居民户口簿", "name_en": "Book", "copies": 0, "original": False}
        rest = {"waivable": True, "deferrable": True, "note_zh": "", "note_en": ""}
        return Service(code="s", materials=[paper | rest | values])

    kind, strict = service(), service(copies=2, original=True, waivable=False, deferrable=False)
    ((paper, needing),) = merged_papers([kind, strict])
    assert (paper.waivable, paper.deferrable, paper.copies, paper.original) == (False, False, 2, True)
    assert needing == [kind, strict]
