"""Whether what is said fits the discovery document that the real client brings with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httplib2

Json = dict[str, Any]
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
_ENUM = re.compile(r'^- "(\w+)" - ', re.MULTILINE)
_WRITES = frozenset(("kind", "etag", "self", "organizer", "created", "updated", "creator", "htmlLink"))


@cache
def discovery() -> Json:
    found = files("googleapiclient") / "discovery_cache" / "documents" / "calendar.v3.json"
    read: Json = json.loads(found.read_text(encoding="utf-8"))
    return read


@cache
def methods() -> dict[str, Json]:
    """Return every method by its id, such as ``calendar.events.list``."""
    return {one["id"]: one for part in discovery()["resources"].values() for one in part["methods"].values()}


def method_of(verb: str, path: str) -> Json:
    """Return the method that a request asks for; *path* is what follows the endpoint."""
    for one in methods().values():
        pattern = re.sub(r"\{\w+\}", "[^/]+", one["path"])
        if one["httpMethod"] == verb and re.fullmatch(pattern, path):
            return one
    raise AssertionError(f"there is no method {verb} {path}")


def wrong(value: Any, schema: Json, where: str) -> Iterator[str]:
    """Yield what does not fit."""
    if "$ref" in schema:
        schema = discovery()["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    if kind != "any" and (
        not isinstance(value, _KINDS[kind]) or (kind == "integer" and isinstance(value, bool))
    ):
        yield f"{where}: {value!r} is no {kind}"
        return
    match kind:
        case "object":
            yield from _wrong_members(value, schema, where)
        case "array":
            for at, one in enumerate(value):
                yield from wrong(one, schema["items"], f"{where}[{at}]")
        case "string":
            yield from _wrong_text(value, schema, where)


def _wrong_members(value: Json, schema: Json, where: str) -> Iterator[str]:
    for name, one in value.items():
        inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if inner is None:
            yield f"{where}: there is no {name}"
        else:
            yield from wrong(one, inner, f"{where}.{name}")


def _wrong_text(value: str, schema: Json, where: str) -> Iterator[str]:
    listed = schema.get("enum") or _ENUM.findall(schema.get("description", ""))
    if listed and value not in listed:
        yield f"{where}: {value!r} is none of {listed}"
    try:
        match schema.get("format"):
            case "date-time" if not _INSTANT.fullmatch(value):
                yield f"{where}: {value!r} is no instant"
            case "date-time":
                datetime.fromisoformat(value)
            case "date":
                date.fromisoformat(value)
            case "int64":
                int(value)
    except ValueError:
        yield f"{where}: {value!r} is no {schema['format']}"


def wrong_parameters(query: str, method: Json) -> Iterator[str]:
    known = {**discovery()["parameters"], **method.get("parameters", {})}
    for name, values in parse_qs(query, keep_blank_values=True).items():
        schema = known.get(name)
        if schema is None or schema["location"] != "query":
            yield f"there is no parameter {name}"
        elif len(values) > 1 and not schema.get("repeated"):
            yield f"{name} is given {len(values)} times"
        elif schema["type"] == "boolean" and not set(values) <= {"true", "false"}:
            yield f"{name} is neither true nor false"
        elif schema["type"] == "integer" and not all(one.isdecimal() for one in values):
            yield f"{name} is no number"
        elif schema["type"] == "string":
            for one in values:
                yield from _wrong_text(one, schema, name)


def wrong_refusal(given: Json, status: int) -> Iterator[str]:
    """Yield what is not as Google refuses."""
    error = given.get("error", {})
    if error.get("code") != status or not error.get("message"):
        yield f"the code or the message is missing: {given}"
    for one in error.get("errors", [{}]):
        if not {"domain", "reason", "message"} <= set(one):
            yield f"the reason is missing: {given}"


class Checked(httplib2.Http):  # type: ignore[misc]
    """A transport of the real client that looks at all that goes out and comes in."""

    def __init__(self, base: str, token: str, *, lenient: bool = False) -> None:
        super().__init__(timeout=30)
        self.base, self.token, self.lenient = base, token, lenient
        self.last: httplib2.Response | None = None
        """The head of the last answer."""

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | None = None,
        headers: dict[str, str] | None = None,
        redirections: int = 5,
        connection_type: Any = None,
    ) -> tuple[httplib2.Response, bytes]:
        at = urlsplit(uri)
        asked = method_of(method, at.path.removeprefix(f"{urlsplit(self.base).path}/"))
        proof = {"authorization": f"Bearer {self.token}"} if self.token else {}
        response, content = super().request(
            uri, method, body, {**(headers or {}), **proof}, redirections, connection_type
        )
        self.last = response
        found = list(wrong_parameters(at.query, asked)) if response.status < 300 else []
        if body and response.status < 300:
            found += wrong(json.loads(body), asked["request"], asked["request"]["$ref"])
        found += _wrong_answer(response, content, asked, partial="fields=" in at.query)
        assert self.lenient or not found, f"{method} {at.path}: {found}"
        return response, content


def _wrong_answer(
    response: httplib2.Response, content: bytes, method: Json, *, partial: bool
) -> Iterator[str]:
    if response.status == 204 or not content:
        if "response" in method or content:
            yield f"nothing is answered to {method['id']}"
        return
    given = json.loads(content)
    if response.status >= 400:
        yield from wrong_refusal(given, response.status)
        return
    yield from wrong(given, method["response"], method["response"]["$ref"])
    if not partial and "etag" in given and given["etag"] != response["etag"]:
        yield "the head has another etag"
