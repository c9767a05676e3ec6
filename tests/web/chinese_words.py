"""What of a page is in Chinese, as far as a reader would see or hear it."""

import re
from html.parser import HTMLParser

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff01-\uffee]")
SPOKEN = {"alt", "aria-label", "content", "placeholder", "title", "value"}
VOID = {"meta", "link", "input", "img", "br", "hr", "wbr", "path", "circle", "source"}


class ChineseWords(HTMLParser):
    """What a reader would see or hear in Chinese; parts that say `lang="zh…"` themselves are meant so."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._meant: list[bool] = [False]
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        meant = self._meant[-1] or (at.get("lang") or "").startswith("zh")
        if tag not in VOID:
            self._meant.append(meant)
        said = [text for name, text in attrs if text and (name in SPOKEN or name.startswith("data-"))]
        self.found += [text for text in said if not meant and CHINESE.search(text)]

    def handle_endtag(self, tag):
        if tag not in VOID:
            self._meant.pop()

    def handle_data(self, data):
        if not self._meant[-1] and CHINESE.search(data):
            self.found.append(data.strip())
