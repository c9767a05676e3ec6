"""What the hall can refuse, in sentences that say what to do next."""

from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from queueing.refusals import Refused


class TicketUnknown(NotFound):
    """No ticket has this reference, or none of today this number."""

    code = "ticket_unknown"
    zh = "没有找到这张号票，请核对链接或号码，或到取号机重新查询。"
    en = "We could not find this ticket. Please check the link or the number, or ask at the kiosk."


class TrackUnknown(Invalid):
    """Tickets are issued as walk_in, green or standby; booked ones come from a check-in."""

    code = "track_unknown"
    zh = "取号类型不正确，请选择现场号、绿色通道或候补号。"
    en = "Please choose a walk-in, green-channel or standby number."


class GreenReasonUnknown(Invalid):
    """The green channel asks for one of the listed reasons."""

    code = "green_reason_unknown"
    zh = "请选择绿色通道的理由：老年人、残障人士、孕妇、携带婴幼儿或急事。"
    en = "Please choose a reason for the green channel: elderly, disabled, pregnant, with an infant, urgent."


class WalkInsStopped(Conflict):
    """One more walk-in would not be served before closing. Nothing was issued.

    `alternatives` are numbers of the next three working days that can be booked on the spot
    (`booking.on_the_spot`): [{hall_id, hall_code, group_id, starts_at, free, service_ids}];
    `short_minutes` is the counter time that would have to be added today. `refused` is the line, for who
    counts refusals (`queueing.refusals`).
    """

    code = "walk_ins_stopped"
    refused: Refused | None = None
    zh = (
        "今天的现场号已发完：现在取号，下班前已轮不到。"
        "请当场预约近三个工作日的号，或取候补号，或请值班长协助。"
    )
    en = (
        "No more walk-in numbers today: one more could not be served before closing. Please book a number "
        "for one of the next working days right here, take a standby number, or ask the duty officer."
    )


class LineClosed(Conflict):
    """The group does not serve any more today, or not at all. Carries `alternatives` as WalkInsStopped."""

    code = "line_closed"
    zh = "该业务今天已不再办理。请当场预约近三个工作日的号，或选择其他大厅。"
    en = "This line serves nobody any more today. Please book another day, or choose another hall."


class PressReused(Conflict):
    """The same key came with another request."""

    code = "press_reused"
    zh = "这次按键已用于另一项操作，请刷新页面后重试。"
    en = "This press was already used for something else. Please refresh the page and try again."


class VisitIsOver(Conflict):
    """Who is shown in a village was served there already."""

    code = "visit_is_over"
    zh = "{label} 已经办完，不用再签到。"
    en = "The visit of {label} is over already; no check-in is needed."


class NothingToCheckIn(NotFound):
    """No appointment for today fits what was shown: the same answer for unknown, other and cancelled ones."""

    code = "nothing_to_check_in"
    zh = "没有找到您今天在本大厅的预约。请核对证件或取号码；如未预约，可现场取号。"
    en = (
        "We found no appointment of yours in this hall for today. Please check the document or the code; "
        "without an appointment you can take a walk-in number."
    )


class WrongHall(Conflict):
    """The booking is for another hall. `hall_zh`, `hall_en`, `hall_code` name it."""

    code = "wrong_hall"
    zh = "您的预约在“{hall_zh}”，请到该大厅办理签到。"
    en = "Your appointment is in another hall: {hall_en}. Please check in there."


class BookedInVillage(Conflict):
    """The booking is for a mobile session, where officers check in. `place_zh`, `place_en` name it."""

    code = "booked_in_village"
    zh = "您今天{at}的预约是流动下乡，在“{place_zh}”办理，不在大厅。请到那里，由工作人员签到。"
    en = (
        "Your appointment today at {at} is a mobile session at {place_en}, not in the hall. "
        "Please go there; staff check you in."
    )


class BookedInHall(Conflict):
    """The booking is for the hall, not for a village."""

    code = "booked_in_hall"
    zh = "这个预约在大厅办理，不是流动下乡，请本人到大厅签到。"
    en = "This appointment is in the hall, not at a mobile session. Please check in at the hall."


class ServedInVillage(Conflict):
    """The visit goes on in a village, at no counter: nobody puts it aside or passes it on in the hall."""

    code = "served_in_village"
    zh = "{label} 正在流动下乡办理，不在窗口，不能暂挂或转办。请在“流动下乡”页办结。"
    en = (
        "{label} is being served at a mobile session, not at a counter: it cannot be put aside or passed on. "
        "Please end it on the page of mobile sessions."
    )


class TooLate(Conflict):
    """The half-day of the booking is over and it was closed."""

    code = "too_late"
    zh = "您的预约时段已过，预约已关闭。请现场取号，或重新预约。"
    en = "The time of your appointment has passed. Please take a walk-in number or book again."


class CounterNotOpen(Conflict):
    """Nobody has opened this counter."""

    code = "counter_not_open"
    zh = "窗口尚未开放，请先开窗。"
    en = "This counter is not open. Please open it first."


