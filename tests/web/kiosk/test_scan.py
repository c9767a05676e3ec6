import pytest

from web.kiosk.scan import Scan, read_scan

REFERENCE = "Zr3kJ8-_aB9cD0eF1gH2iJ"


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        (f"https://hall.example/b/{REFERENCE}?x=1\r", Scan(reference=REFERENCE)),
        (f"https://hall.example/q/{REFERENCE}", Scan(ticket=REFERENCE)),
        (f" {REFERENCE}\n", Scan(reference=REFERENCE)),
        ("123456", Scan(code="123456")),
        ("１２３ ４５６", Scan(code="123456")),
        ("11010519491231002X", Scan(identity="11010519491231002X")),
        ("E12345678", Scan(identity="E12345678")),
        ("https://evil.example/", Scan()),
        ("   ", Scan()),
        ("", Scan()),
    ],
)
def test_reads_what_scanners_and_fingers_type(text, scan):
    assert read_scan(text) == scan
