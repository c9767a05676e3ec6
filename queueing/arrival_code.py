"""The code of a hall and day that its screens show: who types it has read it in the hall.

It keeps people from checking in too soon, from home, where they would miss their call. So it stands on
screens that staff enrolled and at the reception, and on no page that is read from anywhere.
"""

import hmac
from datetime import date

from kernel.crypto import cipher
from kernel.errors import Invalid

DIGITS = 4


class ArrivalCodeWrong(Invalid):
    """Not the digits that the hall's screens show today."""

    code = "arrival_code_wrong"
    zh = "签到码不正确。请看大厅叫号屏上今天的 4 位签到码；看不清可请工作人员帮忙。"
    en = "This is not today's arrival code. Please read the four digits on the screen in the hall."


def arrival_code(hall_id: int, on_date: date) -> str:
    """Today's digits, derived whenever they are needed and stored nowhere."""
    return cipher().derive_digits(f"{hall_id}:{on_date.isoformat()}", "arrival_code", DIGITS)


def ensure_arrived(code: str, hall_id: int, on_date: date) -> None:
    """Check the digits that somebody read; raises ArrivalCodeWrong."""
    if not hmac.compare_digest(code.strip().encode(), arrival_code(hall_id, on_date).encode()):
        raise ArrivalCodeWrong
