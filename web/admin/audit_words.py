"""PURE: every action of the audit in words, in both languages; a test finds the ones that are missing."""

from collections.abc import Mapping
from typing import Any

from booking.change_reasons import REASONS as CHANGES
from feedback.grades import EXTENSIONS

ACTIONS: Mapping[str, tuple[str, str]] = {
    "account.forget": ("删除了本手机号保存的资料", "Deleted what was kept for a phone"),
    "appeal.ask": ("对爽约提出申诉", "Appealed against a no-show"),
    "appeal.decide": ("处理了爽约申诉", "Decided an appeal"),
    "document_appeal.ask": ("对证件被他人使用提出申诉", "Appealed for a document that others used"),
    "document_appeal.pass_on": (
        "把证件申诉转给了另一个大厅",
        "Passed the appeal for a document on to another hall",
    ),
    "document_appeal.decide": ("处理了证件申诉", "Decided the appeal for a document"),
    "appointment.book": ("预约", "Booked"),
    "appointment.cancel": ("取消预约", "Cancelled a booking"),
    "appointment.check_in": ("预约签到", "Checked a booking in"),
    "appointment.correct": ("更正预约信息", "Corrected a booking"),
    "appointment.delivery": ("填写邮寄地址", "Said where to post the result"),
    "appointment.fulfil": ("预约已办理", "Served a booking"),
    "appointment.look_up": (
        "按证件查今天的预约，未能签到",
        "Looked for a booking of today by document, and checked nobody in",
    ),
    "appointment.make_by_staff": ("代群众预约", "Booked for a citizen"),
    "appointment.move": ("大厅改动时间，改约到别的时间", "The hall moved a booking"),
    "appointment.no_show": ("预约未到场", "Closed a booking as missed"),
    "appointment.refuse_to_staff": (
        "录入的证件不能预约，原因已告知工作人员",
        "A typed document could not be booked, and staff read why",
    ),
    "appointment.reschedule": ("改约", "Moved a booking"),
    "appointment.undo_cancel": ("撤销取消或作废，预约恢复", "Took a cancellation or a void back"),
    "appointment.undo_no_show": ("撤销作废，预约恢复为已签到", "Took a no-show back: checked in again"),
    "appointment.undo_check_in": ("撤销流动下乡签到，恢复为未签到", "Took a check-in in a village back"),
    "appointment.undo_fulfil": ("撤销办结，预约恢复为已签到", "Took a completion back: checked in again"),
    "calendar.remove": ("删除特殊工作日", "Removed a day of the calendar"),
    "calendar.save": ("修改工作日历", "Changed the calendar"),
    "citizen.erase": ("删除了个人资料", "Erased personal data"),
    "clock.set": ("调整演示时钟", "Set the demonstration clock"),
    "closure.add": ("设置停止办理", "Added a closure"),
    "closure.change_reason": ("修改停止办理的原因", "Changed why a closure holds"),
    "closure.lift": ("撤销停止办理", "Lifted a closure"),
    "counter.close": ("窗口下班", "Closed a counter"),
    "counter.offer": ("请人接班", "Asked to be relieved"),
    "counter.open": ("窗口上班", "Opened a counter"),
    "counter.pause": ("窗口暂停", "Paused a counter"),
    "counter.resume": ("窗口恢复", "Resumed a counter"),
    "day_list.take": ("取出当天预约名单", "Took the list of a day"),
    "delivery.retry": ("重试失败的后台任务", "Retried what had failed"),
    "device.change": ("修改设备", "Changed a device"),
    "device.enrol": ("登记设备", "Enrolled a device"),
    "device.pair_refused": ("配对码输错", "Typed a wrong pairing code"),
    "device.revoke": ("停用设备", "Withdrew a device"),
    "extra_time.accept": ("同意增开窗口或延时", "Agreed to extra counters or a longer day"),
    "extra_time.decline": ("不增开窗口或延时", "Said no to extra counters or a longer day"),
    "extra_time.enlarge": ("增开建议改为更多窗口", "Proposed more extra counters"),
    "guide.discard": ("丢弃指引草稿", "Discarded the draft of a guide"),
    "guide.draft": ("修改指引草稿", "Changed the draft of a guide"),
    "guide.publish": ("发布办事指引", "Published a guide"),
    "guide.withdraw": ("撤下办事指引", "Took a guide away"),
    "hall.close_day": ("大厅当天结束", "Ended a hall's day"),
    "hall.offer": ("修改大厅可办事项", "Changed what a hall handles"),
    "hall.save": ("修改大厅", "Changed a hall"),
    "known_browser.forget": ("取消记住浏览器", "Forgot a browser"),
    "known_browser.remember": ("记住浏览器", "Remembered a browser"),
    "numbers.change": ("调整号源", "Changed numbers"),
    "numbers.duty_flow": ("机动号转给现场", "Gave duty numbers to walk-ins"),
    "numbers.publish": ("发布号源", "Published numbers"),
    "case.contact": ("联系评价人", "Called who rated"),
    "case.close": ("办结回访", "Closed a follow-up case"),
    "case.extend": ("延长答复期限", "Gave an answer more time"),
    "open_case": ("建立回访", "Opened a follow-up case"),
    "packages.save": ("修改一件事", "Changed packages"),
    "picture.add": ("上传材料样图", "Sent in a picture of a paper"),
    "phone_code.budget_set": ("修改全市验证码额度", "Changed the city's budget of codes"),
    "phone_code.budget_spent": ("大厅验证码用量达到上限", "A hall's codes were used up"),
    "person.view": ("查看个人资料", "Looked at personal data"),
    "policy.save": ("修改规则", "Changed the rules"),
    "rate": ("评价", "Rated a visit"),
    "retention.set": ("修改资料保存期限", "Changed how long data is kept"),
    "saved_person.remove": ("删除常用办事人", "Removed a saved person"),
    "saved_person.rename": ("修改常用办事人", "Renamed a saved person"),
    "paper.owe": ("容缺受理", "Accepted with a paper missing"),
    "paper.settle": ("补交材料", "Settled an owed paper"),
    "saved_person.save": ("保存常用办事人", "Saved a person"),
    "screens.save": ("修改叫号屏设置", "Changed the settings of the screens"),
    "service.save": ("修改事项", "Changed a service"),
    "service.set_active": ("启用或停用事项", "Put a service in or out of use"),
    "special_request.approve": ("同意特殊申请", "Approved a special request"),
    "special_request.ask": ("提出特殊申请", "Asked for a special request"),
    "special_request.expire": ("特殊申请到期未答复", "A special request ended unanswered"),
    "special_request.refuse": ("不同意特殊申请", "Refused a special request"),
    "special_request.withdraw": ("撤回特殊申请", "Withdrew a special request"),
    "staff.activate": ("启用账号", "Let an account work again"),
    "staff.change": ("修改账号", "Changed an account"),
    "staff.create": ("新建账号", "Created an account"),
    "staff.set_password": ("重设密码", "Set a new password"),
    "staff.sign_in_failed": ("登录失败", "Failed to sign in"),
    "staff.sign_in_locked": ("登录被锁定", "Was locked out"),
    "staff.signed_in": ("登录", "Signed in"),
    "staff.signed_out": ("退出", "Signed out"),
    "staff.stop": ("停用账号", "Stopped an account"),
    "synonyms.save": ("修改同义词", "Changed the synonyms"),
    "table.export": ("导出表格", "Took a table out"),
    "table.import": ("导入表格", "Took a table in"),
    "suspension.look_up": (
        "按证件查是否暂停网上预约，没有可恢复的",
        "Looked by document for a suspension to lift, and there was none here",
    ),
    "suspension.lift": ("恢复网上预约", "Lifted a suspension of online booking"),
    "ticket.abandon": ("号码作废", "Abandoned a number"),
    "ticket.call": ("叫号", "Called a number"),
    "ticket.complete": ("办结", "Completed a visit"),
    "ticket.serve_in_village": ("流动下乡办理", "Served at a mobile session"),
    "ticket.correct_services": ("更正办理事项", "Corrected what was done"),
    "ticket.issue": ("发出号码", "Gave a number"),
    "ticket.mark_absent": ("过号", "Marked a number absent"),
    "ticket.hand_over": ("交接正在办理的号码", "Handed a number over"),
    "ticket.next_leg": ("转到下一个业务组", "Passed a number to its next line"),
    "ticket.park": ("暂挂", "Parked a number"),
    "ticket.recall": ("重叫", "Called a number again"),
    "ticket.promote": ("候补号转为现场号", "Gave a standby number a promised time"),
    "ticket.reinstate": ("恢复排队", "Reinstated a number"),
    "ticket.resume": ("取消暂挂", "Resumed a parked number"),
    "ticket.return_to_line": ("回到队列", "Returned a number to its line"),
    "ticket.set_phone": ("登记手机号", "Set the phone of a number"),
    "ticket.set_silent": ("改变叫号方式", "Changed how a number is called"),
    "ticket.start_serving": ("开始办理", "Began to serve"),
    "ticket.transfer": ("转到其他业务组", "Transferred a number"),
    "ticket.undo_abandon": ("撤销作废", "Took a void back"),
    "ticket.undo_absent": ("撤销过号", "Took a missed call back"),
    "ticket.undo_call": ("撤销叫号", "Took a call back"),
    "ticket.undo_complete": ("撤销办结", "Took a completion back"),
    "ticket.undo_park": ("撤销暂挂", "Took a pause of a number back"),
    "ticket.undo_reinstate": ("撤销恢复", "Took a second chance back"),
    "ticket.undo_resume": ("撤销继续办理", "Took a resumption back"),
    "ticket.undo_return": ("撤销回到队列", "Took a return to the line back"),
    "ticket.undo_start": ("撤销开始办理", "Took a start back"),
    "ticket.undo_transfer": ("撤销转办", "Took a transfer back"),
    "task.move": ("后台件流转", "Moved a back-office task"),
    "task.open": ("转后台办理", "Opened a back-office task"),
    "waitlist.end": ("候补结束", "Ended a wait for a number"),
    "waitlist.join": ("登记候补", "Joined the waitlist"),
    "waitlist.lapse": ("候补名额过期", "Let an offer lapse"),
    "waitlist.offer_lost": (
        "停办或减少窗口，收回候补名额",
        "Took an offer back as the hall changed its time",
    ),
    "waitlist.leave": ("退出候补", "Left the waitlist"),
    "waitlist.take_off": ("移出候补", "Took somebody off the waitlist"),
    "waitlist.offer": ("提供候补号源", "Offered a number to someone waiting"),
}
SUBJECTS: Mapping[str, tuple[str, str]] = {
    "appeal": ("申诉", "appeal"),
    "document_appeal": ("证件申诉", "appeal for a document"),
    "appointment": ("预约", "booking"),
    "calendar": ("日历", "calendar"),
    "citizen": ("群众", "citizen"),
    "clock": ("时钟", "clock"),
    "closure": ("停止办理", "closure"),
    "counter": ("窗口", "counter"),
    "device": ("设备", "device"),
    "hall": ("大厅", "hall"),
    "packages": ("一件事", "packages"),
    "service": ("事项", "service"),
    "special_request": ("特殊申请", "special request"),
    "staff": ("人员", "staff"),
    "synonyms": ("同义词", "synonyms"),
    "account": ("手机号的资料", "data of a phone"),
    "case": ("回访", "follow-up"),
    "delivery": ("后台任务", "background work"),
    "extra_time": ("延时服务", "extra time"),
    "group": ("业务组", "line"),
    "known_browser": ("记住的浏览器", "known browser"),
    "phone_code": ("验证码", "one-time code"),
    "reply": ("短信回复", "reply by SMS"),
    "saved_person": ("常用办事人", "saved person"),
    "setting": ("设置", "setting"),
    "survey": ("评价", "survey"),
    "table": ("表格", "table"),
    "waitlist_entry": ("候补", "place on a waitlist"),
    "ticket": ("号码", "number"),
    "back_task": ("后台件", "back-office task"),
    "owed_paper": ("容缺材料", "owed paper"),
}

