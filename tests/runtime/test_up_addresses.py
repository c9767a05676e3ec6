"""What `youhao up` takes from the environment and says about where it listens; nothing is started."""

from dataclasses import replace

import pytest

from kernel.settings import Settings, load
from runtime.up import announce, complete, gunicorn


def said(settings):
    lines = []
    announce(settings, [], lines.append)
    return "\n".join(lines)


def test_a_secret_given_in_a_file_is_kept(tmp_path, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("s" * 40)
    monkeypatch.setenv("YOUHAO_SECRET_KEY_FILE", str(file))
    settings = replace(load(), var=tmp_path)
    assert complete(settings, as_demo=False).secret_key == "s" * 40


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_listening_everywhere_says_what_phones_need(host):
    assert "YOUHAO_PUBLIC_URL" in said(Settings(host=host))
    assert "YOUHAO_PUBLIC_URL" not in said(Settings(host=host, public_url="http://10.0.0.7:8000"))
    assert "YOUHAO_PUBLIC_URL" not in said(Settings())


@pytest.mark.parametrize(("host", "bound"), [("0.0.0.0", "0.0.0.0:8000"), ("::", "[::]:8000")])  # noqa: S104
def test_the_web_server_listens_where_it_is_told(host, bound):
    assert bound in gunicorn(Settings(host=host))