class CounterPaused(Conflict):
    """The counter is paused."""

    code = "counter_paused"
    zh = "窗口已暂停，请先恢复窗口再叫号。"
    en = "This counter is paused. Please resume it before calling."


class CounterBusy(Conflict):
    """A ticket is called or being served there. `label` is its number."""

    code = "counter_busy"
    zh = "窗口还有 {label} 号正在办理，请先办结、暂挂或标记过号。"
    en = "{label} is still at this counter. Please complete it, park it or mark it absent first."


class CounterTaken(Conflict):
    """Somebody else sits at this counter."""

    code = "counter_taken"
    zh = "该窗口已由其他工作人员开放，请核对窗口号，或请对方先关窗。"
    en = "Somebody else has this counter open. Please check the number, or ask them to close it first."


class AlreadyAtCounter(Conflict):
    """This officer has another counter open. `number` is its number."""

    code = "already_at_counter"
    zh = "您已在 {number} 号窗口开窗，请先关闭该窗口。"
    en = "You have counter {number} open. Please close it first."


class NotOffered(Conflict):
    """A counter is handed over by who sits there."""

    code = "not_offered"
    zh = "该窗口的工作人员还没有点“请人接班”，请对方先点，或请值班长接管。"
    en = "Whoever sits at this counter has not offered it yet. Please ask them, or the duty officer."


class ChosenReasonUnknown(Invalid):
    """Somebody is called out of turn for one of the listed reasons."""

    code = "chosen_reason_unknown"
    zh = "请选择指定叫号的原因，会写入操作记录。"
    en = "Please choose why this number goes first; it is written to the audit."


class NotServedHere(Conflict):
    """The counter does not serve the line that the ticket waits in. `label` is its number."""

    code = "not_served_here"
    zh = "{label} 号的业务不在本窗口办理，请转到能办的窗口。"
    en = "This counter does not serve the line of {label}. Please call it from one that does."


class ServiceNotHere(Invalid):
    """The service is not one of those being done for this person."""

    code = "service_not_here"
    zh = "该事项不在正在办理的事项中，请先添加事项。"
    en = "This service is not among those being done. Please add it first."


class NotYourCounter(Forbidden):
    """Only who opened a counter calls from it; the duty officer may, too."""

    code = "not_your_counter"
    zh = "该窗口由其他工作人员值守，您不能从这里叫号。"
    en = "Somebody else works at this counter; you cannot call from it."


class PauseReasonUnknown(Invalid):
    """A pause has one of the listed reasons."""

    code = "pause_reason_unknown"
    zh = "请选择暂停原因：休息、用餐、会议、设备故障或其他。"
    en = "Please choose a reason for the pause: break, meal, meeting, equipment or other."


class TicketMoved(Conflict):
    """The ticket has moved on: what was asked does not follow from its state."""

    code = "ticket_moved"
    zh = "{label} 号当前为“{state_zh}”，不能进行此操作。请刷新后查看。"
    en = "{label} is {state_en} now, so this cannot be done. Please refresh."


class SameCounter(Conflict):
    """A ticket is passed on to another counter."""

    code = "same_counter"
    zh = "号票就在该窗口，请选择其他窗口。"
    en = "The ticket is at this counter already. Please choose another one."


class CannotUndo(Conflict):
    """Ten seconds have passed, or somebody has gone on from there. `label` is the number."""

    code = "cannot_undo"
    zh = "{label} 号的上一步已不能撤销：超过 10 秒，或之后已有新的操作。请按现在的状态继续。"
    en = "The last step of {label} cannot be undone any more: 10 seconds have passed or work has gone on."


class SameLine(Conflict):
    """A transfer leads to another line."""

    code = "same_line"
    zh = "号票已在该业务队列中，无需转办。"
    en = "The ticket is already in this line."


class TakeNewNumber(Conflict):
    """Back too late or for the second time: the old number does not count any more."""

    code = "take_new_number"
    zh = "{label} 号已过号且超过可恢复的时间或次数，请重新取号。"
    en = "{label} was called too long ago or missed too often. Please take a new number."


class DayNotOver(Conflict):
    """Only today or a day before can be closed."""

    code = "day_not_over"
    zh = "不能关闭尚未到来的日期（{on_date}）。"
    en = "A day that has not come yet cannot be closed ({on_date})."


class ExtraTimeUnknown(NotFound):
    """No such proposal in this hall."""

    code = "extra_time_unknown"
    zh = "没有找到这条增开建议，请刷新页面。"
    en = "We could not find this proposal. Please reload the page."


class ExtraTimeOver(Conflict):
    """Somebody decided before, or it is not needed any more."""

    code = "extra_time_over"
    zh = "这条增开建议已经处理过或不再需要，请看最新的列表。"
    en = "This proposal was decided before or is not needed any more. Please look at the list."


class ExtraTimeLarger(Conflict):
    """More counters are proposed than were on the page."""

    code = "extra_time_larger"
    zh = "等待期间缺口变大，现在建议增开 {counters} 个窗口。请按最新的建议决定。"
    en = "More is needed by now: {counters} counters are proposed. Please decide on the new proposal."
