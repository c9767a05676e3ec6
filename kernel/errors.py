"""What can go wrong, in words for people and a stable code for programs.

Errors know nothing of HTTP: `web` maps each kind to a status once. A package subclasses a kind and
gives it a `code` that never changes and a sentence in both languages saying what to do next.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A rule said no. `params` fill the sentences and travel to API clients as extension members."""

    code: ClassVar[str] = "error"
    zh: ClassVar[str] = "出错了，请稍后再试。"
    en: ClassVar[str] = "Something went wrong. Please try again later."

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params = params

    def sentence(self, language: str) -> str:
        """The sentence for people; `language` is `zh` or `en` (anything else reads Chinese)."""
        return (self.en if language.startswith("en") else self.zh).format(**self.params)

    def __str__(self) -> str:
        """The code alone: parameters may be personal, and exceptions are logged."""
        return self.code


class Invalid(DomainError):
    """The input breaks a rule of shape or of the business (422)."""

    code = "invalid"
    zh = "填写的内容有误，请检查后再提交。"
    en = "Something in the form is not right. Please check it and send it again."


class Unauthenticated(DomainError):
    """Nobody is signed in (401)."""

    code = "unauthenticated"
    zh = "请先登录。"
    en = "Please sign in first."


class Forbidden(DomainError):
    """Signed in, but not allowed (403)."""

    code = "forbidden"
    zh = "您没有此项权限。如有需要，请联系管理员。"
    en = "You are not allowed to do this. Please ask the administrator if you need to."


class NotFound(DomainError):
    """No such thing, or not for this reader (404)."""

    code = "not_found"
    zh = "没有找到您要的内容。"
    en = "We could not find what you asked for."


class Conflict(DomainError):
    """The state of things does not allow it now (409)."""

    code = "conflict"
    zh = "情况已有变化，请刷新后再试。"
    en = "Things have changed meanwhile. Please refresh and try again."


class Unproven(DomainError):
    """Something must be shown first, which the answer says how to do (428)."""

    code = "unproven"
    zh = "还差一步，请按提示完成后再提交。"
    en = "One more step is needed first. Please follow what is shown and send it again."


class TooMany(DomainError):
    """Too many requests or too many of a thing (429)."""

    code = "too_many"
    zh = "操作太频繁，请稍后再试。"
    en = "Too many attempts. Please wait a moment and try again."


class Unavailable(DomainError):
    """A dependency is down; nothing was changed (503)."""

    code = "unavailable"
    zh = "系统暂时繁忙，您的操作没有生效，请稍后再试。"
    en = "The system is busy just now. Nothing was changed; please try again shortly."


def all_errors(base: type[DomainError] = DomainError) -> list[type[DomainError]]:
    """Every error class that has been imported, for documentation and its test."""
    found = [base]
    for child in base.__subclasses__():
        found.extend(all_errors(child))
    return found
