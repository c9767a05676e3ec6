import pytest

from people.names import NameImpossible, NameMissing, check_name


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "欧阳娜娜",
        "阿依古丽·买买提",
        "Anna-María O’Neill",
        "Nguyễn Văn A",
        "محمد",
        "𠮷田",
        "Smith, John (Jr.)",
    ],
)
def test_names_of_all_scripts_are_names(name):
    assert check_name(name) == name


def test_spaces_around_and_between_are_put_in_order():
    assert check_name("  Anna \t  Karenina ") == "Anna Karenina"


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_no_name_is_said_to_be_missing(name):
    with pytest.raises(NameMissing):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "<b>张三</b>",
        "张三😀",
        "Robert'); DROP TABLE",
        "110101194912310021",
        "...",
        "a\0b",
        "长" * 61,
        "x" * 5000,
    ],
)
def test_what_no_document_prints_is_no_name(name):
    with pytest.raises(NameImpossible):
        check_name(name)
