from feedback.models import Rating
from feedback.queries import comment_of
from tests import build


def ratings(town) -> list[Rating]:
    with town.parts.database.transaction() as session:
        return session.query(Rating).all()


def test_a_visit_is_rated_by_one_of_five_grades_in_words(town, phone, survey):
    phone.go(f"/r/{survey.reference}")
    assert phone.form_with("提交评价").offered["grade"] == ["5", "4", "3", "2", "1"]
    phone.press("提交评价", grade="4")
    assert "谢谢您的评价" in phone.words
    assert "您的评价：满意" in phone.words
    (given,) = ratings(town)
    assert (given.grade, given.via) == (4, "qr")


def test_a_bad_grade_keeps_reasons_words_and_the_wish_not_to_be_called_by_the_handler(town, phone, survey):
    phone.go(f"/r/{survey.reference}")
    phone.press("提交评价", grade="1", reasons="waited_long", comment="等了一小时", not_handler="1")
    (given,) = ratings(town)
    assert given.reasons == ["waited_long"]
    assert comment_of(given) == "等了一小时"
    assert given.contact_by_handler is False
    assert "等了一小时" not in phone.html


def test_a_visit_is_rated_once(town, phone, survey):
    phone.go(f"/r/{survey.reference}").press("提交评价", grade="5")
    other = town.phone().go(f"/r/{survey.reference}")
    assert "您的评价：非常满意" in other.words
    form = phone.client.get(f"/r/{survey.reference}")
    assert "提交评价" not in form.text
    assert len(ratings(town)) == 1


def test_two_presses_of_one_page_rate_once(town, phone, survey):
    first, second = town.phone(), town.phone()
    first.go(f"/r/{survey.reference}")
    second.go(f"/r/{survey.reference}")
    first.press("提交评价", grade="5")
    second.press("提交评价", grade="1")
    assert "您的评价：非常满意" in second.words
    assert [given.grade for given in ratings(town)] == [5]


def test_a_rating_without_a_grade_keeps_what_was_written(town, phone, survey):
    for grade in ["", "0", "6", "五", "4.5"]:
        phone.go(f"/r/{survey.reference}")
        phone.press("提交评价", grade=grade, comment="<b>很好</b>")
        assert phone.status == 422
        assert "请选择一个评价" in phone.words
        assert phone.form_with("提交评价").fields["comment"] == "<b>很好</b>"
    assert ratings(town) == []


def test_a_comment_that_is_too_long_is_kept_and_said(town, phone, survey):
    phone.go(f"/r/{survey.reference}").press("提交评价", grade="3", comment="好" * 501)
    assert phone.status == 422
    assert "不超过 500 字" in phone.words
    assert phone.form_with("提交评价").fields["comment"] == "好" * 501


def test_after_a_week_it_is_over(town, phone, survey):
    town.at("08:31", build.date(2026, 3, 9))
    phone.go(f"/r/{survey.reference}")
    assert phone.status == 410
    assert "评价时间已过" in phone.words
    assert ratings(town) == []


def test_it_is_asked_in_english(town, survey):
    phone = town.phone("en").go(f"/r/{survey.reference}")
    assert "Very dissatisfied" in phone.words
