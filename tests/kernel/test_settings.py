import pytest

from kernel.settings import SettingsInvalid, load


def test_an_empty_environment_gives_a_development_setup():
    settings = load({})
    assert (settings.env, settings.base_url, settings.live_base_url) == (
        "development",
        "http://127.0.0.1:8000",
        "http://127.0.0.1:8001",
    )


def test_production_says_everything_that_is_missing_at_once():
    with pytest.raises(SettingsInvalid) as caught:
        load({"YOUHAO_ENV": "production", "YOUHAO_CLOCK_FILE": "x"})
    text = str(caught.value)
    for name in ("DATABASE_URL", "REDIS_URL", "YOUHAO_DATA_KEY", "YOUHAO_SECRET_KEY", "YOUHAO_CLOCK_FILE"):
        assert name in text


def test_a_secret_may_live_in_a_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("s" * 40 + "\n")
    assert load({"YOUHAO_SECRET_KEY_FILE": str(file)}).secret_key == "s" * 40


def test_a_wrong_number_is_named():
    with pytest.raises(SettingsInvalid, match="YOUHAO_PORT"):
        load({"YOUHAO_PORT": "eighty"})


def test_a_file_that_cannot_be_read_is_named_beside_other_problems(tmp_path):
    with pytest.raises(SettingsInvalid) as caught:
        load({"YOUHAO_DATA_KEY_FILE": str(tmp_path / "gone"), "YOUHAO_PORT": "eighty"})
    assert caught.value.problems == [
        "YOUHAO_DATA_KEY_FILE names a file that cannot be read",
        "YOUHAO_PORT='eighty' is not a valid value",
    ]


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.0.0.7", "10.0.0.7")],  # noqa: S104
)
def test_addresses_never_name_a_host_that_nobody_can_open(host, shown):
    settings = load({"YOUHAO_HOST": host})
    assert (settings.base_url, settings.live_base_url) == (f"http://{shown}:8000", f"http://{shown}:8001")


def test_the_public_address_is_taken_wherever_we_listen():
    settings = load({"YOUHAO_HOST": "::", "YOUHAO_PUBLIC_URL": "http://10.0.0.7:8000"})
    assert settings.base_url == "http://10.0.0.7:8000"


@pytest.mark.parametrize(
    "url",
    ["http://maps.example/{latitude},{longitude}", "https://maps.example/", "https://m.example/{place}"],
)
def test_a_map_service_has_a_place_for_the_position(url):
    with pytest.raises(SettingsInvalid, match="YOUHAO_MAP_URL"):
        load({"YOUHAO_MAP_URL": url})
