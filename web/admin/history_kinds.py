"""What has a history on administrators' pages: what it is called, who may read it, how a state comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from sqlalchemy.orm import Session

from booking.policy import DEFAULT_POLICY as BOOKING
from booking.policy_data import stored_name
from booking.rule_words import NAMES
from booking.save_policy import save_code_budget, save_policy
from catalog import guide_drafts, restore
from catalog.guide import UPLOADED
from catalog.history import ALL_SYNONYMS, GUIDE, PACKAGE, SERVICE, SYNONYMS
from halls import calendar_days
from halls.own_rules import KINDS as PARTS
from halls.queries import get_hall
from halls.screen_edit import save_screens
from kernel.errors import NotFound
from kernel.history import get_revision
from people import city_settings
from queueing.policy import DEFAULT_POLICY as QUEUE
from queueing.rule_words import STORED
from queueing.save_rules import save_rules
from queueing.sizing import SIZED
from web import edge
from web.admin import entry, plan_rules, privacy, queue_rules

Bring = Callable[[Session, str, int], None]
Content = dict[str, Any]


def _same(content: Content) -> Content:
    return content


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of content: what it is called, the page that shows a thing of it, how it is brought back.

    `of_hall`: its key is the code of a hall, and `need` is asked for that hall; `everywhere`: it is only for
    who has `need` in the whole city. `label` says what a part is
    called, `whole` what a stored state means where it holds only what differs from the usual.
    """

    name: Any
    url: Callable[[str], str]
    bring: Bring | None
    need: str = "catalog.edit"
    of_hall: bool = False
    everywhere: bool = False
    label: Callable[[str], str] = entry.label
    whole: Callable[[Content], Content] = _same

    def action(self, kind: str, key: str, number: int) -> tuple[str, dict[str, int]]:
        """Where the button that brings a state back leads, and what it sends."""
        if self.bring is None:
            return self.url(key), {"restore": number}
        return url_for("admin.version_bring", kind=kind, key=key, number=number), {}


def _service(session: Session, key: str, number: int) -> None:
    service = restore.find_any_service(session, key)
    restore.restore_service(session, service, number, actor=edge.actor(), now=edge.now())


def _guide(session: Session, key: str, number: int) -> None:
    service = restore.find_any_service(session, key)
    guide_drafts.restore_to_draft(session, service, number, actor=edge.actor(), now=edge.now())


def _package(session: Session, key: str, number: int) -> None:
    restore.restore_package(session, key, number, actor=edge.actor(), now=edge.now())


def _synonyms(session: Session, key: str, number: int) -> None:
    if key == ALL_SYNONYMS:
        restore.restore_synonyms(session, number, actor=edge.actor(), now=edge.now())


def _city_settings(session: Session, key: str, number: int) -> None:
    values = get_revision(session, city_settings.KIND, key, number).content
    city_settings.save_city_settings(session, values, actor=edge.actor(), now=edge.now())


def _rules(part: str) -> Bring:
    def bring(session: Session, key: str, number: int) -> None:
        hall = get_hall(session, key)
        values = get_revision(session, PARTS[part], key, number).content
        facts: dict[str, Any] = {"actor": edge.actor(), "now": edge.now()}
        if part == "phone_codes":
            save_code_budget(session, hall, values, **facts)
        else:
            save = {"booking": save_policy, "queue": save_rules, "screens": save_screens}[part]
            save(session, hall, values, version=hall.policy_version, **facts)

    return bring


def _booking_label(part: str) -> str:
    names = {stored_name(field): plan_rules.rule_name(field) for field in NAMES}
    return str(names.get(part) or _LADDER.get(part) or part)


def _queue_label(part: str) -> str:
    return str(next((queue_rules.rule_name(name) for name, stored in STORED.items() if stored == part), part))


def _queue_whole(content: Content) -> Content:
    usual = {name: value for name, value in QUEUE.as_mapping().items() if name not in SIZED}
    whole = usual | content
    shown = {
        STORED[name]: f"{queue_rules.in_form(name, whole[STORED[name]])} {queue_rules.unit(name)}".strip()
        for name in STORED
        if STORED[name] in whole
    }
    order = queue_rules.ORDERS.get(str(whole["discipline"]))
    return {**shown, "discipline": str(order[0] if order else whole["discipline"])}


