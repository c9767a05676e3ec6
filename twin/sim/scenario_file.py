"""PURE: reading a scenario file (TOML, docs/scenarios.md); one pass names every mistake with its key."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from kernel.data_file import DataFileInvalid, Problems, Table, read_toml, report_doubles
from queueing.policy import PolicyInvalid, QueuePolicy
from twin.sim.scenario import (
    LOG_NORMAL,
    SERVICE_KINDS,
    SLOT_MINUTES,
    Closure,
    CounterPlan,
    Flex,
    GroupDemand,
    Punctuality,
    Scenario,
    ServiceKind,
    Skills,
    Span,
    Surge,
    Wave,
)

FORMAT = "youhao-scenario/1"
_DAY = 24 * 60
_SHARES_SUM = 1e-6
_MEANS_DIFFER = 0.01


class ScenarioInvalid(DataFileInvalid):
    """A scenario file has mistakes."""

    code = "scenario_invalid"
    zh = "场景文件有 {count} 处问题，请改正："
    en = "The scenario has {count} mistake(s). Please correct them:"


def parse_scenario(text: str, *, name: str = "scenario") -> Scenario:
    """Read a scenario; `name` stands in the complaints. Raises `ScenarioInvalid` with all mistakes."""
    problems = Problems()
    file = read_toml(text, problems, file=name)
    problems.stop_if_any(ScenarioInvalid)
    if file.text("format") != FORMAT:
        file.complain("format", f"应为 {FORMAT}", f"must be {FORMAT}")
    doors, opens, closes = _hours(file.table("hall", required=True))
    slots = max(1, int((closes - opens) // SLOT_MINUTES))
    groups = _groups(file, slots, Span(doors, closes))
    codes = tuple(group.code for group in groups)
    counters = _counters(file, codes, Span(opens, closes))
    scenario = Scenario(
        name_zh=file.text("name_zh", most=80),
        name_en=file.text("name_en", most=120),
        doors=doors,
        opens=opens,
        closes=closes,
        groups=groups,
        counters=counters,
        counter_speed_sd=file.number("counter_speed_sd", 0.0, most=0.5),
        weekdays=_numbers(file, "weekdays", (1.0,), least=0.01, most=10),
        closures=_closures(file, len(counters), Span(opens, closes)),
        flex=_flex(file.table("flex"), codes, Span(doors, closes)),
        rule=_rule(file),
    )
    file.finish()
    _check_open(file, scenario)
    problems.stop_if_any(ScenarioInvalid)
    return scenario


def _minute(row: Table, key: str, default: float | None = None) -> float:
    if default is not None and not row.has(key):
        return default
    at = row.clock(key)
    return at.hour * 60 + at.minute + at.second / 60


def _hours(hall: Table) -> tuple[float, float, float]:
    opens, closes = _minute(hall, "opens"), _minute(hall, "closes")
    doors = _minute(hall, "doors", opens)
    if closes <= opens:
        hall.complain("closes", "应晚于 opens", "must be later than opens")
    if doors > opens:
        hall.complain("doors", "不应晚于 opens", "must not be later than opens")
    if (closes - opens) % SLOT_MINUTES:
        hall.complain("closes", "开放时间应为整数个半小时", "the open time must be whole half-hours")
    hall.finish()
    return doors, opens, closes


def _numbers(
    row: Table, key: str, default: tuple[float, ...] | None, *, least: float, most: float
) -> tuple[float, ...]:
    """A non-empty list of numbers in [least, most]."""
    if default is not None and not row.has(key):
        return default

    def accept(value: Any) -> bool:
        return (
            isinstance(value, list)
            and bool(value)
            and all(type(one) in (int, float) and least <= one <= most for one in value)
        )

    zh, en = f"{least:g} 到 {most:g} 的数的列表", f"a list of numbers {least:g}..{most:g}"
    values = row._take(key, accept, None, zh=zh, en=en)  # noqa: SLF001 - another kind of list of its family
    return tuple(float(one) for one in values or default or (1.0,))


def _span(row: Table, day: Span, *, starts: str = "starts", ends: str = "ends") -> Span:
    span = Span(_minute(row, starts), _minute(row, ends))
    if span.ends <= span.starts:
        row.complain(ends, f"应晚于 {starts}", f"must be later than {starts}")
    elif span.starts < day.starts or span.ends > day.ends:
        row.complain(starts, "超出开放时间", "lies outside the hall's hours")
    return span


def _groups(file: Table, slots: int, day: Span) -> tuple[GroupDemand, ...]:
    rows = file.tables("groups", required=True)
    groups = [(row, _group(row, slots, day)) for row in rows]
    report_doubles(((row, group.code) for row, group in groups), "code")
    return tuple(group for _, group in groups)


def _share(row: Table, key: str, default: float | None = 0.0, *, most: float = 1) -> float:
    return row.number(key, default, most=most)


def _group(row: Table, slots: int, day: Span) -> GroupDemand:
    no_show = _share(row, "no_show", most=0.9)
    kind = row.text("service_kind", SERVICE_KINDS[0])
    if kind not in SERVICE_KINDS:
        row.complain(
            "service_kind", f"应为 {SERVICE_KINDS} 之一", f"must be one of {', '.join(SERVICE_KINDS)}"
        )
    if row.has("load") == row.has("people"):
        row.complain("load", "load 与 people 应二选一", "give either load or people, not both or none")
    profile = _numbers(row, "profile", (1.0,) * slots, least=0, most=1e6)
    if len(profile) != slots or sum(profile) <= 0:
        row.complain(
            "profile", f"应为 {slots} 个半小时的权重", f"must have {slots} weights, one per half-hour"
        )
        profile = (1.0,) * slots
    group = GroupDemand(
        code=row.code("code", most=16),
        load=row.number("load", 0.0, most=5),
        people=row.number("people", 0.0, most=100_000),
        booked_share=_share(row, "booked_share"),
        booked_most=_share(row, "booked_most", 1.0),
        green_share=_share(row, "green_share"),
        no_show=no_show,
        planned_no_show=_share(row, "planned_no_show", no_show, most=0.9),
        service_minutes=row.number("service_minutes", least=0.1, most=240),
        service_cv=row.number("service_cv", 0.7, most=3),
        service_kind=kind,
        changeover=row.number("changeover_minutes", 0.0, most=60),
        profile=profile,
        day_cv=row.number("day_cv", 0.0, most=2),
        missed_share=_share(row, "missed_share"),
        back_share=_share(row, "back_share", 0.7),
        return_share=_share(row, "return_share"),
        punctuality=_punctuality(row.table("punctuality")),
        waves=_waves(row, day),
        surges=tuple(_surge(each) for each in row.tables("surges")),
        services=_services(row),
    )
    _check_services(row, group)
    if group.booked_share + group.green_share > 1:
        row.complain("green_share", "与 booked_share 之和超过 1", "and booked_share are more than 1 together")
    row.finish()
    return group


def _services(row: Table) -> tuple[ServiceKind, ...]:
    kinds = []
    for each in row.tables("services"):
        kinds.append(ServiceKind(_share(each, "share", None), each.number("minutes", least=0.1, most=240)))
        each.finish()
    return tuple(kinds)


def _check_services(row: Table, group: GroupDemand) -> None:
    """The services together are what the line says: its mean, and no more than its spread."""
    kinds = group.services
    if not kinds:
        return
    if abs(sum(kind.share for kind in kinds) - 1) > _SHARES_SUM:
        row.complain("services", "share 合计应为 1", "the shares must sum to 1")
    mean = sum(kind.share * kind.minutes for kind in kinds)
    if abs(mean - group.service_minutes) > _MEANS_DIFFER * group.service_minutes:
        row.complain("services", "平均时长应等于 service_minutes", "must have service_minutes as their mean")
    squares = sum(kind.share * kind.minutes**2 for kind in kinds)
    if group.service_kind != LOG_NORMAL or squares > group.service_minutes**2 * (1 + group.service_cv**2):
        row.complain(
            "services", "时长差异超过 service_cv", "differ by more than service_cv, or are not lognormal"
        )


def _punctuality(row: Table) -> Punctuality:
    usual = Punctuality()
    punctuality = Punctuality(
        mean=row.number("mean_minutes", usual.mean, least=-60, most=60),
        sd=row.number("sd_minutes", usual.sd, most=60),
        late_share=_share(row, "late_share", usual.late_share),
    )
    row.finish()
    return punctuality


def _waves(row: Table, day: Span) -> tuple[Wave, ...]:
    waves = []
    for each in row.tables("waves"):
        span = _span(each, day)
        waves.append(Wave(_share(each, "share", None), span.starts, span.ends))
        each.finish()
    if sum(wave.share for wave in waves) > 1:
        row.complain("waves", "share 之和超过 1", "the shares are more than 1 together")
    return tuple(waves)


def _surge(row: Table) -> Surge:
    surge = Surge(_share(row, "share", None), _numbers(row, "factors", None, least=0, most=10))
    row.finish()
    return surge


def _counters(file: Table, codes: tuple[str, ...], day: Span) -> tuple[CounterPlan, ...]:
    counters: list[CounterPlan] = []
    for row in file.tables("counters", required=True):
        usual = _skills(row, codes, Skills(codes, ()))
        spans, skills = [], []
        for each in row.tables("open"):
            spans.append(_span(each, day))
            skills.append(_skills(each, codes, usual))
            each.finish()
        by_span = () if all(one == usual for one in skills) else tuple(skills)
        plan = CounterPlan(0, usual.groups, usual.shares, tuple(spans) or (day,), by_span)
        if any(one.ends > other.starts for one, other in pairwise(spans)):
            row.complain("open", "时段应按先后且不重叠", "the spans must be in order and not overlap")
        for _ in range(row.whole("count", 1, least=1, most=500)):
            counters.append(replace(plan, number=len(counters) + 1))
        row.finish()
    return tuple(counters)


def _skills(row: Table, codes: tuple[str, ...], usual: Skills) -> Skills:
    """What is served, and in which shares of the time; the `usual` where the row says nothing of it."""
    groups = _known_groups(row, codes, usual.groups)
    equal = tuple(1 / len(groups) for _ in groups)
    same = usual.shares if groups == usual.groups and usual.shares else equal
    shares = _numbers(row, "shares", same or (1.0,), least=0, most=1)
    if len(shares) != len(groups) or abs(sum(shares) - 1) > _SHARES_SUM:
        row.complain("shares", "每个业务组一个，合计为 1", "must be one per group and sum to 1")
        shares = equal
    return Skills(groups, shares)


def _known_groups(
    row: Table, codes: tuple[str, ...], usual: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    groups = tuple(dict.fromkeys(row.texts("groups", codes if usual is None else usual)))
    if codes and not groups:
        row.complain("groups", "至少写一个业务组", "name at least one group")
    for code in groups:
        if code not in codes:
            row.complain("groups", f"没有业务组 {code}", f"no such group: {code}")
    return tuple(code for code in groups if code in codes) or codes[:1]


def _closures(file: Table, counters: int, day: Span) -> tuple[Closure, ...]:
    closures = []
    for row in file.tables("closures"):
        numbers = row.wholes("counters", least=1, most=max(1, counters))
        starts = _minute(row, "starts")
        ends, told = _minute(row, "ends", day.ends), _minute(row, "told", starts)
        if ends <= starts:
            row.complain("ends", "应晚于 starts", "must be later than starts")
        if told < 0 or told > _DAY:
            row.complain("told", "应为当天的时刻", "must be a time of the day")
        row.finish()
        closures.append(Closure(numbers, starts, ends, told))
    return tuple(closures)


def _flex(row: Table, codes: tuple[str, ...], day: Span) -> Flex:
    reviews = []
    for text in row.texts("reviews"):
        inner = Table({"reviews": text}, row.problems, file=row.file, path=row.path)
        reviews.append(_minute(inner, "reviews"))
    if any(not day.starts <= minute <= day.ends for minute in reviews):
        row.complain("reviews", "超出开放时间", "must lie within the hall's hours")
    flex = Flex(
        counters=row.whole("counters", 0, most=500),
        groups=_known_groups(row, codes),
        ready_after=row.number("ready_after_minutes", 10.0, most=240),
        extension=row.number("extension_minutes", 0.0, most=240),
        reviews=tuple(reviews),
    )
    row.finish()
    return flex


def _rule(file: Table) -> Mapping[str, object]:
    values = dict(file.mapping("rule"))
    if "discipline" in values:
        file.complain("rule.discipline", "由 --policy 决定", "is chosen by --policy")
    try:
        QueuePolicy.from_mapping(values)
    except PolicyInvalid as wrong:
        problem = str(wrong).removeprefix(f"{wrong.name}: ")
        file.complain(f"rule.{wrong.name}", f"取值有误：{problem}", problem)
    return values


def _check_open(file: Table, scenario: Scenario) -> None:
    """Every group is served by an open counter, and every closed counter exists."""
    for at, group in enumerate(scenario.groups, 1):
        if scenario.open_minutes(group.code, 0, _DAY) <= 0:
            file.complain(f"groups[{at}].code", "没有窗口办理该组", "no counter serves this group")
