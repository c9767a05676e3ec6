"""Asking people of the hall: special requests, and appeals against missed appointments, without scripts."""

import os
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from booking import appeals, document_appeals, special_requests
from booking.asked import asker_of
from booking.ladder import Channel
from booking.models import Appeal, Appointment, DocumentAppeal, Number, Slot, SpecialRequest
from kernel.actor import SYSTEM
from kernel.phone import mask
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build
from tests.web.citizen.test_in_a_browser import address, complaints, violations
from tests.web.citizen.town import LOST, NUMBER, RENEWAL, Town, book

__all__ = ["address"]
SHOTS = os.environ.get("SHOTS", "")  # a folder, to look at the pages

FORM = f"/services/{RENEWAL}/halls/city-hall/special?a={LOST}"
WISH = {
    "kind_of_request": "green",
    "wanted_on": "2026-03-03",
    "reason": "母亲 82 岁，坐轮椅。",
    "name": "欧阳娜娜",
    "kind": "resident_id",
    "number": NUMBER,
    "agree": "1",
}


def verified(town: Town, number: str = "138 0013 8000"):
    """A browser that has shown its phone."""
    phone = town.phone().go("/verify")
    phone.press("获取验证码", phone=number)
    return phone.press("下一步", phone=number, code=town.newest_code())


def one(town: Town, kind):
    with town.parts.database.transaction() as session:
        return session.query(kind).one()


def missed_by(town: Town, browser) -> str:
    """Book, and let the day pass without coming."""
    reference = book(town, browser)
    with town.parts.database.transaction() as session:
        session.query(Appointment).one().state = "no_show"
    town.at("09:00", build.TODAY + timedelta(days=2))
    return reference


def duty(town: Town, session):
    return actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[town.hall.id]))


def test_a_request_is_made_from_the_times_and_seen_under_my_bookings(town):
    phone = verified(town)
    phone.go(f"/services/{RENEWAL}/halls/city-hall?a={LOST}").tap("申请照顾安排")
    phone.press("提交申请", **WISH)
    assert phone.path.startswith("/my")
    assert "等待答复" in phone.words
    asked = one(town, SpecialRequest)
    assert asker_of(asked).phone == "+8613800138000"
    assert asked.answers == {"reason": "lost", "residence": "local", "age": "adult"}
    phone.press("撤回申请")
    assert "已撤回" in phone.words
    assert one(town, SpecialRequest).state == "withdrawn"


def test_the_answer_and_the_booking_stand_there(town):
    phone = verified(town).go(FORM)
    phone.press("提交申请", **WISH)
    with town.parts.database.transaction() as session:
        number = (
            session.query(Number)
            .filter(Number.starts_at == build.at("10:00", build.TODAY + timedelta(days=1)))
            .first()
        )
        starts_at, number.channel, number.released_at = number.starts_at, Channel.DUTY, None
    with town.parts.database.transaction() as session:
        asked, who = session.query(SpecialRequest).one(), duty(town, session)
        special_requests.approve(
            session, asked, starts_at=starts_at, answer="走东门坡道。", actor=who, now=build.at("09:00")
        )
    phone.go("/my")
    assert "已同意" in phone.words
    assert "走东门坡道。" in phone.words
    phone.tap("看这个预约")
    assert phone.path == f"/b/{one(town, Appointment).reference}"


def test_what_nobody_answered_in_time_says_so(town):
    phone = verified(town).go(FORM)
    phone.press("提交申请", **WISH)
    with town.parts.database.transaction() as session:
        asked = session.query(SpecialRequest).one()
        late = build.at("01:00", asked.wanted_on + timedelta(days=1))
        special_requests.expire_unanswered(session, asked.hall_id, actor=SYSTEM, now=late)
    phone.go("/my")
    assert "到期未答复" in phone.words
    assert "请重新申请或预约" in phone.words
    assert "撤回申请" not in phone.words


