"""The result by post: chosen while booking, changed until check-in, sealed, read by the officer."""

from datetime import timedelta

import pytest

from booking.book import Book, book
from booking.delivery import (
    AddressImpossible,
    CannotBePosted,
    Delivery,
    DeliverySettled,
    PostcodeMalformed,
    can_be_posted,
    check_delivery,
    delivery_of,
    set_delivery,
)
from booking.hold import HoldSlot, hold
from booking.reschedule import reschedule
from halls.models import Hall, ServiceGroup
from kernel.actor import ANONYMOUS
from kernel.phone import PhoneMalformed
from people.names import NameMissing
from people.sample_ids import sample_resident_id
from tests import build
from tests.conftest import NOW

HOME = Delivery("王小明", "+8613800138000", "云州市安民路 8 号 3 单元 201", "100000")


def booked(session, *, by_post=True, delivery=HOME):
    hall = build.make_hall(session)
    group = build.make_group(session, hall)
    service = build.make_service(session, group, by_post=by_post)
    starts_at = NOW + timedelta(days=1, hours=1)
    build.make_slot(session, group, starts_at)
    held = hold(session, HoldSlot(hall.code, (service.code,), starts_at), actor=ANONYMOUS, now=NOW)
    command = Book(
        held.token, "王小明", "resident_id", sample_resident_id(3), "+8613800138000", delivery=delivery
    )
    return book(session, command, actor=ANONYMOUS, now=NOW)


def test_the_address_is_kept_sealed_with_the_booking(session):
    row = booked(session)
    assert delivery_of(row) == HOME
    for secret in (HOME.address, HOME.receiver, HOME.phone):
        assert secret.encode() not in row.delivery_sealed


def test_without_a_wish_the_result_is_fetched(session):
    assert delivery_of(booked(session, delivery=None)) is None


def test_what_must_be_fetched_cannot_be_posted(session):
    with pytest.raises(CannotBePosted):
        booked(session, by_post=False)
    row = booked(session, by_post=False, delivery=None)
    with pytest.raises(CannotBePosted):
        set_delivery(session, row, HOME, actor=ANONYMOUS, now=NOW)


def test_one_service_that_cannot_be_posted_is_enough(session):
    group = build.make_group(session, build.make_hall(session))
    services = [build.make_service(session, group, by_post=by_post).id for by_post in (True, False)]
    assert can_be_posted(session, services[:1])
    assert not can_be_posted(session, services)
    assert not can_be_posted(session, [])


def test_the_wish_changes_until_check_in(session):
    row = booked(session)
    set_delivery(session, row, None, actor=ANONYMOUS, now=NOW)
    assert delivery_of(row) is None
    set_delivery(session, row, HOME, actor=ANONYMOUS, now=NOW)
    row.state = "checked_in"
    with pytest.raises(DeliverySettled):
        set_delivery(session, row, None, actor=ANONYMOUS, now=NOW)
    assert delivery_of(row) == HOME


def test_reads_what_people_type():
    assert check_delivery(" 王小明 ", "138 0013 8000", " 云州市安民路  8 号 ") == Delivery(
        "王小明", "+8613800138000", "云州市安民路 8 号", ""
    )


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"receiver": ""}, NameMissing),
        ({"phone": "12"}, PhoneMalformed),
        ({"address": "家"}, AddressImpossible),
        ({"address": "安" * 121}, AddressImpossible),
        ({"address": "安民路 8 号\x00\x07"}, AddressImpossible),
        ({"postcode": "1000"}, PostcodeMalformed),
        ({"postcode": "１０００００"}, PostcodeMalformed),
    ],
)
def test_refuses_what_no_postman_can_use(changed, refusal):
    fields = {"receiver": "王小明", "phone": "13800138000", "address": "云州市安民路 8 号", "postcode": ""}
    with pytest.raises(refusal):
        check_delivery(**(fields | changed))


def test_a_move_to_services_that_must_be_fetched_is_refused_while_the_result_is_to_be_posted(session):
    row = booked(session)
    group = session.get_one(ServiceGroup, row.group_id)
    other = build.make_service(session, group)
    later = row.starts_at + timedelta(days=1)
    build.make_slot(session, group, later)
    hall = session.get_one(Hall, row.hall_id)
    token = hold(session, HoldSlot(hall.code, (other.code,), later), actor=ANONYMOUS, now=NOW).token
    with pytest.raises(CannotBePosted):
        reschedule(session, row, token=token, actor=ANONYMOUS, now=NOW)
    assert (row.starts_at, delivery_of(row)) == (later - timedelta(days=1), HOME)
    set_delivery(session, row, None, actor=ANONYMOUS, now=NOW)
    reschedule(session, row, token=token, actor=ANONYMOUS, now=NOW)
    assert row.service_ids == [other.id]
