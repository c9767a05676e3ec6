"""Nothing personal remains of somebody who was forgotten; the figures do."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, select

import people.doctor
from booking.hall_rules import rules_of
from booking.models import Appeal, Appointment, SpecialRequest, WaitlistEntry
from booking.personal_data import AppointmentsStillOpen, VisitNotOver
from booking.standing import standing_of
from feedback import personal_data
from feedback.models import FollowUpCase, Rating, Survey
from kernel import ids
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.audit import AuditEntry
from kernel.crypto import cipher
from notifications.models import InboundReply, Message, SimulatedSms
from notifications.plan import plan
from people import known_browsers, phone_codes
from people.citizens import find_or_create, identity_index, phone_index
from people.identity import check
from people.models import Citizen, SavedPerson
from people.retention import Retention, RetentionInvalid, retention, set_retention
from people.sample_ids import sample_resident_id
from people.saved_persons import save_person
from runtime import schema
from tests import build
from tests.conftest import NOW

PHONE, OTHER = "+8613800138000", "+8613900139000"
NAME, NUMBER = "欧阳娜娜", sample_resident_id(5)
ADDRESS = "安民路 8 号"
LATER = NOW + timedelta(days=1)


class Person:
    """Somebody of whom every table knows something."""

    def __init__(self, session, phone=PHONE, *, seed=5, name=NAME, state="fulfilled", days_ago=0):
        self.session, self.phone = session, phone
        now = NOW - timedelta(days=days_ago)
        self.hall = build.make_hall(session)
        self.group = build.make_group(session, self.hall)
        identity = check("resident_id", sample_resident_id(seed), today=build.TODAY)
        self.index = identity_index(identity.kind, identity.number)
        self.citizen = find_or_create(session, identity, name=name, phone=phone, language="zh", now=now)
        slot = build.make_slot(session, self.group, now + timedelta(hours=1))
        keys = cipher()
        self.appointment = build.make_appointment(
            session,
            slot,
            self.citizen,
            phone=phone,
            state=state,
            name_sealed=keys.encrypt(name, "appointment.name"),
            delivery_sealed=keys.encrypt(f'{{"address": "{ADDRESS}"}}', "appointment.delivery"),
        )
        save_person(session, phone, identity, name=name, actor=ANONYMOUS, now=now)
        known_browsers.remember(session, phone, actor=ANONYMOUS, now=now)
        self.code = phone_codes.request_code(session, phone, language="zh", now=now)
        self.ticket = build.make_ticket(
            session,
            self.group,
            state="completed",
            issued_at=now,
            phone_sealed=keys.encrypt(phone, "ticket.phone"),
            phone_index=phone_index(phone),
        )
        self._appeal(now)
        self._messages(now)
        self.rating = self._rating(now)
        session.flush()

    def _appeal(self, now):
        sealed = {
            "reason_sealed": cipher().encrypt("发烧住院", "appeal.reason"),
            "answer_sealed": cipher().encrypt("已核实", "appeal.answer"),
        }
        appeal = Appeal(
            reference=ids.new_reference(),
            appointment_id=self.appointment.id,
            hall_id=self.hall.id,
            citizen_id=self.citizen.id,
            state="accepted",
            created_at=now,
            **sealed,
        )
        self.session.add(appeal)

    def _messages(self, now):
        keys, session = cipher(), self.session
        plan(
            session,
            "booked",
            event_key=f"k{self.appointment.id}",
            phone=self.phone,
            language="zh",
            subject=("appointment", self.appointment.id),
            hall_id=self.hall.id,
            now=now,
        )
        session.add(
            InboundReply(
                provider="console",
                provider_id=ids.new_reference(),
                phone_index=phone_index(self.phone),
                phone_sealed=keys.encrypt(self.phone, "reply.phone"),
                text_sealed=keys.encrypt("谢谢", "reply.text"),
                received_at=now,
                understood_as="thanks",
            )
        )
        session.add(
            SimulatedSms(
                provider_id=ids.new_reference(),
                message_reference="x",
                phone_index=phone_index(self.phone),
                phone_sealed=keys.encrypt(self.phone, "simulator.phone"),
                text_sealed=keys.encrypt(NAME, "simulator.text"),
                accepted_at=now,
            )
        )
        common = {
            "reference": ids.new_reference(),
            "hall_id": self.hall.id,
            "group_id": self.group.id,
            "service_ids": [],
            "phone_index": phone_index(self.phone),
            "state": "expired",
        }
        session.add(
            WaitlistEntry(
                **common,
                first_on=build.TODAY,
                last_on=build.TODAY,
                created_at=now,
                phone_sealed=keys.encrypt(self.phone, "waitlist_entry.phone"),
            )
        )
        session.add(
            SpecialRequest(
                **{**common, "state": "refused"},
                kind="urgent",
                wanted_on=build.TODAY,
                created_at=now,
                identity_index=self.index,
                person_sealed=keys.encrypt(self._typed(), "special_request.person"),
                answer_sealed=keys.encrypt("明天有号", "special_request.answer"),
                reason_sealed=keys.encrypt("要出国", "special_request.reason"),
            )
        )

    def _typed(self):
        person = {"name": NAME, "identity_kind": "resident_id", "identity_number": NUMBER}
        return json.dumps(person | {"phone": self.phone})

    def _rating(self, now):
        survey = Survey(
            reference=ids.new_reference(),
            ticket_id=self.ticket.id,
            hall_id=self.hall.id,
            group_id=self.group.id,
            citizen_id=self.citizen.id,
            phone_index=phone_index(self.phone),
            channel="sms",
            visit_on=build.TODAY,
            asked_at=now,
            expires_at=now + timedelta(days=7),
        )
        self.session.add(survey)
        self.session.flush()
        rating = Rating(
            survey_id=survey.id,
            hall_id=self.hall.id,
            grade=2,
            via="page",
            answered_at=now,
            comment_sealed=cipher().encrypt("我是欧阳娜娜", "rating.comment"),
        )
        self.session.add(rating)
        self.session.flush()
        return rating


def traces(session, phone=PHONE, index=None):
    """Where a phone or a document can still be found: by keyed hash, or in anything that can be unsealed."""
    session.flush()
    session.expire_all()
    hashes, found = {phone_index(phone), index}, []
    for table in schema.metadata().sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, LargeBinary)]
        for row in session.execute(select(*columns)).all() if columns else ():
            for column, value in zip(columns, row, strict=True):
                if value in hashes or (value and column.name.endswith("_sealed")):
                    found.append(f"{table.name}.{column.name}")
    return sorted(set(found))


def forget(session, phone=PHONE, *, cancel_open=False, now=LATER):
    personal_data.forget(session, phone, cancel_open=cancel_open, actor=ANONYMOUS, now=now)


def test_nothing_personal_remains_of_who_wished_to_be_forgotten(session):
    person = Person(session)
    before = traces(session, index=person.index)
    assert len(before) > 15  # the scan sees them all
    forget(session)
    # The codes of the last day keep their keyed hash: codes to this phone stay limited.
    assert traces(session, index=person.index) == ["phone_code.phone_index"]
    assert session.get_one(Citizen, person.citizen.id).erased_at == LATER
    assert people.doctor.check(session) == []


def test_the_figures_stay(session):
    person = Person(session)
    forget(session)
    assert session.get_one(Appointment, person.appointment.id).state == "fulfilled"
    assert session.get_one(Rating, person.rating.id).grade == 2
    actions = set(session.scalars(select(AuditEntry.action)))
    assert {"citizen.erase", "account.forget"} <= actions


def test_nobody_else_is_touched(session):
    Person(session)
    other = Person(session, OTHER, seed=6, name="王小明")
    before = traces(session, OTHER, other.index)
    forget(session)
    assert traces(session, OTHER, other.index) == before
    assert session.get_one(Citizen, other.citizen.id).erased_at is None


def test_an_open_appointment_must_be_given_back_first(session):
    person = Person(session, state="booked", days_ago=-3)
    with pytest.raises(AppointmentsStillOpen) as refused:
        forget(session)
    assert refused.value.params == {"count": 1}
    forget(session, cancel_open=True)
    row = session.get_one(Appointment, person.appointment.id)
    assert (row.state, row.phone_index) == ("cancelled", None)


@pytest.mark.parametrize(("appointment", "ticket"), [("checked_in", "completed"), ("fulfilled", "waiting")])
def test_nobody_is_forgotten_while_they_are_in_the_hall(session, appointment, ticket):
    person = Person(session, state=appointment)
    person.ticket.state = ticket
    session.flush()
    with pytest.raises(VisitNotOver):
        forget(session, cancel_open=True)
    assert session.get_one(Citizen, person.citizen.id).erased_at is None


def test_a_person_with_an_open_appointment_under_another_phone_stays(session):
    """Whoever books for a neighbour with their own phone cannot wipe the neighbour's name from a booking."""
    person = Person(session)
    slot = build.make_slot(session, person.group, NOW + timedelta(days=3))
    build.make_appointment(session, slot, person.citizen, phone=OTHER)
    forget(session)
    assert session.get_one(Citizen, person.citizen.id).erased_at is None
    assert session.scalars(select(SavedPerson)).all() == []
    assert session.scalars(select(Appeal)).all() == []  # what this phone wrote goes with the phone