def test_all_that_is_wrong_with_a_request_is_said_at_once(town):
    phone = verified(town).go(FORM)
    phone.press("提交申请", **WISH | {"reason": "急", "agree": ""})
    assert phone.status == 422
    assert all(f'href="#field-{field}"' in phone.html for field in ("reason", "agree"))


@pytest.mark.parametrize("field", ["kind_of_request", "wanted_on", "reason", "name", "number", "agree"])
def test_what_is_missing_is_said_and_the_rest_is_kept(town, field):
    phone = verified(town).go(FORM)
    phone.press("提交申请", **WISH | {field: ""})
    assert phone.status == 422
    assert f'href="#field-{field}"' in phone.html
    kept = "name" if field == "reason" else "reason"
    assert WISH[kept] in phone.html
    assert town.count(SpecialRequest) == 0


def offered(phone):
    return re.findall(r'<option value="(\d{4}-\d\d-\d\d)"', phone.html)


def test_the_form_offers_only_days_that_can_be_had(town):
    with town.parts.database.transaction() as session:
        published = set(session.scalars(select(Slot.on_date).where(Slot.group_id == town.group.id)))
    phone = verified(town).go(FORM)
    assert offered(phone) == sorted(str(day) for day in published)
    last = max(published)
    with town.parts.database.transaction() as session:
        session.query(Number).filter(Number.on_date == last).update({"channel": Channel.DUTY})
    assert offered(phone.go(FORM)) == [str(last)]
    phone.press("提交申请", **WISH | {"wanted_on": str(last + timedelta(days=1))})
    assert (phone.status, f"目前可以预约到 {last}" in phone.words) == (422, True)
    phone.press("提交申请", **WISH | {"wanted_on": str(last)})
    assert one(town, SpecialRequest).wanted_on == last


def test_a_hall_without_days_says_where_to_go(town):
    with town.parts.database.transaction() as session:
        session.query(Slot).update({"counters": 0.0})
    phone = verified(town).go(FORM)
    assert "请直接到大厅现场说明情况" in phone.words
    assert "提交申请" not in phone.words
    phone.tap("看别的大厅")
    assert phone.path.startswith(f"/services/{RENEWAL}/halls")


def test_a_second_open_request_is_refused_in_words(town):
    phone = verified(town).go(FORM)
    phone.press("提交申请", **WISH).go(FORM).press("提交申请", **WISH)
    assert phone.status == 409
    assert "正在等待答复" in phone.words


def test_five_requests_a_day_from_a_phone(town):
    phone = verified(town)
    for _ in range(5):
        phone.go(FORM).press("提交申请", **WISH)
        phone.press("撤回申请")
    assert phone.go(FORM).press("提交申请", **WISH).status == 429


def test_asking_needs_a_verified_phone(town):
    assert town.phone().go(FORM).path.startswith("/verify")
    assert town.phone().go("/my/missed/x").path.startswith("/verify")


def test_an_appeal_is_made_by_the_phone_that_booked_and_answered(town):
    phone = town.phone()
    missed_by(town, phone)
    phone = verified(town)
    assert "有 1 次没有到场" in phone.words
    phone.tap("这次不是我的原因")
    assert phone.press("提交申诉", reason="").status == 422
    phone.press("提交申诉", reason="当天在医院急诊。")
    assert "申诉处理中" in phone.words
    with town.parts.database.transaction() as session:
        asked, who = session.query(Appeal).one(), duty(town, session)
        appeals.decide(session, asked, accepted=True, answer="已核实。", actor=who, now=asked.created_at)
    phone.go("/my")
    assert "申诉已通过" in phone.words
    assert "已核实。" in phone.words
    assert "有 1 次没有到场" not in phone.words


def test_another_phone_neither_sees_nor_appeals_it(town):
    reference = missed_by(town, town.phone())
    other = verified(town, "139 0013 9000")
    assert "没有到场的预约" not in other.words
    there, nowhere = (
        other.go(f"/my/missed/{reference}"),
        verified(town, "137 0013 7000").go("/my/missed/nothing"),
    )
    assert (there.status, there.words) == (nowhere.status, nowhere.words) == (404, there.words)


