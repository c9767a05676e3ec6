"""All guides as one table."""

import pytest
from sqlalchemy import func, select

from booking.tables import import_table, list_differences
from catalog.guide_table import rows_of
from catalog.models import Guide, GuideDraft, Service
from kernel.history import Revision
from kernel.tables import TableInvalid
from queueing.tables import KINDS
from tests.booking.city_tables import BY, city, find, put, sheet

__all__ = ["city", "sheet"]  # fixtures
DOG = "dog-registration"


def take_in(session, cells):
    counts = import_table(session, KINDS["guides"], cells, **BY)
    return counts.new, counts.changed, counts.removed


def mistakes_of(session, cells):
    with pytest.raises(TableInvalid) as found:
        import_table(session, KINDS["guides"], cells, **BY)
    return {(each.line, each.column) for each in found.value.mistakes}


def guide(session, code=DOG):
    return session.scalars(
        select(Guide).join(Service, Service.id == Guide.service_id).where(Service.code == code)
    ).one()


def only(cells, code=DOG):
    return [cells[0], *(row for row in cells[1:] if row[0] == code)]


def revisions(session):
    return session.scalar(select(func.count()).select_from(Revision))


def test_all_guides_come_back_as_they_went_out_and_none_is_published_anew(session, sheet):
    cells = sheet("guides")
    assert len({row[0] for row in cells[1:]}) == session.scalar(select(func.count()).select_from(Guide)) >= 8
    before = revisions(session)
    assert take_in(session, cells) == (0, 0, 0)
    assert revisions(session) == before


def test_a_changed_word_is_published_with_its_history_and_other_guides_stay(session, sheet):
    cells = sheet("guides")
    others = {code: guide(session, code).tree for code in ("id-card-renewal", "name-change")}
    line = find(cells, service=DOG, part="situation")
    put(cells, line, text_zh="给宠物狗办证", minutes="25", fee="12.5", synonyms="小狗、新狗")
    before = revisions(session)
    assert take_in(session, cells) == (0, 1, 0)
    found = guide(session).tree["situations"][0]
    assert (found["name_zh"], found["minutes"], found["fee_fen"]) == ("给宠物狗办证", 25, 1250)
    assert found["synonyms"] == ["小狗", "新狗"]
    assert {code: guide(session, code).tree for code in others} == others
    assert revisions(session) > before
    assert session.scalar(select(func.count()).select_from(GuideDraft)) == 0


def test_a_service_without_a_guide_gets_one_by_the_table(session, sheet):
    cells = sheet("guides")[:1]
    service = session.scalars(select(Service).where(Service.code == "passport")).one()
    paper = service.materials[0]["code"]
    given = {"service": "passport", "text_zh": "字", "text_en": "word"}
    for row in (
        {"part": "question", "code": "q", "start": "是"},
        {"part": "option", "of": "q", "code": "a"},
        {"part": "option", "of": "q", "code": "b"},
        {"part": "situation", "code": "s", "when": "q=a,b"},
        {"part": "material", "of": "s", "code": paper},
    ):
        cells.append([(given | row).get(name, "") for name in cells[0]])
    assert take_in(session, cells) == (5, 0, 0)
    tree = guide(session, "passport").tree
    assert tree["start"] == "q"
    assert tree["situations"][0]["when"] == {"q": ["a", "b"]}
    assert [row["part"] for row in rows_of("passport", tree)] == [row[1] for row in cells[1:]]


def test_each_mistake_stands_at_its_line_and_column_and_nothing_is_published(session, sheet):
    cells = only(sheet("guides"))
    before = guide(session).tree
    option = find(cells, part="option")
    paper = find(cells, part="material")
    situation = find(cells, part="situation")
    put(cells, option, next="nowhere")
    put(cells, paper, code="no-paper")
    put(cells, situation, minutes="0")
    assert mistakes_of(session, cells) >= {(option, "next"), (paper, "code"), (situation, "minutes")}
    session.expire_all()
    assert guide(session).tree == before


def test_a_line_that_belongs_nowhere_is_told(session, sheet):
    cells = only(sheet("guides"))
    option, situation = find(cells, part="option"), find(cells, part="situation")
    put(cells, option, of="none")
    put(cells, situation, when="kind")
    wrong = mistakes_of(session, cells)
    assert {(option, "of"), (situation, "when")} <= wrong
    strange = [cells[0], ["nothing", "question", "", "q", "字", "word", *[""] * (len(cells[0]) - 6)]]
    assert mistakes_of(session, strange) == {(2, "service")}
    part = [cells[0], [DOG, "chapter", "", "q", "字", "word", *[""] * (len(cells[0]) - 6)]]
    assert (2, "part") in mistakes_of(session, part)


def test_a_way_that_ends_nowhere_is_refused(session, sheet):
    cells = only(sheet("guides"))
    line = find(cells, part="situation")
    code = cells[line - 1][cells[0].index("code")]
    kept = [row for row in cells if not (row[1] == "situation" and row[3] == code) and row[2] != code]
    assert mistakes_of(session, kept)


def moved_up(cells, part, **wanted):
    """The second line of this part before the first, with what belongs to it left where it was."""
    first = find(cells, service=DOG, part=part, **wanted) - 1
    second = next(at for at in range(first + 1, len(cells)) if cells[at][0] == DOG and cells[at][1] == part)
    cells.insert(first, cells.pop(second))
    return cells


@pytest.mark.parametrize(("part", "into"), [("question", "questions"), ("situation", "situations")])
def test_another_order_is_a_change_and_is_published(session, sheet, part, into):
    cells = sheet("guides")
    before = [each["code"] for each in guide(session).tree[into]]
    shown = list_differences(
        session, KINDS["guides"], moved_up(cells, part), language="zh", actor=BY["actor"]
    )
    [move] = [each for each in shown if each.column is not None]
    assert (move.column.zh, {move.before, move.after}) == ("顺序", {"1", "2"})
    assert take_in(session, cells) == (0, 1, 0)
    assert [each["code"] for each in guide(session).tree[into]] == [before[1], before[0], *before[2:]]
    assert take_in(session, cells) == (0, 0, 0)


def test_so_is_another_order_of_answers(session, sheet):
    cells = moved_up(sheet("guides"), "option")
    before = guide(session).tree["questions"][0]["options"]
    assert take_in(session, cells) == (0, 1, 0)
    assert guide(session).tree["questions"][0]["options"] == [before[1], before[0], *before[2:]]


def test_where_lines_of_different_parts_stand_to_each_other_says_nothing(session, sheet):
    cells = sheet("guides")
    apart = [cells[0], *sorted(cells[1:], key=lambda row: row[1])]
    before = revisions(session)
    assert take_in(session, apart) == (0, 0, 0)
    assert revisions(session) == before
