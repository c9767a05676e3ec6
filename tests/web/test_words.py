"""Chinese sentences are set as Chinese: full-width punctuation, one name for each thing."""

import re

import pytest

from kernel.errors import all_errors
from notifications.texts import TEXTS
from tests.architecture.source import import_everything
from tools import extract_messages
from web.problems import HTTP_SENTENCES

ROOT = extract_messages.ROOT
HAN = r"[\u4e00-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}[,:?!;()]|[,:?!;()]{HAN}")
COMMENT = re.compile(r"\{#.*?#\}|^\s*(?://|\*|/\*).*?$", re.DOTALL | re.MULTILINE)
# Words that were in use for a thing that docs/glossary.md calls otherwise.
OTHER_NAMES = ("预约码", "挂起")


def written() -> dict[str, str]:
    """Where → Chinese as people read it: pages, scripts, views, refusals, messages, the example city."""
    import_everything()
    pages = [*ROOT.glob("web/templates/**/*.html"), *ROOT.glob("web/static/js/*.js")]
    found = {str(path.relative_to(ROOT)): COMMENT.sub("", path.read_text("utf-8")) for path in pages}
    found |= {f"message {message.id}": str(message.id) for message in extract_messages.collect()}
    found |= {f"error {error.code}": error.zh for error in all_errors()}
    found |= {f"http {status}": zh for status, (zh, _en) in HTTP_SENTENCES.items()}
    found |= {f"text {name}": text for name, text in TEXTS["zh"].items()}
    return found | {
        str(path.relative_to(ROOT)): path.read_text("utf-8") for path in ROOT.glob("examples/city/**/*.toml")
    }


@pytest.fixture(scope="module")
def chinese():
    return written()


def test_punctuation_beside_chinese_is_full_width(chinese):
    half = {where: HALF_WIDTH.findall(text) for where, text in chinese.items()}
    assert {where: marks for where, marks in half.items() if marks} == {}


@pytest.mark.parametrize("word", OTHER_NAMES)
def test_a_thing_has_the_name_of_the_glossary(chinese, word):
    assert [where for where, text in chinese.items() if word in text] == []


def test_the_sentences_of_forms_end_with_a_full_stop(chinese):
    asks = [text for where, text in chinese.items() if where.startswith("message 请填写") or "请勾选" in text]
    assert [text for text in asks if len(text) > 10 and not text.endswith("。")] == []
