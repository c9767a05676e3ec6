import json

import pytest

from kernel import crypto
from kernel.settings import Settings, SettingsInvalid
from runtime.build import build


@pytest.fixture(autouse=True)
def keys_of_the_tests(cipher):
    """Building a process sets its keys; put those of the other tests back."""
    yield
    crypto.configure(cipher)


def settings(tmp_path, **values):
    facts = {
        "env": "test",
        "var": tmp_path,
        "database_url": "postgresql+psycopg://nobody@127.0.0.1:9/none",
        "redis_url": "redis://127.0.0.1:9",
    }
    return Settings(**facts | values)


def test_says_which_address_is_missing(tmp_path):
    with pytest.raises(SettingsInvalid) as missing:
        build(settings(tmp_path, database_url="", redis_url=""))
    assert [problem.split()[0] for problem in missing.value.problems] == ["DATABASE_URL", "REDIS_URL"]


def test_starts_while_its_servers_are_still_coming_up(tmp_path):
    build(settings(tmp_path)).database.dispose()


def test_every_process_of_a_machine_has_the_same_keys(tmp_path):
    kept = {"secret_key": "s", "data_key": "d", "index_key": "i"}
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    build(settings(tmp_path))
    sealed = crypto.cipher().encrypt("张三", "citizen.name")
    build(settings(tmp_path, data_key="d", index_key="i"))
    assert crypto.cipher().decrypt(sealed, "citizen.name") == "张三"


def test_keys_given_in_the_settings_win(tmp_path):
    (tmp_path / "secrets.json").write_text(json.dumps({"data_key": "d", "index_key": "i"}))
    build(settings(tmp_path, data_key="mine", index_key="also mine"))
    sealed = crypto.cipher().encrypt("x", "p")
    crypto.configure(crypto.Cipher.from_texts("mine", "other"))
    assert crypto.cipher().decrypt(sealed, "p") == "x"