#: States of bookings, tickets, counters and cases.
STATES: Mapping[str, tuple[str, str]] = {
    "booked": ("已预约", "booked"),
    "checked_in": ("已签到", "checked in"),
    "fulfilled": ("已办理", "served"),
    "cancelled": ("已取消", "cancelled"),
    "no_show": ("未到场", "missed"),
    "waiting": ("等候中", "waiting"),
    "called": ("已叫号", "called"),
    "serving": ("办理中", "being served"),
    "parked": ("已暂挂", "parked"),
    "absent": ("已过号", "absent"),
    "completed": ("已办结", "completed"),
    "abandoned": ("已作废", "abandoned"),
    "open": ("在岗", "open"),
    "paused": ("暂停", "paused"),
    "closed": ("已下班", "closed"),
    "received": ("已收到", "received"),
    "asked": ("等待答复", "asked"),
    "accepted": ("通过", "accepted"),
    "approved": ("已同意", "approved"),
    "refused": ("未同意", "refused"),
    "withdrawn": ("已撤回", "withdrawn"),
    "expired": ("到期未答复", "ended unanswered"),
    "offered": ("已提供号源", "offered a number"),
    "taken": ("已约上", "booked"),
    "lapsed": ("名额过期", "offer lapsed"),
    "left": ("已退出", "left"),
    "owed": ("待补交", "owed"),
    "settled": ("已补交", "settled"),
    "waived": ("不再需要", "waived"),
    "working": ("后台办理中", "worked on"),
    "ready": ("可以领取", "ready"),
    "collected": ("已领取", "collected"),
}

