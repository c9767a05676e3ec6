import pytest

from kernel.data_file import DataFileInvalid, Problems, read_toml
from kernel.data_folder import read_folder

GOOD = 'name = "x"\nat = "09:30"\non = 2026-10-08\nn = 3\n[[rows]]\nok = true\n'


def test_names_every_mistake_with_file_and_key():
    problems = Problems()
    table = read_toml(
        'n = "many"\nat = "25:00"\n[[rows]]\nok = 1\n[[rows]]\nok = true\nodd = 1\n', problems, file="a.toml"
    )
    table.text("name")
    table.whole("n", most=9)
    table.clock("at")
    for row in table.tables("rows"):
        row.flag("ok", default=False)
        row.finish()
    table.finish()
    lines = [problem.line("en") for problem in problems.found]
    assert lines[0] == "a.toml: name: is missing"
    assert lines[1].startswith("a.toml: n: must be a whole number 0..9, not 'many'")
    assert lines[2].startswith("a.toml: at: must be a time")
    assert lines[3].startswith("a.toml: rows[1].ok: must be true or false")
    assert lines[4].startswith("a.toml: rows[2].odd: is not a known key")


def test_error_tells_all_mistakes_in_both_languages():
    problems = Problems()
    read_toml("x = 1", problems, file="a.toml").finish()
    with pytest.raises(DataFileInvalid) as caught:
        problems.stop_if_any(DataFileInvalid)
    assert "1 处" in caught.value.sentence("zh")
    assert "a.toml: x: is not a known key" in caught.value.sentence("en")
    assert caught.value.params["problems"][0]["key"] == "x"


def test_reads_what_is_right_without_complaint():
    problems = Problems()
    table = read_toml(GOOD, problems, file="a.toml")
    assert (table.text("name"), table.whole("n")) == ("x", 3)
    assert table.clock("at").isoformat() == "09:30:00"
    assert table.day("on").isoformat() == "2026-10-08"
    assert [row.flag("ok", default=False) for row in table.tables("rows")] == [True]
    table.finish()
    assert not problems.found


def test_true_is_not_a_number():
    problems = Problems()
    read_toml("n = true", problems, file="a.toml").whole("n")
    assert len(problems.found) == 1


def test_says_that_a_file_is_not_toml():
    problems = Problems()
    read_toml("name = ", problems, file="a.toml").finish()
    assert [problem.file for problem in problems.found] == ["a.toml"]


def test_folder_without_files_and_wrong_encoding_are_told(tmp_path):
    with pytest.raises(DataFileInvalid):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "a.toml").write_bytes("name = '户'".encode("gbk"))
    with pytest.raises(DataFileInvalid) as caught:
        read_folder(tmp_path)
    assert caught.value.problems[0].file == "a.toml"
