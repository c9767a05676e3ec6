from datetime import timedelta

import pytest
from sqlalchemy import event, select

from booking.availability import slot_counts
from booking.errors import HoldExpired, ServiceNotOffered, SlotFull, SlotUnknown
from booking.hold import HoldSlot, find_draft, hold, read_form, release, remove_old_drafts, save_form
from booking.models import Draft, Number
from booking.policy import BeyondHorizon, InPast, InsideLeadTime
from catalog.models import HallService
from halls.models import Hall
from halls.queries import HallUnknown
from kernel.actor import ANONYMOUS
from kernel.ids import token_hash
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot
from tests.build import _save as save

TEN = at("10:00")


@pytest.fixture
def group(session):
    return make_group(session, make_hall(session, "h1"))


def ask(session, now, service, *, starts_at=TEN, hall="h1", codes=None, **values):
    command = HoldSlot(hall, tuple(codes or [service.code]), starts_at, **values)
    return hold(session, command, actor=ANONYMOUS, now=now)


def free(session, group, now, *, on=TODAY, needed=1):
    return [slot.free for slot in slot_counts(session, group.id, on, now=now, needed=needed)]


def test_keeps_a_number_for_ten_minutes(session, now, group):
    service = make_service(session, group)
    slot = make_slot(session, group, TEN, numbers=2)

    held = ask(session, now, service)

    assert held.held_until == now + timedelta(minutes=10)
    assert (held.starts_at, held.ends_at) == (slot.starts_at, slot.ends_at)
    assert free(session, group, now) == [1]
    draft = find_draft(session, held.token, now=now)
    assert draft is not None
    assert (draft.id, draft.service_ids, draft.needed) == (held.draft_id, [service.id], 1)


