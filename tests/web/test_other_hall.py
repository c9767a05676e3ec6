"""Staff of another hall, with every role there is, neither see nor change anything of this hall.

The table is walked from the URL map: a new route that carries a hall, or something of a hall, is tried as
soon as it exists, and one that takes a body fails here until a valid body is given, since a body that is
refused would hide whether the hall is looked at.
"""

import pytest
from sqlalchemy import func, select

from kernel import clock
from people import api_tokens
from people.models import Device, Staff
from people.permissions import STAFF_ROLES
from runtime import schema
from tests import build
from tests.web.api.town import hall_body
from tests.web.hall_faces import HASH, PASSWORD, token
from web.api.staff_work import HANDS

DAYS = {"from": build.TODAY.isoformat(), "to": build.TODAY.isoformat()}
ACCOUNT = {"username": "newone", "name": "新人", "password": "long enough 1", "roles": ["officer"]}
BODIES = {
    "administration.save_hall": hall_body(),
    "administration.offer_services": {"services": {}},
    "administration.publish_numbers": DAYS,
    "devices.enrol_device": {"kind": "kiosk", "hall": "yunzhou", "name": "x"},
    "devices.pair_device": {"kind": "kiosk", "hall": "yunzhou", "name": "x", "code": "12345678"},
    "devices.change_device": {"printer": "browser"},
    "administration.add_staff": ACCOUNT | {"halls": ["yunzhou"]},
    "staff-bookings.book_for_somebody": {
        "services": ["x"],
        "starts_at": "2026-03-02T02:00:00Z",
        "name": "张三",
        "identity_kind": "resident_id",
        "identity_number": "1",
        "reason": "no_phone",
    },
    "counters.pause_counter": {"reason": "meal"},
    "tickets.check_in_at_hall": {"code": "123456"},
    "villages.check_in_at_village": {"code": "123456"},
    "tickets.issue_ticket": {"group": "A", "services": []},
    "tickets.transfer_ticket": {"group": "B"},
    "staff_work.pass_to_counter": {"number": 2},
    "staff_work.send_to_room": {"reason": "photo", "room": "3"},
    "staff_work.set_services": {"services": ["x"]},
    "staff_work.owe_paper": {"service": "x", "material": "y"},
    "staff_work.open_back_task": {"service": "x"},
    "staff_work.call_chosen_ticket": {"label": "A001", "why": "frail"},
    "closures.close_hall": {"ends_at": "2026-03-02T09:00:00Z", "reason_zh": "停电", "emergency": True},
    "day-numbers.change_day_numbers": {
        "on": build.TODAY.isoformat(),
        "group": "A",
        "change": "withdraw",
        "most": 1,
        "reason": "trouble",
    },
    "special-requests.approve_request": {"starts_at": "2026-03-02T02:00:00Z"},
    "special-requests.refuse_request": {"answer": "当天已满"},
    "appeals.decide_hall_appeal": {"accepted": True, "answer": "已核实"},
    "document-appeals.decide_document_appeal": {"accepted": True, "answer": "已核实"},
    "hall-waitlists.take_off_hall_waitlist": {"reason": "asked"},
    "appeals.lift_hall_suspension": {
        "identity_kind": "resident_id",
        "identity_number": "EZ3333333",
        "reason": "illness",
    },
}
VERBS = {
    "staff_work.hand_counter_over": tuple(HANDS),
    "staff_work.settle_owed_paper": ("settle", "waive"),
    "villages.move_village_visit": ("complete", "undo"),
}
FORMS = {
    "admin.devices_enrol": {"hall": "yunzhou", "name": "x"},
    "admin.plan_publish": {"days": "7"},
    "admin.staff_add": ACCOUNT,
    "console.receive": {"for": "A"},
    "console.work_in_village": {"shown": "123456"},
}
#: Of no hall: one's own account, what every editor of the city's content may read, or what
#: `test_limits_of_administrators` refuses to all but the city's.
OF_NO_HALL = {
    "sign-in.sign_out",
    "signin.leave",
    "histories.list_history",
    "histories.read_revision",
    "cockpit.demand_file",  # of one's own halls; of another see `test_a_file_of_demand_is_of_ones_own_halls`
}
CITY_WIDE = {
    "administration.save_service",
    "content.save_synonyms",
    "content.send_picture",
    "content.publish_guide",
    "content.remove_package",
    "content.save_package",
    "content.set_service_active",
    "content.withdraw_guide",
    "system.set_clock",
    "system.run_doctor",
    "system.list_simulated_messages",
    "system.read_conversation",
    "system.reply_from_phone",
}


