import pytest

from catalog.latin import readings_of
from catalog.search import SearchEntry, build_index, search
from catalog.spelling import Synonyms
from tests.catalog.city import PACKAGES, SERVICES, SYNONYMS
from tests.catalog.queries_file import FILES, KINDS, answer_of, read_queries
from tools.measure_search import Found, rows


def entries():
    for service in SERVICES.values():
        about = (service.summary_zh, service.summary_en)
        yield SearchEntry(service.code, None, service.name_zh, service.name_en, service.keywords, about)
        for situation in service.guide.situations if service.guide else ():
            yield SearchEntry(
                service.code, situation.code, situation.name_zh, situation.name_en, situation.synonyms
            )
    for package in PACKAGES:
        about = (package.summary_zh, package.summary_en, package.elsewhere_zh, package.elsewhere_en)
        yield SearchEntry(
            package.code, None, package.name_zh, package.name_en, package.keywords, about, package=True
        )


INDEX = build_index(entries(), Synonyms(SYNONYMS))


@pytest.mark.parametrize(
    ("query", "service"),
    [
        ("身份证丢了", "id-card-renewal"),
        ("我的身份证丢了怎么办？", "id-card-renewal"),
        ("身份证", "id-card-renewal"),
        ("身份正过期", "id-card-renewal"),
        ("sfz", "id-card-renewal"),
        ("SFZ", "id-card-renewal"),
        ("shenfenzhen", "id-card-renewal"),
        ("shengfenzheng", "id-card-renewal"),
        ("lost id card", "id-card-renewal"),
        ("第一次办身份证", "id-card-first"),
        ("给小孩上户口", "birth-registration"),
        ("我想给宝宝上户口", "birth-registration"),
        ("chusheng dengji", "birth-registration"),
        ("baby", "birth-registration"),
        ("大学生落户", "talent-settlement"),
        ("迁户口", "household-transfer"),
        ("户籍", "household-transfer"),
        ("暂住证", "residence-permit"),
        ("jzz", "residence-permit"),
        ("无犯罪", "no-criminal-record"),
        ("criminal record", "no-criminal-record"),
        ("护照", "passport"),
        ("户照", "passport"),
        ("huzhao", "passport"),
        ("passport", "passport"),
        ("pasport", "passport"),
        ("去香港", "hk-macao-permit"),
        ("gatxz", "hk-macao-permit"),
        ("台湾", "taiwan-permit"),
        ("新车上牌", "vehicle-registration"),
        ("车牌", "vehicle-registration"),
        ("驾驶证", "licence-renewal"),
        ("jiashizheng", "licence-renewal"),
        ("drivers license", "licence-renewal"),
        ("驾照丢了", "licence-replacement"),
        ("linpai", "temporary-plate"),
    ],
)
def test_finds_first_what_people_mean(query, service):
    assert search(INDEX, query)[0].service == service


def test_points_at_the_situation_when_the_words_do():
    first = search(INDEX, "国外生的孩子")[0]
    assert (first.service, first.situation) == ("birth-registration", "born-abroad")
    assert search(INDEX, "小孩身份证丢了")[0].situation == "minor-lost"


def test_offers_both_services_where_the_words_fit_both():
    assert {hit.service for hit in search(INDEX, "驾驶证")} >= {"licence-renewal", "licence-replacement"}


@pytest.mark.parametrize(
    "query", ["", "   ", "吃饭", "qqqqqqq", "12345", "'; DROP TABLE service; --", "😀", "办"]
)
def test_finds_nothing_rather_than_something_odd(query):
    assert search(INDEX, query) == ()


def missed(name):
    """The queries of a file without their answer in the first three rows of the page."""
    return {
        query: sorted(right)
        for query, right in read_queries(name)
        if not right & {answer_of(hit, name) for hit in search(INDEX, query, limit=3, packages=True)}
    }


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_every_query_has_its_answer_among_the_first_three(kind):
    queries = [pair for name in KINDS[kind] for pair in read_queries(name)]
    without = {name: missed(name) for name in KINDS[kind]}
    assert 1 - sum(map(len, without.values())) / len(queries) >= 0.95, without


def test_services_are_found_by_words_nobody_foresaw():
    names = [name for name in KINDS["services"] if name.startswith("held-out")]
    without = {query: right for name in names for query, right in missed(name).items()}
    assert 1 - len(without) / sum(len(read_queries(name)) for name in names) >= 0.95, without


