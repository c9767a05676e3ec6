import gzip
import re
import sys

from catalog.edit import save_services
from kernel.actor import SYSTEM
from tests.catalog.city import SERVICES
from tests.conftest import NOW
from tests.web.citizen.town import LOST, book, hold_first

KILO = 1024


def weight(phone, path: str) -> int:
    """Bytes over the wire, as a browser that takes gzip gets them."""
    return packed(phone.client.get(path, headers={"Accept-Encoding": "gzip"}))


def packed(answer) -> int:
    """How long an answer is on the wire."""
    return len(
        answer.data if answer.headers.get("Content-Encoding") == "gzip" else gzip.compress(answer.data)
    )


def tell(what: str, sizes: dict[str, int]) -> None:
    """How heavy it is, for docs/performance.md: shown by `pytest -rP`."""
    heaviest = max(sizes, key=lambda name: sizes[name])
    told = f"{what}: {len(sizes)}, the heaviest {heaviest} with {sizes[heaviest] / KILO:.1f} KB"
    sys.stdout.write(told + "\n")


def first_weight(phone) -> int:
    """The first page with everything that it loads."""
    phone.go("/")
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', phone.html))
    assert any("weui" in name for name in files)
    modules = {"/static/js/press.js", "/static/js/fragment.js", "/static/js/state.js"}
    sizes = {path: weight(phone, path) for path in {"/", *files, *modules}}
    whole = sum(sizes.values())
    sys.stdout.write(f"the first page: {whole / KILO:.1f} KB in {len(sizes)} files\n")
    return whole


def test_the_first_page_with_everything_it_loads_stays_small(phone):
    assert first_weight(phone) <= 60 * KILO


def test_the_list_of_a_whole_city_stays_small(town, phone):
    with town.parts.database.transaction() as session:
        save_services(session, list(SERVICES.values()), actor=SYSTEM, now=NOW)
    assert weight(phone, "/services") <= 6 * KILO
    phone.go("/services")
    assert f"户政 {len([one for one in SERVICES.values() if one.group == 'A'])}" in phone.words


def test_later_pages_stay_small(town, phone):
    reference = book(town, phone)
    hold_first(phone, answers=LOST)
    paths = [
        "/services",
        "/services/id-card-renewal",
        f"/services/id-card-renewal/guide?a={LOST}",
        f"/services/id-card-renewal/halls?a={LOST}",
        f"/services/id-card-renewal/halls/city-hall?a={LOST}",
        "/booking/who",
        f"/b/{reference}",
        f"/b/{reference}/move",
        "/my",
        "/queues",
    ]
    assert {path: size for path in paths if (size := weight(phone, path)) > 6 * KILO} == {}
