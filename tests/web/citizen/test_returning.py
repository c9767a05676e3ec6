"""Somebody who was here before: known phone, kept family, what was left in the middle."""

from datetime import timedelta

from sqlalchemy import select

from booking.models import Appointment, Draft, Number
from kernel import clock
from people.models import KnownBrowser, SavedPerson
from people.sample_ids import sample_resident_id
from tests import build
from tests.conftest import NOW
from tests.people.test_saved_persons import save
from tests.web.citizen.town import NUMBER, PERSON, RENEWAL, TUESDAY, book, hold_first, identify


def later(town, **delta):
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(**delta), 0.0)


def book_and_keep(town, phone):
    """The first visit, with both ticks."""
    return book(town, phone, save="1", mine="1")


def test_a_returning_citizen_types_nothing(town, phone):
    book_and_keep(town, phone)
    later(town, hours=3)
    hold_first(phone.go("/"), "passport", answers="")
    assert "欧** · 本人" in phone.words
    assert "欧阳娜娜" not in phone.words
    assert NUMBER not in phone.html
    phone.press("欧** · 本人")
    assert phone.path == "/booking/check"
    assert "欧**" in phone.words
    assert "欧阳娜娜" not in phone.words
    phone.press("确认预约")
    assert phone.status == 409  # one open appointment per line and day: the same line on the same Tuesday
    assert town.count(SavedPerson) == 1


def test_nobody_is_kept_and_no_browser_known_without_the_ticks(town, phone):
    book(town, phone)
    assert town.count(SavedPerson) == 0
    assert town.count(KnownBrowser) == 0
    later(town, minutes=31)
    hold_first(phone)
    assert "已验证" not in phone.words


def test_another_browser_must_verify_the_phone_before_it_sees_the_family(town, phone):
    book_and_keep(town, phone)
    later(town, minutes=2)
    stranger = town.phone()
    hold_first(stranger)
    assert "欧*" not in stranger.words
    stranger.press("获取验证码", phone=PERSON["phone"])
    stranger.press("下一步", code=town.newest_code())
    assert stranger.path == "/booking/who"
    assert "欧** · 本人" in stranger.words


def test_the_family_of_another_phone_cannot_be_chosen(town, phone):
    book_and_keep(town, phone)
    with town.parts.database.transaction() as session:
        reference = session.scalars(select(SavedPerson.reference)).one()
    later(town, minutes=2)
    thief = town.phone()
    book(town, thief, phone="13900139000", number=sample_resident_id(8), save="1")
    hold_first(thief, "passport", answers="")
    form = thief.form_with("本人")
    thief._take(
        thief.client.post("/booking/person", data=form.fields | {"person": reference}), "/booking/person"
    )
    assert thief.status == 404
    with town.parts.database.transaction() as session:
        draft = session.scalars(select(Draft).order_by(Draft.id.desc())).first()
        assert draft.form_sealed is None


def test_a_kept_name_stays_hidden_and_goes_with_its_number(town, phone):
    book_and_keep(town, phone)
    later(town, hours=1)
    hold_first(phone, "passport", answers="").press("欧** · 本人")
    phone.go("/booking/who")
    assert "欧阳娜娜" not in phone.html
    phone.press("下一步", number=sample_resident_id(9))
    assert phone.status == 422
    assert "欧阳娜娜" not in phone.html
    phone.press("下一步", name="王小明")
    assert phone.path == "/booking/check"
    assert "王小明" in phone.words


def test_leaving_withdraws_the_browser(town, phone):
    book_and_keep(town, phone)
    copied = phone.client.get_cookie("mine").value
    later(town, hours=1)
    assert phone.go("/my").path == "/my"
    phone.press("退出")
    assert town.count(KnownBrowser) == 0
    other = town.phone()
    other.client.set_cookie("mine", copied)
    assert other.go("/my").path.startswith("/verify")


def test_another_phone_number_withdraws_the_browser_too(town, phone):
    book_and_keep(town, phone)
    later(town, hours=1)
    hold_first(phone, "passport", answers="").press("换一个手机号")
    assert town.count(KnownBrowser) == 0
    assert "欧** · 本人" not in phone.words


