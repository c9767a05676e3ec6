"""What the pages of a hall's time share: the hall by its code, typed dates and times, the decision page."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from booking.affected import Affected
from booking.change_plan import PlanChanged, change_plan, preview_plan
from booking.change_reasons import REASONS, UNSAID, because
from booking.close import Then
from booking.rehouse import Rehoused
from halls import plan_history
from halls.models import Hall, ServiceGroup
from halls.plan_file import hall_from_data
from halls.plan_rows import HallFile
from halls.queries import get_hall, list_groups
from kernel import history
from kernel.errors import Conflict, DomainError, Invalid
from web import edge, problems

SESSION_NAMES = {
    "": _l("加开场次"),
    "early_late": _l("错时"),
    "extended": _l("延时"),
    "weekend": _l("周末加考"),
    "mobile": _l("流动下乡"),
}
THEN_NAMES = {
    Then.MOVE: (_l("改到最近的空号"), _l("同一队列；找不到空号的由大厅取消，均发短信")),
    Then.CANCEL: (_l("由大厅取消"), _l("发短信说明原因，不计爽约")),
    Then.KEEP: (_l("保留不动"), _l("仍按原时间办理，请安排人手")),
}
_ROW = re.compile(r"(^|\.)plan\[\d+\]")
#: A conflict belongs to a part of the plan, and several do to one: there is no field to go to.
_WHOLE = re.compile(r"(plan|extras|seasons|closures|groups|counters)(\[\d+\])?")
_ROW_NAMES = {"weekdays": _l("星期"), "starts": _l("开始"), "ends": _l("结束"), "counters": _l("窗口数")}
Choice = TypeVar("Choice")


class FormValueWrong(Invalid):
    """A date, a time or a choice of a form cannot be read; `name` is its field, where one is to blame."""

    code = "form_value_wrong"
    zh = "日期、时间或选项没有填对，请检查后再提交。"
    en = "A date, a time or a choice is not right. Please check it and send it again."


class PlanMovedOn(Conflict):
    """Somebody else saved the plan meanwhile."""

    code = "plan_moved_on"
    zh = "您修改期间计划已被他人保存过，请重新打开后再改。"
    en = "Somebody else saved the plan meanwhile. Please open it again and repeat your change."


def hall_of(session: Session, code: str, *, need: str = "plan.edit") -> Hall:
    """The hall, once sure that it is one of the actor's own; raises HallUnknown, Forbidden."""
    hall = get_hall(session, code)
    edge.require(need, hall.id)
    return hall


def typed(name: str, most: int = 120) -> str:
    """A text as typed, trimmed."""
    return request.form.get(name, "").strip()[:most]


def typed_day(name: str) -> date:
    """A date; raises FormValueWrong."""
    try:
        return date.fromisoformat(typed(name))
    except ValueError:
        raise FormValueWrong(name=name) from None


def typed_time(name: str) -> time:
    """A time of day; raises FormValueWrong."""
    try:
        return time.fromisoformat(typed(name))
    except ValueError:
        raise FormValueWrong(name=name) from None


def typed_moment(hall: Hall, day: str, clock: str) -> datetime:
    """An instant from a date and a time on the hall's clock; raises FormValueWrong."""
    return datetime.combine(typed_day(day), typed_time(clock), ZoneInfo(hall.time_zone))


def typed_choice(choices: Callable[[str], Choice], name: str) -> Choice:
    """One of an enumeration; raises FormValueWrong."""
    try:
        return choices(typed(name))
    except ValueError:
        raise FormValueWrong(name=name) from None


def find_group(groups: Sequence[ServiceGroup], code: str) -> int | None:
    """The id of a typed line; None for the whole hall; raises FormValueWrong."""
    if not code:
        return None
    found = next((group.id for group in groups if group.code == code), None)
    if found is None:
        raise FormValueWrong
    return found


def base_number(session: Session, hall: Hall) -> int:
    """The state of the plan that a page was made from."""
    newest = history.find_newest(session, plan_history.KIND, hall.code)
    return newest.number if newest else 0


