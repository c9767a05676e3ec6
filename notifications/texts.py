"""PURE: the words of every message, in Chinese and English.

Each begins with the sender's signature, which Chinese carriers require. Values are cut and cleaned before
they enter a text: a name must not be able to carry a link or another signature into somebody's phone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

_LONGEST_VALUE = 40
#: Where to go is told whole: halls name their places themselves, at most as long as their tables let them.
_PLACES, _LONGEST_PLACE = frozenset({"hall", "where"}), 200
_LINKS = re.compile(r"(?i)[a-z][a-z0-9+.-]*://\S*|www\.\S*|[【】\[\]{}<>\x00-\x1f\x7f]")
_LINK_KEYS = frozenset({"link"})
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ZH: Mapping[str, str] = {
    "phone_code": "验证码{code}，{minutes}分钟内有效。请勿告诉任何人，工作人员不会向您索要。",
    "booked": "{name}，您已预约{when}到{hall}办理{group}业务。取号码{code}。查看、改期或取消：{link}",
    "cancelled": "您{when}在{hall}的{group}预约已取消。如仍需办理，请重新预约：{link}",
    "rescheduled": "{name}，您的{group}预约已改到{when}，地点{hall}。取号码{code}。查看：{link}",
    "partly_done": "您在{hall}已办完{done}。{undone}当天没有办成，不计爽约。一键再约：{link}",
    "closed": "抱歉，{hall}因{reason}暂停办理，您{when}的{group}预约已由大厅取消，不计爽约。重新预约：{link}",
    "moved": "抱歉，{hall}因{reason}，您的{group}预约改到{when}，取号码{code}。改期或取消：{link}",
    "waitlist_offer": (
        "您候补的{hall}{group}有号了：{when}{where}，为您保留到{until}，过时给下一位。预约：{link}"
    ),
    "waitlist_offer_lost": (
        "抱歉，{hall}停办了{when}的时段，为您保留的号不能用了。您仍在候补，有号会再发短信。查看：{link}"
    ),
    "appeal_decided": "您就{when}在{hall}的预约提出的申诉{decision}。答复见：{link}",
    "document_appeal_decided": "您就证件被他人使用提出的申诉已有答复，请看：{link}",
    "special_request_approved": (
        "{name}，您的{kind}申请已同意：{when}到{hall}办理{group}业务，取号码{code}。查看：{link}"
    ),
    "special_request_refused": "您{date}到{hall}的{kind}申请未能安排。答复和其他办法见：{link}",
    "special_request_expired": (
        "抱歉，您{date}到{hall}的{kind}申请没有及时得到答复，现已到期。可重新申请或预约：{link}"
    ),
    "reminder_eve": "提醒：您预约了{when}到{hall}办理{group}业务，取号码{code}。不能来请取消：{link}",
    "reminder_2h": "提醒：您预约了今天{time}到{hall}办理{group}业务，取号码{code}。材料清单：{link}",
    "three_ahead": "{label}号快到了，前面不超过{ahead}人。请回到{hall}{group}等候区。实时进度：{link}",
    "next_leg": "{label}号这一步已办完。下一步：{group}，请在{hall}等候叫号，不用重新取号。进度：{link}",
    "called": "{label}号，请到{counter}号窗口。{hall}。实时进度：{link}",
    "missed": "{label}号已叫号，未见您到窗口。请尽快到{hall}取号机或服务台恢复排队，晚了须重新取号：{link}",
    "promise_late": (
        "{label}号：今天比预想的忙，可能晚于取号时说的{promised}，现在估计最迟{latest}叫到您。"
        "抱歉让您久等。看进度或改约其他时间：{link}"
    ),
    "line_closed": (
        "{label}号：{group}的窗口今天已关，现在没有人叫号。请马上问{hall}的工作人员；"
        "看情况或约3个工作日内的号：{link}"
    ),
    "called_undone": "更正：刚才误叫了{label}号，请先不要去窗口，继续等候，顺序不变。抱歉。实时进度：{link}",
    "next_leg_undone": "更正：{label}号这一步还没有办完，请先回到{counter}号窗口。抱歉。进度：{link}",
    "missed_undone": "更正：{label}号没有过号，请到{counter}号窗口。{hall}。实时进度：{link}",
    "reopened": "更正：刚才的短信有误，您{when}在{hall}的{group}预约仍然有效，不用重新预约。查看：{link}",
    "paper_owed": "您在{hall}办理的{service}已容缺受理，请在{date}前补交：{paper}。查看：{link}",
    "paper_due": "提醒：您在{hall}办理的{service}还缺{paper}，请在{date}前补交。查看：{link}",
    "result_ready": "您在{hall}办理的{service}已办好，请带证件到{place}领取，号码{label}。查看：{link}",
    "survey": (
        "您{date}在{hall}的业务已办完，请回复数字评价：5非常满意 4满意 3基本满意 2不满意 1非常不满意，"
        "或打开{link} 退订回TD"
    ),
    "reply_thanks": "感谢您的评价。",
    "reply_sorry": "感谢您如实评价，我们没有做好。工作人员会在{days}个工作日内与您联系。",
    "reply_known": "您这次办理已经评价过了，一次办理只评价一次。谢谢您。",
    "reply_help": "没能看懂您的回复。评价请只回一个数字（5非常满意到1非常不满意）；预约请打开{link} 退订回TD",
    "opted_out": "已停止向您发送提醒和评价短信。验证码、预约和叫号通知仍会发送。",
}

_EN: Mapping[str, str] = {
    "phone_code": "{code} is your code, valid for {minutes} minutes. Do not share it, not even with staff.",
    "booked": "{name}, you are booked: {when}, {hall}, {group}. Check-in code {code}. View or change: {link}",
    "cancelled": "Your booking of {when} at {hall} ({group}) is cancelled. Book again: {link}",
    "rescheduled": "{name}, your booking is moved to {when}, {hall}, {group}. Code {code}. View: {link}",
    "partly_done": (
        "Done at {hall}: {done}. Not done that day: {undone}; it does not count against you. "
        "Book the rest: {link}"
    ),
    "closed": (
        "Sorry: {hall} is closed ({reason}). Your booking of {when}, {group}, is cancelled and does not "
        "count against you. Book again: {link}"
    ),
    "moved": (
        "Sorry: {hall} changes its hours ({reason}). Your booking, {group}, is moved to {when}. "
        "Code {code}. Change or cancel: {link}"
    ),
    "waitlist_offer": (
        "A number is free: {when}, {hall}, {group}{where}. Kept for you until {until}. Book: {link}"
    ),
    "waitlist_offer_lost": (
        "Sorry: {hall} has closed {when}, and the number kept for you is gone. You are still waiting; a "
        "message comes with the next. View: {link}"
    ),
    "appeal_decided": "Your appeal about {when} at {hall} was {decision}. Answer: {link}",
    "document_appeal_decided": "Your appeal about a document that others used has been answered: {link}",
    "special_request_approved": (
        "{name}, your request ({kind}) is approved: {when}, {hall}, {group}. Code {code}. View: {link}"
    ),
    "special_request_refused": (
        "Your request ({kind}) for {date} at {hall} could not be met. Answer and other ways: {link}"
    ),
    "special_request_expired": (
        "Sorry: your request ({kind}) for {date} at {hall} was not answered in time and has ended. "
        "Ask again or book: {link}"
    ),
    "reminder_eve": (
        "Reminder: {when}, {hall}, {group}. Check-in code {code}. If you cannot come, please cancel: {link}"
    ),
    "reminder_2h": "Reminder: today {time}, {hall}, {group}. Check-in code {code}. What to bring: {link}",
    "three_ahead": "{label}: {ahead} people ahead at most. Please be at {hall}, {group}. Live: {link}",
    "next_leg": "{label}: step done. Next: {group}. Please wait at {hall}; keep this number. Live: {link}",
    "called": "{label}: please go to counter {counter}. {hall}. Live: {link}",
    "missed": "{label} was called and missed. Go to the kiosk or desk at {hall} soon to rejoin: {link}",
    "promise_late": (
        "{label}: busier than expected today. You may be called later than {promised}; now by about "
        "{latest}. Sorry. Live, or book another time: {link}"
    ),
    "line_closed": (
        "{label}: {group} has closed; nobody is called now. Please ask the staff at {hall} at once. "
        "How it stands, or book within 3 working days: {link}"
    ),
    "called_undone": (
        "Correction: {label} was called by mistake. Please keep waiting; your place is the same. Live: {link}"
    ),
    "next_leg_undone": (
        "Correction: {label}: this step is not done. Please return to counter {counter}. Live: {link}"
    ),
    "missed_undone": "Correction: {label} is not missed. Go to counter {counter}, {hall}. Live: {link}",
    "reopened": (
        "Correction: your booking of {when} at {hall} ({group}) still stands; no need to book again. "
        "Our last message was wrong, sorry. View: {link}"
    ),
    "paper_owed": "{service} at {hall} is accepted. Please hand in by {date}: {paper}. View: {link}",
    "paper_due": "Reminder: {service} at {hall} still lacks {paper}, due {date}. View: {link}",
    "result_ready": "{service} is ready. Collect it with your document at {hall}, {place}. {label}. {link}",
    "survey": (
        "Your visit to {hall} on {date} is done. Reply 5 very satisfied, 4 satisfied, 3 fairly satisfied, "
        "2 dissatisfied, 1 very dissatisfied, or open {link} Stop: TD"
    ),
    "reply_thanks": "Thank you for your rating.",
    "reply_sorry": "Thank you for telling us. We will contact you within {days} working day(s).",
    "reply_known": "This visit is already rated; each visit is rated once. Thank you.",
    "reply_help": (
        "We did not understand. To rate, reply one digit (5 very satisfied to 1 very dissatisfied). "
        "Bookings: {link} Stop: TD"
    ),
    "opted_out": "No more reminders and surveys. Codes, booking and call messages are still sent.",
}

_DECISIONS = {
    "accepted": ("已通过，这次不再计为爽约", "accepted: it does not count any more"),
    "refused": ("未通过", "not accepted"),
}
_KINDS = {
    "green": ("绿色通道", "green channel"),
    "urgent": ("急事", "urgent"),
    "special": ("特殊情况", "special case"),
}

TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType({"zh": _ZH, "en": _EN})


def write(template: str, language: str, values: Mapping[str, str], *, signature: str) -> str:
    """The whole text of a message.

    Raises:
        KeyError: a value that the template needs is missing.
    """
    words = TEXTS["en" if language.startswith("en") else "zh"][template]
    safe = {key: text if key in _LINK_KEYS else _safe(key, text) for key, text in values.items()}
    return f"【{signature}】{words.format(**safe)}"


def decision(state: str, language: str) -> str:
    """What became of an appeal, in words."""
    return _DECISIONS[state][language.startswith("en")]


def request_kind(kind: str, language: str) -> str:
    """The kind of a special request, in words."""
    return _KINDS[kind][language.startswith("en")]


def clean(value: str, *, longest: int = _LONGEST_VALUE) -> str:
    """A value as it may stand in a text: without links, brackets and control characters, not too long."""
    return _LINKS.sub("", value).strip()[:longest]


def joined(names: Sequence[str], language: str) -> str:
    """Several services as one value: those that fit whole, and of how many; else only how many.

    居民身份证；护照等3项, ID card; Passport and 1 more; 3项业务, 3 services.
    """
    english = language.startswith("en")
    between = "; " if english else "；"
    whole = between.join(names)
    if len(whole) <= _LONGEST_VALUE or len(names) == 1:
        return whole
    for told in range(len(names) - 1, 0, -1):
        rest = f" and {len(names) - told} more" if english else f"等{len(names)}项"
        found = between.join(names[:told]) + rest
        if len(found) <= _LONGEST_VALUE:
            return found
    return f"{len(names)} services" if english else f"{len(names)}项业务"


def _safe(key: str, value: str) -> str:
    return clean(value, longest=_LONGEST_PLACE if key in _PLACES else _LONGEST_VALUE)


def when(local: datetime, language: str) -> str:
    """Day and time for people: 3月3日（周二）10:00, Tue 3 Mar 10:00. `local` is in the hall's zone."""
    gap = " " if language.startswith("en") else ""
    return f"{day(local.date(), language)}{gap}{local:%H:%M}"


def elsewhere(place: str, language: str) -> str:
    """Where an offered number is held when not in the hall that somebody waits for; nothing for the hall."""
    if not place:
        return ""
    return f"; go to {place}" if language.startswith("en") else f"，流动下乡，请到{place}"


def day(on: date, language: str) -> str:
    """A day for people: 3月3日（周二）, Tue 3 Mar."""
    if language.startswith("en"):
        return f"{_WEEKDAYS_EN[on.weekday()]} {on.day} {_MONTHS_EN[on.month - 1]}"
    return f"{on.month}月{on.day}日（周{_WEEKDAYS_ZH[on.weekday()]}）"
