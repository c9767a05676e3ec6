from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.direct import Direct
from people import api_tokens, devices
from people.permissions import ROLES, STAFF_ROLES, permissions_of
from people.staff import (
    LOCKED_FOR,
    MOST_FAILURES,
    NewStaff,
    PasswordTooShort,
    RoleUnknown,
    SignInLocked,
    SignInWrong,
    UsernameTaken,
    actor_of,
    check_password,
    create_staff,
    find_by_username,
    raise_unless_signed_in,
)

PASSWORD = "correct horse"


def make(session, now, **values):
    facts = {"username": "Li", "name": "李警官", "password": PASSWORD, "roles": ("officer",)}
    return create_staff(session, NewStaff(**facts | values), actor=SYSTEM, now=now)


def test_the_right_password_signs_in_whatever_the_letters_of_the_name(session, now):
    staff = make(session, now)
    assert PASSWORD not in staff.password_hash
    assert staff.password_hash.startswith("$argon2id$")
    assert raise_unless_signed_in(check_password(session, "LI", PASSWORD, real_now=now)) is staff


def test_an_unknown_name_and_a_wrong_password_are_refused_alike(session, now):
    make(session, now)
    for name, password in (("li", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(SignInWrong):
            raise_unless_signed_in(check_password(session, name, password, real_now=now))


def test_five_failures_lock_the_account_for_a_while(session, now):
    make(session, now)
    for _ in range(MOST_FAILURES):
        check_password(session, "li", "wrong", real_now=now)
    with pytest.raises(SignInLocked):
        raise_unless_signed_in(check_password(session, "li", PASSWORD, real_now=now))
    assert check_password(session, "li", PASSWORD, real_now=now + LOCKED_FOR).staff


def test_a_success_forgets_earlier_failures(session, now):
    make(session, now)
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            check_password(session, "li", "wrong", real_now=now)
        assert check_password(session, "li", PASSWORD, real_now=now).staff


def test_who_has_left_cannot_sign_in(session, now):
    make(session, now).active = False
    session.flush()
    assert check_password(session, "li", PASSWORD, real_now=now).staff is None


def test_refuses_accounts_that_cannot_be(session, now):
    make(session, now)
    for error, values in (
        (UsernameTaken, {"username": "LI"}),
        (PasswordTooShort, {"username": "wang", "password": "short"}),
        (RoleUnknown, {"username": "wang", "roles": ("kiosk",)}),
    ):
        with pytest.raises(error):
            make(session, now, **values)
    assert find_by_username(session, "wang") is None


def test_roles_give_permissions_in_the_staff_members_halls_only(session, now):
    actor = actor_of(make(session, now, roles=("officer", "duty_officer"), hall_ids=(3,)))
    assert actor.may("ticket.call", 3)
    assert actor.may("ticket.override")
    assert not actor.may("ticket.call", 4)
    assert not actor.may("staff.edit")
    assert actor_of(make(session, now, username="admin", roles=("admin",))).may("staff.edit", 99)


def test_every_role_of_the_contract_exists():
    assert set(ROLES) == {
        "admin",
        "manager",
        "duty_officer",
        "officer",
        "desk",
        "back_office",
        "kiosk",
        "display",
    }
    assert set(ROLES) - {"kiosk", "display"} == STAFF_ROLES
    assert permissions_of(["no-longer-there"]) == frozenset()


def test_creating_an_account_is_audited_without_its_name(session, now):
    staff = make(session, now)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id) == ("staff.create", staff.id)
    assert "李" not in str(entry.details)


def find_actor(session, token, now):
    session.flush()
    direct = Direct(session.connection().connection.driver_connection)
    return api_tokens.find_actor(direct, token, real_now=now)


def test_api_tokens_run_out_and_can_be_revoked(session, now):
    staff = make(session, now)
    token = api_tokens.create(session, staff, real_now=now, lifetime=timedelta(hours=1))
    session.flush()
    assert find_actor(session, token, now) == actor_of(staff)
    assert find_actor(session, token + "x", now) is None
    assert find_actor(session, token, now + timedelta(hours=1)) is None
    assert api_tokens.revoke(session, token, real_now=now)
    assert not api_tokens.revoke(session, token, real_now=now)
    assert find_actor(session, token, now) is None


def test_a_device_acts_in_its_hall_until_it_is_revoked(session, now):
    device, token = devices.enrol(session, kind="kiosk", hall_id=3, name="一号机", actor=SYSTEM, now=now)
    assert devices.find_device(session, token) is device
    actor = devices.actor_of_device(device)
    assert actor.may("ticket.issue", 3)
    assert not actor.may("ticket.issue", 4)
    assert not actor.may("ticket.call", 3)
    devices.revoke(session, device, actor=SYSTEM, now=now)
    assert devices.find_device(session, token) is None
    with pytest.raises(devices.DeviceKindUnknown):
        devices.enrol(session, kind="toaster", hall_id=3, name="", actor=SYSTEM, now=now)
