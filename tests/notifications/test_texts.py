from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from booking.appeal_steps import AppealState
from booking.special_requests import RequestKind
from notifications import texts
from notifications.kinds import KINDS
from notifications.segments import segments

VALUES = {
    "code": "042731",
    "minutes": "5",
    "name": "张三",
    "hall": "云州市政务服务大厅",
    "group": "出入境",
    "when": "3月3日（周二）10:00",
    "time": "10:00",
    "date": "3月3日（周二）",
    "label": "A012",
    "ahead": "3",
    "counter": "7",
    "days": "1",
    "service": "身份证补领",
    "paper": "户口簿",
    "place": "3号室",
    "kind": "绿色通道",
    "done": "居民身份证补领",
    "undone": "普通护照首次申领",
    "decision": texts.decision("accepted", "zh"),
    "reason": "停电",
    "until": "09:20",
    "where": "",
    "promised": "10:40",
    "latest": "11:05",
    "link": "https://yh.example.cn/b/Vb0ZkS3rJ7mXq1TnE5yLhA",
}
ENGLISH = VALUES | {
    "hall": "Yunzhou City Hall",
    "group": "Exit and entry",
    "when": "Tue 3 Mar 10:00",
    "reason": "power failure",
    "done": "ID card replacement",
    "undone": "first passport",
    "date": "Tue 3 Mar",
    "kind": "green channel",
    "decision": texts.decision("accepted", "en"),
}
LINK = VALUES["link"]

