"""A phone with scripts off: it reads pages, fills in their forms and presses their buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from werkzeug.test import TestResponse

VOID = {"input"}


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, words


class Reader(HTMLParser):
    """Forms with what a browser would send, links, and what stands on the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.words = ""
        self._form: Form | None = None
        self._select = self._area = self._link = ""
        self._button: tuple[str, str] | None = None
        self._text = ""
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag in {"script", "style"}:
            self._silent += 1
        elif tag == "form":
            self._form = Form(at.get("action", ""), at.get("method", "get"))
            self.forms.append(self._form)
        elif tag == "a":
            self._link, self._text = at.get("href", ""), ""
        elif self._form is not None:
            self._control(tag, at)

    def _control(self, tag: str, at: dict[str, str]) -> None:
        form, name = self._form, at.get("name", "")
        assert form is not None
        if tag == "input" and name:
            choice = at.get("type") in {"radio", "checkbox"}
            if choice and "disabled" not in at:
                form.offered.setdefault(name, []).append(at.get("value", ""))
            if not choice or "checked" in at:
                form.fields[name] = at.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and (self._select not in form.fields or "selected" in at):
            form.fields[self._select] = at.get("value", "")
        elif tag == "textarea":
            self._area, form.fields[name] = name, ""
        elif tag == "button":
            self._button, self._text = (name, at.get("value", "")), ""

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._silent -= 1
        elif tag == "form":
            self._form = None
        elif tag == "a":
            self.links.append((self._link, " ".join(self._text.split())))
        elif tag == "textarea":
            self._area = ""
        elif tag == "button" and self._button is not None and self._form is not None:
            self._form.buttons.append((*self._button, " ".join(self._text.split())))
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words += data
        self._text += data
        if self._area and self._form is not None:
            self._form.fields[self._area] += data.removeprefix("\n")


class Phone:
    """One citizen's browser."""

    def __init__(self, app: Flask, *, language: str = "zh") -> None:
        self.client = app.test_client()
        self.path = "/"
        self.answer: TestResponse
        self.page: Reader
        if language == "en":
            self.client.set_cookie("lang", "en")

    @property
    def html(self) -> str:
        return self.answer.text

    @property
    def words(self) -> str:
        """What stands on the page, in one line."""
        return " ".join(self.page.words.split())

    @property
    def status(self) -> int:
        return self.answer.status_code

    def go(self, path: str) -> "Phone":
        return self._take(self.client.get(path.partition("#")[0]), path)

    def refresh(self) -> "Phone":
        return self.go(self.path)

    def tap(self, words: str) -> "Phone":
        """Follow the first link that says `words`."""
        found = [href for href, said in self.page.links if words in said]
        assert found, f"no link {words!r} on {self.path}: {self.page.links}"
        return self.go(found[0])

    def form_with(self, button: str) -> Form:
        found = [form for form in self.page.forms if any(button in words for *_, words in form.buttons)]
        assert found, f"no button {button!r} on {self.path}: {self.words}"
        return found[0]

    def press(self, button: str, **typed: str) -> "Phone":
        """Fill in the form of the first button that says so, and press it."""
        form = self.form_with(button)
        name, value, _words = next(each for each in reversed(form.buttons) if button in each[2])
        data = form.fields | typed | ({name: value} if name else {})
        path = form.action or self.path
        if form.method == "get":
            return self._take(self.client.get(path, query_string=data), path)
        return self._take(self.client.post(path, data=data), path)

    def _take(self, answer: TestResponse, path: str) -> "Phone":
        self.path = path.partition("#")[0]
        while answer.status_code in {301, 302, 303}:
            self.path = answer.location.partition("#")[0]
            answer = self.client.get(self.path)
        self.answer, self.page = answer, Reader(answer.text)
        return self