def test_missed_appointments_still_count_after_being_forgotten_and_then_are_let_go(session):
    person = Person(session, state="no_show")
    rules = rules_of(person.hall)
    forget(session)
    assert len(standing_of(session, person.index, rules=rules, now=LATER).missed_at) == 1
    identity = check("resident_id", NUMBER, today=build.TODAY)
    back = find_or_create(session, identity, name=NAME, phone=OTHER, language="zh", now=LATER)
    assert (back.id, back.erased_at) == (person.citizen.id, None)
    assert len(standing_of(session, person.index, rules=rules, now=LATER).missed_at) == 1
    forget(session, OTHER)
    personal_data.forget_old(session, actor=SYSTEM, now=NOW + timedelta(days=130))
    session.flush()
    assert session.get_one(Citizen, person.citizen.id).identity_index is None


def test_a_miss_that_was_excused_keeps_nothing_of_who_is_forgotten(session):
    person = Person(session, state="no_show")
    person.appointment.excused_at = NOW
    forget(session)
    assert traces(session, index=person.index) == ["phone_code.phone_index"]


def test_a_comment_stays_while_somebody_owes_an_answer_to_it(session):
    person = Person(session)
    case = FollowUpCase(
        reference=ids.new_reference(),
        rating_id=person.rating.id,
        hall_id=person.hall.id,
        opened_at=NOW,
        contact_due_on=build.TODAY,
        rectify_due_on=build.TODAY,
    )
    session.add(case)
    session.flush()
    forget(session)
    session.expire_all()
    assert person.rating.comment_sealed is not None
    case.closed_at = LATER
    session.flush()
    personal_data.forget_old(session, actor=SYSTEM, now=NOW + timedelta(days=181))
    session.expire_all()
    assert person.rating.comment_sealed is None


