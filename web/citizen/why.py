"""Why a number is called when it is, in the words of its owner. Says nothing about anybody else."""

from datetime import tzinfo
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from queueing.models import Call, Ticket
from queueing.reasons import Reason, ReasonCode

_CALLED = ("called", "serving", "parked", "absent", "completed")

#: The reason that is stored with a call; %(at)s is the time in it.
_OWN: dict[ReasonCode, Any] = {
    ReasonCode.RETURNED: _l("您是转过来或补好材料回来的，接着办，不用重新排队"),
    ReasonCode.GREEN: _l("您的号走绿色通道，先叫"),
    ReasonCode.DUE_BOOKED: _l("您预约的 %(at)s 到了"),
    ReasonCode.DUE_WALK_IN: _l("取号时说好最迟 %(at)s 叫您，时间到了"),
    ReasonCode.DUE_LATE: _l("您签到晚了，预约顺延到 %(at)s，时间到了"),
    ReasonCode.WALK_IN: _l("您 %(at)s 取的号，按先后轮到您了"),
    ReasonCode.LATE: _l("您签到晚了，%(at)s 签到，按先后轮到您了"),
    ReasonCode.QUICK: _l("您的事办得快，可以先办；您 %(at)s 取的号"),
    ReasonCode.EARLY_BOOKED: _l("您预约的是 %(at)s，窗口正好空着，提前叫您"),
    ReasonCode.STANDBY: _l("您是候补号，%(at)s 取号，窗口空出来了"),
    ReasonCode.HELD_BACK: _l("您过号后回来，轮到您了"),
    ReasonCode.CHOSEN: _l("工作人员安排叫您"),
    ReasonCode.FIRST_COME: _l("按取号先后，您 %(at)s 取号，轮到您了"),
    ReasonCode.BOOKED_FIRST: _l("您预约了 %(at)s，预约的先办"),
    ReasonCode.LONGEST_WAIT: _l("您从 %(at)s 等起，等得最久"),
}
_ALWAYS = (
    _l("补好材料回来、或从别的窗口转来的人接着办，不重新排队，每叫几位至多一位。"),
    _l("老年人、残障人士、孕妇、带婴幼儿和有急事的人走绿色通道，连着叫的人数有上限。"),
)
_RULES = {
    "promise": (
        _l("预约的人到了预约时间就叫，所以可能比您来得晚、叫得早。"),
        _l("每个现场号都有最迟叫到的时刻，到了就和到点的预约一样，谁的时刻早先叫谁。"),
        _l("其余按取号先后；办得快的事可能先办，但不会让您超过说好的时刻。"),
    ),
    "fifo": (_l("其余按取号先后，不分预约和现场。"),),
    "strict": (_l("预约的人签到后按预约时间先叫，然后是现场号，按取号先后。"),),
    "accumulating": (_l("等得越久越靠前；预约从预约时间算起，比现场号积得快。"),),
}


def why_called(session: Session, ticket: Ticket, zone: tzinfo) -> str:
    """Why the last call of the ticket was its turn; empty while it waits, or was never called."""
    if ticket.state not in _CALLED:
        return ""
    last = select(Call.reason).where(Call.ticket_id == ticket.id, ~Call.undone).order_by(Call.id.desc())
    stored = session.scalars(last.limit(1)).first()
    if stored is None:
        return ""
    reason = Reason.from_data(stored)
    at = "" if reason.at is None else f"{reason.at.astimezone(zone):%H:%M}"
    return str(_OWN[reason.code] % {"at": at})


def why_others_first(discipline: str) -> list[str]:
    """The rule of the hall, for who asks why somebody else may be called before them."""
    spoken = (*_ALWAYS, *_RULES[discipline])
    return [*map(str, spoken), _("同一业务有几个窗口时，几个号同时在叫。别人的情况是隐私，这里不显示。")]
