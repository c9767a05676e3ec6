"""Dates, times and amounts as people say them, in the reader's language."""

from datetime import date, datetime, timedelta

from flask_babel import format_date
from flask_babel import gettext as _

from kernel.phone import mask
from web import edge
from web.languages import day_words

_FEN = 100
mask_phone = mask


def day(on_date: date, today: date | None = None) -> str:
    """`3月3日 周二`, or `明天 3月3日 周二` where today is given."""
    said = day_words(on_date)
    near = _near(on_date, today) if today else ""
    gap = ", " if edge.language() == "en" else " "
    return f"{near}{gap}{said}" if near else said


def _near(on_date: date, today: date) -> str:
    said: str = {0: _("今天"), 1: _("明天"), 2: _("后天")}.get((on_date - today) // timedelta(days=1), "")
    return said


def date_alone(on_date: date) -> str:
    """`3月3日`, for places where the weekday stands below."""
    said: str = format_date(on_date, "d MMM" if edge.language() == "en" else "M月d日")
    return said


def weekday(on_date: date, today: date | None = None) -> str:
    """`周二`; `今天`, `明天` or `后天` where today is given and near."""
    said: str = _near(on_date, today) if today else ""
    return said or str(format_date(on_date, "EEE"))


def hour(moment: datetime, zone: str = "Asia/Shanghai") -> str:
    """`09:30` on the hall's wall clock."""
    return f"{edge.local(moment, zone):%H:%M}"


def span(starts_at: datetime, ends_at: datetime, zone: str = "Asia/Shanghai") -> str:
    """`09:30–10:00`."""
    return f"{hour(starts_at, zone)}–{hour(ends_at, zone)}"


def yuan(fen: int) -> str:
    """A fee in words; fen are shown only when there are any."""
    if not fen:
        return str(_("免费"))
    amount = f"{fen // _FEN}" if fen % _FEN == 0 else f"{fen / _FEN:.2f}"
    return str(_("%(amount)s 元", amount=amount))
