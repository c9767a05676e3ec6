"""What citizens' pages say on the way of a booking, in Chinese and in English: one journey for both."""

#: Chinese → English, as somebody who reads the page would find it.
ENGLISH = {
    "身份证丢了": "lost id card",
    "搜索": "Search",
    "居民身份证": "resident ID card",
    "开始": "Start",
    "丢了": "It is lost",
    "在本省": "In this province",
    "满 16 周岁的人": "aged 16 or over",
    "选大厅和时间": "Choose hall and time",
    "下一步：填写信息": "Next: your details",
    "姓名": "Name",
    "证件号码": "Document number",
    "手机号": "Phone number",
    "获取验证码": "Get a code",
    "验证码已发送": "A code was sent",
    "验证码": "Code",
    "我同意": "I agree",
    "下一步：核对": "Next: check",
    "确认预约": "Confirm the appointment",
    "您的预约": "Your appointment",
    "改期": "Move to another time",
    "改到这个时间": "Move to this time",
    "取消预约": "Cancel appointment",
    "撤销取消": "Undo the cancellation",
    "已取消": "Cancelled",
    "签到码（4 位数字）": "Arrival code (4 digits)",
    "我到了，签到": "I am here",
    "下一位就是您": "You are next",
    "请到 2 号窗口": "Please go to counter 2",
    "说说办得怎么样": "Tell us how it went",
    "满意": "Satisfied",
    "提交评价": "Send rating",
    "谢谢您的评价": "Thank you for your rating",
}


def say(chinese: str, language: str) -> str:
    """The same words in a language."""
    return ENGLISH[chinese] if language == "en" else chinese
