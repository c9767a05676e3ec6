"""What a believable city has to say about everything that can be done in it, and where."""

import tomllib
from collections import Counter

import pytest

from catalog.service_file import WAYS
from tests.catalog.city import FILES, PACKAGES, SERVICES

HALLS = {name: tomllib.loads(text) for name, text in FILES.items() if name.startswith("halls/")}
GUIDED = [service for service in SERVICES.values() if service.guide]


def test_every_line_of_the_city_hall_has_services_of_its_own_and_together_they_are_many():
    lines = Counter(service.group for service in SERVICES.values())
    assert set(lines) == {group["code"] for group in HALLS["halls/city-hall.toml"]["groups"]}
    assert min(lines.values()) >= 5
    assert lines.total() >= 60


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.code)
def test_a_service_says_how_long_what_to_bring_what_it_costs_and_how_it_is_done(service):
    assert 5 <= service.minutes <= 60
    assert service.materials
    assert service.fee_note_zh
    assert service.handling_zh
    assert service.ways
    assert service.halls
    assert bool(service.pay) or not service.fee_fen
    assert ("online" in service.ways) <= service.online_url.startswith("https://")


def test_papers_are_originals_and_copies_some_need_not_come_and_some_may_come_later():
    papers = [paper for service in SERVICES.values() for paper in service.materials]
    kinds = Counter(
        {
            "original": sum(paper.original for paper in papers),
            "copies": sum(paper.copies > 0 for paper in papers),
            "waivable": sum(paper.waivable for paper in papers),
            "on record": sum(bool(paper.licence) for paper in papers),
            "deferrable": sum(paper.deferrable for paper in papers),
        }
    )
    assert min(kinds.values()) >= 20, kinds


def test_every_one_of_the_four_ways_is_had_and_each_is_missed_by_some():
    had = Counter(way for service in SERVICES.values() for way in service.ways)
    assert set(had) == set(WAYS)
    assert max(had.values()) < len(SERVICES)


def test_at_least_eight_guides_branch():
    branching = [
        service.code
        for service in GUIDED
        if any(len({option.next for option in question.options}) > 1 for question in service.guide.questions)
    ]
    assert len(branching) >= 8


@pytest.mark.parametrize("service", GUIDED, ids=lambda service: service.code)
def test_situations_of_a_guide_differ_in_what_to_bring_and_say_why(service):
    situations = service.guide.situations
    brought = {tuple(need.material for need in each.needs) for each in situations}
    assert len(brought) > 1
    assert all(need.why_zh and need.why_en for each in situations for need in each.needs)


def test_packages_are_the_six_and_name_what_others_do():
    assert {package.code for package in PACKAGES} == {
        "residence",
        "second-hand-house",
        "keeping-a-dog",
        "photo",
        "newborn",
        "moving-in",
    }
    assert all(package.elsewhere_zh and package.services for package in PACKAGES)


@pytest.mark.parametrize("name", HALLS)
def test_a_hall_says_where_it_is_how_to_call_it_and_when_each_line_is_open(name):
    hall = HALLS[name]
    assert hall["address_zh"]
    assert hall["phone"]
    assert hall["latitude"]
    assert hall["longitude"]
    assert {row["group"] for row in hall["plan"]} == {group["code"] for group in hall["groups"]}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.code)
def test_a_package_asks_for_ones_own_household_register_once(package):
    names = {
        paper.name_zh
        for code in package.services
        for paper in SERVICES[code].materials
        if paper.code == "household-register"
    }
    assert names <= {"居民户口簿"}
