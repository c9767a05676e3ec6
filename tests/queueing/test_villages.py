"""A mobile session is held in its village: neither its counters nor its people count in the hall."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from booking import doctor as booking_doctor
from booking.models import Number
from booking.no_show import close_no_shows
from feedback.ask import ask, take_back
from feedback.models import Survey
from halls.models import ServiceGroup
from kernel.audit import AuditEntry
from kernel.clock import real_now
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from notifications.models import Message
from notifications.render import Wording, render
from queueing import day_report, doctor, serve
from queueing.check_in import CheckIn, check_in
from queueing.close_day import close_day
from queueing.errors import (
    BookedInHall,
    BookedInVillage,
    CannotUndo,
    NothingToCheckIn,
    ServedInVillage,
    VisitIsOver,
)
from queueing.loads import expected_by_line, load_of
from queueing.models import Ticket
from queueing.outlook import outlook
from queueing.save_rules import line_rules
from queueing.staffing import capacity_of
from queueing.today import today_of
from queueing.undo_in_village import find_undoable_in_villages, undo_in_village
from queueing.village import arrive_in_village, list_village_visits, serve_in_village
from tests import build
from tests.build import TODAY, at
from tests.queueing.hall_day import KIOSK, HallDay, officer_of

MORNING = at("09:30")
VILLAGE = "东岭村村委会"


@pytest.fixture
def day(session):
    """Line A is planned in the hall until 12:00 with two counters."""
    hall = build.make_hall(session)
    group = build.make_group(session, hall)
    build.make_plan(session, group, counters=2, hours="09:00-12:00")
    return hall, group


def away(session, group, *, counters=6, hours="13:00-16:00"):
    build.make_session(session, group, counters=counters, hours=hours, on=TODAY, place=VILLAGE)


def capacity(session, day, now=MORNING):
    hall, group = day
    return capacity_of(session, today_of(session, hall.id, now=now), group.id, now=now)


def test_the_counters_of_a_village_are_no_capacity_of_the_hall(session, day):
    before = capacity(session, day)
    away(session, day[1])
    after = capacity(session, day)
    assert (
        (after.closes_at, after.most_counters) == (before.closes_at, before.most_counters) == (at("12:00"), 2)
    )


def test_nobody_is_admitted_in_the_hall_while_its_line_is_in_a_village(session, day):
    hall, group = day
    away(session, group)
    told = outlook(session, hall.id, group.id, now=at("13:10"))
    assert (told.is_over, told.latest_at) == (True, None)


def test_the_rule_of_a_line_goes_by_its_counters_in_the_hall(session, day):
    hall, group = day
    away(session, group, counters=30)
    (line,) = line_rules(session, hall, now=MORNING)
    assert line.counters == 2


def test_who_sits_in_the_hall_is_not_shared_with_a_line_that_works_in_a_village(session):
    """A counter for A and B counts wholly for A while B is planned in a village alone."""
    hall = build.make_hall(session)
    a, b = build.make_group(session, hall), build.make_group(session, hall, "B")
    build.make_plan(session, a, counters=1)
    away(session, b, counters=3, hours="09:00-12:00")
    day = HallDay(session, hall, a, b)
    day.seat(a, b, now=at("09:00"))
    found = capacity(session, (hall, a))
    assert list(found.parts.values()) == [1.0]


def test_booked_people_and_duty_numbers_of_a_village_are_not_expected_in_the_hall(session, day):
    hall, group = day
    here, there = (
        build.make_slot(session, group, at(clock), place=place)
        for clock, place in (("11:00", ""), ("14:00", VILLAGE))
    )
    for slot in (here, there):
        build.make_appointment(session, slot)
        duty = session.query(Number).filter_by(slot_id=slot.id).order_by(Number.ordinal).first()
        duty.channel = "duty"
    session.flush()
    today = today_of(session, hall.id, now=MORNING)
    expected = expected_by_line(session, today, [group.id], now=MORNING)
    assert {each.slot_starts_at for each in expected[group.id]} == {at("11:00")}
    assert load_of(session, today, group, now=MORNING).expected == expected[group.id]


@pytest.fixture
def village(session, day):
    """A visit booked for 10:00 in a village, and one in the hall."""
    _hall, group = day
    service = build.make_service(session, group)
    slots = [
        build.make_slot(session, group, at(clock), place=place)
        for clock, place in (("10:00", VILLAGE), ("11:00", ""))
    ]
    return [build.make_appointment(session, slot, service_ids=[service.id]) for slot in slots]


@pytest.fixture
def officer(session):
    return officer_of(build.make_staff(session))


def shown(booked):
    return CheckIn(booked.hall_id, reference=booked.reference)


def test_who_comes_to_the_hall_with_a_booking_of_a_village_is_told_where_it_is(session, village, officer):
    there, _here = village
    for actor in (KIOSK, officer):
        with pytest.raises(BookedInVillage) as refused:
            check_in(session, shown(there), actor=actor, now=at("09:50"))
        assert VILLAGE in refused.value.sentence("zh")
        assert f"{VILLAGE} (village)" in refused.value.sentence("en")
    assert session.scalars(select(Ticket)).all() == []


def test_a_visit_in_a_village_is_checked_in_served_and_asked_about_once(session, village, officer):
    there, _here = village
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    assert (there.state, session.scalars(select(Ticket)).all()) == ("checked_in", [])
    for clock in ("10:05", "10:06"):
        done = serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at(clock))
    (ticket,) = session.scalars(select(Ticket)).all()
    assert (ticket.id, ticket.state, ticket.counter_id, ticket.staff_id) == (
        done.id, "completed", None, officer.id,
    )  # fmt: skip
    assert (there.state, ticket.ended_at) == ("fulfilled", at("10:05"))
    told = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.name == "VisitCompleted")
    assert session.scalar(told) == 1
    drain_survey(session, ticket)
    assert doctor.check(session) == []


def drain_survey(session, ticket):
    """The survey tells the village, not the hall."""
    ask(session, {"ticket_id": ticket.id}, now=at("10:05"))
    message = session.scalars(select(Message).where(Message.template == "survey")).one()
    assert VILLAGE in render(session, message, wording=Wording("有号", "https://x.example"), now=at("10:05"))


def test_nobody_in_a_village_counts_in_the_pace_or_the_mean_of_the_hall(session, village, officer):
    there, _here = village
    today = today_of(session, there.hall_id, now=MORNING)
    group = session.get_one(ServiceGroup, there.group_id)
    before = load_of(session, today, group, now=at("10:30"))
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    assert load_of(session, today, group, now=at("10:30")) == before
    serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:20"))
    assert load_of(session, today, group, now=at("10:30")) == before
    report = day_report.report(session, there.hall_id, on_date=TODAY)
    assert (report.counts["completed"], report.minutes["service"]["mean"]) == (1, None)


def test_a_booking_of_the_hall_is_not_checked_in_or_served_in_a_village(session, village, officer):
    _there, here = village
    with pytest.raises(BookedInHall):
        arrive_in_village(session, shown(here), actor=officer, now=at("10:50"))
    check_in(session, shown(here), actor=officer, now=at("10:50"))
    with pytest.raises(BookedInHall):
        serve_in_village(session, here.hall_id, here.reference, actor=officer, now=at("11:10"))


def test_nobody_is_served_in_a_village_before_they_were_checked_in_nor_by_another_hall(
    session, village, officer
):
    there, _here = village
    with pytest.raises(NothingToCheckIn):
        serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:20"))
    elsewhere = build.make_hall(session)
    stranger = replace(officer, hall_ids=frozenset({elsewhere.id}))
    with pytest.raises(Forbidden):
        arrive_in_village(session, shown(there), actor=stranger, now=at("09:50"))
    arrive_in_village(session, shown(there), actor=officer, now=at("09:50"))
    with pytest.raises(NothingToCheckIn):
        serve_in_village(session, elsewhere.id, there.reference, actor=officer, now=at("10:20"))


def test_the_end_of_the_day_serves_who_was_checked_in_in_a_village(session, village, officer):
    there, _here = village
    arrive_in_village(session, shown(there), actor=officer, now=at("09:50"))
    done = [close_day(session, there.hall_id, on_date=TODAY, now=at("22:00")).completed for _ in range(2)]
    assert (done, there.state) == ([1, 0], "fulfilled")
    assert doctor.check(session) == []


def test_a_village_without_network_may_check_in_until_the_evening(session, village, officer):
    there, here = village
    close_no_shows(session, now=at("18:00"))
    session.refresh(there), session.refresh(here)
    assert (there.state, here.state) == ("booked", "no_show")
    arrive_in_village(session, shown(there), actor=officer, now=at("20:00"))
    assert there.state == "checked_in"


def test_who_never_came_to_a_village_is_a_no_show_on_the_next_day(session, village):
    there, _here = village
    close_no_shows(session, now=at("08:00", TODAY + timedelta(days=1)))
    session.refresh(there)
    assert there.state == "no_show"


def test_villages_of_a_day_are_listed_by_place_and_time_with_masked_names(session, day, village):
    found = list_village_visits(session, day[0], on_date=TODAY)
    assert [place.name_zh for place in found] == [VILLAGE]
    (visit,) = next(iter(found.values()))
    assert (visit.appointment, len(visit.services), "*" in visit.name) == (village[0], 1, True)


def ensure_sound(session):
    """Nothing is broken but what the builder of bookings never told: their first step."""
    assert doctor.check(session) == []
    skipped = [
        each.detail for each in booking_doctor.check(session) if each.rule == "appointment_state_skipped"
    ]
    assert skipped == ["booked to checked_in after None"]


def taken_back(session, booked, officer, *, after=9):
    """The last press of this booking, so many seconds after it by real clocks."""
    pressed = session.scalars(
        select(AuditEntry.recorded_at)
        .where(AuditEntry.subject_kind == "appointment", AuditEntry.subject_id == booked.id)
        .order_by(AuditEntry.id.desc())
    ).first()
    moment = {"now": at("10:06"), "real_now": pressed + timedelta(seconds=after)}
    return undo_in_village(session, booked.hall_id, booked.reference, actor=officer, **moment)


def test_a_check_in_there_is_taken_back_for_ten_seconds_and_once(session, village, officer):
    there, _here = village
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    with pytest.raises(CannotUndo):
        taken_back(session, there, officer, after=11)
    taken_back(session, there, officer)
    assert (there.state, there.checked_in_at) == ("booked", None)
    with pytest.raises(CannotUndo):
        taken_back(session, there, officer)
    arrive_in_village(session, shown(there), actor=officer, now=at("09:20"))
    assert (there.state, there.checked_in_at) == ("checked_in", at("09:20"))
    ensure_sound(session)


def test_an_end_there_is_taken_back_and_the_visit_goes_on_with_its_ticket(session, village, officer):
    there, here = village
    today = today_of(session, there.hall_id, now=MORNING)
    group = session.get_one(ServiceGroup, there.group_id)
    before = load_of(session, today, group, now=at("10:30"))
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    done = serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:05"))
    ask(session, {"ticket_id": done.id}, now=at("10:05"))
    taken_back(session, there, officer)
    take_back(session, {"ticket_id": done.id}, now=at("10:06"))
    assert (there.state, done.state, done.counter_id, done.ended_at) == ("checked_in", "serving", None, None)
    assert session.scalars(select(Survey)).all() == []
    assert load_of(session, today, group, now=at("10:30")) == before
    ensure_sound(session)
    with pytest.raises(CannotUndo):  # the check-in before it is no longer the last step
        taken_back(session, there, officer)
    again = serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:40"))
    assert (again.id, again.state, again.ended_at) == (done.id, "completed", at("10:40"))
    assert (there.state, here.state) == ("fulfilled", "booked")
    assert again.service_time == timedelta(minutes=90)
    ensure_sound(session)


def test_who_goes_on_in_a_village_is_neither_put_aside_nor_passed_on_in_the_hall(
    session, day, village, officer
):
    hall, _line = day
    there, _here = village
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    ticket = serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:05"))
    taken_back(session, there, officer)
    other_line = build.make_group(session, hall, "B")
    seen = {"actor": officer, "now": at("10:07")}
    with pytest.raises(ServedInVillage):
        serve.park(session, ticket, reason="paper", **seen)
    with pytest.raises(ServedInVillage):
        serve.transfer(session, ticket, group_id=other_line.id, **seen)
    assert (ticket.state, ticket.group_id) == ("serving", there.group_id)
    again = serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:40"))
    assert (again.state, there.state) == ("completed", "fulfilled")


def test_the_end_of_the_day_serves_who_goes_on_after_an_undo(session, village, officer):
    there, _here = village
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:05"))
    taken_back(session, there, officer)
    assert close_day(session, there.hall_id, on_date=TODAY, now=at("22:00")).completed == 1
    assert there.state == "fulfilled"


def test_nobody_takes_the_press_of_another_officer_or_of_the_hall_back(session, village, officer):
    there, here = village
    other = officer_of(build.make_staff(session))
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    with pytest.raises(CannotUndo):
        taken_back(session, there, other)
    moment = real_now()
    assert find_undoable_in_villages(session, [there.id], actor=other, real_now=moment) is None
    last = find_undoable_in_villages(session, [there.id, here.id], actor=officer, real_now=moment)
    assert last.appointment_id == there.id
    check_in(session, shown(here), actor=officer, now=at("10:50"))
    with pytest.raises(BookedInHall):
        taken_back(session, here, officer)
    elsewhere = replace(officer, hall_ids=frozenset({build.make_hall(session).id}))
    with pytest.raises(Forbidden):
        taken_back(session, there, elsewhere)


def test_who_was_served_in_a_village_reads_so_when_shown_again(session, village, officer):
    there, _here = village
    arrive_in_village(session, shown(there), actor=officer, now=at("09:10"))
    serve_in_village(session, there.hall_id, there.reference, actor=officer, now=at("10:05"))
    with pytest.raises(VisitIsOver):
        arrive_in_village(session, shown(there), actor=officer, now=at("10:10"))
    assert there.state == "fulfilled"