GOLDEN_ZH = {
    "phone_code": "【有号】验证码042731，5分钟内有效。请勿告诉任何人，工作人员不会向您索要。",
    "booked": "【有号】张三，您已预约3月3日（周二）10:00到云州市政务服务大厅办理出入境业务。"
    f"取号码042731。查看、改期或取消：{LINK}",
    "cancelled": "【有号】您3月3日（周二）10:00在云州市政务服务大厅的出入境预约已取消。"
    f"如仍需办理，请重新预约：{LINK}",
    "rescheduled": "【有号】张三，您的出入境预约已改到3月3日（周二）10:00，地点云州市政务服务大厅。"
    f"取号码042731。查看：{LINK}",
    "partly_done": "【有号】您在云州市政务服务大厅已办完居民身份证补领。普通护照首次申领当天没有办成，"
    f"不计爽约。一键再约：{LINK}",
    "closed": "【有号】抱歉，云州市政务服务大厅因停电暂停办理，您3月3日（周二）10:00的出入境预约"
    f"已由大厅取消，不计爽约。重新预约：{LINK}",
    "moved": "【有号】抱歉，云州市政务服务大厅因停电，您的出入境预约改到3月3日（周二）10:00，"
    f"取号码042731。改期或取消：{LINK}",
    "waitlist_offer": "【有号】您候补的云州市政务服务大厅出入境有号了：3月3日（周二）10:00，"
    f"为您保留到09:20，过时给下一位。预约：{LINK}",
    "waitlist_offer_lost": "【有号】抱歉，云州市政务服务大厅停办了3月3日（周二）10:00的时段，"
    f"为您保留的号不能用了。您仍在候补，有号会再发短信。查看：{LINK}",
    "document_appeal_decided": f"【有号】您就证件被他人使用提出的申诉已有答复，请看：{LINK}",
    "appeal_decided": "【有号】您就3月3日（周二）10:00在云州市政务服务大厅的预约提出的申诉"
    "已通过，这次不再计为爽约。"
    f"答复见：{LINK}",
    "special_request_approved": "【有号】张三，您的绿色通道申请已同意：3月3日（周二）10:00"
    f"到云州市政务服务大厅办理出入境业务，取号码042731。查看：{LINK}",
    "special_request_refused": "【有号】您3月3日（周二）到云州市政务服务大厅的绿色通道申请未能安排。"
    f"答复和其他办法见：{LINK}",
    "special_request_expired": "【有号】抱歉，您3月3日（周二）到云州市政务服务大厅的绿色通道申请"
    f"没有及时得到答复，现已到期。可重新申请或预约：{LINK}",
    "reminder_eve": "【有号】提醒：您预约了3月3日（周二）10:00到云州市政务服务大厅办理出入境业务，"
    f"取号码042731。不能来请取消：{LINK}",
    "reminder_2h": "【有号】提醒：您预约了今天10:00到云州市政务服务大厅办理出入境业务，"
    f"取号码042731。材料清单：{LINK}",
    "three_ahead": "【有号】A012号快到了，前面不超过3人。请回到云州市政务服务大厅出入境等候区。"
    f"实时进度：{LINK}",
    "next_leg": "【有号】A012号这一步已办完。下一步：出入境，请在云州市政务服务大厅等候叫号，"
    f"不用重新取号。进度：{LINK}",
    "promise_late": "【有号】A012号：今天比预想的忙，可能晚于取号时说的10:40，现在估计最迟11:05叫到您。"
    f"抱歉让您久等。看进度或改约其他时间：{LINK}",
    "line_closed": "【有号】A012号：出入境的窗口今天已关，现在没有人叫号。"
    f"请马上问云州市政务服务大厅的工作人员；看情况或约3个工作日内的号：{LINK}",
    "called_undone": "【有号】更正：刚才误叫了A012号，请先不要去窗口，继续等候，顺序不变。抱歉。"
    f"实时进度：{LINK}",
    "next_leg_undone": f"【有号】更正：A012号这一步还没有办完，请先回到7号窗口。抱歉。进度：{LINK}",
    "missed_undone": f"【有号】更正：A012号没有过号，请到7号窗口。云州市政务服务大厅。实时进度：{LINK}",
    "reopened": "【有号】更正：刚才的短信有误，您3月3日（周二）10:00在云州市政务服务大厅的出入境预约"
    f"仍然有效，不用重新预约。查看：{LINK}",
    "called": f"【有号】A012号，请到7号窗口。云州市政务服务大厅。实时进度：{LINK}",
    "missed": "【有号】A012号已叫号，未见您到窗口。请尽快到云州市政务服务大厅取号机或服务台恢复排队，"
    f"晚了须重新取号：{LINK}",
    "paper_owed": "【有号】您在云州市政务服务大厅办理的身份证补领已容缺受理，请在3月3日（周二）前补交："
    f"户口簿。查看：{LINK}",
    "paper_due": "【有号】提醒：您在云州市政务服务大厅办理的身份证补领还缺户口簿，请在3月3日（周二）前"
    f"补交。查看：{LINK}",
    "result_ready": "【有号】您在云州市政务服务大厅办理的身份证补领已办好，请带证件到3号室领取，号码A012。"
    f"查看：{LINK}",
    "survey": "【有号】您3月3日（周二）在云州市政务服务大厅的业务已办完，请回复数字评价："
    f"5非常满意 4满意 3基本满意 2不满意 1非常不满意，或打开{LINK} 退订回TD",
    "reply_thanks": "【有号】感谢您的评价。",
    "reply_sorry": "【有号】感谢您如实评价，我们没有做好。工作人员会在1个工作日内与您联系。",
    "reply_known": "【有号】您这次办理已经评价过了，一次办理只评价一次。谢谢您。",
    "reply_help": "【有号】没能看懂您的回复。评价请只回一个数字（5非常满意到1非常不满意）；"
    f"预约请打开{LINK} 退订回TD",
    "opted_out": "【有号】已停止向您发送提醒和评价短信。验证码、预约和叫号通知仍会发送。",
}
GOLDEN_EN = {
    "waitlist_offer_lost": "【有号】Sorry: Yunzhou City Hall has closed Tue 3 Mar 10:00, and the number kept "
    f"for you is gone. You are still waiting; a message comes with the next. View: {LINK}",
    "document_appeal_decided": "【有号】Your appeal about a document that others used has been answered: "
    f"{LINK}",
    "appeal_decided": "【有号】Your appeal about Tue 3 Mar 10:00 at Yunzhou City Hall was accepted: "
    f"it does not count any more. Answer: {LINK}",
    "special_request_approved": "【有号】张三, your request (green channel) is approved: Tue 3 Mar 10:00, "
    f"Yunzhou City Hall, Exit and entry. Code 042731. View: {LINK}",
    "special_request_refused": "【有号】Your request (green channel) for Tue 3 Mar at Yunzhou City Hall "
    f"could not be met. Answer and other ways: {LINK}",
    "special_request_expired": "【有号】Sorry: your request (green channel) for Tue 3 Mar at Yunzhou City "
    f"Hall was not answered in time and has ended. Ask again or book: {LINK}",
    "phone_code": "【有号】042731 is your code, valid for 5 minutes. Do not share it, not even with staff.",
    "partly_done": "【有号】Done at Yunzhou City Hall: ID card replacement. Not done that day: first "
    f"passport; it does not count against you. Book the rest: {LINK}",
    "closed": "【有号】Sorry: Yunzhou City Hall is closed (power failure). Your booking of Tue 3 Mar 10:00, "
    f"Exit and entry, is cancelled and does not count against you. Book again: {LINK}",
    "moved": "【有号】Sorry: Yunzhou City Hall changes its hours (power failure). Your booking, Exit and "
    f"entry, is moved to Tue 3 Mar 10:00. Code 042731. Change or cancel: {LINK}",
    "booked": "【有号】张三, you are booked: Tue 3 Mar 10:00, Yunzhou City Hall, Exit and entry. "
    f"Check-in code 042731. View or change: {LINK}",
    "survey": "【有号】Your visit to Yunzhou City Hall on Tue 3 Mar is done. Reply 5 very satisfied, "
    "4 satisfied, 3 fairly satisfied, 2 dissatisfied, 1 very dissatisfied, or open "
    f"{LINK} Stop: TD",
    "next_leg": "【有号】A012: step done. Next: Exit and entry. Please wait at Yunzhou City Hall; "
    f"keep this number. Live: {LINK}",
    "promise_late": "【有号】A012: busier than expected today. You may be called later than 10:40; now by "
    f"about 11:05. Sorry. Live, or book another time: {LINK}",
    "called_undone": "【有号】Correction: A012 was called by mistake. Please keep waiting; your place is the "
    f"same. Live: {LINK}",
    "next_leg_undone": "【有号】Correction: A012: this step is not done. Please return to counter 7. "
    f"Live: {LINK}",
    "missed_undone": "【有号】Correction: A012 is not missed. Go to counter 7, Yunzhou City Hall. "
    f"Live: {LINK}",
    "reopened": "【有号】Correction: your booking of Tue 3 Mar 10:00 at Yunzhou City Hall (Exit and entry) "
    f"still stands; no need to book again. Our last message was wrong, sorry. View: {LINK}",
    "called": f"【有号】A012: please go to counter 7. Yunzhou City Hall. Live: {LINK}",
}


