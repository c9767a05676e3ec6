"""PURE: the service files of a city (`services/*.toml`), one service each, read into rows and checked."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from catalog.guide import Guide, Material
from catalog.guide_file import read_guide, read_material
from kernel.data_file import DataFileInvalid, Problems, Table, read_toml, report_doubles

# 马上办、网上办、就近办、一次办: at once, online, at any hall, with one visit.
WAYS = ("at_once", "online", "nearby", "in_one_go")
PAYMENTS = ("wechat", "alipay", "card", "cash")
#: A service that is just being made needs what every visit needs.
FIRST_MATERIAL: Mapping[str, Any] = {
    "code": "id-card",
    "name_zh": "居民身份证",
    "name_en": "ID card",
    "waivable": True,
}


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """One service. Fees are in fen; `halls` maps hall code → group code.

    `ways` are some of `WAYS`, `pay` some of `PAYMENTS`. `guide_data` is the guide as
    `catalog.guide_file.guide_from_data` reads it again.
    """

    code: str
    position: int
    name_zh: str
    name_en: str
    summary_zh: str
    summary_en: str
    group: str
    halls: Mapping[str, str]
    minutes: int
    fee_fen: int
    fee_note_zh: str
    fee_note_en: str
    ways: tuple[str, ...]
    pay: tuple[str, ...]
    handling_zh: str
    handling_en: str
    online_url: str
    online_note_zh: str
    online_note_en: str
    machine_zh: str
    machine_en: str
    by_post: bool
    keywords: tuple[str, ...]
    materials: tuple[Material, ...]
    guide: Guide | None
    guide_data: Mapping[str, Any] | None

    def materials_data(self) -> list[dict[str, Any]]:
        """The materials as they are stored (`service.materials`)."""
        return [asdict(material) for material in self.materials]


class ServiceFileInvalid(DataFileInvalid):
    """The files of the services have mistakes."""

    code = "service_file_invalid"


def parse_services(
    files: Mapping[str, str], *, hall_groups: Mapping[str, Collection[str]]
) -> tuple[ServiceFile, ...]:
    """Read `services/*.toml` of a folder (path → text), in order of `position`, and nothing else.

    `hall_groups`: hall code → its group codes. Raises `ServiceFileInvalid` with all mistakes.
    """
    problems = Problems()
    tables = [
        read_toml(text, problems, file=name)
        for name, text in sorted(files.items())
        if name.startswith("services/")
    ]
    if not tables:
        problems.add("services/", "", zh="至少要有一个事项文件", en="needs at least one service file")
    services = [(table, _service(table, hall_groups)) for table in tables]
    report_doubles(((table, service.code) for table, service in services), "code")
    problems.stop_if_any(ServiceFileInvalid)
    return tuple(sorted((service for _, service in services), key=lambda one: (one.position, one.code)))


def service_from_data(data: Mapping[str, Any], *, code: str) -> ServiceFile:
    """A service from a mapping of the same shape as its file, handled nowhere yet.

    Raises `ServiceFileInvalid` with all mistakes.
    """
    problems = Problems()
    service = _service(Table({**data, "code": code, "halls": {}}, problems, file=code), {})
    problems.stop_if_any(ServiceFileInvalid)
    return service


def _service(table: Table, hall_groups: Mapping[str, Collection[str]]) -> ServiceFile:
    code = table.code("code")
    if code and PurePosixPath(table.file).stem != code:
        table.complain("code", "应与文件名一致", "must equal the file's name")
    rows = [(row, read_material(row)) for row in table.tables("materials", required=True)]
    report_doubles(((row, material.code) for row, material in rows), "code")
    codes = {material.code for _, material in rows}
    guide = read_guide(table.table("guide"), materials=codes) if table.has("guide") else None
    service = ServiceFile(
        code=code,
        position=table.whole("position", 0),
        name_zh=table.text("name_zh", most=80),
        name_en=table.text("name_en", most=120),
        summary_zh=table.text("summary_zh", ""),
        summary_en=table.text("summary_en", ""),
        group=table.code("group", most=16),
        halls=_halls(table, hall_groups),
        minutes=table.whole("minutes", least=1, most=480),
        fee_fen=table.whole("fee_fen", 0, most=10_000_000),
        fee_note_zh=table.text("fee_note_zh", "", most=200),
        fee_note_en=table.text("fee_note_en", "", most=200),
        ways=_some_of(table, "ways", WAYS),
        pay=_some_of(table, "pay", PAYMENTS),
        handling_zh=table.text("handling_zh", "", most=120),
        handling_en=table.text("handling_en", "", most=120),
        online_url=_url(table),
        online_note_zh=table.text("online_note_zh", "", most=200),
        online_note_en=table.text("online_note_en", "", most=200),
        machine_zh=table.text("machine_zh", "", most=200),
        machine_en=table.text("machine_en", "", most=200),
        by_post=table.flag("by_post", default=False),
        keywords=table.texts("keywords"),
        materials=tuple(material for _, material in rows),
        guide=guide,
        guide_data=table.mapping("guide") if guide else None,
    )
    table.finish()
    return service


def _halls(table: Table, hall_groups: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Hall code → group code, both of which must exist."""
    offered = table.table("halls", required=True)
    for hall in offered.data:
        group = offered.code(hall, most=16)
        if hall not in hall_groups:
            offered.complain(hall, f"没有这个大厅：{hall}", f"no such hall: {hall}")
        elif group and group not in hall_groups[hall]:
            offered.complain(hall, f"该大厅没有业务组 {group}", f"that hall has no group {group}")
    return {hall: str(group) for hall, group in offered.data.items()}


def _some_of(table: Table, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """A list of known names, each once; those left out are in nobody's way."""
    names = table.texts(key)
    if not set(names) <= set(known) or len(set(names)) < len(names):
        allowed = ", ".join(known)
        table.complain(key, f"只能取：{allowed}，每个一次", f"may only name, once each: {allowed}")
    return names


def _url(table: Table) -> str:
    """A web address, or nothing. Only https: the link is shown to citizens."""
    url = table.text("online_url", "", most=300)
    if url and not url.startswith("https://"):
        table.complain("online_url", "应以 https:// 开头", "must start with https://")
    return url
