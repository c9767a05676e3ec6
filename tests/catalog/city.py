"""The demonstration city's services, read once for the tests of the catalog."""

import tomllib
from pathlib import Path

from catalog.package_file import parse_packages
from catalog.service_file import parse_services
from catalog.synonym_file import parse_synonyms
from kernel.data_folder import read_folder

FILES = read_folder(Path("examples/city"))
GROUPS = {
    hall["code"]: tuple(group["code"] for group in hall["groups"])
    for hall in (tomllib.loads(text) for name, text in FILES.items() if name.startswith("halls/"))
}
SYNONYMS = parse_synonyms(FILES)
SERVICES = {service.code: service for service in parse_services(FILES, hall_groups=GROUPS)}
PACKAGES = parse_packages(FILES, services=SERVICES)