@pytest.mark.parametrize("template", KINDS)
def test_reads_as_agreed_in_chinese(template):
    assert texts.write(template, "zh", VALUES, signature="有号") == GOLDEN_ZH[template]


@pytest.mark.parametrize("template", GOLDEN_EN)
def test_reads_as_agreed_in_english(template):
    assert texts.write(template, "en", ENGLISH, signature="有号") == GOLDEN_EN[template]


@pytest.mark.parametrize("template", KINDS)
def test_costs_at_most_two_segments_in_chinese_and_four_in_english(template):
    assert segments(texts.write(template, "zh", VALUES, signature="有号")) <= 2
    assert segments(texts.write(template, "en", ENGLISH, signature="有号")) <= 4


def in_village(language, values, place):
    where = {"where": texts.elsewhere(place, language)}
    return texts.write("waitlist_offer", language, values | where, signature="有号")


def test_an_offered_number_in_a_village_says_where_to_go():
    chinese = in_village("zh", VALUES, "东岭村村委会")
    assert chinese == (
        "【有号】您候补的云州市政务服务大厅出入境有号了：3月3日（周二）10:00，流动下乡，请到东岭村村委会，"
        f"为您保留到09:20，过时给下一位。预约：{LINK}"
    )
    english = in_village("en", ENGLISH, "Dongling village office")
    assert english == (
        "【有号】A number is free: Tue 3 Mar 10:00, Yunzhou City Hall, Exit and entry; go to Dongling "
        f"village office. Kept for you until 09:20. Book: {LINK}"
    )
    assert (segments(chinese) <= 2, segments(english) <= 4) == (True, True)


