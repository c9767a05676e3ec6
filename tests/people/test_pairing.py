from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from kernel import clock
from kernel.actor import SYSTEM, Actor
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from people import devices, pairing
from people.devices import Place
from people.models import Device, DevicePairing
from tests import build

NOW = build.at("09:00")


@pytest.fixture
def place(session):
    return Place("kiosk", build.make_hall(session).id, "东门")


def claim(session, code, place, actor=SYSTEM, real_now=NOW):
    return pairing.claim(session, code, place, actor=actor, now=NOW, real_now=real_now)


def test_the_secret_of_the_device_becomes_its_token(session, place):
    waiting = pairing.begin(session, real_now=NOW)
    assert devices.find_device(session, waiting.secret) is None
    device = claim(session, f" {waiting.code[:4]} {waiting.code[4:]} ", place)
    assert devices.find_device(session, waiting.secret).id == device.id
    assert pairing.find_waiting(session, waiting.secret, real_now=NOW) is None


def test_a_code_works_once(session, place):
    code = pairing.begin(session, real_now=NOW).code
    assert claim(session, code, place)
    assert claim(session, code, place) is None


def test_a_code_runs_out_and_its_row_goes(session, place):
    waiting = pairing.begin(session, real_now=NOW)
    late = NOW + pairing.VALID_FOR
    assert pairing.find_waiting(session, waiting.secret, real_now=late) is None
    assert claim(session, waiting.code, place, real_now=late) is None
    pairing.begin(session, real_now=late)
    assert session.scalar(select(func.count(DevicePairing.id))) == 1


def test_a_waiting_device_keeps_its_code(session):
    waiting = pairing.begin(session, real_now=NOW)
    assert pairing.find_waiting(session, waiting.secret, real_now=NOW + timedelta(minutes=9)) == waiting


def test_five_wrong_codes_are_noted_and_make_one_person_wait(session, place):
    staff = build.make_staff(session)
    actor = Actor("staff", staff.id)
    real_now = clock.real_now()
    code = pairing.begin(session, real_now=real_now).code
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _try in range(pairing.MOST_TRIES):
        assert claim(session, wrong, place, actor, real_now) is None
    with pytest.raises(pairing.PairingTriesSpent):
        claim(session, code, place, actor, real_now)
    noted = select(func.count(AuditEntry.id)).where(AuditEntry.action == "device.pair_refused")
    assert session.scalar(noted) == pairing.MOST_TRIES
    assert claim(session, code, place, Actor("staff", build.make_staff(session).id), real_now)


def test_no_more_devices_wait_than_a_city_enrols(session, monkeypatch):
    monkeypatch.setattr(pairing, "MOST_WAITING", 2)
    pairing.begin(session, real_now=NOW)
    pairing.begin(session, real_now=NOW)
    with pytest.raises(pairing.PairingsTooMany):
        pairing.begin(session, real_now=NOW)


def test_two_people_who_type_one_code_enrol_one_device(database):
    with database.transaction() as session:
        place = Place("display", build.make_hall(session).id, "屏")
        code = pairing.begin(session, real_now=NOW).code
    start, found = Barrier(2), []

    def type_it():
        start.wait()
        with database.transaction() as session:
            found.append(claim(session, code, place))

    hands = [Thread(target=type_it) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sum(device is not None for device in found) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count(Device.id))) == 1


@pytest.mark.parametrize("address", ["8.8.8.8", "printer.example", "192.168.1.5:0", "192.168.1.5:x", "1:2:3"])
def test_a_printer_is_an_address_of_ones_own_network(address):
    with pytest.raises(devices.PrinterAddressWrong):
        devices.read_address(address)


def test_a_printer_listens_on_its_usual_port_unless_told():
    assert devices.read_address("192.168.1.50") == ("192.168.1.50", 9100)
    assert devices.read_address("10.0.0.7:9101") == ("10.0.0.7", 9101)


def test_pages_of_the_hall_look_again_when_a_device_is_withdrawn_or_changed(session, place):
    device = devices.add(session, place, b"x" * 32, actor=SYSTEM, now=NOW)
    for _twice in range(2):
        devices.change(session, device, shows="", printer="10.0.0.9", actor=SYSTEM, now=NOW)
        devices.revoke(session, device, actor=SYSTEM, now=NOW)
    session.flush()
    told = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    assert [event.name for event in told] == ["DeviceChanged", "DeviceChanged"]
    assert all(event.payload["topics"] == [f"hall:{place.hall_id}"] for event in told)
