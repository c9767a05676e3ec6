"""PURE: reading a guide (TOML or JSON, the same shape) and proving that every way through it ends well."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from catalog.guide import UPLOADED, Guide, Material, Need, Option, Question, Situation
from kernel.data_file import DataFileInvalid, Problems, Table, report_doubles

MOST_WAYS = 2000
MOST_QUESTIONS = 100


class GuideInvalid(DataFileInvalid):
    """A guide has mistakes."""

    code = "guide_invalid"


def guide_from_data(data: Mapping[str, Any], *, materials: Collection[str], name: str = "guide") -> Guide:
    """A guide from its stored mapping (`guide.tree`); raises `GuideInvalid` with all mistakes."""
    problems = Problems()
    guide = read_guide(Table(data, problems, file=name), materials=materials)
    problems.stop_if_any(GuideInvalid)
    return guide


def materials_from_data(rows: list[dict[str, Any]], *, name: str = "materials") -> tuple[Material, ...]:
    """Materials from their stored rows (`service.materials`); raises `GuideInvalid` with all mistakes."""
    problems = Problems()
    made = tuple(
        read_material(Table(row, problems, file=name, path=f"[{at}]")) for at, row in enumerate(rows, 1)
    )
    problems.stop_if_any(GuideInvalid)
    return made


def read_material(row: Table) -> Material:
    """One material; complaints go to the table's problems."""
    material = Material(
        code=row.code("code"),
        name_zh=row.text("name_zh", most=80),
        name_en=row.text("name_en", most=120),
        copies=row.whole("copies", 0, most=20),
        original=row.flag("original", default=True),
        waivable=row.flag("waivable", default=False),
        deferrable=row.flag("deferrable", default=False),
        note_zh=row.text("note_zh", ""),
        note_en=row.text("note_en", ""),
        picture=row.text("picture", "", most=48),
        licence=row.text("licence", "", most=32),
        picture_zh=row.text("picture_zh", "", most=120),
        picture_en=row.text("picture_en", "", most=200),
    )
    if material.picture.startswith(UPLOADED):
        for name in ("picture_zh", "picture_en"):
            if not getattr(material, name):
                row.complain(name, "请写明图上是什么，看不见图的人要靠它", "must say what the picture shows")
    row.finish()
    return material


def read_guide(table: Table, *, materials: Collection[str]) -> Guide:
    """A guide; complaints (unknown material, circle, way without a situation…) go to the table's problems."""
    before = len(table.problems.found)
    asked = [(row, _question(row)) for row in table.tables("questions", required=True)]
    report_doubles(((row, question.code) for row, question in asked), "code")
    named = [(row, _situation(row, materials)) for row in table.tables("situations", required=True)]
    report_doubles(((row, situation.code) for row, situation in named), "code")
    guide = Guide(
        start=table.code("start"),
        questions=tuple(question for _, question in asked),
        situations=tuple(situation for _, situation in named),
    )
    table.finish()
    if len(asked) > MOST_QUESTIONS:
        table.complain(
            "questions", f"超过 {MOST_QUESTIONS} 个问题", f"has more than {MOST_QUESTIONS} questions"
        )
    _check_links(table, asked, guide)
    for row, situation in named:
        _check_when(row, situation, guide)
    if len(table.problems.found) == before and not _check_circles(table, guide):
        _check_ways(table, asked, named, guide)
    return guide


def _question(row: Table) -> Question:
    options = [(each, _option(each)) for each in row.tables("options", required=True)]
    report_doubles(((each, option.code) for each, option in options), "code")
    question = Question(
        code=row.code("code"),
        text_zh=row.text("text_zh"),
        text_en=row.text("text_en"),
        help_zh=row.text("help_zh", ""),
        help_en=row.text("help_en", ""),
        options=tuple(option for _, option in options),
    )
    row.finish()
    return question


def _option(row: Table) -> Option:
    next_code = row.code("next") if row.has("next") else ""
    option = Option(row.code("code"), row.text("text_zh"), row.text("text_en"), next_code)
    row.finish()
    return option


def _situation(row: Table, materials: Collection[str]) -> Situation:
    when = row.table("when")
    needs = [(each, _need(each, materials)) for each in row.tables("materials", required=True)]
    report_doubles(((each, need.material) for each, need in needs), "code")
    situation = Situation(
        code=row.code("code"),
        name_zh=row.text("name_zh", most=80),
        name_en=row.text("name_en", most=120),
        when={question: when.texts(question) for question in when.data},
        needs=tuple(need for _, need in needs),
        minutes=row.whole("minutes", least=1, most=480) if row.has("minutes") else None,
        fee_fen=row.whole("fee_fen", most=10_000_000) if row.has("fee_fen") else None,
        note_zh=row.text("note_zh", ""),
        note_en=row.text("note_en", ""),
        synonyms=row.texts("synonyms"),
        lacks=row.texts("lacks"),
    )
    row.finish()
    return situation


