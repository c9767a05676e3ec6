"""The clock, the deep check, and the SMS simulator: what plays and examines a demonstration."""

from collections.abc import Mapping
from typing import Any

from analytics.counts import count_everything
from halls.queries import HallUnknown, get_hall
from kernel import audit, clock
from kernel.errors import Forbidden, Unavailable
from kernel.phone import PhoneMalformed
from notifications import simulator
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import system as shapes
from web.guards import bearer_only, public

blueprint = Blueprint(
    "system", __name__, description="Clock, deep check, SMS simulator. 时钟、体检、短信模拟"
)


class DemonstrationOnly(Forbidden):
    """Real citizens' time and messages are not played with."""

    code = "demonstration_only"
    zh = "只有演示环境可以这样做。"
    en = "This is possible in a demonstration only."


class DoctorMissing(Unavailable):
    """This process was started without the deep check."""

    code = "doctor_missing"
    zh = "本进程没有带上数据体检，请用命令 youhao doctor --deep。"
    en = "This process carries no deep check. Please use the command youhao doctor --deep."


@blueprint.get("/clock")
@public
@blueprint.response(200, shapes.ClockSchema())
def read_clock() -> dict[str, Any]:
    """Read business time, and how fast it runs.

    查询业务时间及其快慢。
    """
    demo = clock.demo_clock()
    return {"now": edge.now(), "rate": demo.rate if demo else 1.0, "demo": edge.parts().settings.demo}


@blueprint.put("/clock")
@bearer_only("clock.set")
@refuses(DemonstrationOnly, edge.CityWideOnly)
@blueprint.arguments(shapes.ClockEditSchema())
@blueprint.response(200, shapes.ClockSchema())
def set_clock(body: Mapping[str, Any]) -> dict[str, Any]:
    """Set the demonstration clock; every process follows at once.

    设定演示时钟；所有进程立即跟随。
    """
    who, settings = edge.require_everywhere("clock.set"), edge.parts().settings
    if not settings.demo or settings.clock_file is None:
        raise DemonstrationOnly
    with edge.transaction() as session:
        audit.record(
            session, "clock.set", actor=who, now=edge.now(), subject=("clock", None), rate=body["rate"]
        )
    demo = clock.set_demo(settings.clock_file, body.get("now") or clock.now(), body["rate"])
    return {"now": demo.starts_at, "rate": demo.rate, "demo": True}


@blueprint.post("/doctor")
@bearer_only("doctor.run")
@refuses(HallUnknown, DoctorMissing, edge.CityWideOnly)
@blueprint.arguments(shapes.CheckupSchema())
@blueprint.response(200, shapes.FindingsSchema())
def run_doctor(body: Mapping[str, str]) -> dict[str, Any]:
    """Check every promise of the data, as `youhao doctor --deep` does, and count what there is.

    全面核对数据是否守约（与 youhao doctor --deep 相同），并给出各类数量。
    """
    edge.require_everywhere("doctor.run")
    check = edge.parts().deep_check
    if check is None:
        raise DoctorMissing
    with edge.transaction() as session:
        hall_id = get_hall(session, body["hall"]).id if "hall" in body else None
        return {"violations": check(session), "counts": count_everything(session, hall_id=hall_id)}


@blueprint.get("/simulator/messages")
@bearer_only("simulator.use")
@refuses(DemonstrationOnly, edge.CityWideOnly)
@blueprint.arguments(shapes.MessageQuerySchema(), location="query")
@blueprint.response(200, shapes.MessageListSchema())
def list_simulated_messages(query: Mapping[str, int]) -> dict[str, Any]:
    """List messages that went out, the newest first.

    查询已发出的模拟短信，最新在前。
    """
    _ensure_played()
    with edge.transaction() as session:
        found = simulator.list_simulated(session, limit=query["limit"], after_id=query["after"])
    return {"messages": found}


@blueprint.post("/simulator/conversation")
@bearer_only("simulator.use")
@refuses(DemonstrationOnly, PhoneMalformed, edge.CityWideOnly)
@blueprint.arguments(shapes.PhoneMessagesSchema())
@blueprint.response(200, shapes.MessageListSchema())
def read_conversation(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what went to and came from one phone, the oldest first; numbers stay out of addresses.

    查询一个手机号的往来短信，最早在前。
    """
    _ensure_played()
    with edge.transaction() as session:
        return {"messages": simulator.conversation(session, body["phone"], limit=body["limit"])}


@blueprint.post("/simulator/replies")
@bearer_only("simulator.use")
@refuses(DemonstrationOnly, PhoneMalformed, edge.CityWideOnly)
@blueprint.arguments(shapes.ReplySchema())
@blueprint.response(202, shapes.ReplyReceivedSchema())
def reply_from_phone(body: Mapping[str, str]) -> dict[str, int]:
    """Answer from a phone, as its owner would.

    以手机主人的身份回复短信。
    """
    _ensure_played()
    with edge.transaction() as session:
        return {"id": simulator.answer(session, body["phone"], body["text"], now=edge.now()).id}


def _ensure_played() -> None:
    """Messages of a demonstration, for people who may see those of every hall."""
    edge.require_everywhere("simulator.use")
    if edge.parts().settings.production:
        raise DemonstrationOnly
