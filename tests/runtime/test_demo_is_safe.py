from dataclasses import replace

import pytest

from kernel.settings import Settings, SettingsInvalid
from runtime.up import complete
from web.limits import RULES, rules_of


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


def test_it_may_be_shown_all_day_and_limits_of_ones_own_go_before(tmp_path):
    shown = rules_of(complete(Settings(var=tmp_path), as_demo=True))
    assert {shown[name].most for name in ("book.identity", "book.pair", "book.phone")} == {200}
    own = complete(Settings(var=tmp_path, limits="book.pair=3/60"), as_demo=True)
    assert rules_of(own)["book.pair"].most == 3
    assert rules_of(complete(Settings(var=tmp_path), as_demo=False)) == RULES
