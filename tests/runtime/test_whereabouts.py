import pytest

from runtime import whereabouts


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_an_installation_is_found_by_the_address_it_serves(tmp_path):
    whereabouts.remember(8900, tmp_path / "var")
    assert whereabouts.find_var("http://127.0.0.1:8900") == tmp_path / "var"
    assert whereabouts.find_var("http://localhost:8900/") == tmp_path / "var"


def test_other_ports_and_other_machines_are_not_known(tmp_path):
    whereabouts.remember(8900, tmp_path / "var")
    assert whereabouts.find_var("http://127.0.0.1:8901") is None
    assert whereabouts.find_var("http://hall.example:8900") is None
    assert whereabouts.find_var("http://127.0.0.1:many") is None


def test_the_last_one_counts(tmp_path):
    whereabouts.remember(8900, tmp_path / "old")
    whereabouts.remember(8900, tmp_path / "new")
    assert whereabouts.find_var("http://127.0.0.1:8900") == tmp_path / "new"


def test_a_directory_that_is_a_link_is_not_believed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "8900").write_text("/strange", encoding="utf-8")
    whereabouts._folder().symlink_to(elsewhere)
    assert whereabouts.find_var("http://127.0.0.1:8900") is None
