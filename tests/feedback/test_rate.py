import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from feedback import doctor, queries
from feedback.ask import ask
from feedback.cases import open_case
from feedback.grades import ANSWERABLE, GRADES, is_bad
from feedback.models import FollowUpCase, Rating, Survey
from feedback.rate import AlreadyRated, RatingInvalid, ReplyOutcome, SurveyOver, rate, rate_by_reply
from kernel.audit import AuditEntry
from kernel.crypto import cipher
from kernel.outbox import OutboxEvent
from notifications.models import Message
from tests.build import TODAY, make_group, make_hall, make_ticket
from tests.conftest import NOW

PHONE = "+8613800138000"
INDEX_PURPOSE = "phone"


def make_survey(session, *, phone=PHONE, asked_at=NOW):
    keys = cipher()
    sealed = {}
    if phone:
        sealed = {
            "phone_sealed": keys.encrypt(phone, "ticket.phone"),
            "phone_index": keys.blind_index(phone, "phone"),
        }
    group = make_group(session, make_hall(session))
    ticket = make_ticket(session, group, state="completed", **sealed)
    ask(session, {"ticket_id": ticket.id}, now=asked_at)
    return queries.find_survey_of_ticket(session, ticket.id)


def phone_index():
    return cipher().blind_index(PHONE, INDEX_PURPOSE)


def test_one_visit_has_one_rating_which_nobody_changes(session):
    survey = make_survey(session)
    rate(session, survey, grade=5, via="page", now=NOW)
    with pytest.raises(AlreadyRated):
        rate(session, survey, grade=1, via="page", now=NOW)
    assert queries.find_rating(session, survey).grade == 5


def test_twenty_answers_at_once_leave_one(database):
    with database.transaction() as session:
        survey = make_survey(session)
    barrier, outcomes = threading.Barrier(20), []

    def answer(grade):
        barrier.wait()
        try:
            with database.transaction() as session:
                rate(session, survey, grade=grade, via="page", now=NOW)
                outcomes.append("kept")
        except AlreadyRated:
            outcomes.append("refused")

    threads = [threading.Thread(target=answer, args=(number % 5 + 1,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("kept") == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count(Rating.id))) == 1


@pytest.mark.parametrize(
    "answer",
    [{"grade": 0}, {"grade": 6}, {"grade": 1, "reasons": ["nonsense"]}, {"grade": 5, "comment": "好" * 501}],
)
def test_refuses_what_is_no_answer(session, answer):
    with pytest.raises(RatingInvalid):
        rate(session, make_survey(session), via="page", now=NOW, **answer)


def test_refuses_an_answer_after_the_time_for_it(session):
    with pytest.raises(SurveyOver):
        rate(session, make_survey(session), grade=5, via="page", now=NOW + ANSWERABLE)


def test_a_comment_is_sealed_and_the_audit_does_not_hold_the_grade(session):
    survey = make_survey(session)
    rating = rate(session, survey, grade=2, reasons=["attitude"], comment=" 等太久 ", via="page", now=NOW)
    assert queries.comment_of(rating) == "等太久"
    assert "等太久" not in session.execute(text("SELECT rating::text FROM rating")).scalar_one()
    assert session.scalar(select(AuditEntry.details).where(AuditEntry.action == "rate")) == {"via": "page"}


def test_who_has_rated_is_not_asked_by_sms_any_more(session):
    survey = make_survey(session)
    rate(session, survey, grade=4, via="qr", now=NOW)
    assert session.scalar(select(Message.state).where(Message.template == "survey")) == "cancelled"


def test_a_digit_rates_the_newest_visit_first_and_then_the_one_before(session):
    older = make_survey(session, asked_at=NOW - timedelta(hours=2))
    newer = make_survey(session)
    assert rate_by_reply(session, phone_index(), 5, now=NOW) is ReplyOutcome.RATED
    assert queries.find_rating(session, newer).grade == 5
    assert queries.find_rating(session, older) is None
    assert rate_by_reply(session, phone_index(), 3, now=NOW) is ReplyOutcome.RATED
    assert rate_by_reply(session, phone_index(), 1, now=NOW) is ReplyOutcome.ALREADY_RATED
    assert queries.find_rating(session, older).grade == 3


def test_a_digit_from_a_phone_that_was_not_asked_rates_nothing(session):
    make_survey(session, phone=None)
    assert rate_by_reply(session, phone_index(), 5, now=NOW) is ReplyOutcome.NOTHING_TO_RATE


def test_a_digit_days_later_rates_nothing(session):
    make_survey(session)
    assert rate_by_reply(session, phone_index(), 5, now=NOW + ANSWERABLE) is ReplyOutcome.NOTHING_TO_RATE


@pytest.mark.parametrize("grade", GRADES)
def test_only_bad_grades_open_a_case_and_only_one(session, grade):
    rating = rate(session, make_survey(session), grade=grade, via="page", now=NOW)
    for _ in range(2):
        open_case(session, {"rating_id": rating.id}, now=NOW)
    assert session.scalar(select(func.count(FollowUpCase.id))) == int(is_bad(grade))


def test_the_days_of_a_case_are_working_days(session):
    """2026-03-06 is a Friday: contact by Monday, rectify within five working days."""
    friday = NOW + timedelta(days=4)
    rating = rate(session, make_survey(session), grade=1, via="page", now=friday)
    open_case(session, {"rating_id": rating.id}, now=friday)
    (case,) = queries.list_open_cases(session)
    assert (case.contact_due_on - TODAY).days == 7
    assert (case.rectify_due_on - TODAY).days == 11


def test_unrated_is_never_counted_as_good(session):
    survey = make_survey(session)
    counts = queries.count_ratings(session, survey.hall_id, first_on=TODAY, last_on=TODAY)
    assert (counts.asked, counts.rated) == (1, 0)
    assert counts.by_grade == {5: 0, 4: 0, 3: 0, 2: 0, 1: 0}


def test_an_unknown_reference_is_said_to_be_unknown(session):
    with pytest.raises(queries.SurveyUnknown):
        queries.get_survey(session, "nobody")


def test_a_rating_is_told_once(session):
    rate(session, make_survey(session), grade=5, via="page", now=NOW)
    assert session.scalars(select(OutboxEvent.name)).all() == ["RatingGiven"]


def test_the_doctor_misses_surveys_and_cases(session):
    survey = make_survey(session)
    rating = rate(session, survey, grade=1, via="page", now=NOW)
    assert [found.rule for found in doctor.check(session)] == ["bad_rating_without_case"]
    open_case(session, {"rating_id": rating.id}, now=NOW)
    assert doctor.check(session) == []
    make_ticket(session, make_group(session, make_hall(session)), state="completed")
    session.execute(update(Survey).values(ticket_id=999_999))
    rules = {found.rule for found in doctor.check(session)}
    assert rules == {"visit_not_asked", "survey_without_visit"}
