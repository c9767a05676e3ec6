from datetime import timedelta

from analytics.demand import demand
from booking.attempts import record_look, visitor_of
from tests.build import TODAY, at, make_appointment, make_group, make_hall, make_slot, make_ticket


def test_demand_is_who_asked_that_day_with_or_without_a_number(session, now):
    hall, other = make_hall(session), make_hall(session)
    group = make_group(session, hall)
    slot = make_slot(session, group, at("10:00", TODAY + timedelta(days=2)))
    # Booked at seven in the morning of the hall's clock, which is still yesterday in UTC.
    booked = make_appointment(session, slot, booked_at=at("07:00"))
    make_appointment(session, slot, booked_at=at("07:00") - timedelta(days=1))
    make_ticket(session, group)
    make_ticket(session, group, appointment_id=booked.id, track="booked")
    for name, hall_id, found in (("a", hall.id, False), ("b", hall.id, True), ("c", other.id, False)):
        record_look(
            session,
            visitor_of(name, TODAY),
            service_ids=[1],
            hall_id=hall_id,
            on_date=TODAY,
            found=found,
            now=now,
        )
    here = demand(session, first_on=TODAY, last_on=TODAY, hall_id=hall.id)
    assert (here.booked, here.failed, here.walk_ins, here.total) == (1, 1, 1, 3)
    city = demand(session, first_on=TODAY, last_on=TODAY)
    assert (city.booked, city.failed, city.walk_ins) == (1, 2, 1)
