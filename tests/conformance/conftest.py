"""A gateway of this ring's own: what is made up for it stays in its own database."""

from __future__ import annotations

from api.conftest import api, store_settings, url

__all__ = ["api", "store_settings", "url"]
