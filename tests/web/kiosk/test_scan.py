import pytest

from web.kiosk.scan import Scan, read_document, read_scan

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
        ("张三|11010519491231002X\r", Scan(identity="11010519491231002X")),
        ("11010519491231002x，张三", Scan(identity="11010519491231002x")),
        ("ZHANG SAN\tE12345678", Scan(identity="E12345678")),
        ("https://evil.example/", Scan()),
        ("   ", Scan()),
        ("", Scan()),
    ],
)
def test_reads_what_scanners_and_fingers_type(text, scan):
    assert read_scan(text) == scan


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("11010519491231002X", "", "11010519491231002X"),
        ("张三|11010519491231002X", "张三", "11010519491231002X"),
        ("11010519491231002X；张三", "张三", "11010519491231002X"),
        ("欧阳三三,11010519491231002x", "欧阳三三", "11010519491231002x"),
        (
            "张三|男|汉|1949/12/31|某市某路 1 号|11010519491231002X|某市公安局|2010.01.01-长期",
            "张三",
            "11010519491231002X",
        ),
        ("ZHANG SAN|E12345678", "ZHANG SAN", "E12345678"),
        ("e1234 5678", "", "e1234 5678"),
        ("张三", "", "张三"),
        ("E12345678|E87654321", "", "E12345678|E87654321"),
    ],
)
def test_reads_a_document_as_its_readers_type_it(text, name, number):
    assert read_document(text) == (name, number)
