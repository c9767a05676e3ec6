from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from people.identity import check
from people.models import SavedPerson
from people.sample_ids import sample_resident_id
from people.saved_persons import (
    MOST,
    Relation,
    RelationUnknown,
    SavedPersonUnknown,
    TooManySavedPersons,
    get_profile,
    list_persons,
    remove_person,
    save_person,
    set_relation,
)
from tests.conftest import NOW

PHONE = "+8613800138000"
OTHER = "+8613900139000"


def save(session, seed=1, name="欧阳娜娜", phone=PHONE, now=NOW, **options):
    identity = check("resident_id", sample_resident_id(seed), today=date(2026, 3, 2))
    return save_person(session, phone, identity, name=name, actor=ANONYMOUS, now=now, **options)


def test_lists_masked_whom_a_phone_books_for_and_gives_the_whole_to_a_form(session):
    saved = save(session)
    (card,) = list_persons(session, PHONE)
    assert (card.reference, card.name, card.relation) == (saved.reference, "欧**", Relation.SELF)
    assert sample_resident_id(1) != card.number
    assert card.number.startswith(sample_resident_id(1)[:3])
    profile = get_profile(session, PHONE, card.reference, now=NOW)
    assert (profile.name, profile.identity_number) == ("欧阳娜娜", sample_resident_id(1))


def test_nothing_readable_is_stored(session):
    row = save(session)
    session.flush()
    stored = [getattr(row, column.name) for column in SavedPerson.__table__.columns]
    for secret in ("欧阳娜娜", sample_resident_id(1), PHONE):
        assert all(secret.encode() not in value for value in stored if isinstance(value, bytes))
        assert secret not in str([value for value in stored if not isinstance(value, bytes)])


def test_another_phone_sees_none_of_them(session):
    saved = save(session)
    assert list_persons(session, OTHER) == []
    with pytest.raises(SavedPersonUnknown):
        get_profile(session, OTHER, saved.reference, now=NOW)
    with pytest.raises(SavedPersonUnknown):
        set_relation(session, OTHER, saved.reference, "child", actor=ANONYMOUS, now=NOW)
    remove_person(session, OTHER, saved.reference, actor=ANONYMOUS, now=NOW)
    assert len(list_persons(session, PHONE)) == 1


def test_saving_twice_keeps_one_with_the_newest_name(session):
    first, again = save(session), save(session, name="欧阳娜")
    assert first.reference == again.reference
    assert [card.name for card in list_persons(session, PHONE)] == ["欧**"]
    assert get_profile(session, PHONE, first.reference, now=NOW).name == "欧阳娜"


def test_the_first_is_the_owner_and_relations_can_be_said(session):
    save(session)
    child = save(session, 2, name="王小明")
    assert child.relation == Relation.OTHER
    set_relation(session, PHONE, child.reference, "child", actor=ANONYMOUS, now=NOW)
    assert {card.relation for card in list_persons(session, PHONE)} == {Relation.SELF, Relation.CHILD}
    with pytest.raises(RelationUnknown):
        set_relation(session, PHONE, child.reference, "dog", actor=ANONYMOUS, now=NOW)


def test_whom_one_booked_for_last_comes_first(session):
    first = save(session)
    save(session, 2, name="王小明", now=NOW + timedelta(minutes=1))
    get_profile(session, PHONE, first.reference, now=NOW + timedelta(minutes=2))
    assert next(iter(list_persons(session, PHONE))).reference == first.reference


def test_keeps_a_family_and_not_a_village(session):
    for seed in range(MOST):
        save(session, seed)
    with pytest.raises(TooManySavedPersons) as refused:
        save(session, MOST)
    assert str(MOST) in refused.value.sentence("zh")
    assert save(session, 0, name="王改名").name_sealed  # whom one has may always be saved again


def test_the_limit_holds_for_requests_at_once(database):
    def one(seed):
        try:
            with database.transaction() as session:
                save(session, seed)
        except TooManySavedPersons:
            return 0
        return 1

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(one, range(12))) == MOST
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(SavedPerson)) == MOST


def test_removing_forgets_and_is_audited_once(session):
    saved = save(session)
    for _ in range(2):
        remove_person(session, PHONE, saved.reference, actor=ANONYMOUS, now=NOW)
    assert list_persons(session, PHONE) == []
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["saved_person.save", "saved_person.remove"]
