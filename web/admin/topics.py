"""The entry page: everything that can be administered, by topic."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from kernel.actor import Actor
from kernel.errors import Forbidden
from queueing.tables import kinds_for
from web import edge
from web.guards import staff_only


@dataclass(frozen=True, slots=True)
class Topic:
    """A page, who may open it, and what it is good for. `group` is the heading that it stands under.

    `need` is "" for the tables in bulk: whoever may change one of them may open their page.
    """

    group: str
    point: str
    need: str
    name: Any
    note: Any


GROUPS = {
    "what": _("办什么"),
    "where": _("在哪办、谁来办"),
    "tools": _("批量与备用"),
    "watch": _("记录与隐私"),
}
TOPICS = (
    Topic("what", "admin.services", "catalog.edit", _p("all", "事项"), _("名称、材料、费用、在哪些大厅办")),
    Topic("what", "admin.guides", "catalog.edit", _("办事指引"), _("问几句，给出个人材料清单；先草稿后发布")),
    Topic("what", "admin.packages", "catalog.edit", _("一件事"), _("几个事项打包一次办")),
    Topic("what", "admin.synonyms", "catalog.edit", _("同义词"), _("群众怎么说，都能搜到")),
    Topic("where", "admin.halls", "hall.edit", _p("all", "大厅"), _("地址、业务组、窗口")),
    Topic("where", "admin.plans", "plan.edit", _("时间与号源"), _("开放时段、季节、加开、关闭、放号")),
    Topic("where", "duty.waitlists", "waitlist.tend", _("候补名单"), _("谁在等号、留号到几点、移出候补")),
    Topic("where", "admin.days", "hall.edit", _("工作日"), _("与国务院安排不同的日子")),
    Topic("where", "admin.staff", "staff.edit", _("人员"), _("账号、角色、所属大厅")),
    Topic("where", "admin.devices", "device.enrol", _("设备"), _("自助机和叫号屏")),
    Topic(
        "tools",
        "admin.tables",
        "",
        _("批量导入导出"),
        _("事项、材料、窗口、排班、人员等"),
    ),
    Topic("tools", "admin.day_lists", "list.print", _("纸质名单"), _("停电断网时用：当天预约，打印或存盘")),
    Topic(
        "watch", "admin.privacy", "hall.edit", _("个人信息与验证码"), _("保存多久、短信额度；限全市管理员")
    ),
    Topic("watch", "admin.audit", "audit.view", _("操作记录"), _("谁在什么时候做了什么")),
)


#: Pages with an address of their own → the topic that they belong to.
_BELONGS = {"admin.screens": "admin.devices", "admin.screens_save": "admin.devices"}
#: Kind of a history → the page whose things it tells.
_OF_HISTORY = {
    "service": "admin.services",
    "guide": "admin.guides",
    "package": "admin.packages",
    "synonyms": "admin.synonyms",
    "calendar": "admin.days",
    "booking_policy": "admin.plans",
    "queue_policy": "admin.plans",
    "code_budget": "admin.halls",
    "screen_rules": "admin.devices",
}


def shown() -> list[Topic]:
    """What the signed-in person may open, in order."""
    return shown_to(edge.actor())


def shown_to(actor: Actor) -> list[Topic]:
    """What this person may open, in order."""
    return [topic for topic in TOPICS if (actor.may(topic.need) if topic.need else kinds_for(actor))]


def here() -> Topic | None:
    """The topic to which the page that is asked for belongs, None for the entry page."""
    path = request.path
    for topic in shown():
        home_of_topic = url_for(topic.point)
        if path == home_of_topic or path.startswith(f"{home_of_topic}/"):
            return topic
    kind = (request.view_args or {}).get("kind", "")
    point = (
        _OF_HISTORY.get(kind) if path.startswith("/admin/history/") else _BELONGS.get(request.endpoint or "")
    )
    return next((topic for topic in shown() if topic.point == point), None)


@staff_only("")
def home() -> Any:
    """The topics as entries, under their headings; nobody sees an empty page.

    Raises:
        Forbidden: none of them is for this person.
    """
    mine = shown()
    if not mine:
        raise Forbidden
    sections = [
        (group, heading, [(topic, url_for(topic.point)) for topic in mine if topic.group == group])
        for group, heading in GROUPS.items()
    ]
    return render_template("admin/home.html", sections=[each for each in sections if each[2]])


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/", "home", home)
