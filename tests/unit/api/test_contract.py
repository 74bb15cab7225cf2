"""The contracts in `openapi/`, and the merging of a profile over one."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ordergate.api.contract import (
    allowed_methods,
    apply_overlay,
    body_schemas,
    load_contract,
    operations,
)
from ordergate.errors import SetupError

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "openapi"
TMF652 = "tmf652-resource-ordering"
TMF641 = "tmf641-service-ordering"
NAMES = [TMF652, TMF641, "gateway"]
BASE_PATHS = {
    TMF652: "/tmf-api/resourceOrderingManagement/v4",
    TMF641: "/tmf-api/serviceOrdering/v4",
    "gateway": "/gateway/v1",
}
DOCUMENT: dict[str, Any] = {
    "info": {"title": "Pets", "tags": ["a"]},
    "paths": {"/pet": {"get": {"operationId": "listPet"}, "post": {"operationId": "createPet"}}},
    "list": [1, 2, 3, 4],
}


def overlaid(*actions: dict[str, Any]) -> dict[str, Any]:
    return apply_overlay(DOCUMENT, {"actions": list(actions)})


@functools.cache
def merged_contract(name: str) -> dict[str, Any]:
    return load_contract(FOLDER, name)


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def body_of(name: str, operation: str) -> jsonschema_rs.Draft4Validator:
    return validator(body_schemas(merged_contract(name))[operation]["application/json"])


def answer_of(name: str, schema: str) -> jsonschema_rs.Draft4Validator:
    components = merged_contract(name)["components"]
    return validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def examples_of(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (operation["operationId"], media_type, content["example"])
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in {"post", "put", "patch"}
        for media_type, content in operation["requestBody"]["content"].items()
    ]


def order(*items: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"orderItem": list(items), **attributes}


def service_order(service: dict[str, Any], **item: Any) -> dict[str, Any]:
    return {"serviceOrderItem": [{"id": "1", "action": "add", "service": service, **item}]}


ITEM = {"action": "add", "resourceSpecification": {"id": "rs-ont"}}


# The overlay


def test_update_merges_into_objects_at_any_depth() -> None:
    action = {"target": "$", "update": {"info": {"title": "Cats", "version": "1"}}}
    assert overlaid(action)["info"] == {"title": "Cats", "tags": ["a"], "version": "1"}


def test_update_concatenates_arrays() -> None:
    assert overlaid({"target": "$.info", "update": {"tags": ["b"]}})["info"]["tags"] == ["a", "b"]


def test_update_of_an_array_appends_one_entry() -> None:
    assert overlaid({"target": "$.list", "update": 5})["list"] == [1, 2, 3, 4, 5]


def test_update_reaches_every_match() -> None:
    merged = overlaid({"target": "$.paths['/pet'].*", "update": {"deprecated": True}})
    assert [op["deprecated"] for op in merged["paths"]["/pet"].values()] == [True, True]


def test_remove_deletes_every_match_even_in_arrays() -> None:
    assert overlaid({"target": "$.list[?@ > 1]", "remove": True})["list"] == [1]


def test_remove_wins_over_update() -> None:
    merged = overlaid({"target": "$.info", "remove": True, "update": {"title": "Cats"}})
    assert "info" not in merged


def test_actions_see_what_earlier_ones_did() -> None:
    merged = overlaid(
        {"target": "$", "update": {"new": {}}}, {"target": "$.new", "update": {"a": 1}}
    )
    assert merged["new"] == {"a": 1}


def test_neither_document_nor_overlay_is_changed() -> None:
    before = json.dumps(DOCUMENT)
    update: dict[str, Any] = {"shared": {"list": []}}
    merged = overlaid(
        {"target": "$.paths['/pet'].*", "update": update},
        {"target": "$.paths['/pet'].get.shared.list", "update": 1},
    )
    assert json.dumps(DOCUMENT) == before
    assert update == {"shared": {"list": []}}
    assert merged["paths"]["/pet"]["post"]["shared"]["list"] == []


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ({"target": "$.nothing", "remove": True}, "matches nothing"),
        ({"target": "$.nothing", "update": {}}, "matches nothing"),
        ({"target": "$[", "update": {}}, "no JSONPath"),
        ({"update": {}}, "no JSONPath"),
        ({"target": "$", "remove": True}, "whole document"),
        ({"target": "$.info.title", "update": {}}, "neither an object"),
        ({"target": "$.info", "update": 1}, "neither an object"),
    ],
)
def test_action_that_can_not_be_applied_is_named(action: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SetupError, match=complaint) as caught:
        apply_overlay(DOCUMENT, {"actions": [action]}, "pets.profile.yaml")
    assert f"pets.profile.yaml: target {action.get('target')}" in caught.value.reason


# Loading


def test_contract_without_profile_loads_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "pets.yaml").write_text("paths: {}", encoding="utf-8")
    assert load_contract(tmp_path, "pets") == {"paths": {}}


@pytest.mark.parametrize("text", [None, "a: [", "- a"])
def test_contract_that_can_not_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pets.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SetupError, match=r"pets\.yaml"):
        load_contract(tmp_path, "pets")


def test_profile_that_no_longer_fits_is_named(tmp_path: Path) -> None:
    (tmp_path / "pets.yaml").write_text("paths: {}", encoding="utf-8")
    profile = "actions: [{target: $.gone, remove: true}]"
    (tmp_path / "pets.profile.yaml").write_text(profile, encoding="utf-8")
    with pytest.raises(SetupError, match=r"pets\.profile\.yaml: target \$\.gone matches nothing"):
        load_contract(tmp_path, "pets")


def test_operations_and_methods_are_listed() -> None:
    assert operations(DOCUMENT) == {"listPet": ("GET", "/pet"), "createPet": ("POST", "/pet")}
    assert allowed_methods(DOCUMENT) == {"/pet": ("GET", "POST")}


# The contracts


@pytest.mark.parametrize("name", NAMES)
def test_contract_is_pure_json_at_its_base_path(name: str) -> None:
    document = merged_contract(name)
    assert json.loads(json.dumps(document)) == document
    assert [server["url"] for server in document["servers"]] == [BASE_PATHS[name]]


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_compiles(name: str) -> None:
    document = merged_contract(name)
    for media_types in body_schemas(document).values():
        for schema in media_types.values():
            validator(schema)
    for schema in document["components"]["schemas"]:
        answer_of(name, schema)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_accepted_with_the_profile(name: str) -> None:
    document = merged_contract(name)
    schemas = body_schemas(document)
    for operation, media_type, example in examples_of(document):
        validator(schemas[operation][media_type]).validate(example)


@pytest.mark.parametrize("name", NAMES)
def test_every_posted_example_is_accepted_without_the_profile(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_bytes((FOLDER / f"{name}.yaml").read_bytes())
    document = load_contract(tmp_path, name)
    schemas = body_schemas(document)
    for operation, media_type, example in examples_of(document):
        if media_type == "application/json":
            validator(schemas[operation][media_type]).validate(example)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_answers_errors_and_names_its_listing_headers(name: str) -> None:
    for item in merged_contract(name)["paths"].values():
        for method in {"get", "post", "put", "patch", "delete"} & item.keys():
            answers = item[method]["responses"]
            assert {"400", "401", "403", "405", "500", "503"} <= answers.keys()
            assert ("415" in answers) == ("requestBody" in item[method])
            if "206" in answers:
                assert set(answers["200"]["headers"]) == {
                    "X-Total-Count",
                    "X-Result-Count",
                    "Link",
                }


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "requests").glob("*.json")))
def test_example_requests_are_accepted(path: Path) -> None:
    request = json.loads(path.read_text(encoding="utf-8"))
    if "serviceOrderItem" in request:
        body_of(TMF641, "createServiceOrder").validate(request)
    else:
        body_of("gateway", "createInitiatingRequest").validate(request)


# What the TMF652 profile enforces


@pytest.mark.parametrize(
    "document",
    [
        order(ITEM),
        order({**ITEM, "action": "no_change"}),
        order({"action": "add", "resource": {"name": "ONT", "@type": "PhysicalResource"}}),
        order({**ITEM, "state": "whatever"}, state="active", orderDate="yesterday"),
        order(ITEM, id="mine", href="http://mine"),
        order(ITEM, relatedParty=[{"href": "http://party/1"}]),
        order(ITEM, externalReference=[{"name": "TT-77"}]),
        order(ITEM, externalReference=[{"id": "7", "entityType": "TroubleTicket", "owner": "x"}]),
        order(ITEM, shoeSize=42),
    ],
)
def test_resource_order_is_accepted(document: dict[str, Any]) -> None:
    body_of(TMF652, "createResourceOrder").validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        order(),
        order({"resource": {"id": "1"}}),
        order({"action": "add"}),
        order({**ITEM, "action": "explode"}),
        order({**ITEM, "resourceSpecification": {"name": "no id"}}),
        order({"action": "add", "resource": {"place": {"id": "adr-1"}}}),
        order(ITEM, priority=5),
        order(ITEM, priority="1"),
        order(ITEM, note=[{"author": "nobody"}]),
        order(ITEM, relatedParty=[{"name": "Acme"}]),
        order(ITEM, externalReference=[{"id": "7"}]),
        order(ITEM, requestedStartDate="tomorrow"),
    ],
)
def test_resource_order_is_refused(document: Any) -> None:
    assert not body_of(TMF652, "createResourceOrder").is_valid(document)


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"category": None, "requestedStartDate": None, "priority": None, "note": None},
        {"state": "held", "priority": 0, "requestedStartDate": "2099-01-15T08:00:00Z"},
        {"orderItem": [{"id": "1"}]},
        {"shoeSize": None},
    ],
)
def test_patch_is_accepted(patch: dict[str, Any]) -> None:
    body_of(TMF652, "patchResourceOrder").validate(patch)


@pytest.mark.parametrize(
    "patch",
    [
        [],
        None,
        {"state": None},
        {"state": "active"},
        {"orderItem": None},
        {"orderItem": []},
        {"category": 1},
        {"priority": "high"},
        {"requestedStartDate": "tomorrow"},
        {"note": {"text": "no list"}},
    ],
)
def test_patch_is_refused(patch: Any) -> None:
    assert not body_of(TMF652, "patchResourceOrder").is_valid(patch)


def test_answer_may_leave_out_anything_but_not_invent_a_state() -> None:
    answer = answer_of(TMF652, "ResourceOrder")
    answer.validate({"id": "1", "href": "http://x/1"})
    answer.validate({"orderItem": [{"state": "completed"}]})
    assert not answer.is_valid({"state": "accepted"})
    assert not answer.is_valid({"orderItem": [{"state": "partial"}]})


def test_answer_knows_the_resource_by_id_and_url() -> None:
    answer = answer_of(TMF652, "ResourceOrder")
    answer.validate(order({"resource": {"id": "1", "href": "http://x/1"}}))
    assert not answer.is_valid(order({"resource": {"name": "ONT"}}))


@pytest.mark.parametrize("name", [TMF652, TMF641])
def test_callback_is_an_http_url(name: str) -> None:
    body = body_of(name, "registerListener")
    body.validate({"callback": "https://listener.example/events"})
    assert not body.is_valid({"callback": "ftp://listener.example"})
    assert not body.is_valid({"query": "eventType=X"})


# What the TMF641 profile enforces


@pytest.mark.parametrize(
    "document",
    [
        service_order({"id": "svc-1"}),
        service_order({"serviceSpecification": {"id": "s", "href": "http//..../48"}}),
        service_order({"id": "svc-1"}, state="whatever", errorMessage="none"),
        service_order({"id": "svc-1", "feature": [{"name": "firewall"}]}),
        {**service_order({"id": "svc-1"}), "relatedParty": [{"id": "456"}]},
        service_order(
            {"id": "svc-1"}, serviceOrderItem=service_order({"id": "2"})["serviceOrderItem"]
        ),
    ],
)
def test_service_order_is_accepted(document: dict[str, Any]) -> None:
    body_of(TMF641, "createServiceOrder").validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"serviceOrderItem": []},
        service_order({"name": "neither known nor specified"}),
        service_order({"serviceSpecification": {"name": "no id"}}),
        service_order({"id": "svc-1"}, action="no_change"),
        service_order({"id": "svc-1"}, serviceOrderItem=[{"id": "1.1"}]),
        service_order({"id": "svc-1", "place": [{"id": "adr-1"}]}),
        {**service_order({"id": "svc-1"}), "priority": 1},
        {**service_order({"id": "svc-1"}), "note": [{}]},
        {**service_order({"id": "svc-1"}), "relatedParty": [{"name": "Acme"}]},
    ],
)
def test_service_order_is_refused(document: dict[str, Any]) -> None:
    assert not body_of(TMF641, "createServiceOrder").is_valid(document)


# What the gateway's contract enforces


def test_assessment_takes_exactly_one_request() -> None:
    body = body_of("gateway", "createAssessment")
    requested = {
        "requestType": "partyRequest",
        "requestedItem": [
            {
                "id": "1",
                "action": "add",
                "specification": {"id": "s", "@referredType": "ResourceSpecification"},
            }
        ],
    }
    ordered = service_order({"id": "svc-1"})
    body.validate({"initiatingRequest": requested})
    body.validate({"serviceOrder": ordered})
    assert not body.is_valid({"initiatingRequest": requested, "serviceOrder": ordered})
    assert not body.is_valid({})
    assert not body.is_valid({"initiatingRequest": {**requested, "requestType": "serviceOrder"}})
