"""Scenario files: the shipped ones have the loads they promise, and a mistake is told with its field."""

from pathlib import Path

import pytest

from twin.sim.scenario_file import ScenarioInvalid, parse_scenario

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "scenarios"
HALLS = {"small": (3, 0.75, 0.5), "medium": (10, 0.88, 0.6), "large": (40, 0.88, 0.6)}
STORIES = ("normal", "enrolment", "holiday", "closure", "no-show", "wave")
RULE = "\n[rule]\nbooked_lead_seconds = 180\n"
NORMAL = (EXAMPLES / "medium-normal.toml").read_text(encoding="utf-8") + RULE


def read(hall, story):
    return parse_scenario((EXAMPLES / f"{hall}-{story}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("hall", HALLS)
def test_the_shipped_scenarios_have_the_loads_of_the_protocol(hall, story):
    scenario, (counters, load, booked) = read(hall, story), HALLS[hall]
    (group,) = scenario.groups
    assert len(scenario.counters) == counters
    assert (group.load, group.booked_share, group.green_share) == (load, booked, 0.06)
    assert (group.service_cv, group.changeover) == (0.7, 0.5)
    assert group.no_show == (0.2 if story == "no-show" else 0.12)
    at_lunch = scenario.open_minutes("A", 720, 810) / 90
    assert at_lunch == pytest.approx(counters / 2)
    assert bool(scenario.flex.counters) == (story != "normal")


@pytest.mark.parametrize("hall", HALLS)
def test_each_story_differs_from_the_normal_days_in_its_own_way(hall):
    stories = {story: read(hall, story) for story in STORIES}
    assert [s for s in STORIES if stories[s].closures] == ["closure"]
    assert [s for s in STORIES if stories[s].groups[0].waves] == ["wave"]
    assert [s for s in STORIES if stories[s].groups[0].surges] == ["enrolment", "holiday"]
    assert max(stories["enrolment"].groups[0].surges[0].factors) == 1.6
    assert max(stories["holiday"].groups[0].surges[0].factors) == 1.8
    assert len(stories["enrolment"].groups[0].surges[0].factors) == 20


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('format = "youhao-scenario/1"', 'format = "other"', "format"),
        ("booked_share = 0.60", "booked_share = 1.60", "groups[1].booked_share"),
        ("booked_share = 0.60", "booked_share = 0.99", "groups[1].green_share"),
        ("load = 0.88", "laod = 0.88", "groups[1].laod"),
        ("load = 0.88", "load = 0.88\npeople = 300", "groups[1].load"),
        ("service_minutes = 11", "", "groups[1].service_minutes"),
        ("service_cv = 0.7", 'service_cv = 0.7\nservice_kind = "weibull"', "groups[1].service_kind"),
        ("profile = [9.5,", "profile = [", "groups[1].profile"),
        ('closes = "17:00"', 'closes = "08:00"', "hall.closes"),
        ('closes = "17:00"', 'closes = "17:10"', "hall.closes"),
        ('doors = "08:30"', 'doors = "half past eight"', "hall.doors"),
        ('groups = ["A"]', 'groups = ["Q"]', "counters[1].groups"),
        ("count = 5", "count = 5\nshares = [0.4]", "counters[1].shares"),
        ('{ starts = "13:30"', '{ starts = "11:30"', "counters[2].open"),
        (
            '{ starts = "09:00", ends = "12:00" }',
            '{ starts = "09:00", ends = "18:00" }',
            "counters[2].open[1].starts",
        ),
        ("booked_lead_seconds = 180", "booked_lead_seconds = 99999", "rule.booked_lead"),
        ("booked_lead_seconds = 180", 'discipline = "fifo"', "rule.discipline"),
        ("booked_lead_seconds = 180", "lead = 180", "rule.lead"),
        ("counter_speed_sd = 0.12", "counter_speed_sd = 0.12\nweekdays = []", "weekdays"),
        (
            "counter_speed_sd = 0.12",
            'counter_speed_sd = 0.12\nclosures = [{ counters = [11], starts = "10:00" }]',
            "closures[1].counters",
        ),
        (
            "counter_speed_sd = 0.12",
            'counter_speed_sd = 0.12\nflex = { counters = 1, reviews = ["9"] }',
            "flex.reviews",
        ),
    ],
)
def test_a_mistake_is_told_with_its_field(old, new, key):
    assert old in NORMAL
    with pytest.raises(ScenarioInvalid) as told:
        parse_scenario(NORMAL.replace(old, new), name="x.toml")
    assert key in [problem.key for problem in told.value.problems]
    assert f"x.toml: {key}: " in told.value.sentence("en")
    assert f"x.toml: {key}: " in told.value.sentence("zh")


@pytest.mark.parametrize("story", ["normal", "closure"])
def test_the_shipped_halls_of_two_lines_share_counters_by_the_half_hour(story):
    scenario = read("two-lines", story)
    assert [group.code for group in scenario.groups] == ["A", "B"]
    assert bool(scenario.closures) == (story == "closure")

    def counters_at(minute):
        return [scenario.open_minutes(code, minute, minute + 30) / 30 for code in "AB"]

    # Three for A and two for B; two that go from one line to the other; one with half its time for each.
    assert counters_at(540) == pytest.approx([3 + 2 + 0.5, 2 + 0.5])
    assert counters_at(720) == pytest.approx([2 * 0.5 + 0.5, 2 + 2 * 0.5 + 0.5])
    assert counters_at(840) == pytest.approx([3 + 0.5, 2 + 2 + 0.5])
    assert counters_at(960) == pytest.approx([3 + 2 * 0.4 + 0.5, 2 + 2 * 0.6 + 0.5])


TWO_LINES = (EXAMPLES / "two-lines-normal.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('ends = "11:00", groups = ["A"]', 'ends = "11:00", groups = ["Q"]', "counters[3].open[1].groups"),
        ('ends = "11:00", groups = ["A"]', 'ends = "11:00", groups = []', "counters[3].open[1].groups"),
        ("shares = [0.4, 0.6]", "shares = [0.4, 0.4]", "counters[3].open[4].shares"),
        ("shares = [0.4, 0.6]", "shares = [1]", "counters[3].open[4].shares"),
        ("shares = [0.4, 0.6]", "lines = 2", "counters[3].open[4].lines"),
        ('{ starts = "11:00", ends', '{ starts = "10:30", ends', "counters[3].open"),
    ],
)
def test_a_mistake_in_a_span_s_own_groups_is_told_with_its_field(old, new, key):
    assert old in TWO_LINES
    with pytest.raises(ScenarioInvalid) as told:
        parse_scenario(TWO_LINES.replace(old, new), name="x.toml")
    assert key in [problem.key for problem in told.value.problems]


def test_a_span_without_groups_has_those_of_its_counter():
    text = TWO_LINES.replace(', groups = ["A", "B"] },', " },")
    assert text != TWO_LINES
    assert parse_scenario(text).counters == parse_scenario(TWO_LINES).counters


def test_a_group_that_no_counter_serves_is_told():
    text = NORMAL.replace('code = "A"', 'code = "B"')
    with pytest.raises(ScenarioInvalid) as told:
        parse_scenario(text)
    assert "counters[1].groups" in [problem.key for problem in told.value.problems]


def test_what_is_not_toml_is_told():
    with pytest.raises(ScenarioInvalid):
        parse_scenario("format = ")
