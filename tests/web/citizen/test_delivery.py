"""Choosing the post while booking and afterwards: only the phone that booked may change it."""

from datetime import timedelta

from sqlalchemy import update

from booking.delivery import delivery_of
from catalog.models import Service
from kernel import clock
from people.sample_ids import sample_resident_id
from tests.conftest import NOW
from tests.web.citizen.town import book, hold_first, identify

HOME = {"receiver": "王小明", "phone": "13800138000", "address": "云州市安民路 8 号 201", "postcode": ""}


def by_post(town, *, allowed=True):
    with town.parts.database.transaction() as session:
        session.execute(update(Service).values(by_post=allowed))


def address(town):
    found = delivery_of(town.appointment())
    return found.address if found else None


def test_the_result_is_posted_where_the_citizen_wants(town, phone):
    by_post(town)
    hold_first(phone)
    identify(town, phone)
    assert "到窗口领取" in phone.words
    phone.tap("改为邮寄到家")
    assert phone.press("邮寄到这个地址", **(HOME | {"address": "家"})).status == 422
    assert "完整的收件地址" in phone.words
    phone.press("邮寄到这个地址", **HOME)
    assert phone.path == "/booking/check"
    assert HOME["address"] in phone.words
    phone.press("确认预约")
    assert address(town) == HOME["address"]
    assert "邮寄到家" in phone.words
    assert HOME["address"] not in phone.html  # the page of a booking is shown to whoever has its address


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_lost(town, phone):
    by_post(town)
    reference = book(town, phone)
    phone.go(f"/b/{reference}/delivery")
    wrong = {"receiver": "", "phone": "123", "address": "家", "postcode": "12"}
    assert phone.press("邮寄到这个地址", **wrong).status == 422
    for field, typed in wrong.items():
        assert f'href="#field-{field}"' in phone.html
        assert phone.form_with("邮寄到这个地址").fields[field] == typed
    phone.press("邮寄到这个地址", **HOME)
    assert phone.go(f"/b/{reference}/delivery").form_with("邮寄到这个地址").fields["phone"] == HOME["phone"]


def test_nothing_is_asked_where_nothing_can_be_posted(town, phone):
    by_post(town, allowed=False)
    hold_first(phone)
    identify(town, phone)
    assert "邮寄" not in phone.words
    assert phone.go("/booking/delivery").path == "/booking/check"
    fields = phone.form_with("确认预约").fields
    phone.client.post("/booking/delivery", data=fields | HOME)
    phone.go("/booking/check").press("确认预约")
    assert address(town) is None


def test_it_is_changed_until_check_in_by_the_phone_that_booked(town, phone):
    by_post(town)
    reference = book(town, phone)
    phone.tap("改为邮寄到家").press("邮寄到这个地址", **HOME)
    assert "结果邮寄给您" in phone.words
    assert address(town) == HOME["address"]
    phone.go(f"/b/{reference}/delivery").press("不邮寄")
    assert address(town) is None


def test_nobody_else_can_have_it_sent_elsewhere(town, phone):
    by_post(town)
    reference = book(town, phone, mine="1")
    stranger = town.phone()
    assert stranger.go(f"/b/{reference}/delivery").path.startswith("/verify")
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(minutes=2), 0.0)
    book(town, stranger, phone="13900139000", number=sample_resident_id(9))
    assert stranger.go(f"/b/{reference}/delivery").status == 404
    assert stranger.client.post(f"/b/{reference}/delivery", data=HOME).status_code in {400, 404}
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(hours=1), 0.0)
    assert phone.go(f"/b/{reference}/delivery").path.startswith("/verify")  # a known browser is not enough
