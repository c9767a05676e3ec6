import re

from feedback.ask import ask
from feedback.queries import find_survey_of_ticket
from feedback.rate import rate
from queueing.arrival_code import arrival_code
from queueing.call_next import call_next
from queueing.counters import open_counter, pause_counter
from queueing.issue import IssueTicket, issue
from queueing.models import Ticket
from queueing.queries import get_ticket
from queueing.send_to import send_to_counter
from queueing.serve import abandon, complete, mark_absent, park, reinstate, start_serving
from tests import build
from tests.queueing.hall_day import KIOSK, officer_of
from tests.web.citizen.town import TUESDAY, book


def walk_in(town, at: str, count: int = 1) -> str:
    """The last of `count` tickets taken at this time on Monday."""
    town.at(at)
    with town.parts.database.transaction() as session:
        tickets = [
            issue(session, IssueTicket(town.hall.id, town.group.id), actor=KIOSK, now=build.at(at))
            for _ in range(count)
        ]
        return tickets[-1].reference


class Counter:
    """A window of the city hall and who sits there."""

    def __init__(self, town, at: str, number: int = 3) -> None:
        self.town = town
        with town.parts.database.transaction() as session:
            self.row = build.make_counter(session, town.hall, [town.group], number)
            self.officer = officer_of(build.make_staff(session))
            open_counter(session, self.row.id, actor=self.officer, now=build.at(at))

    def call(self, at: str) -> str:
        self.town.at(at)
        with self.town.parts.database.transaction() as session:
            return call_next(session, self.row.id, actor=self.officer, now=build.at(at)).reference

    def pause(self, at: str) -> None:
        self.town.at(at)
        with self.town.parts.database.transaction() as session:
            pause_counter(session, self.row.id, reason="meal", actor=self.officer, now=build.at(at))

    def do(self, verb, reference: str, at: str) -> None:
        self.town.at(at)
        with self.town.parts.database.transaction() as session:
            verb(session, get_ticket(session, reference), actor=self.officer, now=build.at(at))


def test_who_waits_sees_people_ahead_a_range_and_the_latest_time(town, phone):
    reference = walk_in(town, "09:00", 4)
    phone.go(f"/q/{reference}")
    assert "A004" in phone.words
    assert "前面还有 3 人" in phone.words
    assert "分钟" in phone.words
    assert "最迟 09:" in phone.words
    assert 'data-poll="15"' in phone.html


def test_the_fragment_costs_nothing_while_nothing_changes(town, phone):
    reference = walk_in(town, "09:00", 2)
    first = phone.client.get(f"/q/{reference}/live")
    assert 'id="mine"' in first.text
    tag = {"If-None-Match": first.headers["ETag"]}
    same = phone.client.get(f"/q/{reference}/live", headers={**tag, "X-Fragment": "1"})
    assert (same.status_code, same.data) == (204, b"")
    assert phone.client.get(f"/q/{reference}/live", headers=tag).status_code == 304  # as a cache asks
    Counter(town, "09:01").call("09:01")
    changed = phone.client.get(f"/q/{reference}/live", headers=tag)
    assert changed.status_code == 200
    assert "下一位就是您" in changed.text


def test_who_is_called_is_told_the_window(town, phone):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    assert counter.call("09:05") == reference
    phone.go(f"/q/{reference}")
    assert "请到 3 号窗口" in phone.words
    assert 'data-title="请到 3 号窗口 · A001"' in phone.html
    counter.do(start_serving, reference, "09:06")
    assert "正在 3 号窗口办理" in phone.refresh().words
    counter.do(park, reference, "09:07")
    assert "号为您留着" in phone.refresh().words


def test_who_was_passed_on_to_one_counter_is_told_which(town, phone):
    reference = walk_in(town, "09:00")
    counter, other = Counter(town, "09:00"), Counter(town, "09:00", 5)
    counter.call("09:05")

    def pass_on(session, ticket, *, actor, now):
        send_to_counter(session, ticket, counter_id=other.row.id, actor=actor, now=now)

    counter.do(start_serving, reference, "09:06")
    counter.do(pass_on, reference, "09:10")
    assert "由 5 号窗口接着办，只等这个窗口叫您" in phone.go(f"/q/{reference}").words
    other.pause("09:11")
    assert "5 号窗口" not in phone.refresh().words


