"""PURE: what a hall's booking rules are called, in both languages, and in what they are counted."""

from collections.abc import Mapping
from datetime import timedelta

from booking.policy_data import LIMITS

#: Field of `booking.policy.BookingPolicy` → Chinese, English.
NAMES: Mapping[str, tuple[str, str]] = {
    "lead_time": ("最少提前多久预约", "Book at least so long ahead"),
    "horizon_working_days": ("最远可约的工作日数", "Farthest working day that can be booked"),
    "horizon": ("最远可约的天数", "Farthest day that can be booked"),
    "booking_opens": ("每天开放新一天的时刻", "A new day opens at"),
    "hold": ("填表时为群众保留多久", "How long a number is kept while the form is filled in"),
    "nameless_hold": (
        "未表明设备的占号保留多久（验证手机号后同上）",
        "How long for unknown devices (as above once a phone is verified)",
    ),
    "max_open_appointments": ("每人最多未办理的预约", "Open appointments of one person, at most"),
    "check_in_opens": ("可提前多久签到", "Check-in opens before the slot"),
    "check_in_closes": ("晚到多久仍算准时", "On time until, after the slot begins"),
    "no_show_limit": ("爽约几次暂停网上预约", "No-shows that suspend online booking"),
    "no_show_window": ("爽约在多久之内累计", "No-shows are counted within"),
    "suspension": ("暂停多久", "Suspended for"),
    "cancellation_cutoff": ("开始前多久以内取消算爽约", "A cancellation this late counts as a no-show"),
    "return_window": ("取消的号在多久之内随机放回", "Cancelled numbers return at random within"),
    "beta": ("网上预约占实际能力的比例", "Share of real capacity for online booking"),
    "eta": ("开放时间中实际办理的比例", "Share of open time really worked"),
    "show_probability": (
        "预约的人到场的比例（1 表示不超额放号）",
        "Share of those who booked that come (1: no overbooking)",
    ),
    "waitlist_hold": ("候补短信为群众保留多久", "How long an offered number is kept"),
    "waitlist_offers": ("候补最多询问几次", "Offers to one person waiting"),
    "waitlist_from": ("候补短信最早几点发", "Earliest time of an offer"),
    "waitlist_until": ("候补短信最晚几点发", "Latest time of an offer"),
    "proof_after_release": ("放号后多久之内防抢号验证", "Proof of work after a release, for"),
    "proof_at_holds_per_second": (
        "每秒多少次占号时启用防抢号验证",
        "Proof of work from so many holds a second",
    ),
    "proof_at_nameless_holds": (
        "一条队列有多少个未表明设备的占号后启用防抢号验证",
        "Proof of work once so many holds of a line came from unknown devices",
    ),
    "duty_flows_at": ("未用的机动号转给现场的时刻", "Unused duty numbers go to walk-ins at"),
}
_UNITS: Mapping[timedelta | None, tuple[str, str]] = {
    None: ("", ""),
    timedelta(minutes=1): ("分钟", "minutes"),
    timedelta(days=1): ("天", "days"),
}


def unit_of(field: str) -> tuple[str, str]:
    """In what a rule is counted, in both languages; empty where in nothing."""
    return _UNITS[LIMITS[field].unit] if field in LIMITS else ("", "")


def headed(name: tuple[str, str], unit: tuple[str, str]) -> tuple[str, str]:
    """A name with its unit, as it stands at the head of a column."""
    if not unit[0]:
        return name
    return f"{name[0]}（{unit[0]}）", f"{name[1]} ({unit[1]})"
