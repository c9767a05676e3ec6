from kernel.table_files import read_table
from tests import build
from tests.web.staff_pages.conftest import Pages


def test_the_manager_opens_prints_and_saves_the_list_of_a_day(faces):
    appointment = faces.appointment("09:30")
    manager = Pages(faces.officer(roles=("manager",)))
    assert "纸质名单" in manager.get("/admin/")
    assert faces.hall.name_zh in manager.get("/admin/day-lists")
    page = manager.get(f"/admin/day-lists?hall={faces.hall.code}&on={build.TODAY}")
    assert f'<th scope="row">{appointment.code}</th>' in page
    assert "**三" in page
    for suffix in ("xlsx", "csv"):
        answer = manager.client.get(f"/admin/day-lists/{faces.hall.code}/{build.TODAY}.{suffix}")
        assert read_table(answer.data)[1][2] == appointment.code


def test_the_list_is_for_who_may_print_it_in_that_hall(faces):
    path = f"/admin/day-lists?hall={faces.hall.code}&on={build.TODAY}"
    assert faces.officer().get(path).status_code == 403
    with faces.parts.database.transaction() as session:
        build.make_hall(session, "elsewhere")
    manager = faces.officer(roles=("manager",))
    assert manager.get(path.replace(faces.hall.code, "elsewhere")).status_code == 403
    assert manager.get(path + "x").status_code == 404
