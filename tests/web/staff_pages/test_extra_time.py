"""The duty officer's page of proposals, and the headline figure of walk-ins served the same day."""

import pytest
from sqlalchemy import delete, select

from analytics.same_day import same_day
from queueing.extra_time import propose_today
from queueing.forecast_models import ExtraTime, WalkInRefusal
from tests import build
from tests.web.hall_faces import token


@pytest.fixture
def full(faces):
    """Forty people in the line: more than today's counters can serve."""
    faces.at("14:00")
    with faces.parts.database.transaction() as session:
        for _ in range(120):
            build.make_ticket(session, faces.a)
        for _ in range(2):
            build.make_counter(session, faces.hall, [faces.a])
        propose_today(session, faces.hall.id, now=build.at("14:00"))
    return faces


def waiting(faces):
    with faces.parts.database.transaction() as session:
        return session.scalars(select(ExtraTime).where(ExtraTime.state == "open")).all()


def test_the_duty_officer_sees_what_is_proposed_and_agrees(full):
    duty = full.officer(roles=("duty_officer",))
    (first, *_) = waiting(full)
    page = duty.get(f"/duty/{full.hall.code}/extra-time")
    words = {"flex": "同意增开", "extension": "同意延时"}
    assert {each.kind for each in waiting(full)} == {kind for kind in words if words[kind] in page.text}
    data = {"do": "accept", "csrf_token": token(page.text)}
    assert duty.post(f"/duty/{full.hall.code}/extra-time/{first.id}", data=data).status_code == 303
    assert first.id not in [each.id for each in waiting(full)]
    again = duty.post(f"/duty/{full.hall.code}/extra-time/{first.id}", data=data)
    assert again.status_code == 409
    assert "增开建议 " in duty.get("/duty/").text


def test_more_counters_stand_before_a_longer_day_as_the_page_says(full):
    ends = {"flex": ("14:10", "17:00"), "extension": ("17:00", "17:30")}
    with full.parts.database.transaction() as session:
        session.execute(delete(ExtraTime))
        for kind, (starts, ends_at) in ends.items():
            times = {
                "starts_at": build.at(starts),
                "ends_at": build.at(ends_at),
                "proposed_at": build.at("14:00"),
            }
            of = {"hall_id": full.hall.id, "group_id": full.a.id, "on_date": build.TODAY, "kind": kind}
            session.add(ExtraTime(**of, **times, counters=1, short_minutes=40, expected=3))
            session.flush()  # the longer day is the later proposal
    page = full.officer(roles=("duty_officer",)).get(f"/duty/{full.hall.code}/extra-time").text
    assert page.index("同意增开") < page.index("同意延时")


def test_nobody_reads_that_all_will_be_served_when_the_extra_time_was_declined(full):
    duty, address = full.officer(roles=("duty_officer",)), f"/duty/{full.hall.code}/extra-time"
    for each in waiting(full):
        data = {"do": "decline", "csrf_token": token(duty.get(address).text)}
        assert duty.post(f"{address}/{each.id}", data=data).status_code == 303
    page = duty.get(address).text
    assert "来的人今天都能办上" not in page
    assert "可能有人办不上" in page


def test_officers_at_the_counter_do_not_decide(full):
    officer = full.officer(roles=("officer",))
    assert officer.get(f"/duty/{full.hall.code}/extra-time").status_code == 403


def test_a_refused_walk_in_is_counted_once_for_one_press_and_lowers_the_headline(full):
    kiosk = full.kiosk()
    page = kiosk.get(f"/kiosk/{full.hall.code}/take/{full.a.code}")
    facts = {"csrf_token": token(page.text), "press": "one-press-only"}
    for _ in range(2):
        answer = kiosk.post(f"/kiosk/{full.hall.code}/take/{full.a.code}", data=facts)
        assert "现场号已停发" in answer.text
    with full.parts.database.transaction() as session:
        assert len(session.scalars(select(WalkInRefusal)).all()) == 1
        figure = same_day(session, full.hall, now=build.at("14:00"))
    assert (figure.turned_away, figure.served, figure.share) == (1, 0, 0.0)