#: Action → its codes of reasons; what is not here (a reason of another action) is not shown.
REASONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "appointment.move": {"hall_closed": ("大厅关闭", "The hall is closed"), **CHANGES},
    "appointment.cancel": {
        "citizen": ("本人取消", "By the citizen"),
        "hall_closed": ("大厅关闭", "The hall is closed"),
        **CHANGES,
    },
    "appointment.make_by_staff": {
        "no_phone": ("没有手机", "No phone"),
        "needs_help": ("不会操作", "Needs help"),
        "elderly": ("老年人", "Elderly"),
        "disabled": ("残障人士", "Disabled"),
        "system_trouble": ("系统故障", "Trouble with the system"),
        "follow_up": ("材料不齐，改天再来", "Comes again with what was missing"),
        "day_full": ("今天现场号已停发", "No more walk-in numbers that day"),
    },
    "counter.pause": {
        "break": ("休息", "Break"),
        "meal": ("用餐", "Meal"),
        "meeting": ("会议", "Meeting"),
        "equipment": ("设备故障", "Equipment"),
        "other": ("其他", "Other"),
    },
    "case.extend": EXTENSIONS,
    "suspension.lift": {
        "illness": ("生病或突发情况", "Illness or an emergency"),
        "could_not_cancel": ("当时无法取消", "Could not cancel then"),
        "our_fault": ("大厅或系统的原因", "The hall's or the system's fault"),
        "hardship": ("确有困难", "Hardship"),
    },
    "waitlist.take_off": {
        "asked": ("本人要求退出", "They asked for it"),
        "served": ("已办理或已另行安排", "Served, or given a time otherwise"),
        "wrong_phone": ("手机号有误，联系不上", "The phone is wrong"),
    },
    "appointment.correct": {
        "typing_slip": ("填写笔误", "A slip in typing"),
        "document_renewed": ("证件已换新", "The document was renewed"),
        "phone_changed": ("换了手机号", "The phone was changed"),
        "wrong_service": ("选错事项", "The wrong service was chosen"),
    },
    "numbers.change": {
        "more_staff": ("窗口或人手增加", "More counters or staff"),
        "fewer_staff": ("窗口或人手减少", "Fewer counters or staff"),
        "many_bookings": ("网上预约的人多", "Many people want to book"),
        "many_walk_ins": ("现场来的人多", "Many people come without a booking"),
        "left_unused": ("号用不完", "Numbers are left unused"),
        "trouble": ("设备或系统故障", "Trouble with equipment or systems"),
        "setting_right": ("放号有误，更正", "A mistake is set right"),
    },
}


