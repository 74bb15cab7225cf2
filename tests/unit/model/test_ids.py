"""Ids that follow from a name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from ordergate.model.ids import id_of

if TYPE_CHECKING:
    from uuid import UUID


@given(st.uuids(), st.text())
def test_an_id_is_the_uuid_of_its_name(namespace: UUID, name: str) -> None:
    assert id_of(namespace, name) == str(uuid5(namespace, name))