def test_who_missed_the_call_learns_how_to_come_back_and_until_when(town, phone):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    counter.call("09:05")
    counter.do(mark_absent, reference, "09:08")
    words = phone.go(f"/q/{reference}").words
    assert "请在 09:38 前在大厅取号机上扫号票或预约二维码，按“我回来了”" in words
    assert "服务台" in words
    town.at("09:40")
    assert "重新取号" in phone.refresh().words


def test_who_missed_a_second_call_is_not_sent_to_the_desk_for_a_place_that_is_gone(town, phone):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    for called, missed in (("09:05", "09:08"), ("09:10", "09:13")):
        assert counter.call(called) == reference
        counter.do(mark_absent, reference, missed)
        if missed == "09:08":
            counter.do(reinstate, reference, "09:09")
    assert "重新取号" in phone.go(f"/q/{reference}").words
    assert "就能重新排进队里" not in phone.words


def test_a_standby_reads_that_nothing_is_promised(town, phone):
    town.at("09:00")
    with town.parts.database.transaction() as session:
        wish = IssueTicket(town.hall.id, town.group.id, track="standby")
        reference = issue(session, wish, actor=KIOSK, now=build.at("09:00")).reference
    assert "不保证今天叫到" in phone.go(f"/q/{reference}").words
    assert re.search(r"最迟 \d", phone.words) is None


def test_a_ticket_that_ended_is_not_asked_for_again(town, phone):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    counter.do(abandon, reference, "09:01")
    assert "这个号已取消" in phone.go(f"/q/{reference}").words
    assert any(said == "重新预约" for _href, said in phone.page.links)  # no dead end
    assert "data-poll" not in phone.html


def test_a_completed_visit_is_asked_for_again_until_its_survey_is_there(town, phone):
    reference = walk_in(town, "09:00")
    counter = Counter(town, "09:00")
    counter.call("09:05")
    counter.do(start_serving, reference, "09:06")
    counter.do(complete, reference, "09:10")
    assert "已办完" in phone.go(f"/q/{reference}").words
    assert "说说办得怎么样" not in phone.words
    assert 'data-poll="3"' in phone.html
    with town.parts.database.transaction() as session:
        ask(session, {"ticket_id": get_ticket(session, reference).id}, now=build.at("09:10"))
        survey = find_survey_of_ticket(session, get_ticket(session, reference).id)
    assert "说说办得怎么样" in phone.refresh().words
    assert "data-poll" not in phone.html
    with town.parts.database.transaction() as session:
        rate(session, survey, grade=5, via="sms", now=build.at("09:12"))
    assert "谢谢您的评价" in phone.refresh().words
    assert "说说办得怎么样" not in phone.words
    assert "data-poll" not in phone.html


def test_yesterdays_ticket_says_that_it_is_over(town, phone):
    reference = walk_in(town, "09:00")
    town.at("09:00", TUESDAY)
    assert "已经失效" in phone.go(f"/q/{reference}").words
    assert "data-poll" not in phone.html


def test_the_queues_page_counts_who_waits(town, phone):
    assert "无人排队" in phone.go("/queues").words
    walk_in(town, "09:00", 3)
    assert "3 人在等" in phone.refresh().words
    assert "3 人在等" in phone.go("/services/id-card-renewal/halls").words


def test_a_booked_visit_shows_its_ticket_until_it_is_done(town, phone):
    reference = book(town, phone)
    town.at("08:50", TUESDAY)
    phone.go(f"/b/{reference}").press("我到了", code=arrival_code(town.hall.id, TUESDAY))
    assert "08:50 · 预约号" in phone.words
    with town.parts.database.transaction() as session:
        ticket = session.query(Ticket).one()
        assert phone.path == f"/q/{ticket.reference}"
    counter_at = build.at("08:50", TUESDAY)
    with town.parts.database.transaction() as session:
        counter = build.make_counter(session, town.hall, [town.group], 3)
        officer = officer_of(build.make_staff(session))
        open_counter(session, counter.id, actor=officer, now=counter_at)
        call_next(session, counter.id, actor=officer, now=build.at("09:00", TUESDAY))
        start_serving(session, get_ticket(session, ticket.reference), actor=officer, now=counter_at)
        complete(session, get_ticket(session, ticket.reference), actor=officer, now=counter_at)
    assert "已办完" in phone.refresh().words
    assert "已办完" in phone.go(f"/b/{reference}").words