def action_in_words(action: str, language: str) -> str:
    """What was done; the code itself where nobody has put it into words."""
    pair = ACTIONS.get(action)
    return pair[language.startswith("en")] if pair else action


def subject_in_words(kind: str, language: str) -> str:
    """To what it was done."""
    pair = SUBJECTS.get(kind)
    return pair[language.startswith("en")] if pair else kind


def reason_in_words(action: str, reason: object, language: str) -> str:
    """Why it was done; empty where its reasons are not a list of codes in words."""
    pair = REASONS.get(action, {}).get(str(reason))
    return pair[language.startswith("en")] if pair else ""


def state_in_words(state: str, language: str) -> str:
    """A state before or after."""
    pair = STATES.get(state)
    return pair[language.startswith("en")] if pair else state


def details_in_words(action: str, details: Mapping[str, Any], language: str) -> str:
    """Why it was done, and how many rows or numbers it touched; empty where there is nothing to tell."""
    english = language.startswith("en")
    why = reason_in_words(action, details.get("why") or details.get("reason"), language)
    counted = [
        f"{words[english]} {details[name]}"
        for name, words in _COUNTED.items()
        if isinstance(details.get(name), int) and details[name]
    ]
    seen = [_SEEN[each][english] for each in details.get("what") or () if each in _SEEN]
    told = (", " if english else "、").join(seen) or str(details.get("wording") or "")
    return ("; " if english else "；").join([each for each in (why, told, *counted) if each])


#: What was looked at.
_SEEN: Mapping[str, tuple[str, str]] = {
    "name": ("姓名", "name"),
    "number": ("证件号码", "number of the document"),
    "phone": ("手机号", "phone"),
    "address": ("邮寄地址", "address"),
}
#: What an entry counts.
_COUNTED: Mapping[str, tuple[str, str]] = {
    "new": ("新增", "new"),
    "changed": ("修改", "changed"),
    "removed": ("删除", "removed"),
    "rows": ("行数", "rows"),
    "count": ("数量", "count"),
    "numbers": ("号数", "numbers"),
}
