"""Hands at the faces of a running demonstration: a citizen's phone, a kiosk, a window, a gateway's phones.

They press what people press and wait for what people see. `look` is told of every page they meet.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from playwright.sync_api import Locator, Page, expect

from people.sample_ids import sample_resident_id
from tests.chromium import follow
from tests.journey.words import say

HALL = "city-hall"
Look = Callable[[Page, str], None]
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_CODE_TEXT = re.compile("验证码|is your code")


def no_look(page: Page, name: str) -> None:
    """For who only wants the work done."""


@dataclass(frozen=True)
class Person:
    name: str
    number: str
    phone: str

    @classmethod
    def sample(cls, seed: int, name: str) -> "Person":
        """Somebody who does not exist."""
        return cls(name, sample_resident_id(seed), f"1390000{seed:04d}")


@dataclass(frozen=True)
class Simulator:
    """The page where every message arrives, kept open beside the others."""

    page: Page

    def open(self) -> None:
        self.page.goto("/simulator/")
        expect(self.page.get_by_text("实时更新中")).to_be_visible()

    def log(self, phone: str) -> Locator:
        return self.page.get_by_role("log", name=re.compile(f"{phone}$"))

    def newest(self, phone: str, pattern: re.Pattern[str] | str) -> str:
        """The last message that reads so, once it has come."""
        bubble = self.log(phone).locator(".bubble--to").filter(has_text=pattern).last
        expect(bubble).to_be_visible()
        return bubble.inner_text()

    def newest_texts(self, phone: str, count: int) -> list[str]:
        """The end of a conversation, the newest last."""
        return self.log(phone).locator(".bubble").all_inner_texts()[-count:]

    def code(self, phone: str) -> str:
        found = _CODE.search(self.newest(phone, _CODE_TEXT))
        assert found is not None
        return found.group()

    def answer(self, phone: str, text: str) -> None:
        form = self.page.get_by_role("article", name=re.compile(f"{phone}$"))
        form.get_by_role("textbox").fill(text)
        form.get_by_role("button", name="回复").click()
        expect(self.log(phone).locator(".bubble--from").filter(has_text=text).last).to_be_visible()


@dataclass(frozen=True)
class Citizen:
    """One person with a phone, who reads `language`. Uses nothing that needs scripts."""

    page: Page
    person: Person
    look: Look = no_look
    language: str = "zh"

    def say(self, chinese: str) -> str:
        """What stands on their pages instead."""
        return say(chinese, self.language)

    def choose_slot(self, slot: int = 0) -> datetime:
        """From the search to a held number: when the `slot`-th begins that is free on the first day."""
        page, say = self.page, self.say
        page.goto("/")
        self.look(page, "citizen-home")
        page.get_by_role("searchbox").fill(say("身份证丢了"))
        page.get_by_role("button", name=say("搜索")).click()
        page.wait_for_url("**/services?q=*")
        self.look(page, "citizen-search")
        follow(page.get_by_role("link", name=say("居民身份证")).first)
        self.look(page, "citizen-service")
        follow(page.get_by_role("link", name=say("开始")))
        self._answer_guide("丢了", "在本省", "满 16 周岁的人")
        self.look(page, "citizen-checklist")
        follow(page.get_by_role("link", name=say("选大厅和时间")))
        self.look(page, "citizen-halls")
        page.locator(f"a.btn[href*='/halls/{HALL}']").click()
        page.wait_for_url(f"**/halls/{HALL}*")
        self.look(page, "citizen-slots")
        begins = page.locator("input[name=starts_at]:enabled").nth(slot).get_attribute("value")
        page.locator("input[name=starts_at]:enabled + label").nth(slot).click()
        page.get_by_role("button", name=say("下一步：填写信息")).click()
        page.wait_for_url("**/booking/who")
        return datetime.fromisoformat(begins or "")

    def _answer_guide(self, *answers: str) -> None:
        for at, answer in enumerate(answers):
            if at == 0:
                self.look(self.page, "citizen-question")
            follow(self.page.get_by_role("link", name=self.say(answer)))

    def say_who(self, simulator: Simulator) -> None:
        """Name, document, phone and its code; ends on the page that asks to confirm."""
        page, say = self.page, self.say
        expect(page.get_by_role("timer")).to_be_visible()
        self.look(page, "citizen-who")
        page.get_by_label(say("姓名")).fill(self.person.name)
        page.get_by_label(say("证件号码")).fill(self.person.number)
        page.get_by_label(say("手机号")).fill(self.person.phone)
        page.get_by_role("button", name=say("获取验证码")).click()
        expect(page.get_by_text(say("验证码已发送"))).to_be_visible()
        self.look(page, "citizen-who-code")
        page.get_by_label(say("验证码"), exact=True).fill(simulator.code(self.person.phone))
        page.get_by_text(say("我同意")).click()
        page.get_by_role("button", name=say("下一步：核对")).click()
        page.wait_for_url("**/booking/check")

    def confirm(self) -> str:
        """Press the last button; the six digits of the booking."""
        page = self.page
        expect(page.get_by_role("timer")).to_be_visible()
        self.look(page, "citizen-check")
        page.get_by_role("button", name=self.say("确认预约")).click()
        page.wait_for_url("**/b/*")
        expect(page.get_by_role("heading", name=self.say("您的预约"))).to_be_visible()
        expect(page.locator(".qr svg")).to_be_visible()
        self.look(page, "citizen-booking")
        return "".join(page.locator(".booking-code strong").inner_text().split())

    def book(self, simulator: Simulator, *, slot: int = 0) -> str:
        self.choose_slot(slot)
        self.say_who(simulator)
        return self.confirm()

    def arrive(self, arrival_code: str) -> str:
        """Check in on the page of the booking, with the code of the screens: the ticket's label."""
        page = self.page
        page.reload()
        self.look(page, "citizen-booking-today")
        page.get_by_label(self.say("签到码（4 位数字）")).fill(arrival_code)
        page.get_by_role("button", name=self.say("我到了，签到")).click()
        page.wait_for_url("**/q/*")
        expect(page.get_by_text(self.say("下一位就是您"))).to_be_visible()
        self.look(page, "citizen-queue")
        return page.locator(".queue-number").inner_text().strip()

    def rate(self) -> None:
        """From the live page of a served ticket to the thanks."""
        page = self.page
        self.look_again()
        page.get_by_role("link", name=self.say("说说办得怎么样")).click()
        page.wait_for_url("**/r/*")
        self.look(page, "citizen-rate")
        page.get_by_text(self.say("满意"), exact=True).click()
        page.get_by_role("button", name=self.say("提交评价")).click()
        expect(page.get_by_role("heading", name=self.say("谢谢您的评价"))).to_be_visible()
        self.look(page, "citizen-rated")

    def look_again(self) -> None:
        """The phone is taken out of the pocket: its page asks at once."""
        self.page.evaluate("() => dispatchEvent(new Event('online'))")


