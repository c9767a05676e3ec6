from dataclasses import replace

import pytest

from kernel.settings import Settings, SettingsInvalid
from runtime.up import complete


def test_a_demonstration_is_refused_where_settings_say_production(tmp_path):
    with pytest.raises(SettingsInvalid, match="refused"):
        complete(Settings(env="production", var=tmp_path), as_demo=True)


def test_a_demonstration_never_sends_real_texts(tmp_path):
    real = replace(Settings(var=tmp_path), sms_gateway="twilio")
    assert complete(real, as_demo=True).sms_gateway == "console"


def test_secrets_are_made_once_and_readable_by_their_owner_alone(tmp_path):
    first = complete(Settings(var=tmp_path), as_demo=True)
    assert complete(Settings(var=tmp_path), as_demo=True).data_key == first.data_key
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