LONG_VILLAGE = "Dongling Village Committee Office, 2nd floor, Xihe Town, Nanshan District, Yunzhou"


@pytest.mark.parametrize("template", ["booked", "reminder_2h", "cancelled", "closed", "waitlist_offer"])
def test_where_to_go_is_told_whole_however_long_its_name_is(template):
    told = ENGLISH | {"hall": LONG_VILLAGE, "where": texts.elsewhere(LONG_VILLAGE, "en")}
    said = texts.write(template, "en", told, signature="有号")
    assert LONG_VILLAGE in said
    assert told["link"] in said
    if template == "waitlist_offer":
        assert f"; go to {LONG_VILLAGE}. Kept for you until 09:20. Book: {LINK}" in said


def test_the_longest_name_of_a_village_fits_and_carries_no_link():
    longest = ("村" * 140 + " https://evil.example")[:160]
    said = in_village("zh", VALUES, longest)
    assert "村" * 140 in said
    assert "evil" not in said


def test_has_every_template_in_both_languages():
    assert set(texts.TEXTS["zh"]) == set(texts.TEXTS["en"]) == set(KINDS)


def test_every_survey_prints_what_each_digit_means():
    chinese = texts.write("survey", "zh", VALUES, signature="有号")
    for grade in ("5非常满意", "4满意", "3基本满意", "2不满意", "1非常不满意"):
        assert grade in chinese


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三 https://evil.example/x", "张三"),
        ("【银行】转账", "银行转账"),
        ("www.evil.example 李", "李"),
        ("{code}", "code"),
        ("王\n\r五", "王五"),
        ("阿" * 100, "阿" * 40),
    ],
)
def test_a_name_cannot_carry_a_link_a_signature_or_a_second_text(name, shown):
    assert texts.clean(name) == shown


def test_writes_days_as_people_say_them():
    local = datetime(2026, 3, 3, 9, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert texts.when(local, "zh") == "3月3日（周二）09:05"
    assert texts.when(local, "en") == "Tue 3 Mar 09:05"
    assert texts.day(date(2026, 3, 8), "zh") == "3月8日（周日）"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_says_every_decision_and_kind_of_request_in_words(language):
    assert all(texts.decision(state, language) for state in AppealState if state != "asked")
    assert all(texts.request_kind(kind, language) for kind in RequestKind)


@pytest.mark.parametrize(
    ("language", "names", "told"),
    [
        ("zh", ["居民身份证换领", "普通护照签发"], "居民身份证换领；普通护照签发"),
        ("zh", ["居民身份证补领、换领"], "居民身份证补领、换领"),
        ("zh", ["居民身份证补领、换领", "夫妻投靠户口迁移入户登记", "普通护照签发、换发与加注", "港澳通行证"],
         "居民身份证补领、换领；夫妻投靠户口迁移入户登记；普通护照签发、换发与加注等4项"),
        ("zh", ["居民身份证补领、换领及临时身份证明同时办理", "夫妻投靠户口迁移入户登记（含随迁子女）等"],
         "居民身份证补领、换领及临时身份证明同时办理等2项"),
        ("en", ["ID card", "Ordinary passport", "Permit for Hong Kong and Macao"],
         "ID card; Ordinary passport and 1 more"),
        ("en", ["Replacement or renewal of the resident identity card", "Passport"],
         "2 services"),
    ],
)  # fmt: skip
def test_several_services_are_named_whole_as_far_as_they_fit_and_then_counted(language, names, told):
    assert texts.joined(names, language) == told
    assert texts.clean(texts.joined(names, language)) == told  # nothing is cut again


def test_a_text_of_many_services_ends_no_name_in_the_middle():
    values = {**VALUES, "group": texts.joined(["普通护照签发、换发与加注"] * 4, "zh")}
    assert "普通护照签发、换发与加注；普通护照签发、换发与加注等4项" in texts.write(
        "waitlist_offer", "zh", values | {"where": ""}, signature="有号"
    )
