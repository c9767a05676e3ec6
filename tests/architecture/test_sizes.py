from tests.architecture.source import ROOT, functions, python_files


def test_no_file_passes_400_lines():
    long = [
        (len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for path in [*python_files(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
    ]
    assert [row for row in sorted(long, reverse=True) if row[0] > 400] == []


def test_no_function_passes_60_lines_and_nine_of_ten_stay_within_25():
    sizes = [(lines, name) for path in python_files() for name, lines in functions(path)]
    assert [row for row in sorted(sizes, reverse=True) if row[0] > 60] == []
    ordered = sorted(lines for lines, _name in sizes)
    assert ordered[int(len(ordered) * 0.9)] <= 25