def _need(row: Table, materials: Collection[str]) -> Need:
    need = Need(row.code("code"), row.text("why_zh"), row.text("why_en"))
    if need.material and need.material not in materials:
        row.complain(
            "code", f"材料清单里没有 {need.material}", f"is not among the materials: {need.material}"
        )
    row.finish()
    return need


def _check_links(table: Table, asked: list[tuple[Table, Question]], guide: Guide) -> None:
    """`start` and every `next` name a question."""
    known = {question.code for question in guide.questions}
    if guide.start and guide.start not in known:
        table.complain("start", f"没有这个问题：{guide.start}", f"no such question: {guide.start}")
    for row, question in asked:
        for at, option in enumerate(question.options, 1):
            if option.next and option.next not in known:
                row.complain(
                    f"options[{at}].next", f"没有这个问题：{option.next}", f"no such question: {option.next}"
                )


def _check_when(row: Table, situation: Situation, guide: Guide) -> None:
    """`when` speaks of questions and options that exist."""
    known = {question.code: {option.code for option in question.options} for question in guide.questions}
    for question, options in situation.when.items():
        if question not in known:
            row.complain(f"when.{question}", f"没有这个问题：{question}", f"no such question: {question}")
            continue
        for option in options:
            if option not in known[question]:
                row.complain(f"when.{question}", f"没有这个选项：{option}", f"no such option: {option}")


def _check_circles(table: Table, guide: Guide) -> bool:
    """Complain about the first circle of questions; True if there is one."""
    links = {question.code: {o.next for o in question.options if o.next} for question in guide.questions}
    open_codes = set(links)
    while open_codes:
        done = {code for code in open_codes if not links[code] & open_codes}
        if not done:
            circle = _circle({code: links[code] & open_codes for code in open_codes})
            words = "→".join(f"“{guide.question(code).text_zh}”" for code in [*circle, circle[0]])
            english = "、".join(circle)
            table.complain("questions", f"问题互相绕圈：{words}", f"go round in a circle: {english}")
            return True
        open_codes -= done
    return False


def _circle(links: Mapping[str, Collection[str]]) -> list[str]:
    """One way round, where every question leads to another of them."""
    way = [min(links)]
    while (following := min(links[way[-1]])) not in way:
        way.append(following)
    return way[way.index(following) :]


def _ways(guide: Guide, code: str, answers: dict[str, str]) -> Iterator[dict[str, str]]:
    """Every complete set of answers from question `code` on."""
    for option in guide.question(code).options:
        longer = {**answers, code: option.code}
        if option.next:
            yield from _ways(guide, option.next, longer)
        else:
            yield longer


def _check_ways(
    table: Table, asked: list[tuple[Table, Question]], named: list[tuple[Table, Situation]], guide: Guide
) -> None:
    """Every way ends in exactly one situation; every question and situation is on some way."""
    met: set[str] = set()
    for at, answers in enumerate(_ways(guide, guide.start, {})):
        if at >= MOST_WAYS:
            table.complain(
                "questions", f"超过 {MOST_WAYS} 条路径", f"have more than {MOST_WAYS} ways through"
            )
            return
        found = [situation for situation in guide.situations if situation.holds_for(answers)]
        met.update(answers, (f"situation {situation.code}" for situation in found))
        if len(found) != 1:
            _complain_of_way(table, guide, answers, found)
    for row, question in asked:
        if question.code not in met:
            row.complain(
                "code",
                f"问题“{question.text_zh}”（{question.code}）永远问不到",
                f"question {question.code} is never asked",
            )
    for row, situation in named:
        if f"situation {situation.code}" not in met:
            row.complain(
                "code",
                f"情形“{situation.name_zh}”（{situation.code}）永远走不到",
                f"situation {situation.code} is unreachable",
            )


def _complain_of_way(table: Table, guide: Guide, answers: Mapping[str, str], found: list[Situation]) -> None:
    """A way to no situation, or to several: in the words that editors wrote, in English by codes."""
    said = "；".join(
        guide.question(code).text_zh + option.text_zh
        for code, answer in answers.items()
        for option in guide.question(code).options
        if option.code == answer
    )
    named = "、".join(f"“{situation.name_zh}”（{situation.code}）" for situation in found)
    way = ",".join(f"{question}={option}" for question, option in answers.items())
    which = "、".join(situation.code for situation in found) or "–"
    table.complain(
        "situations",
        f"这样回答应恰好对应一个情形，现在{'有 ' + named if named else '一个也没有'}：{said}",
        f"the answers {way} must lead to exactly one situation, not {which}",
    )