def test_home_offers_what_was_booked_before_in_one_tap(town, phone):
    book_and_keep(town, phone)
    later(town, hours=1)
    assert "再约一次" in phone.go("/").words
    phone.tap("居民身份证补领")
    assert phone.path.startswith(f"/services/{RENEWAL}/halls/city-hall?a=")
    assert "下一步" in phone.words
    phone.go("/services/passport").tap("去上次的大厅")
    assert phone.path.startswith("/services/passport/halls/city-hall")
    assert "再约一次" not in town.phone().go("/").words


def test_a_booking_left_in_the_middle_is_offered_on_the_home_page(town, phone):
    hold_first(phone)
    phone.press("下一步", name="欧阳娜娜")
    phone.go("/")
    assert "继续上次的预约" in phone.words
    phone.tap("接着填")
    assert phone.form_with("下一步").fields["name"] == "欧阳娜娜"
    assert "继续上次的预约" not in town.phone().go("/").words


def test_it_survives_a_window_that_was_closed(town, phone):
    hold_first(phone)
    phone.press("下一步", name="欧阳娜娜")
    phone.client.delete_cookie("youhao")  # the cookie of a session dies with its window
    assert phone.go("/booking/who").form_with("下一步").fields["name"] == "欧阳娜娜"


def test_what_is_finished_dropped_or_over_is_not_offered(town, phone):
    hold_first(phone)
    phone.go("/").press("不要了")
    assert "继续上次的预约" not in phone.words
    with town.parts.database.transaction() as session:
        assert session.scalars(select(Number.hold_token).where(Number.hold_token.is_not(None))).all() == []
    book(town, phone)
    assert "继续上次的预约" not in phone.go("/").words
    other = town.phone()
    hold_first(other)
    later(town, hours=25)
    assert "继续上次的预约" not in other.go("/").words


def test_what_is_typed_is_kept_without_a_press(town, phone):
    hold_first(phone)
    fields = phone.form_with("下一步").fields
    answer = phone.client.post(
        "/booking/who/draft", data=fields | {"name": "欧阳", "number": NUMBER, "code": "123456", "seq": "1"}
    )
    assert answer.status_code == 204
    phone.go("/booking/who")
    assert phone.form_with("下一步").fields["name"] == "欧阳"
    assert NUMBER not in phone.html
    assert town.phone().client.post("/booking/who/draft", data=fields).status_code in {400, 404}


def test_savings_that_overtake_each_other_lose_nothing(town, phone):
    hold_first(phone)
    fields = phone.form_with("下一步").fields

    def saved(name, seq):
        answer = phone.client.post("/booking/who/draft", data=fields | {"name": name, "seq": str(seq)})
        assert answer.status_code == 204
        return phone.go("/booking/who").form_with("下一步").fields["name"]

    assert saved("欧阳娜", 5) == "欧阳娜"
    assert saved("欧", 4) == "欧阳娜"
    phone.press("下一步", name="欧阳娜娜")
    assert saved("欧阳", 9) == "欧阳娜娜"  # sent before the press, arrived after it
    fields = phone.form_with("下一步").fields
    assert saved("王小明", int(fields["seq"]) + 1) == "王小明"


def test_a_late_save_puts_nothing_back_after_the_booking(town, phone):
    hold_first(phone)
    fields = phone.form_with("下一步").fields
    identify(town, phone).press("确认预约")
    assert (
        phone.client.post("/booking/who/draft", data=fields | {"name": "欧阳", "seq": "7"}).status_code == 204
    )
    with town.parts.database.transaction() as session:
        assert session.scalars(select(Draft.form_sealed)).all() == [None]


def test_more_than_a_family_is_told_and_the_booking_stands(town, phone):
    for seed in range(8):
        with town.parts.database.transaction() as session:
            save(session, 20 + seed)
    book_and_keep(town, phone)
    assert "最多保存 8 位" in phone.words
    assert town.count(Appointment) == 1
    assert town.appointment().starts_at == build.at("09:00", TUESDAY)
