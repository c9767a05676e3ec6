"""The OpenAPI document arranged for people: sections, operations, flattened shapes, curl examples."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A field or a parameter; `depth` counts how far it is nested."""

    name: str
    kind: str
    required: bool
    note: str
    depth: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A way to say no."""

    status: int
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back when it worked; `rows` are empty when nothing does."""

    status: int
    note: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    en: str
    zh: str
    permission: str | None
    parameters: tuple[Row, ...]
    body: tuple[Row, ...]
    answers: tuple[Answer, ...]
    problems: tuple[Problem, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Section:
    """The operations of one resource, named in both languages."""

    name: str
    en: str
    zh: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything that the page shows; `problems` lists each code once."""

    title: str
    version: str
    server: str
    sections: tuple[Section, ...]
    problems: tuple[Problem, ...]


def read_reference(document: Data) -> Reference:
    """Arrange an OpenAPI document."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "put", "post", "delete", "patch"}:
                tag = operation["tags"][0]
                found.setdefault(tag, []).append(
                    _operation(document, path, method, methods.get("parameters", []), operation)
                )
    sections = tuple(_section(tag, found[tag["name"]]) for tag in document["tags"])
    return Reference(
        title=document["info"]["title"],
        version=document["info"]["version"],
        server=document["servers"][0]["url"],
        sections=sections,
        problems=_all_problems(sections),
    )


def _section(tag: Data, operations: list[Operation]) -> Section:
    english, _space, chinese = tag["description"].rpartition(" ")
    return Section(tag["name"], english, chinese, tuple(operations))


def example_of(document: Data, schema: Data, depth: int = 0) -> Any:
    """A value that fits a schema: its own example where it has one."""
    schema = _resolve(document, schema)
    for told in (schema.get("example"), *schema.get("examples", ()), *schema.get("enum", ())):
        if told is not None:
            return told
    kind = _kinds(schema)[0]
    if kind == "object":
        fields = schema.get("properties", {})
        required = schema.get("required", [])
        return {name: example_of(document, fields[name], depth + 1) for name in fields if name in required}
    if kind == "array":
        return [example_of(document, schema.get("items", {}), depth + 1)] if depth < _DEEPEST else []
    return {"integer": schema.get("minimum", 1), "number": 1.0, "boolean": True}.get(kind, "…")


def _operation(document: Data, path: str, method: str, shared: list[Data], operation: Data) -> Operation:
    parameters = [*shared, *operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema")
    statuses = sorted(operation["responses"].items(), key=lambda each: int(each[0]))
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        en=operation.get("summary", ""),
        zh=operation.get("description", ""),
        permission=operation.get("x-permission"),
        parameters=tuple(_parameter(document, each) for each in parameters),
        body=tuple(_rows(document, schema)) if schema else (),
        answers=tuple(_answer(document, int(code), told) for code, told in statuses if int(code) < 300),  # noqa: PLR2004
        problems=tuple(
            Problem(int(status), each["code"], each["zh"], each["en"])
            for status, told in statuses
            for each in told.get("x-problem-codes", ())
        ),
        curl=_curl(document, path, method, operation, content),
    )


def _parameter(document: Data, told: Data) -> Row:
    schema = _resolve(document, told["schema"])
    note = told.get("description") or schema.get("description", "")
    return Row(told["name"], _kind(document, schema), told.get("required", False), note, place=told["in"])


def _answer(document: Data, status: int, told: Data) -> Answer:
    schema = told.get("content", {}).get("application/json", {}).get("schema")
    note = _resolve(document, schema).get("description", "").replace("`", "") if schema else ""
    return Answer(status, note, tuple(_rows(document, schema)) if schema else ())


def _rows(document: Data, schema: Data, depth: int = 0) -> Iterator[Row]:
    schema = _resolve(document, schema)
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        shape = _resolve(document, field)
        note = field.get("description") or shape.get("description", "")
        yield Row(name, _kind(document, shape), name in required, note, depth)
        inner = shape.get("items", shape) if "array" in _kinds(shape) else shape
        if depth < _DEEPEST:
            yield from _rows(document, inner, depth + 1)


def _kind(document: Data, schema: Data) -> str:
    """In a few words: integer 1…31, array of string, zh | en, date-time or null."""
    kinds = _kinds(schema)
    if "enum" in schema:
        shown = " | ".join(str(word) for word in schema["enum"] if word is not None)
    elif "array" in kinds:
        shown = f"array of {_kind(document, _resolve(document, schema.get('items', {})))}"
    else:
        shown = schema.get("format") or kinds[0]
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    if "enum" not in schema and high is not None:
        shown += f" {low if low is not None else 0}…{high}"
    return f"{shown} or null" if "null" in kinds or schema.get("x-or-null") else shown


def _kinds(schema: Data) -> list[str]:
    kind = schema.get("type", "object" if "properties" in schema else "any")
    return [kind] if isinstance(kind, str) else list(kind)


def _resolve(document: Data, schema: Data) -> Data:
    """What a reference points at; a nullable one as the thing itself, marked."""
    branches = schema.get("anyOf", schema.get("allOf"))
    if branches:
        null = any(branch.get("type") == "null" for branch in branches)
        thing = next(branch for branch in branches if branch.get("type") != "null")
        return {**_resolve(document, thing), "x-or-null": null}
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return _resolve(document, found)


def _curl(document: Data, path: str, method: str, operation: Data, content: Data) -> str:
    """A call to copy, with the required parts of the request."""
    query = "&".join(
        f"{each['name']}={_in_query(example_of(document, each['schema']))}"
        for each in operation.get("parameters", [])
        if each["in"] == "query" and each.get("required")
    )
    address = f"{document['servers'][0]['url']}{path}" + (f"?{query}" if query else "")
    lines = [
        f"curl -X {method.upper()} {shlex.quote(address)}"
        if method != "get"
        else f"curl {shlex.quote(address)}"
    ]
    if "security" in operation:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if content:
        example = content.get("example") or example_of(document, content["schema"])
        lines += [
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(json.dumps(example, ensure_ascii=False))}",
        ]
    return " \\\n  ".join(lines)


def _in_query(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _all_problems(sections: tuple[Section, ...]) -> tuple[Problem, ...]:
    found = {
        problem.code: problem
        for section in sections
        for operation in section.operations
        for problem in operation.problems
    }
    return tuple(sorted(found.values(), key=lambda each: (each.status, each.code)))
