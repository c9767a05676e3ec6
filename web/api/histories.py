"""Earlier states of what administrators edit, and drafts of guides, to read."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import guide_drafts
from catalog.history import GUIDE, PACKAGE, SERVICE, SYNONYMS
from catalog.queries import ServiceUnknown
from catalog.restore import find_any_service
from halls import calendar_days, own_rules, plan_history
from halls.queries import HallUnknown, get_hall
from kernel.history import Revision, RevisionUnknown, get_revision, list_revisions
from people.models import Staff
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import exceptions as shapes
from web.guards import bearer_only

blueprint = Blueprint("histories", __name__, description="Earlier states and drafts. 修改历史与草稿")

#: What the address says → the kind of the history.
KINDS = {"services": SERVICE, "guides": GUIDE, "packages": PACKAGE, "synonyms": SYNONYMS}
_KIND = "any(services, guides, packages, synonyms)"
#: Part of a hall's rules in the address → kind of its history, and who may read it.
PARTS = {
    "booking": (own_rules.KINDS["booking"], "hall.edit"),
    "queue": (own_rules.KINDS["queue"], "hall.edit"),
    "phone-codes": (own_rules.KINDS["phone_codes"], "hall.edit"),
    "screens": (own_rules.KINDS["screens"], "device.enrol"),
}
_PART = "any('booking', 'queue', 'phone-codes', 'screens')"
_DAYS = calendar_days.KIND, calendar_days.KEY


def _told(session: Session, rows: list[Revision]) -> list[dict[str, Any]]:
    ids = {row.actor_id for row in rows if row.actor_kind == "staff"}
    found = session.execute(select(Staff.id, Staff.username).where(Staff.id.in_(ids)))
    names = {row.id: row.username for row in found}
    return [
        {
            "number": row.number,
            "at": row.at,
            "by": names.get(row.actor_id) if row.actor_kind == "staff" else None,
            "note": row.note,
            "content": row.content,
        }
        for row in rows
    ]


@blueprint.get(f"/history/<{_KIND}:kind>/<code:code>")
@bearer_only("catalog.edit")
@blueprint.response(200, shapes.RevisionListSchema())
def list_history(kind: str, code: str) -> dict[str, Any]:
    """List the saved states of a service, a guide, a package, or of the synonyms (`all`).

    列出事项、办事指引、一件事或同义词（all）的修改历史。
    """
    with edge.transaction() as session:
        return {"revisions": _told(session, list_revisions(session, KINDS[kind], code))}


@blueprint.get(f"/history/<{_KIND}:kind>/<code:code>/<int(max=2147483647):number>")
@bearer_only("catalog.edit")
@refuses(RevisionUnknown)
@blueprint.response(200, shapes.OneRevisionSchema())
def read_revision(kind: str, code: str, number: int) -> dict[str, Any]:
    """Read one saved state, whole.

    查看某一版的全部内容。
    """
    with edge.transaction() as session:
        return _told(session, [get_revision(session, KINDS[kind], code, number)])[0]


@blueprint.get("/halls/<code:code>/plan/history")
@bearer_only("plan.edit")
@refuses(HallUnknown)
@blueprint.response(200, shapes.RevisionListSchema())
def list_plan_history(code: str) -> dict[str, Any]:
    """List the saved states of a hall's plan.

    列出大厅计划的修改历史。
    """
    with edge.transaction() as session:
        return {"revisions": _told(session, list_revisions(session, plan_history.KIND, _hall(session, code)))}


@blueprint.get("/halls/<code:code>/plan/history/<int(max=2147483647):number>")
@bearer_only("plan.edit")
@refuses(HallUnknown, RevisionUnknown)
@blueprint.response(200, shapes.OneRevisionSchema())
def read_plan_revision(code: str, number: int) -> dict[str, Any]:
    """Read one saved state of a hall's plan; `PUT /halls/{code}` brings it back.

    查看计划的某一版；用保存大厅恢复。
    """
    with edge.transaction() as session:
        row = get_revision(session, plan_history.KIND, _hall(session, code), number)
        return _told(session, [row])[0]


@blueprint.get(f"/halls/<code:code>/rules/<{_PART}:part>/history")
@bearer_only("")
@refuses(HallUnknown)
@blueprint.response(200, shapes.RevisionListSchema())
def list_rules_history(code: str, part: str) -> dict[str, Any]:
    """List the saved states of a hall's rules: of booking, of the queue, of one-time codes, of call screens.

    Each holds only what the hall wants otherwise than usual. For whoever may edit them.

    列出大厅预约规则、排队规则、验证码额度或叫号屏设置的修改历史；只列与默认不同的值。
    """
    with edge.transaction() as session:
        kind, key = PARTS[part][0], _hall(session, code, need=PARTS[part][1])
        return {"revisions": _told(session, list_revisions(session, kind, key))}


@blueprint.get(f"/halls/<code:code>/rules/<{_PART}:part>/history/<int(max=2147483647):number>")
@bearer_only("")
@refuses(HallUnknown, RevisionUnknown)
@blueprint.response(200, shapes.OneRevisionSchema())
def read_rules_revision(code: str, part: str, number: int) -> dict[str, Any]:
    """Read one saved state of a hall's rules; `PUT /halls/{code}` with `policy` brings it back.

    查看规则的某一版；用保存大厅时的 policy 恢复。
    """
    with edge.transaction() as session:
        kind, key = PARTS[part][0], _hall(session, code, need=PARTS[part][1])
        return _told(session, [get_revision(session, kind, key, number)])[0]


@blueprint.get("/calendar/history")
@bearer_only("hall.edit")
@blueprint.response(200, shapes.RevisionListSchema())
def list_calendar_history() -> dict[str, Any]:
    """List the saved states of the city's own working days.

    列出工作日设置的修改历史。
    """
    with edge.transaction() as session:
        return {"revisions": _told(session, list_revisions(session, *_DAYS))}


@blueprint.get("/calendar/history/<int(max=2147483647):number>")
@bearer_only("hall.edit")
@refuses(RevisionUnknown)
@blueprint.response(200, shapes.OneRevisionSchema())
def read_calendar_revision(number: int) -> dict[str, Any]:
    """Read one saved state of the city's own working days.

    查看工作日设置的某一版。
    """
    with edge.transaction() as session:
        return _told(session, [get_revision(session, *_DAYS, number)])[0]


def _hall(session: Session, code: str, *, need: str = "plan.edit") -> str:
    hall = get_hall(session, code)
    edge.require(need, hall.id)
    return hall.code


@blueprint.get("/services/<code:code>/guide/draft")
@bearer_only("catalog.edit")
@refuses(ServiceUnknown)
@blueprint.response(200, shapes.GuideDraftSchema())
def read_guide_draft(code: str) -> dict[str, Any]:
    """Read the draft of a guide, or what is published where there is no draft, and what is wrong with it.

    查看办事指引的草稿（没有草稿则为已发布的内容）和其中的问题。
    """
    with edge.transaction() as session:
        service = find_any_service(session, code)
        draft = guide_drafts.get_draft(session, service)
        problems = guide_drafts.problems_of(service, draft.tree)
        return {
            "published": draft.published,
            "begun": draft.begun,
            "mark": draft.mark,
            "tree": draft.tree,
            "problems": problems,
        }
