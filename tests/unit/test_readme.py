from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from ordergate.settings import PREFIX, Settings

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_table_of_settings_lists_each_with_its_default_and_help() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$", README, re.MULTILINE)
    shown = {name.lower(): (default, text) for name, default, text in rows}
    assert list(shown) == [field.name for field in fields(Settings)]
    defaults = Settings().as_environ()
    for field in fields(Settings):
        default, text = shown[field.name]
        assert text == field.metadata["help"]
        assert default == {"True": "yes", "False": "no"}.get(
            kept := defaults.get(PREFIX + field.name.upper(), "-"), kept
        )


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) < 150
