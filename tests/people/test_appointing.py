"""Who may appoint and stop whom: nobody grows beyond their own halls and permissions."""

import threading
from dataclasses import replace

import pytest

from kernel.actor import SYSTEM
from people.models import Staff
from people.staff import (
    HallsBeyondYours,
    LastAdministrator,
    NewStaff,
    OwnAccount,
    RoleBeyondYours,
    actor_of,
    create_staff,
    set_active,
)
from tests import build

NEW = NewStaff("new", "新人", "long enough 1", ("officer",), (7,))


@pytest.fixture
def chief(session):
    """An administrator of halls 7 and 8."""
    return actor_of(build.make_staff(session, roles=("admin",), hall_ids=[7, 8]))


@pytest.mark.parametrize("halls", [None, (9,), (7, 9)])
def test_an_administrator_of_some_halls_appoints_nobody_beyond_them(session, now, chief, halls):
    with pytest.raises(HallsBeyondYours):
        create_staff(session, replace(NEW, hall_ids=halls), actor=chief, now=now)
    assert session.query(Staff).filter_by(username="new").count() == 0


def test_an_administrator_of_some_halls_appoints_within_them(session, now, chief):
    assert create_staff(session, replace(NEW, roles=("officer", "admin")), actor=chief, now=now).hall_ids == [
        7
    ]


def test_an_administrator_of_some_halls_grants_no_more_than_they_hold(session, now, chief):
    with pytest.raises(RoleBeyondYours):
        create_staff(session, replace(NEW, roles=("officer", "desk")), actor=chief, now=now)


def test_an_administrator_of_the_city_and_the_system_appoint_everyone(session, now):
    admin = actor_of(build.make_staff(session, roles=("admin",)))
    for number, who in enumerate((admin, SYSTEM)):
        for role in ("admin", "manager", "duty_officer", "officer", "desk"):
            new = replace(NEW, username=f"{role}{number}", roles=(role,), hall_ids=None)
            assert create_staff(session, new, actor=who, now=now).hall_ids is None


@pytest.mark.parametrize("halls", [None, [9], [7, 9]])
def test_nobody_of_other_halls_is_stopped_or_started(session, now, chief, halls):
    stranger = build.make_staff(session, hall_ids=halls)
    for active in (True, False):
        with pytest.raises(HallsBeyondYours):
            set_active(session, stranger, active=active, actor=chief, now=now)
    assert stranger.active


def test_a_role_beyond_ones_own_can_be_stopped_but_not_given_back(session, now, chief):
    manager = build.make_staff(session, roles=("manager",), hall_ids=[7])
    set_active(session, manager, active=False, actor=chief, now=now)
    with pytest.raises(RoleBeyondYours):
        set_active(session, manager, active=True, actor=chief, now=now)


def test_nobody_stops_themselves(session, now):
    one, _other = (build.make_staff(session, roles=("admin",)) for _ in range(2))
    with pytest.raises(OwnAccount):
        set_active(session, one, active=False, actor=actor_of(one), now=now)


def test_the_last_administrator_of_the_city_stays(session, now):
    one, other = (build.make_staff(session, roles=("admin",)) for _ in range(2))
    build.make_staff(session, roles=("admin",), hall_ids=[7])
    set_active(session, one, active=False, actor=SYSTEM, now=now)
    with pytest.raises(LastAdministrator):
        set_active(session, other, active=False, actor=SYSTEM, now=now)
    set_active(session, one, active=True, actor=SYSTEM, now=now)
    set_active(session, other, active=False, actor=SYSTEM, now=now)


def test_two_administrators_cannot_stop_each_other_at_once(database, now):
    with database.transaction() as session:
        ids = [build.make_staff(session, roles=("admin",)).id for _ in range(2)]
    together, refused = threading.Barrier(2), []

    def stop(own: int, other: int) -> None:
        try:
            with database.transaction() as session:
                who, row = actor_of(session.get(Staff, own)), session.get(Staff, other)
                together.wait(10)
                set_active(session, row, active=False, actor=who, now=now)
        except LastAdministrator as error:
            refused.append(error)

    threads = [threading.Thread(target=stop, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with database.transaction() as session:
        assert session.query(Staff).filter_by(active=True).count() == 1
    assert len(refused) == 1
