"""What is done, owed and worked on after the counter, and what the day came to."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from halls.models import Hall
from halls.workdays import Calendar
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from queueing import back_tasks, owed, serve
from queueing.close_day import close_day
from queueing.day_report import list_days, report
from queueing.doctor import check
from queueing.errors import CannotUndo, ServiceNotHere, TicketMoved
from queueing.hall_rooms import list_rooms
from queueing.rooms import ParkReasonUnknown, RoomUnreadable, reason_of, room_of
from queueing.services_done import ServicesUnfit, correct_services
from queueing.task_states import TASK_STEPS, DueDateUnfit, TaskMoved, TaskState, due_date, ensure_step
from queueing.undo import undo
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall
from tests.queueing.test_races import at_once

MONDAY = date(2026, 3, 2)
PAPERS = [
    {"code": "household", "name_zh": "户口簿", "name_en": "Household register", "deferrable": True},
    {"code": "photo", "name_zh": "照片", "name_en": "Photo"},
]


@pytest.fixture
def day(session):
    return open_day(session)


def open_day(session):
    day = open_hall(session)
    day.renewal = build.make_service(session, day.a, code="renewal", materials=PAPERS)
    day.passport = build.make_service(session, day.a, code="passport")
    return day


def serving(day, *services):
    day.take(at("09:00"), service_ids=[each.id for each in services or (day.renewal,)])
    ticket = day.call(at("09:05"))
    return serve.start_serving(day.session, ticket, actor=day.officers[0], now=at("09:06"))


def by(day, **values):
    return {"actor": day.officers[0], "now": at("09:10"), **values}


def told(session, name):
    session.flush()
    return session.scalars(select(OutboxEvent).where(OutboxEvent.name == name)).all()


# ---- rooms ----


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("", None),
        (None, None),
        ("3", "3号室"),
        ("a12", "A12号室"),
        ("照相室", "照相室"),
        ("b室", "B室"),
        ("2号台", "2号台"),
    ],
)
def test_reads_a_room(text, room):
    assert room_of(text) == room


@pytest.mark.parametrize(
    "text", ["张三", "请张三到3号室来", "<b>", "http://x", "12345", "张三室", "LIMEI室", "玉兰厅"]
)
def test_a_room_carries_no_name_and_no_message(text):
    with pytest.raises(RoomUnreadable):
        room_of(text)


def test_a_hall_has_rooms_of_its_own_and_each_hall_only_its_own(day):
    assert room_of("玉兰厅", ("玉兰厅",)) == "玉兰厅"
    ticket = serving(day)
    with pytest.raises(RoomUnreadable):
        serve.park(day.session, ticket, **by(day, room="玉兰厅"))
    day.session.get(Hall, ticket.hall_id).policy = {"screens": {"rooms": ["玉兰厅"]}}
    day.session.flush()
    assert list_rooms(day.session, ticket.hall_id)[:2] == ("玉兰厅", "照相室")
    assert serve.park(day.session, ticket, **by(day, room="玉兰厅")).room == "玉兰厅"


def test_puts_aside_with_a_reason_and_a_room(day):
    ticket = serve.park(day.session, serving(day), **by(day, reason="photo", room="照相室"))
    assert (ticket.state, ticket.park_reason, ticket.room) == ("parked", "photo", "照相室")
    assert reason_of(None) == "other"
    with pytest.raises(ParkReasonUnknown):
        reason_of("lunch")


# ---- services ----


def test_services_are_corrected_while_serving_and_reach_the_survey(day):
    ticket = serving(day)
    wanted = [day.renewal.id, day.passport.id]
    correct_services(day.session, ticket, service_ids=wanted, **by(day))
    serve.complete(day.session, ticket, **by(day))
    assert ticket.service_ids == wanted
    kept = day.session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.correct_services")).one()
    assert (kept.details["before"], kept.details["after"]) == (["renewal"], ["renewal", "passport"])
    with pytest.raises(TicketMoved):
        correct_services(day.session, ticket, service_ids=wanted, **by(day))


def test_a_service_that_the_hall_does_not_offer_is_refused(day):
    ticket = serving(day)
    with pytest.raises(ServicesUnfit):
        correct_services(day.session, ticket, service_ids=[], **by(day))
    with pytest.raises(ServicesUnfit):
        correct_services(day.session, ticket, service_ids=[day.renewal.id + 1000], **by(day))


# ---- owed papers ----


def test_accepts_with_a_paper_missing_and_says_so_once(day):
    ticket = serving(day)
    asked = {"service_id": day.renewal.id, "material": "household"}
    paper = owed.accept_without(day.session, ticket, **asked, **by(day))
    again = owed.accept_without(day.session, ticket, **asked, **by(day))
    assert again.id == paper.id
    assert (paper.name_zh, paper.state, paper.due_on) == ("户口簿", "owed", MONDAY + timedelta(days=7))
    assert len(told(day.session, "PaperOwed")) == 1
    assert [each.id for each in owed.list_owed(day.session, day.hall.id)] == [paper.id]


def test_only_what_may_come_later_may_be_missing_but_the_duty_officer_decides(day):
    ticket = serving(day)
    asked = {"service_id": day.renewal.id, "material": "photo"}
    with pytest.raises(owed.NotDeferrable):
        owed.accept_without(day.session, ticket, **asked, **by(day))
    duty = officer_of(build.make_staff(day.session), "duty_officer")
    assert owed.accept_without(day.session, ticket, **asked, **by(day, actor=duty)).material == "photo"


def test_a_paper_of_another_matter_is_refused(day):
    ticket = serving(day)
    for service_id, material in ((day.renewal.id, "nothing"), (day.passport.id, "household")):
        with pytest.raises(owed.PaperUnknown):
            owed.accept_without(day.session, ticket, service_id=service_id, material=material, **by(day))


def test_is_settled_once_and_reminded_of_on_the_day_before(day):
    ticket = serving(day)
    paper = owed.accept_without(
        day.session, ticket, service_id=day.renewal.id, material="household", **by(day)
    )
    assert owed.remind(day.session, day.hall.id, due_on=paper.due_on, now=at("09:00")) == 1
    owed.settle(day.session, paper.id, **by(day))
    assert paper.state == "settled"
    with pytest.raises(owed.OwedSettled):
        owed.settle(day.session, paper.id, **by(day))
    assert owed.remind(day.session, day.hall.id, due_on=paper.due_on, now=at("09:00")) == 0


# ---- tasks ----


def test_a_due_date_lies_ahead():
    calendar = Calendar()
    assert due_date(MONDAY, None, calendar) == MONDAY + timedelta(days=7)
    assert due_date(MONDAY, date(2026, 3, 4), calendar) == date(2026, 3, 4)
    for wanted in (MONDAY, date(2026, 1, 1), date(2027, 1, 1)):
        with pytest.raises(DueDateUnfit):
            due_date(MONDAY, wanted, calendar)


def test_tasks_go_along_their_steps_only():
    for before, following in TASK_STEPS.items():
        for after in TaskState:
            if after in following:
                ensure_step(before, after)
            else:
                with pytest.raises(TaskMoved):
                    ensure_step(before, after)


def test_a_task_goes_from_the_counter_to_its_owner(day):
    ticket = serving(day)
    task = back_tasks.open_task(day.session, ticket, service_id=day.renewal.id, place="3", **by(day))
    assert back_tasks.open_task(day.session, ticket, service_id=day.renewal.id, **by(day)).id == task.id
    serve.complete(day.session, ticket, **by(day))
    for state in (TaskState.WORKING, TaskState.READY, TaskState.COLLECTED):
        back_tasks.move_task(day.session, task, state, **by(day))
    assert (task.place, task.state, task.ended_at) == ("3号室", "collected", at("09:10"))
    assert len(told(day.session, "ResultReady")) == 1
    assert back_tasks.list_tasks(day.session, day.hall.id) == []
    assert back_tasks.list_tasks(day.session, day.hall.id, open_only=False) == [task]


def test_a_task_is_about_what_is_being_done(day):
    with pytest.raises(ServiceNotHere):
        back_tasks.open_task(day.session, serving(day), service_id=day.passport.id, **by(day))


def test_two_who_move_a_task_at_once_move_it_once(database):
    with database.transaction() as session:
        day = open_day(session)
        task_id = back_tasks.open_task(session, serving(day), service_id=day.renewal.id, **by(day)).id

    def press(session, _index):
        task = session.get_one(back_tasks.BackTask, task_id)
        return back_tasks.move_task(session, task, TaskState.READY, **by(day)).id

    answers = at_once(database, 4, press)
    assert sorted(type(each).__name__ for each in answers) == ["TaskMoved", "TaskMoved", "TaskMoved", "int"]


# ---- the end of the day ----


def test_the_day_is_reported_with_everybody_whom_it_closed(day):
    session = day.session
    ticket = serving(day)
    owed.accept_without(session, ticket, service_id=day.renewal.id, material="household", **by(day))
    back_tasks.open_task(session, ticket, service_id=day.renewal.id, **by(day))
    serve.complete(session, ticket, **by(day))
    serve.park(session, serving(day), **by(day))
    day.take(at("09:20"))
    session.flush()
    running = report(session, day.hall.id, on_date=MONDAY)
    assert (running.made_at, running.ended) == (None, {"parked": ["A002"], "waiting": ["A003"]})
    close_day(session, day.hall.id, on_date=MONDAY, now=at("23:00"))
    made = report(session, day.hall.id, on_date=MONDAY)
    assert made.ended == {"parked": ["A002"], "waiting": ["A003"]}
    assert made.counts["issued"] == 3
    assert (made.counts["completed"], made.counts["abandoned"]) == (1, 2)
    assert (made.counts["owed"], made.counts["tasks"]) == (1, 1)
    assert made.minutes["wait"]["mean"] == 5.0
    assert made.counters_closed == 1
    assert list_days(session, day.hall.id) == [MONDAY]
    close_day(session, day.hall.id, on_date=MONDAY, now=at("23:30"))
    assert report(session, day.hall.id, on_date=MONDAY).ended == made.ended
    assert check(session) == []


# ---- undo ----


def owe_register(day, ticket):
    return owed.accept_without(
        day.session, ticket, service_id=day.renewal.id, material="household", **by(day)
    )


def open_renewal(day, ticket):
    return back_tasks.open_task(day.session, ticket, service_id=day.renewal.id, **by(day))


@pytest.mark.parametrize("leave", [owe_register, open_renewal])
def test_a_start_is_not_taken_back_once_it_left_a_paper_or_a_task(day, leave):
    ticket = serving(day)
    pressed = {"real_now": ticket.stepped_at, **by(day)}
    left = leave(day, ticket)
    with pytest.raises(CannotUndo):
        undo(day.session, ticket, **pressed)
    assert ticket.state == "serving"
    officer = day.officers[0]
    serve.park(day.session, ticket, actor=officer, now=at("09:11"))
    pressed = {"real_now": ticket.stepped_at, **by(day, now=at("09:12"))}
    assert undo(day.session, ticket, **pressed).state == "serving"
    serve.park(day.session, ticket, actor=officer, now=at("09:13"))
    serve.resume(day.session, ticket, actor=officer, now=at("09:14"))
    pressed = {"real_now": ticket.stepped_at, **by(day, now=at("09:15"))}
    assert leave(day, ticket).id == left.id  # the same once more changes nothing
    assert undo(day.session, ticket, **pressed).state == "parked"
