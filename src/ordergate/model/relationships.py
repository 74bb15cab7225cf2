"""Relationships between items: which of their types mean that one waits for the other."""

from __future__ import annotations

DEPENDENCIES = frozenset({"dependency", "relieson", "dependson"})
"""In lower case; TM Forum's APIs spell them in several ways."""


def is_dependency(relationship_type: object) -> bool:
    """Return whether it means "not started until the other is complete"."""
    return str(relationship_type).lower() in DEPENDENCIES
