"""Every page of administrators and duty officers in Chromium: axe, narrow and wide, English, by keyboard.

A new page fails the first test until its address stands in `PAGES`.
"""

import os
import re
from pprint import pformat

import pytest
from playwright.sync_api import Browser
from sqlalchemy import update

from booking.attempts import WHOLE_CITY, record_look, visitor_of
from booking.promise_samples import take_samples
from booking.publish import publish
from halls.models import PlanLine
from halls.plan_history import current_plan, keep
from kernel.actor import SYSTEM
from people.models import Staff
from tests.booking.crowded import book_all
from tests.build import TODAY, at, make_hall
from tests.chromium import follow
from tests.web.hall_browser import (
    is_too_wide,
    list_violations,
    open_page,
    serving,
    small_targets,
    torn_words,
)
from tests.web.hall_faces import PASSWORD
from tests.web.staff_pages.conftest import Pages
from tests.web.staff_pages.test_desk import make_case
from tests.web.staff_pages.test_duty import make_appeal, make_document_appeal, make_request
from tests.web.staff_pages.test_duty_waitlist import make_wait
from tests.web.staff_pages.test_editing_guides import add_question, add_situation
from tests.web.staff_pages.test_editing_packages_and_words import PACKAGE

SHOTS = os.environ.get("SHOTS", "")
PREFIXES = ("/admin/", "/duty/", "/after/", "/desk/", "/cockpit/demand")
#: Endpoints that answer with a file, or with a piece of a page that is looked at.
FILES = {
    "after.day_sheet",
    "admin.day_list_download",
    "admin.guide_file",
    "admin.table_download",
    "duty.extra_list",
    "cockpit.demand_file",
}
#: Endpoint → address of one page of it; what stands in braces is filled in by `made`.
PAGES = {
    "admin.home": "/admin/",
    "admin.services": "/admin/services",
    "admin.service_new": "/admin/services/new",
    "admin.service": "/admin/services/{service}",
    "admin.material_new": "/admin/services/{service}/materials/new",
    "admin.material": "/admin/services/{service}/materials/id_card",
    "admin.guides": "/admin/guides",
    "admin.guide": "/admin/guides/{service}",
    "admin.guide_preview": "/admin/guides/{service}/preview",
    "admin.question_new": "/admin/guides/{service}/questions/new",
    "admin.question": "/admin/guides/{service}/questions/q1",
    "admin.situation_new": "/admin/guides/{service}/situations/new",
    "admin.situation": "/admin/guides/{service}/situations/s1",
    "admin.packages": "/admin/packages",
    "admin.package_new": "/admin/packages/new",
    "admin.package": "/admin/packages/moving",
    "admin.synonyms": "/admin/synonyms",
    "admin.tables": "/admin/tables",
    "admin.table": "/admin/tables/plan",
    "admin.day_lists": "/admin/day-lists?hall={hall}&on={day}",
    "admin.history": "/admin/history/service/{service}",
    "admin.version": "/admin/history/service/{service}/1",
    "admin.halls": "/admin/halls",
    "admin.hall_new": "/admin/halls/new",
    "admin.hall": "/admin/halls/{hall}",
    "admin.group": "/admin/halls/{hall}/groups/A",
    "admin.counter": "/admin/halls/{hall}/counters/1",
    "admin.plans": "/admin/plans",
    "admin.plan": "/admin/plans/{hall}",
    "admin.plan?season": "/admin/plans/{hall}?season=new",
    "admin.plan_sessions": "/admin/plans/{hall}/sessions",
    "admin.plan_closures": "/admin/plans/{hall}/closures",
    "admin.plan_numbers": "/admin/plans/{hall}/numbers",
    "admin.plan_rules": "/admin/plans/{hall}/rules",
    "admin.queue_rules": "/admin/plans/{hall}/queue",
    "admin.history?rules": "/admin/history/queue_policy/{hall}",
    "admin.version?days": "/admin/history/calendar/city/1",
    "admin.plan_history": "/admin/plans/{hall}/history",
    "admin.plan_version": "/admin/plans/{hall}/history/1",
    "admin.days": "/admin/days",
    "admin.staff": "/admin/staff",
    "admin.staff_member": "/admin/staff/{staff}",
    "admin.devices": "/admin/devices",
    "admin.screens": "/admin/screens/{hall}",
    "admin.privacy": "/admin/privacy",
    "admin.audit": "/admin/audit",
    "duty.home": "/duty/",
    "duty.requests": "/duty/{hall}/requests",
    "duty.one_request": "/duty/{hall}/requests/{asked}",
    "duty.appeals": "/duty/{hall}/appeals",
    "duty.lift": "/duty/{hall}/lift",
    "duty.waitlists": "/duty/waitlists",
    "duty.waitlist": "/duty/{hall}/waitlist",
    "duty.book_for": "/duty/{hall}/book?service={service}&day={day}",
    "duty.find_to_correct": "/duty/{hall}/correct",
    "duty.extra": "/duty/{hall}/extra-time",
    "duty.parked": "/duty/{hall}/parked",
    "duty.left": "/duty/{hall}/left",
    "after.home": "/after/",
    "after.tasks": "/after/{hall}/tasks",
    "after.owed": "/after/{hall}/owed",
    "after.day_end": "/after/{hall}/day?on={day}",
    "cockpit.demand_page": "/cockpit/demand",
    "desk.home": "/desk/",
    "desk.case": "/desk/{hall}/cases/{case}",
    "duty.correction": "/duty/{hall}/correct/{booked}",
}
#: Names without an English form, as people gave them.
DATA = ("取号机", "张", "李警官")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def pages_of(app):
    """The endpoints below our prefixes that answer a GET."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIXES)]
    return {rule.endpoint for rule in rules if "GET" in rule.methods} - FILES


def test_every_page_of_administrators_and_duty_officers_is_looked_at(faces):
    assert pages_of(faces.app) == {endpoint for endpoint in PAGES if "?" not in endpoint}


@pytest.fixture
def made(faces):
    """Something to look at on every page; endpoint → its address."""
    make_wait(faces, "+8613800138001")
    booked = faces.appointment("11:00")
    asked = make_request(faces, "urgent")
    make_appeal(faces)
    make_document_appeal(faces)
    aside = {"since_at": at("08:40"), "park_reason": "photo", "room": "3"}
    faces.waiting(30, state="parked", counter_id=faces.counters[0].id, **aside)
    client = faces.officer(roles=("admin", "duty_officer", "desk"))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
        session.execute(update(PlanLine).values(counters=1))
        hall = session.merge(faces.hall)
        publish(session, hall.id, first_on=TODAY, last_on=TODAY, actor=SYSTEM, now=at("08:00"))
        book_all(session, hall, TODAY, most=10, now=at("08:00"))
        keep(session, current_plan(session, hall), actor=SYSTEM, now=at("08:00"))
        take_samples(session, due_at=at("08:00"), now=at("08:00"))
        nobody = {"service_ids": [faces.renewal.id], "on_date": TODAY, "found": False, "now": at("08:00")}
        for hall_id in (hall.id, WHOLE_CITY):
            record_look(session, visitor_of("x", TODAY), hall_id=hall_id, **nobody)
    chief, code = Pages(client), faces.renewal.code
    facts = {"name_zh": "补领", "name_en": "Renewal", "group": "A", "minutes": "12", "fee": "0"}
    chief.send(f"/admin/services/{code}", **facts)
    base = f"/admin/guides/{code}"
    material = {"name_zh": "身份证", "name_en": "ID card", "code": "id-card"}
    chief.send(f"/admin/services/{code}/materials/new", **material)
    add_question(chief, base, "Born where", ("Here", ""), ("Abroad", ""))
    add_situation(chief, base, "Born here", **{"when-q1": ["o1", "o2"]})
    chief.send(f"/admin/plans/{faces.hall.code}/queue", version="1", discipline="strict", quick_share="60")
    chief.send("/admin/days", on="2026-10-08", working="1", name_zh="补班", name_en="Make-up day")
    chief.send("/admin/packages/new", code="moving", **PACKAGE, **{"service-0": code})
    known = {
        "case": make_case(faces).reference,
        "service": code,
        "hall": faces.hall.code,
        "day": TODAY.isoformat(),
        "asked": asked,
        "booked": booked.reference,
        "staff": faces.officers[-1].id,
    }
    return {endpoint: path.format(**known) for endpoint, path in PAGES.items()}


def sign_in(page, faces):
    page.goto("/sign-in")
    page.locator("#field-username").fill(faces.officers[-1].username)
    page.locator("#field-password").fill(PASSWORD)
    follow(page.locator("main button[type=submit]"))


def chinese_of(page):
    """What our own words of an English page say in Chinese: heads, labels, buttons, tabs."""
    texts = page.locator(
        "h1, h2, th[scope=col], label, legend, button, .subnav a, .field__hint"
    ).all_inner_texts()
    return [text for text in texts if CHINESE.search(re.sub("|".join(DATA), "", text))]


def walk(chromium, faces, made, look, *, size, lang="zh"):
    """Page by page: what `look` complains of, by endpoint."""
    found = {}
    with serving(faces.app) as root:
        page = open_page(chromium, root, *size)
        page.context.add_cookies([{"name": "lang", "value": lang, "url": root}])
        sign_in(page, faces)
        for endpoint, address in made.items():
            answer = page.goto(address)
            told = look(page) if answer.ok else [str(answer.status)]
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{endpoint}-{lang}.png", full_page=True)
            if told:
                found[endpoint] = told
        page.context.close()
    return pformat(found, width=200) if found else ""


def too_wide(page):
    return ["too wide"] if is_too_wide(page) else []


@pytest.mark.browser
def test_every_page_is_accessible_on_a_narrow_screen(chromium: Browser, faces, made):
    def look(page):
        return [*list_violations(page), *too_wide(page), *small_targets(page, 24)]

    assert walk(chromium, faces, made, look, size=(320, 640)) == ""


@pytest.mark.browser
def test_every_page_on_a_phone_keeps_days_whole_and_words_off_a_letter_a_line(chromium: Browser, faces, made):
    assert walk(chromium, faces, made, torn_words, size=(390, 844)) == ""


@pytest.mark.browser
def test_every_page_is_english_and_worked_by_keyboard_on_a_wide_screen(chromium: Browser, faces, made):
    def look(page):
        told = [*list_violations(page), *too_wide(page), *small_targets(page, 24)]
        return [*told, *chinese_of(page), *missed(page)]

    assert walk(chromium, faces, made, look, size=(1280, 800), lang="en") == ""


@pytest.mark.browser
def test_choices_beside_a_longer_one_keep_their_boxes_inside(chromium: Browser, faces):
    faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
        make_hall(session, "far", name_zh="云州市公安局云南湖分局政务服务大厅城东办事点")
    with serving(faces.app) as root:
        page = open_page(chromium, root, 1440, 900)
        sign_in(page, faces)
        page.goto("/admin/staff")
        outside = page.evaluate(
            """() => [...document.querySelectorAll('.choice')].filter((one) => {
              const box = one.querySelector('input').getBoundingClientRect();
              const label = one.querySelector('label').getBoundingClientRect();
              return box.bottom > label.bottom || box.top < label.top;
            }).map((one) => one.innerText)"""
        )
        page.context.close()
    assert outside == []


def missed(page):
    """Controls that Tab does not reach within one round, and those whose focus cannot be seen."""
    page.evaluate(
        """() => {
          window.reached = new Set(); window.unseen = [];
          addEventListener('focusin', (event) => {
            const one = event.target, style = getComputedStyle(one);
            reached.add(one);
            const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
            if (!seen) unseen.push(one.outerHTML.slice(0, 80));
          });
          const all = document.querySelectorAll('a[href], button, input, select, textarea, summary');
          const byArrows = ['hidden', 'radio'];
          window.tabbable = [...all].filter(
            (one) => one.checkVisibility() && !one.matches(':disabled') && !byArrows.includes(one.type)
          );
        }"""
    )
    for _ in range(8):  # radio buttons are a stop too: how many stops there are shows in walking
        for _press in range(
            max(10, page.evaluate("() => tabbable.filter((one) => !reached.has(one)).length"))
        ):
            page.keyboard.press("Tab")
        if page.evaluate("() => tabbable.every((one) => reached.has(one))"):
            break
    return page.evaluate(
        """() => [...unseen, ...tabbable.filter((one) => !reached.has(one))
          .map((one) => one.outerHTML.slice(0, 80))]"""
    )
