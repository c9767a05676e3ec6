"""The account of a phone: saved persons, one's data, being forgotten."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.models import Appointment
from halls.models import Hall
from kernel import clock
from kernel.audit import AuditEntry
from people.models import Citizen, KnownBrowser, SavedPerson
from people.names import NameMissing
from people.sample_ids import sample_resident_id
from people.saved_persons import MOST, RelationUnknown
from tests.conftest import NOW
from tests.people.test_saved_persons import save
from tests.web.citizen.town import NUMBER, PERSON, book, hold_first


def later(town, **delta):
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(**delta), 0.0)


def known(town, phone):
    book(town, phone, save="1", mine="1")
    later(town, minutes=2)
    return phone.go("/my").tap("我的信息")


def test_saved_persons_are_masked_named_and_removed(town, phone):
    known(town, phone)
    assert "欧** · 本人" in phone.words
    assert NUMBER not in phone.html
    assert "欧阳娜娜" not in phone.html
    phone.press("保存关系", relation="spouse")
    assert "欧** · 配偶" in phone.words
    assert phone.press("保存关系", relation="dog").status == 422
    phone.go("/my/account").press("删除 欧**")
    assert "还没有保存办事人" in phone.words
    assert town.count(SavedPerson) == 0
    assert town.count(Appointment) == 1


def test_another_phone_changes_nobodys_persons(town, phone):
    known(town, phone)
    with town.parts.database.transaction() as session:
        reference = session.scalars(select(SavedPerson.reference)).one()
    thief = town.phone()
    book(town, thief, phone="13900139000", number=sample_resident_id(8), save="1")
    token = thief.go("/my/account").form_with("保存关系").fields
    assert thief.client.post(f"/my/persons/{reference}/relation", data=token).status_code == 404
    assert thief.client.post(f"/my/persons/{reference}/remove", data=token).status_code == 303
    assert town.count(SavedPerson) == 2


CHILD = {"name": "欧小宝", "number": sample_resident_id(9), "relation": "child", "agree": "1"}
ADD = "保存这位办事人"


def test_family_is_added_without_a_booking_and_booked_for_by_one_press(town, phone):
    known(town, phone).press(ADD, **CHILD)
    assert phone.path == "/my/account"
    assert "欧** · 子女" in phone.words
    assert CHILD["number"] not in phone.html
    with town.parts.database.transaction() as session:
        done = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("saved_person.%"))
        ).all()
        assert done == ["saved_person.save"] * 2
        assert len(session.scalars(select(Citizen.id)).all()) == 1  # who is only kept is none
    hold_first(phone, "passport", answers="")
    phone.press("欧** · 子女")
    assert phone.path == "/booking/check"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": ""}, NameMissing.zh),
        ({"number": ""}, "请填写证件号码。"),
        ({"number": CHILD["number"][:-1] + "?"}, "证件号码"),
        ({"kind": "library_card"}, "证件类型"),
        ({"relation": "dog"}, RelationUnknown.zh),
        ({"agree": ""}, "请勾选同意，我们才能保存。"),
    ],
)
def test_who_is_added_is_judged_as_who_is_booked_for(town, phone, typed, told):
    known(town, phone).press(ADD, **(CHILD | typed))
    assert phone.status == 422
    assert "请先改正下面的内容" in phone.words
    assert told in phone.words
    assert phone.form_with(ADD).fields["name"] == (CHILD | typed)["name"]  # nothing typed is lost
    assert town.count(SavedPerson) == 1


def test_more_than_a_family_is_not_offered_and_not_taken(town, phone):
    known(town, phone)
    form = phone.form_with(ADD).fields
    with town.parts.database.transaction() as session:
        for seed in range(20, 19 + MOST):
            save(session, seed)
    assert phone.client.post("/my/persons", data=form | CHILD).status_code == 409
    assert town.count(SavedPerson) == MOST
    assert f"最多保存 {MOST} 位" in phone.go("/my/account").words
    assert ADD not in phone.words


def test_nobody_is_added_without_a_verified_phone(town, phone):
    form = known(town, phone).form_with(ADD).fields
    phone.client.delete_cookie("mine")
    later(town, minutes=45)
    assert phone.go("/my/account").path.startswith("/verify")
    phone.client.post("/my/persons", data=form | CHILD)
    assert town.count(SavedPerson) == 1


def test_every_browser_can_be_withdrawn_at_once(town, phone):
    known(town, phone)
    assert "现在有 1 台" in phone.words
    phone.press("全部取消")
    assert town.count(KnownBrowser) == 0


def test_ones_data_is_shown_in_full_only_after_a_fresh_code(town, phone):
    known(town, phone)
    later(town, minutes=45)
    assert "查看和下载" in phone.go("/my/account").words  # the known browser is enough for this
    phone.tap("查看和下载我的数据")
    assert phone.path.startswith("/verify")
    assert phone.client.get("/my/data.json").status_code == 302
    phone.press("获取验证码", phone=PERSON["phone"])
    phone.press("下一步", code=town.newest_code())
    assert phone.path == "/my/data"
    assert "欧阳娜娜" in phone.words
    assert NUMBER in phone.words
    phone.tap("下载文件")
    assert phone.answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(phone.answer.text)
    assert data["persons"][0]["name"] == "欧阳娜娜"
    assert data["appointments"][0]["hall"] == "云州市政务服务大厅"
    assert phone.answer.headers["Cache-Control"] == "no-store"


def test_being_forgotten_takes_a_code_of_this_moment_and_says_what_is_open(town, phone):
    known(town, phone).tap("删除我的信息")
    assert "不能恢复" in phone.words
    phone.press("获取验证码")
    code = town.newest_code()
    assert phone.press("删除我的信息", code=code).status == 422  # not sure
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    assert "验证码不正确" in phone.press("删除我的信息", code=wrong, sure="1", cancel="1").words
    phone.press("删除我的信息", code=code, sure="1", cancel="")  # ticked before: the ticks stay
    assert phone.status == 409
    assert '<a href="#field-cancel">这个手机号还有 1 个没有结束的预约' in phone.html
    phone.press(
        "删除我的信息", cancel="1"
    )  # the code is good once, was not looked at, and still stands there
    assert "已删除" in phone.words
    assert phone.path == "/"
    with town.parts.database.transaction() as session:
        citizen = session.scalars(select(Citizen)).one()
        assert (citizen.name_sealed, citizen.number_sealed, citizen.phone_index) == (None, None, None)
        assert session.scalars(select(Appointment.state)).one() == "cancelled"
    assert town.count(SavedPerson) == town.count(KnownBrowser) == 0
    assert phone.go("/my").path.startswith("/verify")


def test_boxes_left_empty_are_said_together_and_cost_neither_code_nor_tick(town, phone):
    book(town, phone)
    later(town, minutes=2)
    phone.go("/my/forget").press("获取验证码")
    right = town.newest_code()
    phone.press("删除我的信息", code=right)
    assert phone.status == 422
    assert all(f'href="#field-{box}"' in phone.html for box in ("cancel", "sure"))
    phone.press("删除我的信息", cancel="1")
    assert phone.status == 422
    assert 'href="#field-cancel"' not in phone.html
    phone.press("删除我的信息", sure="1")  # code and the other tick as they were sent
    assert (phone.path, town.appointment().state) == ("/", "cancelled")


def test_the_page_of_a_forgotten_booking_names_nobody(town, phone):
    reference = book(town, phone)
    later(town, minutes=2)
    phone.go("/my/forget").press("获取验证码")
    phone.press("删除我的信息", code=town.newest_code(), sure="1", cancel="1")
    assert phone.go(f"/b/{reference}").status == 200
    assert "姓名已按要求删除" in phone.words
    assert "到窗口领取" not in phone.words
    assert "欧" not in phone.words


def test_a_spent_budget_of_the_hall_shows_the_way_without_a_phone(town, phone):
    with town.parts.database.transaction() as session:
        hall = session.get_one(Hall, town.hall.id)
        hall.policy = {"phone_codes": {"per_hour": 1, "per_day": 1}}
    book(town, phone)
    other = town.phone()
    hold_first(other)
    other.press("获取验证码", **(PERSON | {"phone": "13900139000"}))
    assert other.status == 429
    assert "现场取号" in other.words