def test_pages_speak_english(town):
    missed_by(town, town.phone())
    phone = verified(town)
    phone.client.set_cookie("lang", "en")
    pages = [phone.go("/my").words, phone.go(FORM).words, phone.go("/my").tap("It was not my fault").words]
    assert "special care" in pages[1]
    assert "say why you did not come" in pages[2]


def test_no_answer_tells_whether_a_document_has_a_booking(town):
    """The same form, for somebody who is booked and somebody who is not: the same words come back."""
    book(town, town.phone())
    said = []
    for number, own in ((NUMBER, "139 0013 9000"), (sample_resident_id(99), "137 0013 7000")):
        phone = verified(town, own).go(FORM)
        phone.press("提交申请", **WISH | {"number": number})
        said.append((phone.status, phone.words.replace(mask(f"+86{own.replace(' ', '')}"), "")))
    assert said[0] == said[1]
    assert said[0][0] == 200


@pytest.mark.browser
@pytest.mark.parametrize(("care", "least"), [("0", 44), ("1", 60)])
def test_pages_can_be_read_and_pressed_by_everybody(town, address, chromium, care, least):
    reference = missed_by(town, town.phone())
    town.slot("10:00", build.TODAY + timedelta(days=3))
    phone = verified(town).go(FORM)
    phone.press("提交申请", **WISH | {"wanted_on": "2026-03-05"})
    context = chromium.new_context(base_url=address, viewport={"width": 320, "height": 640})
    kept = {"youhao": phone.client.get_cookie("youhao").value, "care": care}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in kept.items()])
    page = context.new_page()
    found = {}
    for name, path in {"special": FORM, "my": "/my", "appeal": f"/my/missed/{reference}"}.items():
        page.goto(path)
        found[name] = violations(page) + complaints(page, least)
        if SHOTS:
            page.set_viewport_size({"width": 390, "height": 844})
            page.screenshot(path=f"{SHOTS}/{name}-{care}.png", full_page=True)
            page.set_viewport_size({"width": 320, "height": 640})
    context.close()
    assert {name: told for name, told in found.items() if told} == {}


DISPUTE = {
    "kind": "resident_id",
    "number": sample_resident_id(7),
    "hall": "city-hall",
    "reason": "身份证丢了，别人拿去预约。",
}
DISPUTED = "/my/document-appeal"


def test_who_cannot_book_because_others_used_the_document_may_appeal(town):
    assert town.phone().go(DISPUTED).path.startswith("/verify")
    phone = verified(town).go("/my").tap("证件被他人使用，要申诉")
    assert phone.path == DISPUTED
    phone.press("提交申诉", **DISPUTE)
    assert "申诉已提交" in phone.words
    assert "申诉处理中" in phone.words
    assert DISPUTE["number"] not in phone.html
    with town.parts.database.transaction() as session:
        asked, who = session.query(DocumentAppeal).one(), duty(town, session)
        decide = {"accepted": True, "answer": "可以重新预约了。", "actor": who, "now": build.at("09:00")}
        document_appeals.decide(session, asked, **decide)
    phone.go("/my")
    assert "申诉已通过" in phone.words
    assert "可以重新预约了。" in phone.words


def test_the_page_reads_the_same_for_a_document_that_is_known_and_one_that_is_not(town):
    book(town, town.phone())
    pages = []
    for number in (NUMBER, sample_resident_id(9)):
        phone = verified(town, f"1370013{len(pages):04d}").go(DISPUTED)
        phone.press("提交申诉", **DISPUTE | {"number": number})
        pages.append((phone.status, phone.path, re.sub(r"[0-9*]+", "", phone.words)))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("field", ["number", "hall", "kind", "reason"])
def test_what_is_missing_in_an_appeal_for_a_document_is_said(town, field):
    phone = verified(town).go(DISPUTED)
    phone.press("提交申诉", **DISPUTE | {field: ""})
    assert phone.status in {404, 422}
    assert f'href="#field-{field}"' in phone.html
    assert town.count(DocumentAppeal) == 0
