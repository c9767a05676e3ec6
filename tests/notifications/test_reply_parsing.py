import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.reply_parsing import CancelWish, OptIn, OptOut, Rating, Unclear, parse_reply

RATINGS = {
    5: [
        "5", " 5 ", "５", "5.", "5。", "5!", "5！！", "⑤", "5️⃣", "“5”", "【5】", "5分", " 5分",
        "５ 分", "五分", "5星", "五星好评", "5颗星", "打5分", "我给5分", "回复5", "评价：5", "5 谢谢",
        "5，辛苦了", "5\n", "5👍", "👍 5", "非常满意", "非常满意！", "非常 满意", "非常滿意", "很满意",
        "十分满意", "特别满意", "太满意了", "非常非常满意", "5非常满意", "5 非常满意", "非常满意5分",
        "满意，5分", "办事很快，非常满意，谢谢小王", "等了20分钟，非常满意", "3号窗口非常满意",
        "没的说，非常满意", "不得不说非常满意", "Very satisfied", "5 stars", "rating: 5",
    ],
    4: [
        "4", "4 满意", "满意", "满意。", "滿意", "挺好，满意", "总体满意", "4分", "satisfied",
        "2小时办好，满意",
    ],
    3: [
        "3", "3分", "基本满意", "3 基本满意", "基本上满意", "还算满意", "fairly satisfied",
    ],
    2: [
        "2", "2分", "不满意", "不满意！", "不滿意", "不太满意", "不是很满意", "不怎么满意", "不够满意",
        "不非常满意", "2不满意", "并不满意", "我对3号窗口不满意", "not satisfied", "Dissatisfied",
        "not very satisfied",
    ],
    1: [
        "1", "1分", "一分", "非常不满意", "很不满意", "太不满意了", "十分不满意", "一点也不满意",
        "一点儿都不满意", "根本不满意", "非常非常不满意", "1非常不满意", "不满意，1",
        "very dissatisfied", "极其不满意",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "grade"), [(text, grade) for grade, texts in RATINGS.items() for text in texts]
)
def test_reads_a_rating(text, grade):
    assert parse_reply(text) == Rating(grade)


@pytest.mark.parametrize(
    "text",
    [
        "退订", "TD", "td", " T ", "T", "ＴＤ", "退訂", "回复TD", "回T退订", "退订回T", "退订短信",
        "取消订阅", "不要再发了", "别发短信了", "怎么退订", "STOP", "Stop.", "please stop sending",
        "unsubscribe", "拒收",
    ],
)  # fmt: skip
def test_reads_that_no_more_messages_are_wanted(text):
    assert parse_reply(text) == OptOut()


@pytest.mark.parametrize("text", ["订阅", "恢复订阅", "重新订阅", "我要订阅", "START", "恢复短信"])
def test_reads_that_messages_are_wanted_again(text):
    assert parse_reply(text) == OptIn()


@pytest.mark.parametrize(
    "text",
    [
        "取消", "取消预约", "我要取消", "我想取消预约", "请帮我取消一下预约", "取消吧", "不去了",
        "今天不去了", "来不了了", "cancel", "CANCEL", "Cancel my booking",
    ],
)  # fmt: skip
def test_reads_the_wish_to_cancel_and_never_takes_it_for_opting_out(text):
    assert parse_reply(text) == CancelWish()


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "。", "👍", "好的", "谢谢", "0", "6", "9", "10", "55", "4.5", "1-5", "3/5", "5 4",
        "-", "12345", "A5", "5号再来", "5点到", "确认", "是", "Y", "1非常满意", "5不满意",
        "5 非常不满意", "满意吗", "满意？", "满意度", "没有不满意", "没有任何不满意的地方",
        "没有一点不满意", "非常满意？", "满意了吧？", "不是不满意", "不得不说没什么不满意",
        "谈不上满意", "怎么可能满意", "没满意", "满意不满意", "环境满意，态度不满意",
        "如果快一点就满意", "希望满意", "10分 满意", "满意 9", "不取消", "不要取消", "取消不了",
        "取消订单在哪里", "不退订", "stopped by today", "好评", "差评", "一般", "T恤", "td5", "5td",
        "I am not at all satisfied", "I wasn't satisfied", "hardly satisfied", "never satisfied",
        "'; drop table reply; --", "<script>5</script>", "5" * 400, "非常满意" * 200,
    ],
)  # fmt: skip
def test_does_not_guess(text):
    assert parse_reply(text) == Unclear()


@pytest.mark.parametrize("digit", "12345")
def test_a_digit_means_a_rating_and_nothing_else(digit):
    for text in (digit, f"{digit}。", f" {digit}分", chr(0xFF10 + int(digit))):
        assert parse_reply(text) == Rating(int(digit))


@given(st.text(max_size=320))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_meaning_and_random_ones_never_a_made_up_one(text):
    reply = parse_reply(text)
    if isinstance(reply, Rating):
        assert reply.grade in range(1, 6)


PIECES = st.sampled_from(
    [
        "非常",
        "不",
        "满意",
        "很",
        "太",
        "没有",
        "基本",
        "5",
        "1",
        "分",
        "，",
        " ",
        "取消",
        "退订",
        "谢谢",
        "吗",
        "T",
    ]
)


@given(st.lists(PIECES, max_size=8).map("".join))
@settings(max_examples=400, deadline=None)
def test_a_text_with_a_negation_is_never_read_as_good_by_its_words(text):
    reply = parse_reply(text)
    if "不满意" in text.replace(" ", "") and "5" not in text:
        assert not (isinstance(reply, Rating) and reply.grade >= 3)
    if isinstance(reply, CancelWish | OptOut):
        assert not any(digit in text for digit in "15")
