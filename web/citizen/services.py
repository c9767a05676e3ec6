"""Find a service, read about it, and be guided to one's own list of materials."""

from flask import after_this_request, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from catalog.find import find_all
from catalog.guide import Guide, Step, format_answers
from catalog.models import Service
from catalog.queries import list_packages, list_services
from halls.queries import list_city_groups
from web import edge
from web.citizen.face import blueprint
from web.citizen.on_record import of_browser
from web.citizen.returning import usual_hall
from web.citizen.visit import get_visit
from web.device import give_device
from web.guards import public

MOST_QUERY = 60


@blueprint.get("/services")
@public
def services() -> ResponseReturnValue:
    """What fits the words of `q`; everything when nothing was asked or nothing fits."""
    query = request.args.get("q", "").strip()[:MOST_QUERY]
    with edge.transaction() as session:
        found = find_all(session, query) if query else []
        packages = [] if query else list_packages(session)
        everything = [] if found else _by_group(session)
    facts = {"found": found, "packages": packages, "everything": everything}
    return render_template("citizen/services.html", query=query, **facts)


def _by_group(session: Session) -> list[tuple[str, str, list[Service]]]:
    """All services under (code, name) of their lines, as the halls call them ("" where no hall has one)."""
    names: dict[str, str] = {}
    for group in list_city_groups(session):
        names.setdefault(group.code, edge.text(group, "name"))
    sections: dict[str, list[Service]] = {}
    for service in list_services(session):
        sections.setdefault(service.group_code, []).append(service)
    return [(code, names.get(code, ""), services) for code, services in sections.items()]


@blueprint.get("/services/<code>")
@public
def service(code: str) -> ResponseReturnValue:
    """One service: how long, how much, what to bring, where else."""
    after_this_request(give_device)  # so that a look at days that are full can be counted (web.looks)
    with edge.transaction() as session:
        visit = get_visit(session, code, "")
        usual = usual_hall(session, visit.service)
    return render_template("citizen/service.html", visit=visit, usual=usual)


@blueprint.get("/services/<code>/guide")
@public
def guide(code: str) -> ResponseReturnValue:
    """One question, or where the answers have led. Answers are in the address, so "back" takes one away."""
    with edge.transaction() as session:
        visit = get_visit(session, code, request.args.get("a", ""))
        usual = usual_hall(session, visit.service)
        facts = {"usual": usual, "on_record": of_browser(session)}
    if visit.step is None or visit.guide is None or visit.situation is not None:
        return render_template("citizen/checklist.html", visit=visit, back=_before(visit.step), **facts)
    asked = _question(visit.guide, visit.step)
    return render_template("citizen/question.html", visit=visit, back=_before(visit.step), **asked)


def _question(guide: Guide, step: Step) -> dict[str, object]:
    """The open question with the link text that each answer leads to."""
    question = step.question
    if question is None:
        raise AssertionError("a step without a situation asks a question")
    options = [
        (option, format_answers((*step.answers, (question.code, option.code)))) for option in question.options
    ]
    return {"question": question, "options": options, "at": len(step.answers) + 1, "of": _most(guide, step)}


def _before(step: Step | None) -> str | None:
    """The answers without the last one; None at the first question."""
    return format_answers(step.answers[:-1]) if step and step.answers else None


def _most(guide: Guide, step: Step) -> int:
    """How many questions there will be at most on the way that the answers took."""
    depth: dict[str, int] = {}

    def longest(code: str) -> int:
        if code not in depth:
            options = guide.question(code).options
            depth[code] = 1 + max((longest(option.next) for option in options if option.next), default=0)
        return depth[code]

    return len(step.answers) + (longest(step.question.code) if step.question else 0)
