"""One thing (一件事): what belongs together, with one list of papers."""

from collections.abc import Iterable

from flask import render_template
from flask.typing import ResponseReturnValue

from catalog.guide import Material
from catalog.merged import strictest
from catalog.models import Service
from catalog.queries import get_package, materials_of, services_of_package
from web import edge
from web.citizen.face import blueprint
from web.guards import public


@blueprint.get("/packages/<code>")
@public
def package(code: str) -> ResponseReturnValue:
    """The services of a package in order, how long they take together, and what to bring for all of them."""
    with edge.transaction() as session:
        found = get_package(session, code)
        services = services_of_package(session, found)
        papers = merged_papers(services)
    return render_template(
        "citizen/package.html",
        package=found,
        services=services,
        papers=papers,
        minutes=sum(service.minutes for service in services),
    )


def merged_papers(services: Iterable[Service]) -> list[tuple[Material, list[Service]]]:
    """Every paper once, with the services that may ask for it: those that several need come first."""
    by_name: dict[str, tuple[Material, list[Service]]] = {}
    for service in services:
        for material in materials_of(service):
            known, needing = by_name.get(material.name_zh, (material, []))
            by_name[material.name_zh] = (strictest(known, material), needing)
            if service not in needing:
                needing.append(service)
    return sorted(by_name.values(), key=lambda paper: -len(paper[1]))
