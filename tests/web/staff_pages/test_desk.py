"""The follow-up desk: what is due first stands first, whom to call and no more, and one answer."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from feedback.case_figures import CaseFigures, count_cases
from feedback.cases import open_case
from feedback.handle import CaseClosed, close_case, get_case, note_contact
from feedback.models import FollowUpCase, Rating, Survey
from halls.workdays import Calendar, add_working_days
from kernel import clock, ids
from kernel.audit import AuditEntry
from kernel.crypto import cipher
from people.staff import actor_of
from tests import build
from tests.queueing.test_races import at_once
from tests.web.hall_faces import set_clock, token

PHONE = "+8613900139000"


def make_case(faces, ordinal=1, *, grade=1, days_ago=0, phone=PHONE, counter=0):
    """A completed visit of that day that was rated badly."""
    with faces.parts.database.transaction() as session:
        on = build.TODAY - timedelta(days=days_ago)
        at = build.at("09:30", on)
        sealed = cipher().encrypt(phone, "ticket.phone") if phone else None
        index = cipher().blind_index(phone, "phone") if phone else None
        ticket = build.make_ticket(
            session, faces.a, ordinal, state="completed", phone_sealed=sealed, phone_index=index, on_date=on
        )
        survey = Survey(
            reference=ids.new_reference(),
            ticket_id=ticket.id,
            hall_id=faces.hall.id,
            group_id=faces.a.id,
            counter_id=faces.counters[counter].id,
            service_ids=[faces.renewal.id],
            phone_index=index,
            channel="sms" if phone else "qr",
            visit_on=on,
            asked_at=at,
            expires_at=at + timedelta(days=7),
        )
        session.add(survey)
        session.flush()
        comment = cipher().encrypt("排了两小时", "rating.comment")
        rating = Rating(
            survey_id=survey.id,
            hall_id=faces.hall.id,
            grade=grade,
            reasons=["waited_long"],
            comment_sealed=comment,
            via="page",
            answered_at=at,
        )
        session.add(rating)
        session.flush()
        open_case(session, {"rating_id": rating.id}, now=at)
        return session.scalars(select(FollowUpCase).where(FollowUpCase.rating_id == rating.id)).one()


def address(case):
    return f"/desk/yunzhou/cases/{case.reference}"


def send(client, case, **form):
    page = client.get(address(case)).text
    return client.post(address(case), data={"csrf_token": token(page), **form})


@pytest.fixture
def clerk(faces):
    return faces.officer(roles=("desk",))


def test_the_first_due_stands_first_and_the_overdue_in_red(faces, clerk):
    fresh, old = make_case(faces, 1), make_case(faces, 2, grade=2, days_ago=4)
    page = clerk.get("/desk/").text
    assert page.index(old.reference) < page.index(fresh.reference)
    assert "有 1 件已经超期" in page
    assert PHONE not in page
    assert "排了两小时" not in page


def test_the_case_names_what_was_said_and_whom_to_call(faces, clerk):
    page = clerk.get(address(make_case(faces))).text
    for told in ("排了两小时", "等候时间长", PHONE, "1 号窗口", "居民身份证补换领"):
        assert told in page


def test_is_closed_only_after_its_owner_was_reached_and_once(faces, clerk):
    case = make_case(faces)
    answer = {"do": "close", "outcome": "rectified", "note": "已致歉并补办"}
    assert send(clerk, case, **answer).status_code == 409
    assert send(clerk, case, do="reached").status_code == 303
    assert faces.read(FollowUpCase, case.id).state == "contacted"
    assert send(clerk, case, **answer | {"note": ""}).status_code == 422
    assert send(clerk, case, **answer | {"outcome": "paid"}).status_code == 422
    assert send(clerk, case, **answer).status_code == 303
    assert send(clerk, case, **answer).status_code == 409
    page = clerk.get(address(case)).text
    assert "已致歉并补办" in page
    assert "已整改" in page
    assert PHONE not in page  # nobody is called any more
    with faces.parts.database.transaction() as session:
        of_cases = select(AuditEntry.action).where(AuditEntry.subject_kind == "case")
        told = session.scalars(of_cases.order_by(AuditEntry.id))
        assert list(told) == ["open_case", "person.view", "case.contact", "case.close"]
        assert "已致歉" not in str(session.scalars(select(AuditEntry.details)).all())


def test_who_cannot_be_reached_is_tried_on_three_days(faces, clerk):
    case = make_case(faces)
    given_up = {"do": "close", "outcome": "unreachable", "note": "三次没有接通"}
    for day in range(3):
        set_clock(faces.parts, build.at("10:00") + timedelta(days=day))
        send(clerk, case, do="missed")
        send(clerk, case, do="missed")  # twice a day is one try
        if day < 2:
            assert send(clerk, case, **given_up).status_code == 409
    assert send(clerk, case, **given_up).status_code == 303


def test_who_left_no_phone_is_answered_on_the_facts(faces, clerk):
    case = make_case(faces, phone="")
    page = clerk.get(address(case)).text
    assert "没有留电话" in page
    assert "联系到了" not in page
    assert send(clerk, case, do="close", outcome="explained", note="已核实").status_code == 303


def extend(client, case, reason="other_office"):
    return send(client, case, do="extend", reason=reason)


def test_who_is_responsible_gives_an_answer_more_time_once_and_for_a_reason(faces, clerk):
    case, manager = make_case(faces), faces.officer(roles=("manager",))
    assert "延期原因" not in manager.get(address(case)).text
    assert extend(manager, case).status_code == 409  # nobody has called yet
    send(clerk, case, do="reached")
    assert "延期原因" not in clerk.get(address(case)).text
    assert extend(clerk, case).status_code == 403
    assert extend(manager, case, "no time").status_code == 422
    assert extend(manager, case).status_code == 303
    assert faces.read(FollowUpCase, case.id).rectify_due_on == add_working_days(build.TODAY, 15, Calendar())
    assert extend(manager, case).status_code == 409
    page = clerk.get(address(case)).text
    assert "已延期：需要其他部门答复" in page
    with faces.parts.database.transaction() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "case.extend")).one()
    due_before = add_working_days(build.TODAY, 5, Calendar()).isoformat()
    assert (told.details["reason"], told.details["due_before"]) == ("other_office", due_before)


def test_what_is_overdue_gets_no_more_time(faces, clerk):
    case, manager = make_case(faces), faces.officer(roles=("manager",))
    send(clerk, case, do="reached")
    due = add_working_days(build.TODAY, 5, Calendar())
    set_clock(faces.parts, build.at("10:00", due + timedelta(days=1)))
    assert extend(manager, case).status_code == 409


def test_says_what_is_open_and_late_and_was_answered_in_time(faces, clerk):
    actor, cases = (
        actor_of(faces.officers[-1]),
        [make_case(faces, n, days_ago=14 * (n == 3)) for n in range(1, 6)],
    )
    assert figures(faces) == CaseFigures(open=5, overdue=1, closed=0, in_time=0, extended=0)
    due = cases[0].rectify_due_on
    for case, at in zip(cases, ("23:59", "00:01", "10:00"), strict=False):
        on = due + timedelta(days=at == "00:01")
        with faces.parts.database.transaction() as session:
            found = session.get_one(FollowUpCase, case.id)
            note_contact(session, found, reached=True, actor=actor, now=build.at("10:00"))
            close_case(session, found, outcome="explained", note="已核实", actor=actor, now=build.at(at, on))
    # Of two that nobody called the contact is overdue; the third was due long before.
    set_clock(faces.parts, build.at("10:00", due + timedelta(days=3)))
    assert figures(faces) == CaseFigures(open=2, overdue=2, closed=3, in_time=1, extended=0)
    page = clerk.get("/desk/").text
    assert "1 / 3" in page
    set_clock(faces.parts, build.at("10:00", due + timedelta(days=40)))
    assert figures(faces).closed == 0


def figures(faces):
    with faces.parts.database.transaction() as session:
        return count_cases(session, [faces.hall.id], now=clock.now())


def test_two_who_close_a_case_at_once_close_it_once(faces, clerk, database):
    case = make_case(faces)
    actor = actor_of(faces.officers[-1])

    def press(session, _index):
        found = get_case(session, case.reference, hall_id=faces.hall.id)
        note_contact(session, found, reached=True, actor=actor, now=build.at("10:00"))
        close_case(session, found, outcome="explained", note="已核实", actor=actor, now=build.at("10:00"))
        return found.id

    answers = at_once(database, 2, press)
    assert sorted(type(each).__name__ for each in answers) == [CaseClosed.__name__, "int"]


def test_officers_see_no_cases_and_other_halls_neither(faces):
    case = make_case(faces)
    assert faces.officer().get("/desk/").status_code == 403
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere")
    stranger = faces.officer(roles=("desk",))
    with faces.parts.database.transaction() as session:
        session.merge(faces.officers[-1]).hall_ids = [other.id]
    assert case.reference not in stranger.get("/desk/").text
    assert stranger.get(address(case)).status_code == 403
    assert stranger.get(f"/desk/elsewhere/cases/{case.reference}").status_code == 404
