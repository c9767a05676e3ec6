from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from kernel.audit import AuditEntry
from people.code_budget import (
    CodeBudget,
    CodeBudgetInvalid,
    Payer,
    PhoneCodeBudgetSpent,
    city_payer,
    usage,
)
from people.models import PhoneCode, Setting
from people.phone_codes import request_code
from tests.conftest import NOW

SMALL = Payer(7, CodeBudget(per_hour=3, per_day=5))


def ask(session, seed, now=NOW, payer=SMALL):
    return request_code(session, f"+861380013{seed:04d}", language="zh", now=now, payer=payer)


def alarms(session):
    session.flush()
    return session.scalar(select(func.count()).where(AuditEntry.action == "phone_code.budget_spent"))


def test_a_hall_pays_for_so_many_codes_an_hour_and_a_day(session):
    for seed in range(3):
        assert ask(session, seed).hall_id == 7
    with pytest.raises(PhoneCodeBudgetSpent):
        ask(session, 3)
    later = NOW + timedelta(hours=1)
    ask(session, 4, later)
    ask(session, 5, later)
    with pytest.raises(PhoneCodeBudgetSpent):
        ask(session, 6, later + timedelta(hours=2))
    assert ask(session, 7, NOW + timedelta(days=1))


def test_halls_and_the_installation_pay_for_themselves(session):
    for seed in range(3):
        ask(session, seed)
    assert ask(session, 10, payer=Payer(8, SMALL.budget)).hall_id == 8
    assert ask(session, 11, payer=city_payer(session)).hall_id is None
    assert usage(session, SMALL, now=NOW).spent
    assert not usage(session, city_payer(session), now=NOW).nearly


def test_the_refusal_tells_the_way_without_a_phone():
    assert "现场取号" in PhoneCodeBudgetSpent().sentence("zh")
    assert "come to the hall" in PhoneCodeBudgetSpent().sentence("en")


def test_staff_are_told_once_an_hour(session):
    for seed in range(2):
        ask(session, seed)
    assert alarms(session) == 0
    ask(session, 2)
    assert alarms(session) == 1
    ask(session, 3, NOW + timedelta(hours=1))
    ask(session, 4, NOW + timedelta(hours=1))
    assert alarms(session) == 2  # the day's is spent, an hour later


def test_the_budget_holds_for_requests_at_once(database):
    def one(seed):
        try:
            with database.transaction() as session:
                ask(session, seed)
        except PhoneCodeBudgetSpent:
            return 0
        return 1

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(one, range(20))) == 3
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(PhoneCode)) == 3
        assert alarms(session) == 1


def test_budgets_are_data_and_checked(session):
    assert CodeBudget.from_mapping({"per_hour": 5}) == CodeBudget(per_hour=5)
    for wrong in ({"per_hour": 0}, {"per_hour": "5"}, {"per_day": True}, {"per_week": 5}, {"per_day": 10**7}):
        with pytest.raises(CodeBudgetInvalid):
            CodeBudget.from_mapping(wrong)
    session.add(Setting(name="phone_codes", value={"per_hour": 1, "per_day": 2}))
    session.flush()
    assert city_payer(session).budget == CodeBudget(1, 2)
