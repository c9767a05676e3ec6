"""Services, how to find them, and the guide to the right papers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from catalog import find, guide
from catalog.guide import Guide, UnknownAnswer
from catalog.models import Service
from catalog.queries import (
    ServiceUnknown,
    find_guide,
    get_service,
    halls_offering,
    list_services,
    materials_of,
)
from halls.queries import HallUnknown, get_group, get_hall, get_hall_by_id
from kernel.errors import NotFound
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import catalog as shapes
from web.guards import public

blueprint = Blueprint("services", __name__, description="What can be done, and what to bring. 事项与办事指引")


class GuideUnknown(NotFound):
    """The service asks no questions."""

    code = "guide_unknown"
    zh = "该事项没有办事指引，请直接查看材料清单。"
    en = "This service has no guide. Its list of materials holds for everybody."


@blueprint.get("/services")
@public
@refuses(HallUnknown)
@blueprint.arguments(shapes.ServiceQuerySchema(), location="query")
@blueprint.response(200, shapes.ServiceListSchema())
def list_or_find_services(query: Mapping[str, str]) -> dict[str, Any]:
    """List services, or find them by citizens' own words.

    列出事项，或按群众自己的说法、拼音、首字母查找，最合适的在前。
    """
    with edge.transaction() as session:
        hall_id = get_hall(session, query["hall"]).id if "hall" in query else None
        offered = list_services(session, hall_id)
        if not query.get("q", "").strip():
            return {"services": [_found(service) for service in offered]}
        hits = find.find_services(session, query["q"])
        known = {service.code for service in offered}
        return {"services": [_found(hit.service, hit) for hit in hits if hit.service.code in known]}


@blueprint.get("/services/<code:code>")
@public
@refuses(ServiceUnknown)
@blueprint.response(200, shapes.ServiceDetailSchema())
def get_service_detail(code: str) -> dict[str, Any]:
    """Read one service: what it takes, what to bring, where it is handled.

    查询一个事项：所需时间、费用、材料和办理大厅。
    """
    with edge.transaction() as session:
        return _detail(session, get_service(session, code))


@blueprint.get("/services/<code:code>/guide")
@public
@refuses(ServiceUnknown, GuideUnknown)
@blueprint.response(200, shapes.GuideSchema())
def get_guide(code: str) -> dict[str, Any]:
    """Read the whole guide of a service.

    查询一个事项的全部指引问题与情形。
    """
    with edge.transaction() as session:
        tree = _guide(session, get_service(session, code))
    return {
        "service": code, "start": tree.start, "questions": tree.questions, "situations": tree.situations
    }  # fmt: skip


@blueprint.post("/services/<code:code>/guide")
@public
@refuses(ServiceUnknown, GuideUnknown, UnknownAnswer)
@blueprint.arguments(shapes.GuideAnswersSchema())
@blueprint.response(200, shapes.GuideStepSchema())
def walk_guide(body: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Answer questions and learn the next one, or the situation with its personal checklist.

    提交已有回答，得到下一个问题，或所属情形与个人材料清单。
    """
    with edge.transaction() as session:
        service = get_service(session, code)
        step = guide.walk(_guide(session, service), body["answers"])
    return {
        "answers": dict(step.answers),
        "question": step.question,
        "situation": step.situation,
        "checklist": guide.checklist(step.situation, materials_of(service)) if step.situation else (),
    }


def _guide(session: Session, service: Service) -> Guide:
    found = find_guide(session, service)
    if found is None:
        raise GuideUnknown
    return found


_SERVICE = (
    "code", "name_zh", "name_en", "summary_zh", "summary_en", "minutes", "fee_fen", "fee_note_zh",
    "fee_note_en", "handling_zh", "handling_en", "online_url", "ways", "pay", "by_post",
    "machine_zh", "machine_en",
)  # fmt: skip


def _service(service: Service) -> dict[str, Any]:
    return {name: getattr(service, name) for name in _SERVICE}


def _found(service: Service, hit: find.Found | None = None) -> dict[str, Any]:
    named = hit is not None and hit.situation is not None
    return {
        **_service(service),
        "situation": hit.situation if hit and named else None,
        "situation_zh": hit.situation_zh if hit and named else None,
        "situation_en": hit.situation_en if hit and named else None,
    }


def _detail(session: Session, service: Service) -> dict[str, Any]:
    offered = []
    for hall_id, group_id in halls_offering(session, service.id):
        hall = get_hall_by_id(session, hall_id)
        if hall.active:
            group = get_group(session, group_id).code
            offered.append(
                {"hall": hall.code, "name_zh": hall.name_zh, "name_en": hall.name_en, "group": group}
            )
    return {
        **_service(service),
        "materials": materials_of(service),
        "has_guide": find_guide(session, service) is not None,
        "halls": offered,
    }
