from datetime import date

from sqlalchemy import func, select

from people import doctor
from people.citizens import find_by_identity, find_or_create, identity_indexes, name_of, number_of, phone_of
from people.identity import check
from people.models import Citizen
from people.sample_ids import sample_resident_id

PHONE = "+8613800138000"
TODAY = date(2026, 3, 2)


def come(session, now, number, *, kind="resident_id", name="张三", phone=PHONE):
    identity = check(kind, number, today=TODAY)
    return find_or_create(session, identity, name=name, phone=phone, language="zh", now=now)


def test_one_document_is_one_person(session, now):
    first = come(session, now, sample_resident_id(1))
    again = come(session, now, sample_resident_id(1).lower(), name="张叁", phone="+8613900139000")
    assert again.id == first.id
    assert (name_of(again), phone_of(again)) == ("张叁", "+8613900139000")
    assert number_of(again) == sample_resident_id(1)
    assert come(session, now, sample_resident_id(2)).id != first.id
    assert session.scalar(select(func.count()).select_from(Citizen)) == 2


def test_the_same_characters_on_another_kind_of_document_are_another_person(session, now):
    one = come(session, now, "E12345678", kind="passport_cn")
    other = come(session, now, "E12345678", kind="passport_foreign")
    assert one.id != other.id
    assert find_by_identity(session, "passport_cn", "E12345678") is one
    assert find_by_identity(session, "passport_cn", "E87654321") is None


def test_a_kiosk_finds_a_person_without_asking_for_the_kind(session, now):
    one = come(session, now, "E12345678", kind="passport_cn")
    assert one.identity_index in identity_indexes("e1234 5678", today=TODAY)
    assert identity_indexes("", today=TODAY) == []
    assert identity_indexes("'; DROP TABLE citizen; --", today=TODAY) == []


def test_a_citizen_without_a_phone_is_known_too(session, now):
    assert phone_of(come(session, now, sample_resident_id(1), phone=None)) is None


def test_the_doctor_sees_data_that_cannot_be_read_or_found(session, now, cipher):
    citizen = come(session, now, sample_resident_id(1))
    assert doctor.check(session) == []
    other = check("resident_id", sample_resident_id(2), today=TODAY)
    citizen.number_sealed = cipher.encrypt(other.number, "citizen.number")
    citizen.phone_sealed = cipher.encrypt("+8613900139000", "citizen.phone")
    session.flush()
    found = {violation.rule for violation in doctor.check(session)}
    assert found == {"citizen_not_found_by_document", "citizen_not_found_by_phone"}
    citizen.name_sealed = b"nonsense"
    session.flush()
    assert [violation.rule for violation in doctor.check(session)] == ["citizen_unreadable"]
