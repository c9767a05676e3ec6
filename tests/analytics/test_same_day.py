"""Who came without a booking and was served the same day: the figure must not be kinder than the day was."""

from analytics.same_day import same_day
from queueing import serve
from queueing.close_day import close_day
from tests.build import TODAY, at
from tests.queueing.hall_day import KIOSK, open_hall


def test_whom_the_end_of_the_day_sends_home_was_not_served_the_same_day(session):
    day = open_hall(session)
    officer = day.officers[0]
    for minute in range(5):
        day.take(at(f"09:0{minute}"))
    green = day.take(at("09:05"), green_reason="elderly")
    serve.mark_absent(session, day.call(at("09:06")), actor=officer, now=at("09:10"))
    served = day.call(at("09:11"))
    serve.start_serving(session, served, actor=officer, now=at("09:12"))
    serve.complete(session, served, actor=officer, now=at("09:20"))
    gave_up = day.take(at("09:21"))
    serve.abandon(session, gave_up, actor=KIOSK, now=at("09:22"))
    before = same_day(session, day.hall, now=at("16:00"))
    assert (before.served, before.turned_away, before.share) == (1, 0, 1.0)
    close_day(session, day.hall.id, on_date=TODAY, now=at("23:00"))
    session.flush()
    after = same_day(session, day.hall, now=at("23:01"))
    assert green.track == "green"
    assert (after.served, after.turned_away, after.waiting) == (1, 5, 0)
    assert after.share == 1 / 6
