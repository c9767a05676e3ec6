import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.errors import IdempotencyKeyReused, RequestInProgress
from booking.idempotency import Replay, begin, finish, remove_old
from booking.models import IdempotencyKey

HASH = hashlib.sha256(b"body").digest()
OTHER = hashlib.sha256(b"other body").digest()


def answer(session, now, key="key", body='{"name": "张三"}'):
    finish(session, key, "book", HASH, status=201, body=body, real_now=now)


def test_the_first_answer_is_given_again_for_a_day(session, now):
    assert begin(session, "key", "book", HASH, real_now=now) is None
    answer(session, now)
    replay = Replay(201, '{"name": "张三"}')
    assert begin(session, "key", "book", HASH, real_now=now + timedelta(hours=23)) == replay
    assert begin(session, "key", "book", HASH, real_now=now + timedelta(hours=24)) is None


def test_another_body_is_refused_and_another_scope_is_another_key(session, now):
    answer(session, now)
    with pytest.raises(IdempotencyKeyReused):
        begin(session, "key", "book", OTHER, real_now=now)
    assert begin(session, "key", "hold", OTHER, real_now=now) is None


def test_answers_are_unreadable_at_rest_and_removed_after_a_day(session, now):
    answer(session, now)
    assert "张三".encode() not in session.scalars(select(IdempotencyKey.answer_sealed)).one()
    assert remove_old(session, real_now=now + timedelta(hours=23)) == 0
    assert remove_old(session, real_now=now + timedelta(hours=24)) == 1


def test_a_key_that_ran_out_can_be_used_for_something_else(session, now):
    answer(session, now)
    later = now + timedelta(days=2)
    assert begin(session, "key", "book", OTHER, real_now=later) is None
    finish(session, "key", "book", OTHER, status=200, body="new", real_now=later)
    assert begin(session, "key", "book", OTHER, real_now=later) == Replay(200, "new")


def test_a_second_request_is_told_to_wait_and_then_gets_the_answer(database, now):
    with database.transaction() as first:
        assert begin(first, "key", "book", HASH, real_now=now) is None
        with database.transaction() as second, pytest.raises(RequestInProgress):
            begin(second, "key", "book", HASH, real_now=now)
        answer(first, now, body="done")
    with database.transaction() as third:
        assert begin(third, "key", "book", HASH, real_now=now) == Replay(201, "done")


def test_a_request_that_failed_leaves_the_key_free(database, now):
    with database.transaction() as first:
        assert begin(first, "key", "book", HASH, real_now=now) is None
        first.rollback()
    with database.transaction() as second:
        assert begin(second, "key", "book", HASH, real_now=now) is None
