"""PURE: why a hall changes its time: a code, and the words that whom it concerns reads in a message."""

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.errors import Invalid

#: Code → (Chinese, English), as they stand in “因……” of a message.
REASONS: Mapping[str, tuple[str, str]] = {
    "staffing": ("人手调整", "changes in staffing"),
    "weather": ("天气原因", "the weather"),
    "holiday": ("节假日安排", "a public holiday"),
    "repairs": ("场地或设备检修", "repairs"),
    "system": ("系统维护", "work on our systems"),
    "training": ("业务培训", "staff training"),
    "other": ("开放时间调整", "a change of opening hours"),
}
MOST_ZH, MOST_EN = 20, 40  # a message has little room


class ChangeReasonUnknown(Invalid):
    """Not a reason of the list, or words that do not fit into a message."""

    code = "change_reason_unknown"
    zh = "请选择调整的原因；补充说明中文不超过 20 字、英文不超过 40 个字符。"
    en = "Please choose a reason; words of your own have at most 20 characters in Chinese, 40 in English."


@dataclass(frozen=True, slots=True)
class Because:
    """Why; words of one's own replace those of the list."""

    code: str = "other"
    words_zh: str = ""
    words_en: str = ""

    @property
    def zh(self) -> str:
        """In Chinese."""
        return self.words_zh or REASONS[self.code][0]

    @property
    def en(self) -> str:
        """In English: not that of the list where only Chinese words were given for something else."""
        if self.words_en or not self.words_zh or self.code != "other":
            return self.words_en or REASONS[self.code][1]
        return self.words_zh


UNSAID = Because()


def because(code: str, words_zh: str = "", words_en: str = "") -> Because:
    """A reason as it was given; raises ChangeReasonUnknown."""
    if code not in REASONS or len(words_zh) > MOST_ZH or len(words_en) > MOST_EN:
        raise ChangeReasonUnknown
    return Because(code, words_zh, words_en)