def test_collects_what_every_package_knows_and_only_of_this_phone(session):
    Person(session)
    Person(session, OTHER, seed=6, name="王小明")
    data = personal_data.collect(session, PHONE)
    assert [each["identity_number"] for each in data["persons"]] == [NUMBER]
    assert [each["name"] for each in data["saved_persons"]] == [NAME]
    assert data["appointments"][0]["delivery"] == {"address": ADDRESS}
    assert data["ratings"][0]["comment"] == "我是欧阳娜娜"
    assert data["replies"][0]["text"] == "谢谢"
    assert all(len(data[name]) == 1 for name in ("known_browsers", "waitlist", "tickets", "messages"))
    (asked,) = data["special_requests"]
    assert (asked["name"], asked["identity_number"]) == (NAME, NUMBER)
    assert (asked["reason"], asked["answer"]) == ("要出国", "明天有号")
    (appeal,) = data["appeals"]
    assert (appeal["reason"], appeal["answer"], appeal["state"]) == ("发烧住院", "已核实", "accepted")
    assert data["waitlist"][0]["hall"] == "云州市政务服务大厅"
    assert "王小明" not in str(data)


def test_a_phone_reads_how_it_called_somebody_and_since_when_it_booked_for_them(session):
    owner = Person(session, days_ago=30)
    mine = NOW - timedelta(days=2)
    slot = build.make_slot(session, owner.group, NOW + timedelta(days=1))
    sealed = cipher().encrypt("李四", "appointment.name")
    build.make_appointment(session, slot, owner.citizen, phone=OTHER, name_sealed=sealed, booked_at=mine)
    data = personal_data.collect(session, OTHER)
    assert data["persons"] == [
        {
            "name": "李四",
            "identity_kind": "resident_id",
            "identity_number": NUMBER,
            "language": "zh",
            "since": mine,
        }
    ]
    assert NAME not in str(data)


