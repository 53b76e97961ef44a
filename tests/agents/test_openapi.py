"""The interface explains itself: each operation in a line, each JSON body with an example that is true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from agents import (
    api,
    audit_api,
    host_api,
    house_api,
    menus_api,
    phone_api,
    prompts_api,
    quality_api,
    recordings_api,
    schemas,
    voicemail_api,
)
from agents.views import FloorView
from tests.agents.fakes import House

ROOMS = (
    api, audit_api, host_api, house_api, menus_api, phone_api, prompts_api, quality_api, recordings_api, voicemail_api,
)  # fmt: skip
HOUSE = House()
SCHEMA: dict[str, Any] = HOUSE.app.openapi()
OPERATIONS = [(path, method) for path, methods in SCHEMA["paths"].items() for method in methods]
MODELS = [one for one in vars(schemas).values() if isinstance(one, type) and issubclass(one, BaseModel)]


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "requestBody" in operation:
        yield "request", operation["requestBody"]["content"]
    for status, response in operation["responses"].items():
        if "content" in response:
            yield status, response["content"]


def has_example(media: dict[str, Any]) -> bool:
    schema = media.get("schema", {})
    if "$ref" in schema:
        schema = SCHEMA["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return any("example" in one or "examples" in one for one in (media, schema))


def test_every_route_is_in_the_schema_with_a_summary_somebody_wrote() -> None:
    routes = [
        one
        for one in (*(route for room in ROOMS for route in room.router.routes), *HOUSE.app.routes)
        if isinstance(one, APIRoute)
    ]
    shown = {route.path: route for route in routes if route.include_in_schema}
    assert set(SCHEMA["paths"]) == set(shown)
    assert [path for path, route in shown.items() if not route.summary] == []


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_has_a_summary_and_every_body_an_example(path: str, method: str) -> None:
    operation = SCHEMA["paths"][path][method]
    assert operation["summary"]
    lacking = [where for where, content in bodies(operation) for media in content.values() if not has_example(media)]
    assert lacking == []


@pytest.mark.parametrize("model", MODELS)
def test_examples_are_what_the_server_would_take_or_give(model: type[BaseModel]) -> None:
    extra = model.model_config.get("json_schema_extra") or {}
    assert isinstance(extra, dict)
    examples = extra.get("examples", [])
    assert isinstance(examples, list)
    for example in examples:
        assert set(model.model_validate(example).model_fields_set) == set(model.model_fields)


def test_the_floors_example_is_a_floor() -> None:
    media = SCHEMA["paths"]["/api/floor"]["get"]["responses"]["200"]["content"]["application/json"]
    floor = TypeAdapter(FloorView).validate_python(media["example"])
    assert (floor.queues[0].name, floor.agents[0].id) == ("trading", "1001")
