"""An address of every page of citizens, with the whole example city loaded: all halls, all services."""

from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select, update

from booking.models import Appointment, Number
from booking.publish import publish
from catalog.models import Service
from feedback.models import Survey
from halls.models import Hall
from kernel.actor import SYSTEM
from runtime.load_city import load_city
from tests import build
from tests.web.citizen.phone import Phone
from tests.web.citizen.test_queue_page import walk_in
from tests.web.citizen.test_release_peak import RELEASED
from tests.web.citizen.town import LOST, PERSON, Town, book, hold_first

CITY = Path(__file__).parents[3] / "examples" / "city"
NOW, LATER = "09:00", "09:20"  # what is held now is not held later
THURSDAY, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)
BOTH = "id-card-renewal,passport"
ANSWERED = ",".join(f"id-card-renewal.{answer}" for answer in LOST.split(","))
_SLOTS = f"/services/id-card-renewal/halls/city-hall?a={LOST}"
_TRIP = f"?s={BOTH}&a={ANSWERED}"
#: Endpoints that answer with a file, a piece of a page, or the address of another page.
NOT_PAGES = {
    "citizen.calendar_file",
    "citizen.my_data_file",
    "citizen.live_slots",
    "citizen.live_ticket",
    "citizen.live_trip_slots",
    "citizen.to_service",
    "citizen.to_slots",
    "citizen.rest",
}
#: Endpoint (? and a word for another state of it) → address; `make_pages` fills in what stands in braces.
PAGES = {
    "citizen.home": "/",
    "citizen.queues": "/queues",
    "citizen.hall_list": "/halls",
    "citizen.hall_page": "/halls/city-hall",
    "citizen.services": "/services",
    "citizen.services?found": "/services?q=身份证丢了",
    "citizen.services?nothing": "/services?q=xyzzyqq",
    "citizen.service": "/services/id-card-renewal",
    "citizen.guide": "/services/id-card-renewal/guide",
    "citizen.guide?answered": f"/services/id-card-renewal/guide?a={LOST}",
    "citizen.halls": f"/services/id-card-renewal/halls?a={LOST}",
    "citizen.first_available": f"/services/id-card-renewal/first?a={LOST}",
    "citizen.slots": _SLOTS,
    "citizen.special": _SLOTS.replace("?", "/special?"),
    "citizen.wait_form": _SLOTS.replace("?", "/waitlist?"),
    "citizen.package": "/packages/moving-in",
    "citizen.basket": "/basket",
    "citizen.trip": f"/visit?s={BOTH}",
    "citizen.trip?answered": f"/visit{_TRIP}",
    "citizen.trip_halls": f"/visit/halls{_TRIP}",
    "citizen.trip_slots": f"/visit/halls/city-hall{_TRIP}",
    "citizen.special_trip": f"/visit/halls/city-hall/special{_TRIP}",
    "citizen.wait_form_trip": f"/visit/halls/city-hall/waitlist{_TRIP}",
    "citizen.wait": "{wait}",
    "citizen.wait_page": "{waiting}",
    "citizen.who": "/booking/who",
    "citizen.check": "/booking/check",
    "citizen.delivery": "/booking/delivery",
    "citizen.verify_phone": "/verify",
    "citizen.booking": "/b/{booked}",
    "citizen.ask_cancel": "/b/{booked}/cancel",
    "citizen.move": "/b/{booked}/move",
    "citizen.booked_delivery": "/b/{booked}/delivery",
    "citizen.slip": "/b/{booked}/slip",
    "citizen.poster": "/h/city-hall/id-card-renewal/poster",
    "citizen.arrive": "/arrive/city-hall",
    "citizen.arrival_poster": "/arrive/city-hall/poster",
    "citizen.my_bookings": "/my",
    "citizen.account": "/my/account",
    "citizen.my_data": "/my/data",
    "citizen.ask_forget": "/my/forget",
    "citizen.ask_document_appeal": "/my/document-appeal",
    "citizen.ask_appeal": "/my/missed/{missed}",
    "citizen.ticket": "/q/{ticket}",
    "citizen.survey": "/r/{survey}",
}
#: Pieces of pages and files, as a page asks for them again and again.
PIECES = {
    "citizen.live_slots": _SLOTS.replace("?", "/live?"),
    "citizen.live_trip_slots": f"/visit/halls/city-hall/live{_TRIP}",
    "citizen.live_ticket": "/q/{ticket}/live",
    "citizen.calendar_file": "/b/{booked}.ics",
    "citizen.my_data_file": "/my/data.json",
}