def test_a_name_that_staff_wrote_without_a_phone_goes_with_its_owner(session):
    owner = Person(session)
    slot = build.make_slot(session, owner.group, NOW - timedelta(days=3))
    sealed = cipher().encrypt(NAME, "appointment.name")
    other = build.make_appointment(session, slot, owner.citizen, name_sealed=sealed, state="fulfilled")
    other.phone_sealed = other.phone_index = None
    session.flush()
    forget(session)
    session.expire_all()
    assert other.name_sealed is None


def test_what_is_old_is_wiped_by_itself_and_what_is_young_stays(session):
    old = Person(session, days_ago=731)
    young = Person(session, OTHER, seed=6, name="王小明", days_ago=2)
    message = session.scalars(select(Message).where(Message.recipient_index == phone_index(PHONE))).one()
    message.state, message.created_at = "delivered", NOW - timedelta(days=731)
    session.flush()
    kept = traces(session, OTHER, young.index)
    personal_data.forget_old(session, actor=SYSTEM, now=NOW)
    session.expire_all()
    assert session.get_one(Citizen, old.citizen.id).erased_at == NOW
    assert set(traces(session, PHONE, old.index)) <= set(kept)
    assert not {phone_index(PHONE), old.index} & set(
        session.scalars(select(Citizen.identity_index)).all()
        + session.scalars(select(SavedPerson.phone_index)).all()
    )
    personal_data.forget_old(session, actor=SYSTEM, now=NOW)  # twice changes nothing


def test_open_appointments_keep_everything_however_old(session):
    person = Person(session, state="booked", days_ago=200)
    personal_data.forget_old(session, actor=SYSTEM, now=NOW)
    session.expire_all()
    assert session.get_one(Appointment, person.appointment.id).phone_index is not None


def test_administrators_change_how_long_data_is_kept(session):
    assert retention(session) == Retention()
    set_retention(session, {"identity": 365}, actor=SYSTEM, now=NOW)
    assert set_retention(session, {"code": 3}, actor=SYSTEM, now=NOW) == Retention(identity=365, code=3)
    assert retention(session).identity == 365
    for wrong in ({"identity": 1}, {"identity": "x"}, {"identity": True}, {"nothing": 5}, {"phone": 99999}):
        with pytest.raises(RetentionInvalid):
            set_retention(session, wrong, actor=SYSTEM, now=NOW)


def test_the_doctor_finds_what_is_left_of_somebody_erased(session):
    person = Person(session)
    forget(session)
    person.citizen.name_sealed = cipher().encrypt(NAME, "citizen.name")
    session.flush()
    assert [each.rule for each in people.doctor.check(session)] == ["citizen_not_erased"]
