"""A client of the doors: every call names the status that it expects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

TMF652 = "/tmf-api/resourceOrderingManagement/v4"
TMF641 = "/tmf-api/serviceOrdering/v4"
GATEWAY = "/gateway/v1"
JSON = "application/json;charset=utf-8"
MERGE_PATCH = "application/merge-patch+json"
_FIRST_ERROR = 400


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def strict_json(text: bytes) -> Any:
    """Parse by the letter: no NaN, no Infinity, UTF-8 only."""
    return json.loads(text.decode("utf-8"), parse_constant=no_constant)


def check_error(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Check that an answer is a TMF630 `Error`, and return it."""
    assert headers["Content-Type"] == JSON
    error: dict[str, Any] = strict_json(body)
    assert error.keys() <= {"@type", "code", "reason", "status", "message"}
    assert all(isinstance(value, str) for value in error.values())
    assert error["@type"] == "Error"
    assert error["code"]
    assert error["reason"]
    assert error["status"] == str(status)
    return error


class Answer:
    """What came back, checked for its status and for being what TMF630 asks of it."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text
        self.document: Any = None
        if response.request.method == "HEAD" or not response.content:
            return
        is_probe = response.url.endswith("/readyz")  # read by machines that only know its status
        if self.status >= _FIRST_ERROR and not is_probe:
            self.document = check_error(self.status, response.headers, response.content)
        elif response.headers["Content-Type"].startswith("application/json"):
            assert response.headers["Content-Type"] == JSON
            self.document = strict_json(response.content)

    def __getitem__(self, name: Any) -> Any:
        return self.document[name]


class Client:
    """Calls the gateway at `url`; a path without a door is taken as it stands."""

    def __init__(self, url: str, door: str = "") -> None:
        self.url = url
        self.door = door
        self._session = requests.Session()

    def at(self, door: str) -> Client:
        """Return a client of one door."""
        return Client(self.url, door)

    def call(self, method: str, path: str, expect: int, **options: Any) -> Answer:
        """Make a request and check the status of its answer."""
        response = self._session.request(
            method, f"{self.url}{self.door}{path}", timeout=30, allow_redirects=False, **options
        )
        said = f"{method} {path}: {response.status_code} {response.text[:500]}"
        assert response.status_code == expect, said
        return Answer(response)

    def get(self, path: str, *, expect: int = 200) -> Answer:
        """GET."""
        return self.call("GET", path, expect)

    def post(self, path: str, body: Any, *, expect: int, key: str | None = None) -> Answer:
        """POST, under an `Idempotency-Key` if there is one."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.call("POST", path, expect, json=body, headers=headers)

    def patch(
        self, path: str, body: Any, *, expect: int = 200, media_type: str = MERGE_PATCH
    ) -> Answer:
        """PATCH."""
        headers = {"Content-Type": media_type}
        return self.call("PATCH", path, expect, data=json.dumps(body), headers=headers)

    def put(self, path: str, body: Any, *, expect: int) -> Answer:
        """PUT."""
        return self.call("PUT", path, expect, json=body)

    def delete(self, path: str, *, expect: int = 204) -> Answer:
        """DELETE."""
        return self.call("DELETE", path, expect)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