def make_pages(town: Town, survey: Survey, *, pieces: bool = False) -> tuple[Phone, dict[str, str]]:
    """A browser that has booked, missed, waits, holds a number and has a basket; endpoint → its address."""
    addresses = PAGES | PIECES if pieces else PAGES
    load(town)
    phone = town.phone()
    wait, ticket = _wait_in_line(town, phone, "south-hall"), walk_in(town, NOW, 3)
    booked = book(town, phone, save="1", mine="1")
    known = {"wait": wait, "ticket": ticket, "survey": survey.reference, "booked": booked}
    known["missed"] = _miss(town, phone)
    known["waiting"] = _wait_at(town, phone, "east-hall", THURSDAY)
    for code in BOTH.split(","):
        phone.go(f"/services/{code}").press("加入一起办")
    hold_first(phone, "passport").press("下一步", **PERSON)
    assert phone.path == "/booking/check", phone.words
    return phone, {name: path.format(**known) for name, path in addresses.items()}


def load(town: Town) -> None:
    """The whole example city with its numbers until Friday."""
    now = build.at(NOW)
    with town.parts.database.transaction() as session:
        load_city(session, CITY, actor=SYSTEM, now=now)
        for hall_id in session.scalars(select(Hall.id)).all():
            publish(session, hall_id, first_on=build.TODAY, last_on=FRIDAY, actor=SYSTEM, now=now)
        session.execute(update(Service).values(by_post=True))


def _miss(town: Town, phone: Phone) -> str:
    hold_first(phone, "passport").press("下一步", **PERSON)
    reference = phone.press("确认预约").path.removeprefix("/b/")
    with town.parts.database.transaction() as session:
        row = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
        row.state = "no_show"
        row.starts_at, row.on_date = row.starts_at - timedelta(days=4), row.on_date - timedelta(days=4)
    return reference


def take(town: Town, hall: str, on_date: date) -> None:
    """Others take every number of a day in a hall, also what is held."""
    with town.parts.database.transaction() as session:
        hall_id = session.scalars(select(Hall.id).where(Hall.code == hall)).one()
        taken = update(Number).filter_by(hall_id=hall_id, appointment_id=None, on_date=on_date)
        session.execute(taken.values(appointment_id=999_999, hold_token=None, held_until=None))


def _wait_at(town: Town, phone: Phone, hall: str, day: date) -> str:
    take(town, hall, day)
    phone.go(f"/services/id-card-renewal/halls/{hall}/waitlist?a={LOST}&day={day}")
    phone.press("登记候补", first_on=day.isoformat(), last_on=day.isoformat())
    assert phone.path.startswith("/w/"), phone.words
    return phone.path


def _wait_in_line(town: Town, phone: Phone, hall: str) -> str:
    town.at("08:01")  # a day's first numbers have just come out
    with town.parts.database.transaction() as session:
        hall_id = session.scalars(select(Hall.id).where(Hall.code == hall)).one()
        publish(session, hall_id, first_on=RELEASED, last_on=RELEASED, actor=SYSTEM, now=build.at("08:00"))
    phone.go(f"/services/id-card-renewal/halls/{hall}?a={LOST}&day={RELEASED}")
    phone.press("下一步", starts_at=phone.form_with("下一步").offered["starts_at"][0])
    assert phone.status == 428, phone.words
    return phone.tap("改为排队等待").path
