import ast

from tests.architecture.source import ROOT, imported_modules, python_files, tree_of

FORBIDDEN = (
    "sqlalchemy",
    "flask",
    "werkzeug",
    "redis",
    "rq",
    "twilio",
    "requests",
    "aiohttp",
    "psycopg",
    "kernel.clock",
    "kernel.db",
    "time",
    "os",
)


def _is_pure(path):
    return (ast.get_docstring(tree_of(path)) or "").startswith("PURE:")


def test_pure_files_import_no_io_and_no_clock():
    broken = [
        (str(path.relative_to(ROOT)), name)
        for path in python_files()
        if _is_pure(path)
        for name in imported_modules(path)
        if name.startswith(tuple(f"{bad}." for bad in FORBIDDEN)) or name in FORBIDDEN
    ]
    assert broken == []


def test_the_soul_of_the_product_is_pure():
    expected = {
        "halls/workdays.py", "booking/slot_cutting.py", "booking/policy.py", "queueing/ordering.py",
        "queueing/admission.py", "queueing/promise.py", "queueing/estimate.py", "queueing/states.py",
        "notifications/timing.py", "notifications/reply_parsing.py", "notifications/segments.py",
    }  # fmt: skip
    assert {name for name in expected if not _is_pure(ROOT / name)} == set()
