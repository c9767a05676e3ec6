"""免交 where the register has the licence: for who has come before with this phone, and for nobody else."""

from datetime import timedelta

import pytest

from booking.models import Appointment
from booking.tables import import_table
from kernel import clock
from kernel.actor import SYSTEM
from people.models import Licence
from queueing.tables import KINDS
from tests.conftest import NOW
from tests.web.citizen.town import LOST, NUMBER, RENEWAL, book, hold_first, identify

SURE = "免交（系统已有，长期有效）"
PERHAPS = "如有电子证照可免交"
CHECKLIST = f"/services/{RENEWAL}/guide?a={LOST}"


@pytest.fixture
def held(town):
    cells = [["identity_number", "licence", "active"], [NUMBER, "household-register", "yes"]]
    with town.parts.database.transaction() as session:
        import_table(session, KINDS["licences"], cells, actor=SYSTEM, now=NOW)
    return town


def serve(town):
    """An officer has served the first booking."""
    with town.parts.database.transaction() as session:
        row = session.query(Appointment).order_by(Appointment.id).first()
        row.state, row.fulfilled_at = "fulfilled", NOW
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(minutes=2), 0.0)


def words_of_check(town, browser, **changes):
    hold_first(browser)
    identify(town, browser, **changes)
    assert browser.path == "/booking/check"
    return browser.words


def test_who_was_here_before_reads_what_they_need_not_bring(held, phone):
    assert PERHAPS in phone.go(CHECKLIST).words
    book(held, phone)
    serve(held)
    assert SURE in phone.go(CHECKLIST).words
    assert SURE in phone.go(f"/visit?s={RENEWAL}&a={LOST}").words
    hold_first(phone)
    phone.press("下一步", name="欧阳娜娜", number=NUMBER, agree="1")
    assert phone.path == "/booking/check"
    assert SURE in phone.words
    phone.press("确认预约")
    assert SURE in phone.words
    later = phone.path
    assert "居民户口簿（免交，系统已有）" in phone.go(f"{later}/slip").words
    assert "系统已有" not in held.phone().go(f"{later}/slip").words
    assert "系统已有" not in phone.go(f"{later}.ics").html
    assert SURE not in held.phone().go(later).words  # the link alone tells nothing
    assert PERHAPS in held.phone().go(later).words


def test_a_typed_number_tells_nothing_before_its_owner_was_served(held, phone):
    words = words_of_check(held, phone)
    assert SURE not in words
    assert PERHAPS in words
    phone.press("确认预约")
    assert SURE not in phone.words


def test_a_stranger_with_the_number_learns_nothing(held, phone):
    book(held, phone)
    serve(held)
    stranger = held.phone()
    words = words_of_check(held, stranger, phone="13900139000")
    assert SURE not in words
    stranger.press("确认预约")
    assert SURE not in stranger.words
    assert SURE not in stranger.go(CHECKLIST).words
    assert "household-register" not in stranger.go("/my/data").html


def test_ones_data_names_the_licences_and_being_forgotten_takes_them_out(held, phone):
    book(held, phone)
    serve(held)
    assert "居民户口簿" in phone.go("/my/data").words
    phone.go("/my/forget").press("获取验证码")
    phone.press("删除我的信息", code=held.newest_code(), sure="1", cancel="1")
    assert held.count(Licence) == 0