def test_a_hold_ends_by_itself_in_the_same_second(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    ask(session, now, service)

    with pytest.raises(SlotFull):
        ask(session, now + timedelta(minutes=10) - timedelta(seconds=1), service)
    assert ask(session, now + timedelta(minutes=10), service).token


def test_a_full_slot_offers_the_nearest_free_ones(session, now, group):
    service = make_service(session, group)
    for starts, numbers in (("09:00", 1), ("09:30", 2), ("10:00", 0), ("11:00", 1), ("15:00", 1)):
        make_slot(session, group, at(starts), numbers=numbers)

    with pytest.raises(SlotFull) as refused:
        ask(session, now, service)

    offered = refused.value.params["alternatives"]
    assert [one["starts_at"][11:16] for one in offered] == ["01:30", "01:00", "03:00"]  # UTC, nearest first
    assert offered[0] == {
        "hall_id": group.hall_id,
        "hall_code": "h1",
        "group_id": group.id,
        "starts_at": at("09:30").isoformat(),
        "free": 2,
    }
    assert "约满" in refused.value.sentence("zh")
    assert "taken" in refused.value.sentence("en")


def test_a_hall_that_is_full_sends_people_to_a_neighbour(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=0)
    neighbour = make_group(session, make_hall(session, "h2"))
    make_slot(session, neighbour, TEN, numbers=1)
    make_slot(session, neighbour, at("10:30"), numbers=1)
    other = make_service(session, neighbour)
    with pytest.raises(SlotFull) as refused:
        ask(session, now, service)
    assert refused.value.params["alternatives"] == []

    save(session, HallService(hall_id=neighbour.hall_id, service_id=service.id, group_id=neighbour.id))
    with pytest.raises(SlotFull) as refused:
        ask(session, now, service)
    assert [one["hall_code"] for one in refused.value.params["alternatives"]] == ["h2"]
    assert other


def test_a_long_visit_takes_its_numbers_all_or_none(session, now, group):
    service = make_service(session, group, minutes=25)
    make_slot(session, group, TEN, numbers=2)
    make_slot(session, group, at("10:30"), numbers=2)

    held = ask(session, now, service)

    ordinals = session.execute(
        select(Number.starts_at, Number.ordinal)
        .where(Number.hold_token == token_hash(held.token))
        .order_by(Number.starts_at, Number.ordinal)
    ).all()
    assert [tuple(row) for row in ordinals] == [(TEN, 1), (TEN, 2), (at("10:30"), 1)]
    with pytest.raises(SlotFull):
        ask(session, now, service)
    with pytest.raises(SlotFull):
        ask(session, now, service, starts_at=at("10:30"))
    assert free(session, group, now) == [0, 1]


def test_a_visit_does_not_jump_over_lunch(session, now, group):
    service = make_service(session, group, minutes=20)
    make_slot(session, group, at("11:30"), numbers=1)
    make_slot(session, group, at("13:30"), numbers=1)
    with pytest.raises(SlotFull):
        ask(session, now, service, starts_at=at("11:30"))
    assert free(session, group, now) == [1, 1]
    assert free(session, group, now, needed=2) == [0, 0]


def test_a_basket_sums_its_minutes(session, now, group):
    one, two = make_service(session, group, minutes=10), make_service(session, group, minutes=15)
    make_slot(session, group, TEN, numbers=3)
    held = ask(session, now, one, codes=[two.code, one.code, two.code])
    draft = session.get(Draft, held.draft_id)
    assert draft.service_ids == [two.id, one.id]
    assert draft.needed == 3


def test_the_previous_hold_is_given_up_only_for_a_new_one(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    make_slot(session, group, at("11:00"), numbers=1)
    make_slot(session, group, at("12:00"), numbers=0)
    first = ask(session, now, service)
    save_form(session, first.token, {"name": "张三"}, now=now)

    with pytest.raises(SlotFull):
        ask(session, now, service, starts_at=at("12:00"), previous_token=first.token)
    assert free(session, group, now) == [0, 1, 0]

    second = ask(session, now, service, starts_at=at("11:00"), previous_token=first.token)
    assert free(session, group, now) == [1, 0, 0]
    draft = find_draft(session, second.token, now=now)
    assert draft is not None
    assert read_form(draft) == {"name": "张三"}


def test_the_same_slot_can_be_held_again_in_place_of_itself(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    first = ask(session, now, service)
    second = ask(session, now + timedelta(minutes=5), service, previous_token=first.token)
    assert second.held_until == now + timedelta(minutes=15)
    assert session.scalar(select(Number.hold_token)) == token_hash(second.token)


def test_releasing_frees_the_number_at_once_and_keeps_the_draft(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    held = ask(session, now, service)
    release(session, held.token, now=now)
    assert free(session, group, now) == [1]
    assert find_draft(session, held.token, now=now) is not None


def test_numbers_of_other_channels_and_later_releases_are_not_bookable(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1, released_at=now + timedelta(seconds=1))
    walk_in = make_slot(session, group, at("11:00"), numbers=1)
    number = session.scalar(select(Number).where(Number.slot_id == walk_in.id))
    number.channel = "walk_in"
    session.flush()
    for starts_at in (TEN, at("11:00")):
        with pytest.raises(SlotFull):
            ask(session, now, service, starts_at=starts_at)
    assert ask(session, now + timedelta(seconds=1), service)


def test_refuses_what_cannot_be_booked(session, now, group):
    service = make_service(session, group)
    elsewhere = make_service(session)
    other_line = make_service(session, make_group(session, session.get_one(Hall, group.hall_id), "B"))
    make_slot(session, group, TEN, numbers=1)
    refusals = [
        (HallUnknown, {"hall": "nowhere"}),
        (ServiceNotOffered, {"codes": [elsewhere.code]}),
        (ServiceNotOffered, {"codes": ["no-such"]}),
        (SlotFull, {"codes": [service.code, other_line.code]}),
        (SlotUnknown, {"starts_at": at("10:10")}),
        (InPast, {"starts_at": now - timedelta(days=1)}),
        (InsideLeadTime, {"starts_at": now + timedelta(minutes=29)}),
        (BeyondHorizon, {"starts_at": now + timedelta(days=60)}),
        (SlotUnknown, {"starts_at": now.replace(year=9999)}),
    ]
    for error, values in refusals:
        with pytest.raises(error):
            ask(session, now, service, **values)
    assert free(session, group, now) == [1]


def test_the_form_is_unreadable_at_rest(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    held = ask(session, now, service)
    save_form(session, held.token, {"identity_number": "11010119900307002X"}, now=now)
    draft = session.get_one(Draft, held.draft_id)
    assert b"1101011990" not in draft.form_sealed
    assert read_form(draft) == {"identity_number": "11010119900307002X"}
    with pytest.raises(HoldExpired):
        save_form(session, "unknown", {}, now=now)


def test_drafts_are_removed_after_a_day(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    held = ask(session, now, service)
    assert remove_old_drafts(session, now=now + timedelta(hours=23)) == 0
    assert find_draft(session, held.token, now=now + timedelta(hours=24)) is None
    assert remove_old_drafts(session, now=now + timedelta(hours=24)) == 1


def test_holding_takes_two_statements(session, now, group):
    service = make_service(session, group)
    make_slot(session, group, TEN, numbers=1)
    said = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: said.append(args[2]))
    ask(session, now, service)
    assert len(said) == 2
