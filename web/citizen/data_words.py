"""What the codes in one's own data say, for the page that shows them; the file keeps the codes.

Names, and what was answered to the guides, come in the reader's language already.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from booking.states import NAMES_EN as BOOKINGS_EN
from booking.states import NAMES_ZH as BOOKINGS_ZH
from feedback.grades import GRADES, REASONS
from queueing.steps import NAMES_EN as TICKETS_EN
from queueing.steps import NAMES_ZH as TICKETS_ZH
from web import edge
from web.citizen.family import relations
from web.citizen.forms import kind_options


def data_words(section: str) -> Mapping[Any, str]:
    """Code → word in the reader's language, in one section of the data."""
    english = edge.language() == "en"
    if section == "messages":
        return {**_messages(), **_message_states()}
    if section == "licences":
        return licence_names()
    if section == "tickets":
        return {str(state): name for state, name in (TICKETS_EN if english else TICKETS_ZH).items()}
    if section == "ratings":
        return {code: words[english] for code, words in (*GRADES.items(), *REASONS.items())}
    named = {str(state): name for state, name in (BOOKINGS_EN if english else BOOKINGS_ZH).items()}
    languages = {"zh": "Chinese", "en": "English"} if english else {"zh": "中文", "en": "英文"}
    return {**_requests(), **languages, **dict(kind_options()), **relations(), **named}


def licence_names() -> dict[str, str]:
    """The usual kinds of electronic licences; others are shown by their code."""
    return {
        "id-card": _("居民身份证"),
        "household-register": _("居民户口簿"),
        "driving-licence": _("机动车驾驶证"),
        "vehicle-licence": _("机动车行驶证"),
        "residence-permit": _("居住证"),
        "marriage-certificate": _("结婚证"),
    }


def _messages() -> dict[str, str]:
    return {
        "phone_code": _("验证码"),
        "booked": _("预约成功"),
        "reminder_eve": _("前一天的提醒"),
        "reminder_2h": _("两小时前的提醒"),
        "rescheduled": _("改期"),
        "moved": _("大厅改了时间"),
        "closed": _("大厅关闭"),
        "partly_done": _("部分办完"),
        "three_ahead": _("快到您了"),
        "called": _("叫号"),
        "missed": _("过号"),
        "promise_late": _("可能晚一点叫到您"),
        "line_closed": _("窗口关了还没叫到您"),
        "called_undone": _("更正"),
        "next_leg_undone": _("更正"),
        "missed_undone": _("更正"),
        "reopened": _("更正"),
        "next_leg": _("去下一个窗口"),
        "paper_owed": _("要补交的材料"),
        "paper_due": _("要补交的材料"),
        "result_ready": _("可以领取"),
        "survey": _("请您评价"),
        "waitlist_offer": _("候补有号"),
        "waitlist_offer_lost": _("候补的号不能用了"),
        "appeal_decided": _("申诉的答复"),
        "document_appeal_decided": _("申诉的答复"),
        "special_request_approved": _("特殊申请的答复"),
        "special_request_refused": _("特殊申请的答复"),
        "special_request_expired": _("特殊申请到期"),
        "reply_help": _("对您短信的回复"),
        "reply_known": _("对您短信的回复"),
        "reply_sorry": _("对您短信的回复"),
        "reply_thanks": _("对您短信的回复"),
        "opted_out": _("退订"),
    }


def _message_states() -> dict[str, str]:
    waiting, sent = _("还没发"), _("已发出")
    return {
        **dict.fromkeys(("planned", "queued", "sending", "retry"), waiting),
        **dict.fromkeys(("accepted", "unknown", "undetermined"), sent),
        "delivered": _("已送达"),
        **dict.fromkeys(("undelivered", "failed"), _("没送达")),
        **dict.fromkeys(("cancelled", "expired", "suppressed"), _("没发")),
    }


def _requests() -> dict[str, str]:
    return {
        "green": _("绿色通道"),
        "urgent": _("紧急"),
        "special": _("特殊情况"),
        "asked": _("等待答复"),
        "approved": _("已同意"),
        "accepted": _("已同意"),
        "refused": _("未同意"),
        "withdrawn": _("已撤回"),
        "expired": _("已过期"),
        "waiting": _("候补中"),
        "offered": _("有号，等您预约"),
        "taken": _("已约上"),
        "left": _("已退出"),
        "lapsed": _("保留时间已过"),
    }
