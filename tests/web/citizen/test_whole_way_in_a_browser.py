"""Booked, moved, checked in, served and rated, and another one cancelled, for whoever reads a page otherwise.

Without scripts, in care mode, on 320 px, in English: each of these holds for the whole way.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from booking.queries import get_appointment
from feedback.ask import ask
from feedback.models import Rating
from queueing.arrival_code import arrival_code
from queueing.call_next import call_next
from queueing.counters import open_counter
from queueing.models import Ticket
from queueing.serve import complete, start_serving
from tests import build
from tests.build import TODAY
from tests.journey.hands import Citizen, Person
from tests.queueing.hall_day import officer_of
from tests.web.citizen.test_every_page import chinese_on
from tests.web.citizen.test_in_a_browser import complaints, violations
from tests.web.citizen.town import TUESDAY, Town
from tests.web.hall_browser import open_page, serving

pytestmark = pytest.mark.browser
#: Whether there are scripts, what is preferred, and the smallest target in CSS px.
WAYS = {
    "without scripts": (False, {"lang": "zh"}, 44),
    "without scripts, in English": (False, {"lang": "en"}, 44),
    "in care mode": (True, {"lang": "zh", "care": "1"}, 60),
    "in care mode without scripts": (False, {"lang": "zh", "care": "1"}, 60),
    "in English": (True, {"lang": "en"}, 44),
}
MOVED = {"zh": "预约已改期", "en": "Your appointment is moved"}
UNDONE = {"zh": "已撤销取消", "en": "The cancellation is undone"}
CANCELLED = {"zh": "预约已取消", "en": "The appointment is cancelled"}


@dataclass(frozen=True)
class Codes:
    """Where a phone reads its code."""

    town: Town

    def code(self, _phone: str) -> str:
        return self.town.newest_code()


class Reader:
    """Complains of a page as this reader meets it."""

    def __init__(self, language: str, least: int, *, scripts: bool) -> None:
        self.scripts, self.language, self.least = scripts, language, least
        self.found: dict[str, list[str]] = {}

    def look(self, page: Page, name: str) -> None:
        told = complaints(page, self.least)
        if self.scripts:
            told += violations(page)
        if self.language == "en":
            own = ("张", "安民路")  # names of people and streets stand as they were written
            told += [said for said in chinese_on(page.content()) if not any(each in said for each in own)]
        if told:
            self.found[name] = told


@pytest.mark.parametrize("way", WAYS)
def test_the_whole_way_is_gone_by_every_reader(chromium: Browser, town: Town, way: str) -> None:
    scripts, cookies, least = WAYS[way]
    reader = Reader(cookies["lang"], least, scripts=scripts)
    with serving(town.app) as root:
        phones = []
        for seed, name in ((31, "张小明"), (32, "张芳")):
            page = open_page(chromium, root, 320, 640, java_script_enabled=scripts)
            page.context.add_cookies([{"name": n, "value": v, "url": root} for n, v in cookies.items()])
            phones.append(Citizen(page, Person.sample(seed, name), reader.look, cookies["lang"]))
        comes, cancels = phones
        comes.book(Codes(town))
        move(comes)
        check_in_and_rate(town, comes)
        town.at("08:00", TODAY + timedelta(days=1))
        for clock in ("14:00", "15:00"):
            town.slot(clock)
        cancels.book(Codes(town))
        cancel(town, cancels)
        for each in phones:
            each.page.context.close()
    assert reader.found == {}


def move(citizen: Citizen) -> None:
    """To the last time of the day, by the page of the booking."""
    page, say = citizen.page, citizen.say
    page.get_by_role("link", name=say("改期")).first.click()
    page.wait_for_url("**/move*")
    citizen.look(page, "move")
    page.locator("input[name=starts_at]:enabled + label").last.click()
    page.get_by_role("button", name=say("改到这个时间")).click()
    expect(page.get_by_text(MOVED[citizen.language])).to_be_visible()
    citizen.look(page, "moved")


def cancel(town: Town, citizen: Citizen) -> None:
    page, say = citizen.page, citizen.say
    page.get_by_role("button", name=say("取消预约")).click()
    expect(page.get_by_text(CANCELLED[citizen.language]).first).to_be_visible()
    citizen.look(page, "cancelled")
    with town.parts.database.transaction() as session:
        assert get_appointment(session, reference_of(page)).state == "cancelled"
    page.get_by_role("button", name=say("撤销取消")).click()
    expect(page.get_by_text(UNDONE[citizen.language]).first).to_be_visible()
    citizen.look(page, "cancel-undone")
    page.get_by_role("button", name=say("取消预约")).click()
    expect(page.get_by_text(CANCELLED[citizen.language]).first).to_be_visible()


def check_in_and_rate(town: Town, citizen: Citizen) -> None:
    page, say = citizen.page, citizen.say
    with town.parts.database.transaction() as session:
        booked = get_appointment(session, reference_of(page))
        assert booked.starts_at == build.at("10:30", TUESDAY)
    town.at("10:25", TUESDAY)
    citizen.arrive(arrival_code(town.hall.id, TUESDAY))
    serve(town)
    page.reload()
    citizen.look(page, "served")
    page.get_by_role("link", name=say("说说办得怎么样")).click()
    page.wait_for_url("**/r/*")
    citizen.look(page, "rate")
    page.get_by_text(say("满意"), exact=True).click()
    page.get_by_role("button", name=say("提交评价")).click()
    expect(page.get_by_role("heading", name=say("谢谢您的评价"))).to_be_visible()
    citizen.look(page, "rated")
    assert town.count(Rating) == 1


def serve(town: Town) -> None:
    """Somebody at a counter calls and serves whoever waits."""
    now = build.at("10:26", TUESDAY)
    with town.parts.database.transaction() as session:
        counter = build.make_counter(session, town.hall, [town.group], 3)
        officer = officer_of(build.make_staff(session))
        open_counter(session, counter.id, actor=officer, now=now)
        call_next(session, counter.id, actor=officer, now=now)
        ticket = session.query(Ticket).one()
        start_serving(session, ticket, actor=officer, now=now)
        complete(session, ticket, actor=officer, now=now + timedelta(minutes=5))
        ask(session, {"ticket_id": ticket.id}, now=now + timedelta(minutes=5))


def reference_of(page: Page) -> str:
    found = re.search(r"/b/([A-Za-z0-9_-]{22})", page.url)
    assert found is not None, page.url
    return found[1]
