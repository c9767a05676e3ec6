"""Why a number is called, and why others may be before it: in words, and nothing about anybody else."""

import re

import pytest

from catalog.queries import get_service
from halls.models import Hall
from queueing.counters import close_counter
from queueing.policy import DISCIPLINES
from queueing.queries import get_ticket
from queueing.reasons import ReasonCode
from queueing.serve import park, start_serving, undo_call
from tests import build
from tests.web.citizen.test_queue_page import Counter, walk_in
from tests.web.citizen.town import RENEWAL
from web.citizen import why
from web.citizen.why import why_others_first

WHY = re.compile(r"<dt>为什么叫到我</dt><dd>(.*?)</dd>")


def test_every_reason_and_every_order_has_its_words(town, phone):
    assert set(why._OWN) == set(ReasonCode)
    with town.app.test_request_context():
        for discipline in DISCIPLINES:
            assert len(why_others_first(discipline)) >= 4


def test_who_waits_can_read_why_others_may_be_called_first(town, phone):
    reference = walk_in(town, "09:00", 2)
    phone.go(f"/q/{reference}")
    assert "为什么有人可能先叫" in phone.words
    assert "预约的人到了预约时间就叫" in phone.words
    assert "为什么叫到我" not in phone.words
    with town.parts.database.transaction() as session:
        session.get(Hall, town.hall.id).policy = {"queue": {"discipline": "fifo"}}
    assert "不分预约和现场" in phone.refresh().words


def test_who_is_called_reads_why_until_the_end_and_not_after_it_was_taken_back(town, phone):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    counter.call("09:05")
    phone.go(f"/q/{reference}")
    assert WHY.findall(phone.html) == ["您 09:00 取的号，按先后轮到您了"]
    assert "为什么有人可能先叫" not in phone.words
    counter.do(undo_call, reference, "09:05")
    assert WHY.findall(phone.refresh().html) == []
    counter.call("09:40")
    assert WHY.findall(phone.refresh().html) == ["取号时说好最迟 09:20 叫您，时间到了"]
    counter.do(start_serving, reference, "09:41")
    assert len(WHY.findall(phone.refresh().html)) == 1


@pytest.mark.parametrize("closed", [False, True])
def test_who_was_put_aside_is_told_when_that_counter_has_closed(town, phone, closed):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    counter.call("09:05")
    counter.do(start_serving, reference, "09:06")
    counter.do(park, reference, "09:07")
    if closed:
        with town.parts.database.transaction() as session:
            close_counter(session, counter.row.id, actor=counter.officer, now=build.at("09:08"))
    phone.go(f"/q/{reference}")
    assert ("刚才的窗口已经关了" in phone.words) == closed


def test_who_will_be_called_later_than_promised_finds_the_way_to_another_time(town, phone):
    reference = walk_in(town, "09:00", 2)
    phone.go(f"/q/{reference}")
    assert "改约其他时间" not in phone.words
    town.at("10:30")
    assert "可能晚于取号时说的" in phone.refresh().words
    assert link_to_other_times(phone) == "/services"
    with town.parts.database.transaction() as session:
        get_ticket(session, reference).service_ids = [get_service(session, RENEWAL).id]
    phone.go(f"/q/{reference}")
    assert link_to_other_times(phone) == f"/services/{RENEWAL}/halls"
    assert phone.client.get(link_to_other_times(phone)).status_code == 200


def link_to_other_times(phone):
    [(href, _words)] = [link for link in phone.page.links if "改约其他时间" in link[1]]
    return href
