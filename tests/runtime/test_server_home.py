"""Root hands the servers to `nobody`, wherever the program was installed."""

import os
import subprocess
from pathlib import Path

import pytest

from runtime import server_home
from runtime.server_home import ServerNotStarted, reachable_binaries, server_user, socket_directory

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives its rights away")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """An installation that only its owner may enter, as below /root."""
    root = tmp_path / "closed" / "install"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "tool").write_text("#!/bin/sh\nid -un\n")
    (root / "bin" / "tool").chmod(0o700)
    (tmp_path / "closed").chmod(0o700)
    return root


@only_root
def test_binaries_in_a_closed_directory_are_copied_once(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Path("/tmp") / f"youhao-test-{os.getpid()}"  # noqa: S108 - a place that every user may enter
    monkeypatch.setattr(server_home, "SHELVES", (shelf,))
    user = server_user()
    try:
        for _ in range(2):
            copy = reachable_binaries(closed, ["bin/tool"], name="tool-1", user=user)
            shown = subprocess.check_output(
                [copy / "bin" / "tool"], user=user.uid, group=user.gid, extra_groups=[], cwd="/", text=True
            )
            assert shown.strip() == "nobody"
        assert [path.name for path in shelf.iterdir()] == ["tool-1"]
    finally:
        subprocess.run(["/bin/rm", "-r", str(shelf)], check=True)


@only_root
def test_a_place_for_the_copy_that_belongs_to_another_is_refused(
    closed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    os.chown(shelf, server_user().uid, -1)
    monkeypatch.setattr(server_home, "SHELVES", (shelf,))
    with pytest.raises(ServerNotStarted, match=str(shelf)):
        reachable_binaries(closed, ["bin/tool"], name="tool-1", user=server_user())


def test_one_directory_has_one_socket_directory_however_it_is_written(tmp_path: Path) -> None:
    plain = socket_directory(tmp_path / "var")
    (tmp_path / "link").symlink_to(tmp_path)
    assert socket_directory(tmp_path / "link" / "var") == plain
    assert socket_directory(tmp_path / "x" / ".." / "var") == plain
    assert socket_directory(tmp_path / "var2") != plain


def test_a_var_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(ServerNotStarted, match=str(tmp_path / "var")):
        server_home.open_home(tmp_path / "var", "postgres")
