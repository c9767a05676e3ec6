"""For administrators: halls with their plans, services, numbers and accounts."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from booking.change_plan import BookingsStranded, change_plan
from booking.change_reasons import because
from booking.close import Then
from booking.policy import BookingPolicy
from booking.policy_data import BookingPolicyInvalid
from booking.publish import publish
from booking.slot_cutting import PlanLineImpossible
from catalog import edit as catalog
from catalog.models import Service
from catalog.queries import ServiceUnknown, services_by_group
from catalog.service_file import ServiceFileInvalid, service_from_data
from halls import edit as halls
from halls.plan_file import CityFileInvalid, hall_from_data
from halls.queries import GroupUnknown, HallUnknown, get_group_by_code, get_hall, list_groups
from halls.screen_edit import ScreenSettingsInvalid, check_screens
from kernel.actor import Actor
from kernel.errors import Forbidden, Invalid
from people.code_budget import CodeBudget, CodeBudgetInvalid
from people.models import Staff
from people.staff import (
    HallsBeyondYours,
    NewStaff,
    PasswordTooShort,
    RoleBeyondYours,
    RoleUnknown,
    UsernameMalformed,
    UsernameTaken,
    create_staff,
)
from queueing.save_rules import QueuePolicyInvalid, read_rules
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import catalog as catalog_shapes
from web.api.schemas import halls as hall_shapes
from web.api.schemas import system as shapes
from web.guards import bearer_only

blueprint = Blueprint("administration", __name__, description="For administrators. 管理")


class TimeZoneUnknown(Invalid):
    """No such time zone."""

    code = "time_zone_unknown"
    zh = "没有这个时区：{name}。请填写如 Asia/Shanghai 的名称。"
    en = "There is no time zone {name}. Please give a name such as Asia/Shanghai."


@blueprint.put("/halls/<code:code>")
@bearer_only("hall.edit")
@refuses(
    CityFileInvalid,
    BookingPolicyInvalid,
    QueuePolicyInvalid,
    CodeBudgetInvalid,
    ScreenSettingsInvalid,
    TimeZoneUnknown,
    halls.LetterTaken,
    BookingsStranded,
    PlanLineImpossible,
)
@blueprint.arguments(hall_shapes.StrandedQuerySchema(), location="query")
@blueprint.arguments(hall_shapes.HallEditSchema(), example=hall_shapes.HALL_EXAMPLE)
@blueprint.response(200, hall_shapes.HallDetailSchema())
def save_hall(query: Mapping[str, str], body: dict[str, Any], code: str) -> dict[str, Any]:
    """Write a hall whole, with lines, counters and plan; made when new. Twice changes nothing.

    Its numbers follow at once. Where bookings lose their place, nothing is saved unless `stranded` says what
    is to become of them.

    整体保存大厅及其业务组、窗口和排班；不存在则新建。号源立即随之调整；
    有预约因此没有位置时，须用 stranded 说明怎么办，否则不保存。
    """
    policy, time_zone = _policy(body.pop("policy", None)), _time_zone(body.pop("time_zone", None))
    plan, then = hall_from_data(body, code=code), Then(query["stranded"]) if "stranded" in query else None
    rules: dict[str, Any] = {"time_zone": time_zone, "policy": policy, "because": because(query["reason"])}
    with edge.transaction() as session:
        actor = _who_may_edit(session, code)
        change_plan(session, plan, then=then, **rules, actor=actor, now=edge.now())
        return present.hall_with_parts(session, get_hall(session, code))


@blueprint.put("/services/<code:code>")
@bearer_only("catalog.edit")
@refuses(ServiceFileInvalid, edge.CityWideOnly)
@blueprint.arguments(catalog_shapes.ServiceEditSchema())
@blueprint.response(200, catalog_shapes.ServiceSchema())
def save_service(body: dict[str, Any], code: str) -> Service:
    """Write a service with its materials and guide; made when new.

    保存事项及其材料、办事指引；不存在则新建。
    """
    actor, file = edge.require_everywhere("catalog.edit"), service_from_data(body, code=code)
    with edge.transaction() as session:
        return catalog.save_services(session, [file], actor=actor, now=edge.now())[0]


@blueprint.put("/halls/<code:code>/services")
@bearer_only("catalog.edit")
@refuses(HallUnknown, ServiceUnknown, GroupUnknown)
@blueprint.arguments(hall_shapes.OfferSchema())
@blueprint.response(200, hall_shapes.OfferedListSchema())
def offer_services(body: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Say which services a hall handles and in which line; replaces what was.

    设定大厅办理哪些事项、由哪个业务组办理；覆盖原设定。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        actor = edge.require("catalog.edit", hall.id)
        group_of = {
            service: get_group_by_code(session, hall.id, group, active=True).id
            for service, group in body["services"].items()
        }
        catalog.offer(session, hall.id, group_of, actor=actor, now=edge.now())
        return {"hall": hall.code, "services": _offered(session, hall.id)}


@blueprint.post("/halls/<code:code>/publish")
@bearer_only("plan.edit")
@refuses(HallUnknown, PlanLineImpossible)
@blueprint.arguments(hall_shapes.PublishSchema())
@blueprint.response(200, hall_shapes.PublishedSchema())
def publish_numbers(body: Mapping[str, date], code: str) -> dict[str, int]:
    """Write the numbers of coming days from the hall's plan; twice adds nothing.

    按排班生成未来日期的号源；重复执行不会多放。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        actor = edge.require("plan.edit", hall.id)
        numbers = publish(
            session, hall.id, first_on=body["from_"], last_on=body["to"], actor=actor, now=edge.now()
        )
    return {"numbers": numbers}


@blueprint.post("/staff")
@bearer_only("staff.edit")
@refuses(
    HallUnknown,
    UsernameTaken,
    UsernameMalformed,
    PasswordTooShort,
    RoleUnknown,
    HallsBeyondYours,
    RoleBeyondYours,
)
@blueprint.arguments(shapes.StaffEditSchema())
@blueprint.response(201, shapes.StaffSchema())
def add_staff(body: Mapping[str, Any]) -> Staff:
    """Add an account.

    新建工作人员账号。
    """
    with edge.transaction() as session:
        hall_ids = tuple(get_hall(session, code).id for code in body["halls"]) if "halls" in body else None
        facts = {name: body[name] for name in ("username", "name", "password", "badge")}
        command = NewStaff(**facts, roles=tuple(dict.fromkeys(body["roles"])), hall_ids=hall_ids)
        return create_staff(session, command, actor=edge.actor(), now=edge.now())


def _who_may_edit(session: Session, code: str) -> Actor:
    """Who works in some halls only may edit these, and make no new one."""
    try:
        return edge.require("hall.edit", get_hall(session, code).id)
    except HallUnknown:
        if not edge.actor().everywhere:
            raise Forbidden from None
        return edge.actor()


def _policy(values: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The hall's own rules, once all readers of them are content."""
    if values is None:
        return None
    BookingPolicy.from_mapping(values.get("booking", {}))
    CodeBudget.from_mapping(values.get("phone_codes", {}))
    check_screens(values.get("screens", {}))
    read_rules(values.get("queue", {}))
    return values


def _time_zone(name: str | None) -> str | None:
    if name is not None and name not in available_timezones():
        raise TimeZoneUnknown(name=name)
    return name


def _offered(session: Session, hall_id: int) -> dict[str, str]:
    codes = present.codes_of(list_groups(session, hall_id))
    return {
        service.code: codes[group_id]
        for group_id, services in services_by_group(session, hall_id).items()
        for service in services
    }
