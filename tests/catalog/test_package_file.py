import pytest

from catalog.package_file import PackageFileInvalid, parse_packages
from tests.catalog.city import FILES, SERVICES


def test_the_demonstration_has_six_packages_in_both_languages():
    packages = parse_packages(FILES, services=SERVICES)
    assert len(packages) == 6
    assert all(package.elsewhere_zh and package.elsewhere_en for package in packages)
    assert parse_packages({"city.toml": ""}, services=SERVICES) == ()


def test_names_every_mistake_of_the_packages():
    text = """
[[packages]]
code = "move"
name_zh = "搬家"
name_en = "Moving"
summary_zh = "一次办"
summary_en = "In one go"
services = ["nothing"]
"""
    with pytest.raises(PackageFileInvalid) as caught:
        parse_packages({"packages.toml": text + text.replace('["nothing"]', "[]")}, services=SERVICES)
    assert [problem.line("en") for problem in caught.value.problems] == [
        "packages.toml: packages[1].services: no such service: nothing",
        "packages.toml: packages[2].services: needs at least one service",
        "packages.toml: packages[2].code: is there twice: move",
    ]