@dataclass
class Kiosk:
    """A kiosk that was started with its device address."""

    page: Page
    look: Look = no_look

    def start(self, token: str) -> None:
        self.page.goto(f"/kiosk/{HALL}?device={token}")
        self.page.wait_for_url(f"**/kiosk/{HALL}/home")
        self.look(self.page, "kiosk-home")

    def check_in(self, code: str) -> tuple[str, str]:
        """By the six digits on the touch keys: the ticket's number and its public reference."""
        page = self._home()
        follow(page.get_by_role("link", name="预约签到"))
        self.look(page, "kiosk-check-in")
        for digit in code:
            page.get_by_role("button", name=digit, exact=True).click()
        page.get_by_role("button", name="签到", exact=True).click()
        return self._ticket("kiosk-ticket-booked")

    def take(self, service: str, *, phone: str = "") -> tuple[str, str]:
        """A number without a booking."""
        page = self._home()
        follow(page.get_by_role("link", name="现场取号"))
        self.look(page, "kiosk-services")
        follow(page.get_by_role("link", name=service))
        self.look(page, "kiosk-take")
        if phone:
            page.get_by_text("短信提醒我").click()
            page.get_by_label("手机号").fill(phone)
        page.get_by_role("button", name="取号", exact=True).click()
        return self._ticket("kiosk-ticket")

    def _home(self) -> Page:
        self.page.goto(f"/kiosk/{HALL}/home")
        return self.page

    def _ticket(self, name: str) -> tuple[str, str]:
        self.page.wait_for_url("**/ticket/*")
        number = self.page.locator(".kiosk-ticket__number").inner_text()
        self.look(self.page, name)
        return number, self.page.url.rpartition("/")[2].partition("?")[0]


@dataclass(frozen=True)
class Window:
    """A clerk's console, worked by keys alone."""

    page: Page
    look: Look = no_look

    def open(self, counter: str) -> None:
        self.page.goto("/console")
        self.look(self.page, "console-choose")
        seat = self.page.get_by_role("listitem").filter(has_text=re.compile(rf"^\s*{counter} 号"))
        seat.get_by_role("button", name="开窗").click()
        self.page.wait_for_url("**/counters/*")
        expect(self.page.get_by_text("实时更新中")).to_be_visible()

    def ready(self, key: str) -> None:
        """Wait until this key does something: the console takes one press a second."""
        expect(self.page.locator(f".key-btn[data-key='{key}']")).not_to_have_attribute(
            "aria-disabled", "true"
        )

    def press(self, key: str, then: str) -> None:
        """One key, once the console takes keys again, until the big field reads so."""
        self.ready(key)
        self.page.keyboard.press(key)
        expect(self.page.locator(".console__now")).to_contain_text(then)

    def call_next(self) -> str:
        """Whose turn it is."""
        self.press("Enter", "正在呼叫")
        return self.page.locator(".console__now .big-number").inner_text()

    def serve(self) -> None:
        self.press("S", "正在办理")
        self.press("F", "窗口空闲")


@dataclass(frozen=True)
class Screen:
    """A call screen, hung up once and never touched again."""

    page: Page

    def hang_up(self, token: str = "", *, part: str = "") -> None:
        """Where everybody may read it, or by the token of a screen that staff enrolled.

        `part`: of the hall, as in its address (zone/east, window/1).
        """
        address = f"/screen/{HALL}/{part}".rstrip("/")
        self.page.goto(f"/my-screen/start?device={token}" if token else address)
        expect(self.page.get_by_text("实时更新中")).to_be_visible()
        self.page.evaluate("window.hungUp = true")

    def arrival_code(self) -> str:
        """What shows a phone that its owner stands in the hall."""
        return self.page.locator(".board__arrival b").inner_text().strip()

    def wait_for(self, label: str, counter: str, *, seconds: float) -> None:
        """The newest call is this one, `seconds` from now at the latest and without a reload."""
        self.page.wait_for_function(
            """([label, counter]) => window.hungUp
               && document.querySelector('.board__number')?.textContent.trim() === label
               && document.querySelector('.board__window').textContent.includes(counter)""",
            arg=[label, counter],
            timeout=seconds * 1000,
        )


def sign_in(page: Page, username: str, password: str, look: Look = no_look) -> None:
    page.goto("/sign-in")
    look(page, "sign-in")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()