def _service_whole(content: Content) -> Content:
    return {**content, "materials": [_with_picture(row) for row in content.get("materials", [])]}


def _with_picture(row: Content) -> Content:
    name = row.get("picture") or ""
    if not name.startswith(UPLOADED):
        return row
    return {**row, "picture": f"{_('上传的图片')} {name.removeprefix(UPLOADED)[:6]}"}


def _days_whole(content: Content) -> Content:
    rows = [
        {
            "on": day["on"],
            "working": str(_("上班") if day["working"] else pgettext("day", "休息")),
            "name_zh": day["name_zh"],
            "name_en": day["name_en"],
        }
        for day in content["days"]
    ]
    return {"days": rows}


_DAYS = {"days": _l("日历"), "working": _l("这一天")}
_LADDER = {
    "ladder": _l("放号阶梯"),
    "rungs": _l("各档"),
    "share": _l("比例"),
    "working_days_before": _l("提前几个工作日"),
    "at": _l("几点"),
    "duty_share": _l("机动号比例"),
}
_SCREEN = {
    "last_chair_m": _l("最后一排座位离屏幕多少米"),
    "panel_inches": _l("屏幕对角线（英寸）"),
    "portrait": _l("屏幕竖着挂"),
    "silent": _l("静音叫号：只显示，不出声"),
    "english": _l("中文之后再用英语报一遍"),
    "night_from": _l("夜间黑屏从"),
    "night_to": _l("夜间黑屏到"),
    "rooms": _l("本厅自己的房间名称"),
    "zones": _l("区域"),
}
KINDS = {
    SERVICE: Kind(_l("事项"), lambda key: url_for("admin.service", code=key), _service, whole=_service_whole),
    GUIDE: Kind(_l("办事指引"), lambda key: url_for("admin.guide", code=key), _guide),
    PACKAGE: Kind(_l("一件事"), lambda _key: url_for("admin.packages"), _package),
    SYNONYMS: Kind(
        _l("同义词"), lambda _key: url_for("admin.synonyms"), _synonyms, label=lambda _part: str(_("同义词"))
    ),
    calendar_days.KIND: Kind(
        _l("工作日"),
        lambda _key: url_for("admin.days"),
        None,
        need="hall.edit",
        label=lambda part: str(_DAYS.get(part) or entry.label(part)),
        whole=_days_whole,
    ),
    PARTS["booking"]: Kind(
        _l("预约规则"),
        lambda key: url_for("admin.plan_rules", code=key),
        _rules("booking"),
        need="hall.edit",
        of_hall=True,
        label=_booking_label,
        whole=lambda content: BOOKING.as_mapping() | content,
    ),
    PARTS["queue"]: Kind(
        _l("排队规则"),
        lambda key: url_for("admin.queue_rules", code=key),
        _rules("queue"),
        need="hall.edit",
        of_hall=True,
        label=_queue_label,
        whole=_queue_whole,
    ),
    PARTS["phone_codes"]: Kind(
        _l("验证码额度"),
        lambda key: url_for("admin.hall", code=key),
        _rules("phone_codes"),
        need="hall.edit",
        of_hall=True,
    ),
    PARTS["screens"]: Kind(
        _l("叫号屏设置"),
        lambda key: url_for("admin.screens", code=key),
        _rules("screens"),
        need="device.enrol",
        of_hall=True,
        label=lambda part: str(_SCREEN.get(part) or entry.label(part)),
    ),
    city_settings.KIND: Kind(
        _l("个人信息与验证码"),
        lambda _key: url_for("admin.privacy"),
        _city_settings,
        need="hall.edit",
        everywhere=True,
        label=lambda part: str(privacy.WORDS.get(part) or entry.label(part)),
    ),
}


def get_kind(session: Session, name: str, key: str) -> Kind:
    """The kind of this name, once sure that the reader may read the history of this key.

    Raises:
        NotFound, Forbidden, CityWideOnly, HallUnknown
    """
    if name not in KINDS:
        raise NotFound
    kind = KINDS[name]
    if kind.everywhere:
        edge.require_everywhere(kind.need)
    edge.require(kind.need, get_hall(session, key).id if kind.of_hall else None)
    return kind
