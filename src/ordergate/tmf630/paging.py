"""Status and headers of a page of a list (TMF630 part 1, §4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from ordergate.tmf630.query import Query

# All that may stand in a query string as it is; `<`, `>` and quotes would end a link early.
_KEPT = "%!$&'()*+,/:;=?@-._~[]"


@dataclass(frozen=True, slots=True)
class Page:
    """What a list's answer says about itself: 200 for all that matches, 206 for a part."""

    status: int
    headers: dict[str, str]


def page_of(query: Query, *, total: int, count: int, url: str, raw_query: str) -> Page:
    """Describe a page of `count` entities out of `total`.

    `url` is absolute and without a query string; `raw_query` is the client's, still encoded.
    `Link` is there if the client sent a `limit`, or if the page limit cut the list short: only
    then are there pages to walk.
    """
    headers = {"X-Total-Count": str(total), "X-Result-Count": str(count)}
    limit = query.limit
    if limit is None and count and query.offset + count < total:
        limit = count
    if limit is not None:
        offsets = _offsets(query.offset, limit, total)
        others = _without_paging(raw_query)
        headers["Link"] = ", ".join(
            f'<{url}?{others}offset={offset}&limit={limit}>; rel="{rel}"'
            for rel, offset in offsets.items()
        )
    status = HTTPStatus.PARTIAL_CONTENT if count < total else HTTPStatus.OK
    return Page(status.value, headers)


def _offsets(offset: int, limit: int, total: int) -> dict[str, int]:
    """Return where each page that exists begins, by its relation to this one."""
    last = (total - 1) // limit * limit if limit and total else 0
    offsets = {"self": offset, "first": 0}
    if limit and offset > 0:
        offsets["prev"] = max(0, min(offset - limit, last))
    if limit and offset + limit < total:
        offsets["next"] = offset + limit
    return {**offsets, "last": last}


def _without_paging(raw_query: str) -> str:
    """Return the client's other parameters as sent, ready for one more to follow."""
    return "".join(
        f"{quote(piece, safe=_KEPT)}&"
        for piece in raw_query.split("&")
        if piece and unquote_plus(piece).partition("=")[0] not in {"offset", "limit"}
    )
