import io
import zipfile

from kernel.unworked_cells import unworked_cells

BOOK = '<workbook><sheets><sheet name="a" r:id="rId2"/><sheet name="b" r:id="rId1"/></sheets></workbook>'
RELATIONS = (
    '<Relationships><Relationship Id="rId1" Target="worksheets/other.xml"/>'
    '<Relationship Target="/xl/worksheets/first.xml" Id="rId2"/></Relationships>'
)


def found(sheet, **parts):
    made = io.BytesIO()
    files = {
        "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/worksheets/first.xml": sheet,
        "xl/worksheets/other.xml": '<c r="A1"><f>1</f></c>',
    } | parts
    with zipfile.ZipFile(made, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    with zipfile.ZipFile(made) as packed:
        return list(unworked_cells(packed))


def test_only_formulas_without_a_result_and_errors_of_the_first_sheet_are_found():
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"/><c r="C1" s="1"></c></row>'
        '<row r="2"><c r="A2"><f>1+1</f><v /></c><c r="B2"><f>1+1</f><v>2</v></c>'
        '<c r="C2" t="str"><f>""</f></c>'
        '<c r="AB2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )
    assert found(sheet) == [(1, 0), (1, 27)]


def test_names_with_a_prefix_are_read_as_well():
    sheet = '<x:row r="3"><x:c r="B3"><x:f>1</x:f></x:c></x:row>'
    prefixed = BOOK.replace("<sheet ", "<x:sheet ")
    assert found(sheet, **{"xl/workbook.xml": prefixed}) == [(2, 1)]


def test_a_workbook_that_is_laid_out_in_another_way_is_left_to_its_reader():
    assert found('<c r="A1"><f>1</f></c>', **{"xl/workbook.xml": "<workbook/>"}) == []
