"""PURE: Polish queue names of the Warsaw boards in Chinese and English, by their leading words."""

WORDS = (
    ("meldunki i dowody", "户籍与身份证", "Residence and ID cards"),
    ("meldun", "户籍登记", "Residence registration"),
    ("zameldow", "户籍登记", "Residence registration"),
    ("wydawanie dowodów osobistych", "领取身份证", "ID cards: collection"),
    ("wydawanie dowodów rejestracyjnych", "领取行驶证", "Vehicle papers: collection"),
    ("odbiór dowod", "领取证件", "Document collection"),
    ("dowody osobiste - odbiór", "领取身份证", "ID cards: collection"),
    ("dowody osobiste", "身份证", "ID cards"),
    ("dowody rejestracyjne", "行驶证", "Vehicle papers"),
    ("rejestracja pojazdów", "机动车登记", "Vehicle registration"),
    ("prawa jazdy", "驾驶证", "Driving licences"),
    ("prawo jazdy", "驾驶证", "Driving licences"),
    ("paszport", "护照", "Passports"),
    ("kancelaria", "收发与其他事项", "Records office"),
    ("architektura", "建筑与基础设施", "Building and infrastructure"),
    ("nieruchomości", "不动产与测绘", "Property and surveying"),
    ("geodezja", "测绘", "Surveying"),
    ("sprawy lokalowe", "住房事务", "Housing"),
    ("ochrona środowiska", "环境保护", "Environment"),
    ("gospodarka odpad", "垃圾与环境", "Waste and environment"),
    ("do kasy", "缴费排队", "To the cashier"),
    ("kasa", "缴费", "Cashier"),
    ("kasy", "缴费", "Cashiers"),
    ("karta warszawiaka", "市民卡", "City card"),
    ("karta dużej rodziny", "多子女家庭卡", "Large family card"),
    ("małżeństwa", "结婚登记", "Marriages"),
    ("odpis", "证明副本", "Copies of records"),
    ("rejestracja zgon", "死亡登记", "Registration of deaths"),
    ("rejestracja urodz", "出生登记", "Registration of births"),
    ("zasiłek rodzinny", "家庭补助", "Family allowance"),
    ("dłużnicy aliment", "抚养费欠缴", "Maintenance debtors"),
    ("świadczenia opieku", "护理与生育补助", "Care and birth benefits"),
    ("świadczenia", "福利补助", "Benefits"),
    ("zezwolenia", "酒类许可", "Alcohol licences"),
    ("ewidencja działaln", "个体经营登记", "Business register"),
    ("działalność gosp", "个体经营登记", "Business register"),
    ("program 500+", "育儿补贴", "Child benefit 500+"),
    ("dobry start", "开学补贴", "School start benefit"),
    ("podatk", "税务", "Taxes"),
    ("informacja", "咨询", "Information"),
    ("wybory", "选举事务", "Elections"),
)


def queue_names(polish: str) -> tuple[str, str]:
    """(Chinese, English) for a queue, with the Polish name where no word is known."""
    plain = polish.split(": ", 1)[-1].casefold()
    for begins, zh, en in WORDS:
        if begins in plain:
            return zh, en
    return polish[:60], polish[:80]


def office_names(office: str) -> tuple[str, str]:
    """(Chinese, English) for an office code such as UD_Wola."""
    kind, _, place = office.partition("_")
    place = place.replace("_", " ")
    if kind == "USC":
        return f"华沙 {place} 民政登记处", f"Warsaw civil registry {place}"
    return f"华沙 {place} 区政府办事大厅", f"Warsaw district office {place}"