def propose(session: Session, hall: Hall, data: Mapping[str, Any], *, note: str, back: str) -> Any:
    """Save the new plan, or ask first what is to become of the bookings that it would strand.

    Raises:
        CityFileInvalid, LetterTaken, PlanMovedOn
    """
    if typed("base") != str(base_number(session, hall)):
        raise PlanMovedOn
    plan = read_plan(hall, data)
    stranded = preview_plan(session, plan, actor=edge.actor(), now=edge.now())
    if not stranded:
        return _done(save(session, plan, Then.KEEP, note=note), back)
    fields = {"plan": json.dumps(data, ensure_ascii=False), "base": typed("base"), "note": note, "back": back}
    session.expire_all()
    action = url_for("admin.plan_decide", code=hall.code)
    return decide_page(session, hall, stranded, action=action, fields=fields.items(), back=back)


def read_plan(hall: Hall, data: Mapping[str, Any]) -> HallFile:
    """The plan of a form; raises CityFileInvalid."""
    return hall_from_data({key: value for key, value in data.items() if key != "code"}, code=hall.code)


def save(session: Session, plan: HallFile, then: Then, *, note: str) -> PlanChanged:
    """Change the plan as decided."""
    return change_plan(session, plan, then=then, note=note[:200], **who_and_why())


def who_and_why() -> dict[str, Any]:
    """Who changes the hall's time, when, and the reason that the people concerned are told.

    Raises:
        ChangeReasonUnknown
    """
    why = because(typed("why") or UNSAID.code, typed("why_zh"), typed("why_en"))
    return {"because": why, "actor": edge.actor(), "now": edge.now()}


def reason_options() -> list[tuple[str, str]]:
    """The reasons of a change, in the reader's language."""
    return [(code, words[edge.language() == "en"]) for code, words in REASONS.items()]


def _done(changed: PlanChanged, back: str) -> Any:
    say_saved(changed.rehoused)
    return redirect(back, 303)


def say_saved(rehoused: Rehoused) -> None:
    """Tell what was done, and to how many bookings."""
    flash(_("已保存并重新放号。"), "ok")
    say_rehoused(rehoused)


def say_rehoused(rehoused: Rehoused) -> None:
    """Tell to how many bookings something was done, if to any."""
    if rehoused.moved or rehoused.cancelled:
        flash(_("改期 %(m)s 个预约，取消 %(c)s 个，均已通知。", m=rehoused.moved, c=rehoused.cancelled), "ok")


def decide_page(
    session: Session,
    hall: Hall,
    stranded: Sequence[Affected],
    *,
    action: str,
    fields: Iterable[tuple[str, str]],
    back: str,
    ask_why: bool = True,
) -> str:
    """这些预约会受影响: who they are, and what is to become of them; a closure has its reason already."""
    groups = {group.id: group for group in list_groups(session, hall.id)}
    return render_template(
        "admin/plans/decide.html",
        hall=hall,
        stranded=stranded,
        groups=groups,
        action=action,
        fields=list(fields),
        back=back,
        ways=THEN_NAMES,
        reasons=reason_options() if ask_why else [],
    )


def mistakes(error: DomainError) -> dict[str, str]:
    """Field of the form → what is wrong with it; what belongs to no single field under a name with `_`."""
    found = getattr(error, "problems", None)
    if not found:
        name = str(error.params.get("name", ""))
        unread = isinstance(error, FormValueWrong) and name
        return {name or "_": str(_("没有填，或没有填对")) if unread else error.sentence(edge.language())}
    said: dict[str, str] = {}
    for at, problem in enumerate(found):
        sentence = problem.en if edge.language() == "en" else problem.zh
        name = "" if _WHOLE.fullmatch(problem.key) else problem.key.rpartition(".")[2]
        if _ROW.search(problem.key):  # rows of a week: their fields stand many times
            between = ": " if edge.language() == "en" else "："
            said[f"_{at}"] = f"{_ROW_NAMES[name]}{between}{sentence}" if name in _ROW_NAMES else sentence
        else:
            said.setdefault(name or f"_{at}", sentence)
    return said


def refused(
    error: DomainError, page: Callable[..., str], *, wrong: dict[str, str] | None = None
) -> tuple[str, int]:
    """The page again with what is wrong (`mistakes` unless given), under the error's status."""
    with edge.transaction() as session:
        return page(session, wrong=wrong or mistakes(error)), problems.status_of(error)
