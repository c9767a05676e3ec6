"""What booking can refuse beyond the rules of `booking.policy`, in sentences that say what to do next."""

from kernel.errors import Conflict, Invalid, NotFound


class SlotUnknown(NotFound):
    """The hall has no slot of this group that begins then."""

    code = "slot_unknown"
    zh = "没有这个时段，请从列表中选择。"
    en = "There is no such time slot. Please choose one from the list."


class SlotFull(Conflict):
    """Somebody was quicker.

    `alternatives` are the nearest that are free, best first:
    [{hall_code, hall_id, group_id, starts_at (ISO, UTC), free}].
    """

    code = "slot_full"
    zh = "这个时段刚刚约满，请从附近仍有号的时段中选择。"
    en = "This time has just been taken. Please choose one of the nearest times that are still free."


class ServiceNotOffered(Invalid):
    """The hall does not handle one of the services."""

    code = "service_not_offered"
    zh = "该大厅不办理所选事项，请更换大厅或事项。"
    en = "This hall does not handle that service. Please choose another hall or service."


class ServicesInDifferentLines(Invalid):
    """Services of one basket belong to different lines of the hall."""

    code = "services_in_different_lines"
    zh = "所选事项由不同窗口组办理，请分别预约。"
    en = "These services are handled by different lines. Please book them one by one."


class HoldExpired(Conflict):
    """The number was kept for ten minutes and is gone, or the token is unknown."""

    code = "hold_expired"
    zh = "为您保留的号已超时释放，请重新选择时段；已填写的内容会保留。"
    en = "The number kept for you has gone. Please choose a time again; what you filled in is kept."


class AppointmentUnknown(NotFound):
    """No appointment has this reference."""

    code = "appointment_unknown"
    zh = "没有找到这个预约，请核对链接，或用预约时的手机号查询。"
    en = "We could not find this appointment. Please check the link, or look it up with your phone number."


class CancellationCounts(Conflict):
    """Cancelling now would count as a missed appointment, and nobody has said so yet."""

    code = "cancellation_counts"
    zh = "现在取消算一次爽约，请先看清说明再确定。"
    en = "Cancelling now would count as a missed appointment. Please read what that means first."


class CancellationFinal(Conflict):
    """A cancellation can be taken back for two minutes, and as long as its owner is not forgotten."""

    code = "cancellation_final"
    zh = "可以撤销的时间已过，这个预约已经取消，号会让给别人。如仍需办理，请重新预约。"
    en = (
        "It is too late to undo this: the booking is cancelled and its number goes to others. "
        "Please book again if you still need to come."
    )


class NumberTakenBack(Conflict):
    """The hall has closed or changed the time of a booking that was cancelled just now."""

    code = "number_taken_back"
    zh = "大厅刚刚调整了这段时间，原来的号已经收回，不能撤销取消。请重新预约别的时间。"
    en = "The hall has just changed this time and the number is gone. Please book another time."


class OtherGroup(Invalid):
    """An appointment moves to another time of the same group only."""

    code = "other_group"
    zh = "改期只能在同一大厅的同一业务内进行；如需更换，请取消后重新预约。"
    en = "An appointment can only move within its hall and line. To change these, cancel it and book again."


class IdempotencyKeyReused(Invalid):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    zh = "这个请求标识已用于另一项内容，请换一个新的标识再提交。"
    en = "This idempotency key was used with another request. Please send a new key."


class RequestInProgress(Conflict):
    """The first request with this key is still being carried out."""

    code = "request_in_progress"
    zh = "上一次提交正在处理，请稍候片刻再查看结果。"
    en = "The first request is still being carried out. Please wait a moment and ask again."