@pytest.fixture
def stranger(faces):
    """Staff of another hall with all roles; the hall itself has a ticket, an officer and a device."""
    faces.officer(counter=0, username="own-officer")
    faces.waiting(1)
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere", name_zh="别处大厅")
        return build.make_staff(
            session, roles=sorted(STAFF_ROLES), hall_ids=[other.id], password_hash=HASH, username="stranger"
        )


def counts(faces):
    with faces.parts.database.transaction() as session:
        tables = schema.metadata().sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables}


def values_of(faces):
    """Every argument that a route may have, naming something of the hall."""
    with faces.parts.database.transaction() as session:
        device = session.query(Device).filter_by(hall_id=faces.hall.id).first()
        officer = session.query(Staff).filter_by(username="own-officer").one()
    return {
        "code": faces.hall.code,
        "hall_code": faces.hall.code,
        "counter_id": faces.counters[0].id,
        "number": faces.counters[0].number,
        "label": faces.tickets()[0].label,
        "material": "id-card",
        "suffix": "csv",
        "on": build.TODAY.isoformat(),
        "kind": "questions",
        "part": "q1",
        "key": faces.hall.code,
        "device_id": device.id,
        "reference": "no-such-reference",
        "closure_id": 1,
        "entry_id": 1,
        "ticket_id": faces.tickets()[0].id,
        "extra_id": 1,
        "owed_id": 1,
        "staff_id": officer.id,
    }


def routes(faces, kind):
    """(endpoint, method, path) of each route behind that guard; verbs in all their forms."""
    known = values_of(faces)
    for rule in faces.app.url_map.iter_rules():
        view = faces.app.view_functions[rule.endpoint]
        if not getattr(view, "__guard__", "").startswith(kind) or rule.endpoint in OF_NO_HALL | CITY_WIDE:
            continue
        verbs = {
            "verb": VERBS.get(rule.endpoint, ("open", "close")),
            "step": ("start", "abandon"),
            "action": ("next", "close"),
            "state": ("ready",),
        }
        free = [name for name in rule.arguments if name in verbs]
        assert rule.arguments <= {*known, *free}, f"{rule.rule}: say in values_of what its arguments name"
        for word in verbs[free[0]] if free else ("",):
            facts = known | dict.fromkeys(free, word)
            if rule.endpoint.startswith("histories."):
                facts["part"] = "screens"  # of a hall's settings; elsewhere of a guide
            _host, path = rule.build(facts, append_unknown=False)
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                if rule.arguments or method != "GET":
                    yield rule.endpoint, method, path


def test_the_api_refuses_staff_of_another_hall(faces, stranger):
    with faces.parts.database.transaction() as session:
        bearer = api_tokens.create(session, stranger, real_now=clock.real_now())
    client, before, tried = faces.app.test_client(), counts(faces), 0
    for endpoint, method, path in routes(faces, "bearer:"):
        body = BODIES.get(endpoint)
        answer = client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code in (403, 404), (endpoint, path, answer.text)
        tried += 1
    assert tried >= 15
    assert counts(faces) == before


def signed_in(faces, staff):
    client = faces.app.test_client()
    facts = {"username": staff.username, "password": PASSWORD}
    client.post("/sign-in", data={**facts, "csrf_token": token(client.get("/sign-in").text)})
    return client


def test_pages_refuse_staff_of_another_hall(faces, stranger):
    client = signed_in(faces, stranger)
    csrf, before, tried = token(client.get("/admin/staff").text), counts(faces), 0
    for endpoint, method, path in routes(faces, "staff:"):
        form = {"csrf_token": csrf, **FORMS.get(endpoint, {})} if method == "POST" else None
        answer = client.open(path, method=method, data=form)
        assert answer.status_code in (403, 404), (endpoint, path, answer.status_code)
        tried += 1
    assert tried >= 10
    assert counts(faces) == before


def test_lists_of_staff_show_nothing_of_another_hall(faces, stranger):
    client = signed_in(faces, stranger)
    for path in (
        "/admin/",
        "/admin/halls",
        "/admin/staff",
        "/admin/devices",
        "/admin/audit",
        "/console",
        "/cockpit/",
    ):
        page = client.get(path).text
        assert faces.hall.name_zh not in page, path
        assert "own-officer" not in page, path


def test_a_file_of_demand_is_of_ones_own_halls(faces, stranger):
    client = signed_in(faces, stranger)
    assert client.get("/cockpit/demand.csv").status_code == 200
    for path in ("/cockpit/demand", "/cockpit/demand.csv"):
        assert client.get(path, query_string={"hall": faces.hall.code}).status_code == 404, path
