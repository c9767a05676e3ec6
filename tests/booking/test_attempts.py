"""Who found no number is counted once a day and service, and cannot be followed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sqlalchemy import event, func, select, text

from booking.attempts import WHOLE_CITY, count_looks, record_look, remove_old_looks, visitor_of
from booking.models import Attempt

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def look(session, now, name="a", *, service=1, hall=5, found=False, on=MONDAY):
    record_look(
        session,
        visitor_of(name, on),
        service_ids=[service],
        hall_id=hall,
        on_date=on,
        found=found,
        now=now,
    )


def looks(session, hall_id=None, first_on=MONDAY, last_on=TUESDAY):
    counted = count_looks(session, first_on=first_on, last_on=last_on, hall_id=hall_id)
    return counted.looked, counted.failed


def test_a_visitor_counts_once_a_day_and_service_however_often_they_look(session, now):
    for _ in range(5):
        look(session, now)
    assert looks(session, 5) == (1, 1)
    look(session, now, service=2)
    look(session, now, name="b")
    look(session, now, on=TUESDAY)
    assert looks(session, 5) == (4, 4)


def test_one_look_that_sees_a_number_is_enough_and_stays(session, now):
    look(session, now)
    look(session, now, found=True)
    look(session, now, found=False)
    assert looks(session, 5) == (1, 0)


def test_who_finds_a_number_in_another_hall_has_failed_in_the_first_only(session, now):
    look(session, now, hall=5)
    look(session, now, hall=6, found=True)
    look(session, now, hall=WHOLE_CITY)
    assert looks(session, 5) == (1, 1)
    assert looks(session, 6) == (1, 0)
    assert looks(session) == (1, 0)


def test_several_services_of_one_visit_are_each_looked_for(session, now):
    visitor = visitor_of("a", MONDAY)
    facts = {"hall_id": 5, "on_date": MONDAY, "found": False, "now": now}
    record_look(session, visitor, service_ids=[3, 1, 3], **facts)
    assert looks(session, 5) == (2, 2)


def test_nobody_can_be_followed_to_the_next_day():
    assert visitor_of("a", MONDAY) != visitor_of("a", TUESDAY)
    assert visitor_of("a", MONDAY) == visitor_of("a", MONDAY)


def test_a_look_is_one_statement_and_a_repeated_one_writes_nothing(session, now):
    said = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: said.append(args[2]))
    look(session, now)
    assert len(said) == 1
    row = text("SELECT ctid::text, xmax::text FROM attempt")
    before = session.execute(row).one()
    look(session, now)
    assert session.execute(row).one() == before  # neither written nor locked


def test_twenty_looks_of_one_visitor_at_once_are_one(database, now):
    def one(n):
        with database.transaction() as session:
            look(session, now, found=n == 7)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one, range(20)))
    with database.transaction() as session:
        assert looks(session, 5) == (1, 0)


def test_looks_are_kept_for_four_hundred_days(session, now):
    look(session, now, on=MONDAY)
    look(session, now, on=MONDAY - timedelta(days=401))
    look(session, now, on=MONDAY - timedelta(days=400))
    assert remove_old_looks(session, today=MONDAY) == 1
    assert session.scalar(select(func.count()).select_from(Attempt)) == 2
