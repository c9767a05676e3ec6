"""A browser that lost the cookie of its device holds for a short time, until its phone stands for it."""

from datetime import timedelta

from sqlalchemy import select

from booking.models import Draft, Number
from tests.conftest import NOW
from tests.web.citizen.town import PERSON, book, hold_first, identify
from web.device import COOKIE


def minutes(town) -> set[float]:
    """For how long the newest hold keeps its numbers and its form."""
    with town.parts.database.transaction() as session:
        draft = session.scalars(select(Draft).order_by(Draft.id.desc()).limit(1)).one()
        numbers = session.scalars(select(Number).where(Number.hold_token == draft.token_hash)).all()
        return {(each.held_until - NOW) / timedelta(minutes=1) for each in (draft, *numbers)}


def forgetful(town):
    """A browser that shows no cookie of ours when it holds."""
    phone = town.phone()
    phone.client.get("/")
    go = phone.go

    def go_and_forget(path):
        found = go(path)
        phone.client.delete_cookie(COOKIE)
        return found

    phone.go = go_and_forget
    return phone


def test_a_browser_with_its_cookie_holds_for_ten_minutes(town, phone):
    hold_first(phone)
    assert minutes(town) == {10}


def test_without_it_for_three_and_for_ten_once_the_phone_is_verified(town):
    phone = hold_first(forgetful(town))
    assert minutes(town) == {3}
    phone.press("获取验证码", **PERSON)
    wrong = PERSON | {"number": "", "code": "000000"}
    phone.press("下一步", **wrong)
    assert minutes(town) == {3}
    phone.press("下一步", **(wrong | {"code": town.newest_code()}))
    assert phone.path == "/booking/check"
    assert minutes(town) == {10}


def test_it_books_as_every_other(town):
    assert book(town, forgetful(town))


def test_many_holds_of_one_phone_stay_short_and_go_on(town):
    """The limit of the phone ends nothing: it only makes no more of them longer."""
    phone = hold_first(forgetful(town))
    with town.app.test_request_context("/"):
        from web import limits  # noqa: PLC0415  # beside its use

        for _ in range(10):
            with town.parts.database.transaction() as session:
                limits.limit_keep(session, "+8613800138000")
    identify(town, phone)
    assert phone.path == "/booking/check"
    assert minutes(town) == {3}