@pytest.mark.parametrize(
    ("query", "service"),
    [
        ("sfz丢了", "id-card-renewal"),
        ("补办sfz", "id-card-renewal"),
        ("sfz diule", "id-card-renewal"),
        ("sfzdiule", "id-card-renewal"),
        ("jiazhao丢了", "licence-replacement"),
        ("hkb diu le", "household-register-replacement"),
    ],
)
def test_reads_letters_among_chinese_as_words(query, service):
    assert search(INDEX, query)[0].service == service


@pytest.mark.parametrize("query", ["lost id card", "paizhao", "C1", "123", "qqqqqqq", ""])
def test_leaves_letters_that_are_no_several_words_as_they_are(query):
    assert INDEX.readings.chinese(query) is None


def test_of_letters_that_stand_for_two_words_the_first_is_read():
    readings = readings_of(["行驶证", "新手证", "行驶", "C1照"])
    assert readings.chinese("xsz丢了") == "行驶证丢了"
    assert readings.chinese("C1 丢了") is None
    assert readings.chinese("xs丢了") is None


def test_guesses_by_a_rare_word_where_nothing_comes_near():
    assert [hit.service for hit in search(INDEX, "教师资格证要的无犯罪")] == ["no-criminal-record"]
    assert len(search(INDEX, "民族大团结舞蹈班")) <= 3
    assert search(INDEX, "团结舞蹈班") == ()


@pytest.mark.parametrize("query", ["registering a vehicle", "vehicle registrations", "register vehicle"])
def test_english_words_of_one_stem_are_one_word(query):
    assert search(INDEX, query)[0].service == "vehicle-registration"


def test_the_queries_are_many_and_ask_for_every_service_and_package():
    queries = [pair for name in FILES for pair in read_queries(name)]
    assert len({query for query, _ in queries}) == len(queries) >= 400
    services = [pair for name in KINDS["services"] for pair in read_queries(name)]
    assert len(services) - len(read_queries("tuning")) >= len(services) // 3 - 1
    assert frozenset().union(*(right for _, right in services)) == set(SERVICES)
    packages = [right for name in KINDS["packages"] for _, right in read_queries(name)]
    assert frozenset().union(*packages) == {package.code for package in PACKAGES}
    situations = [right for name in KINDS["situations"] for _, right in read_queries(name)]
    known = {
        f"{service.code}/{situation.code}"
        for service in SERVICES.values()
        if service.guide
        for situation in service.guide.situations
    }
    assert frozenset().union(*situations) <= known
    assert min(len(packages), len(situations)) >= 25


def test_a_package_does_not_go_before_the_services_that_its_summary_names():
    for query in ("驾驶证", "身份证", "护照", "居住证"):
        found = search(INDEX, query, packages=True)
        assert not any(hit.package for hit in found[:3]), query
    assert search(INDEX, "二手房", packages=True)[0] == search(INDEX, "二手房", packages=True, limit=1)[0]
    assert search(INDEX, "二手房", packages=True)[0].package
    assert not any(hit.package for hit in search(INDEX, "二手房"))


def test_words_that_mean_the_same_find_the_same():
    entry = SearchEntry("card", None, "居民证件遗失", "Lost card", ())
    groups = [("遗失", "弄丢了"), ("lost", "mislaid")]
    assert search(build_index([entry], Synonyms(groups)), "证件弄丢了")[0].service == "card"
    plain, taught = build_index([entry]), build_index([entry], Synonyms(groups))
    assert search(plain, "mislaid") == ()
    assert search(taught, "mislaid")[0].service == "card"


def test_rare_words_count_more_than_common_ones():
    names = {"a": "车辆抵押", "b": "车辆报废", "c": "车辆过户"}
    index = build_index([SearchEntry(code, None, name, "", ()) for code, name in names.items()])
    assert search(index, "家里的车辆现在该报废")[0].service == "b"


def test_leaves_out_what_is_far_behind_the_best():
    found = [hit.service for hit in search(INDEX, "身份证丢了")]
    assert found[0] == "id-card-renewal"
    assert "visa-extension" not in found
    assert len(search(INDEX, "身份证")) >= 5


def test_names_each_service_once_and_no_more_than_asked():
    hits = search(INDEX, "身份证", limit=2)
    assert len(hits) == len({hit.service for hit in hits}) == 2
    assert search(INDEX, "身份证" * 500)


def test_the_measure_sums_each_kind_and_what_was_held_out_of_it():
    told = rows({name: Found(10, 8 if "held-out" in name else 9, 9) for name in FILES})
    assert told["services"] == Found(40, 9 + 3 * 8, 36)
    assert told["services, of these held out"] == Found(30, 24, 27)
    assert told["all"].queries == 10 * len(FILES)
    assert told["packages"].shares == "30 queries, 83.3% first, 90.0% among the first three"
