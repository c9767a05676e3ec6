"""PURE: walking a guide: the answers so far give the next question, or a situation with its checklist.

A guide is a set of questions linked by `next` (never in a circle) and of situations, each with the answers
it holds for. Answers travel as text in links and forms: `reason=lost,age=adult`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kernel.errors import Invalid

#: What the name of a picture begins with that was sent in here; what follows is its hash.
UPLOADED = "upload:"


@dataclass(frozen=True, slots=True)
class Material:
    """A paper to bring.

    `waivable`: an electronic licence proves it already (免交); `licence` is the kind of licence, by which the
    register of licences is asked ("": it is in none). `deferrable`: the case is accepted without it,
    and it is handed in afterwards (容缺). `picture` names the picture of an example: one of the program's, or
    one that was sent in (`UPLOADED`), whose `picture_*` say in words what it shows; by default that
    of the material's code, if there is any.
    """

    code: str
    name_zh: str
    name_en: str
    copies: int
    original: bool
    waivable: bool
    deferrable: bool
    note_zh: str
    note_en: str
    picture: str = ""
    licence: str = ""
    picture_zh: str = ""
    picture_en: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """A material that a situation needs, and why."""

    material: str
    why_zh: str
    why_en: str


@dataclass(frozen=True, slots=True)
class Option:
    """An answer. `next` is the code of the next question; empty when nothing more is asked."""

    code: str
    text_zh: str
    text_en: str
    next: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its possible answers."""

    code: str
    text_zh: str
    text_en: str
    help_zh: str
    help_en: str
    options: tuple[Option, ...]

    def option(self, code: str) -> Option | None:
        """The option of that code, if there is one."""
        return next((option for option in self.options if option.code == code), None)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where answers lead. `when`: question → the options it holds for; unnamed questions do not matter.

    `minutes` and `fee_fen` replace the service's own when they are not None. `lacks` names papers (codes)
    that people do not have in this situation: the one that was lost. Other services of the same visit do
    not ask for them either.
    """

    code: str
    name_zh: str
    name_en: str
    when: Mapping[str, tuple[str, ...]]
    needs: tuple[Need, ...]
    minutes: int | None
    fee_fen: int | None
    note_zh: str
    note_en: str
    synonyms: tuple[str, ...]
    lacks: tuple[str, ...] = ()

    def holds_for(self, answers: Mapping[str, str]) -> bool:
        """True if the answers are among those of `when`."""
        return all(answers.get(question) in options for question, options in self.when.items())


@dataclass(frozen=True, slots=True)
class Guide:
    """Questions, situations, and the code of the first question."""

    start: str
    questions: tuple[Question, ...]
    situations: tuple[Situation, ...]

    def question(self, code: str) -> Question:
        """The question of that code; raises KeyError when the guide was not checked."""
        return {question.code: question for question in self.questions}[code]


@dataclass(frozen=True, slots=True)
class Step:
    """Where the answers have led: exactly one of `question` and `situation` is set.

    `answers` keeps only those that lie on the way, in its order; `answered` shows them as (question, option).
    """

    answers: tuple[tuple[str, str], ...]
    answered: tuple[tuple[Question, Option], ...]
    question: Question | None
    situation: Situation | None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A material of a personal checklist; `why` is empty on a service without a guide."""

    material: Material
    why_zh: str
    why_en: str


class UnknownAnswer(Invalid):
    """An answer that the question does not offer: an old link, or a changed guide."""

    code = "unknown_answer"
    zh = "办事指引已更新，没有这个选项。请从第一个问题重新选择。"
    en = "The guide has changed and no longer offers this answer. Please start again from the first question."


def walk(guide: Guide, answers: Mapping[str, str]) -> Step:
    """Follow the answers from the first question.

    Answers to questions off the way are dropped (someone changed an earlier answer). Raises `UnknownAnswer`.
    """
    answered: list[tuple[Question, Option]] = []
    question: Question | None = guide.question(guide.start)
    while question is not None and question.code in answers:
        option = question.option(answers[question.code])
        if option is None:
            raise UnknownAnswer(question=question.code)
        answered.append((question, option))
        question = guide.question(option.next) if option.next else None
    kept = tuple((asked.code, option.code) for asked, option in answered)
    if question is not None:
        return Step(kept, tuple(answered), question, None)
    found = [situation for situation in guide.situations if situation.holds_for(dict(kept))]
    if not found:
        raise UnknownAnswer(question=kept[-1][0])
    return Step(kept, tuple(answered), None, found[0])


def checklist(situation: Situation, materials: Iterable[Material]) -> tuple[ChecklistItem, ...]:
    """The personal checklist of a situation, in the situation's order."""
    known = {material.code: material for material in materials}
    return tuple(ChecklistItem(known[need.material], need.why_zh, need.why_en) for need in situation.needs)


def plain_checklist(materials: Iterable[Material]) -> tuple[ChecklistItem, ...]:
    """The checklist of a service without a guide."""
    return tuple(ChecklistItem(material, "", "") for material in materials)


def answers_for(service_code: str, answers: Mapping[str, object]) -> dict[str, str]:
    """The answers that concern one service of a visit.

    In a visit of several services each answer carries its service's code, `service.question: option`; answers
    without one are meant for every service that asks them.
    """
    own, mine = f"{service_code}.", {str(asked): str(option) for asked, option in answers.items()}
    for_all = {asked: option for asked, option in mine.items() if "." not in asked}
    return for_all | {asked.removeprefix(own): mine[asked] for asked in mine if asked.startswith(own)}


def format_answers(answers: Iterable[tuple[str, str]]) -> str:
    """`reason=lost,age=adult`; what `parse_answers` reads."""
    return ",".join(f"{question}={option}" for question, option in answers)


def parse_answers(text: str) -> dict[str, str]:
    """Read `format_answers`' text; parts that are not `question=option` are ignored."""
    pairs = (part.partition("=") for part in text.split(",")[:50])
    return {question.strip(): option.strip() for question, sign, option in pairs if sign and question.strip()}
