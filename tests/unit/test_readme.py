from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import yaml

from make import EXAMPLES
from ordergate.catalog.load import load_rules
from ordergate.schemas.resource_order_rule import RuleSchema
from ordergate.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]


def test_the_table_of_settings_lists_each_with_its_default_and_help() -> None:
    text = (ROOT / "SETTINGS.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
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
    assert len((ROOT / "README.md").read_text().splitlines()) < 210


def test_the_rule_that_explains_rules_has_every_key() -> None:
    text = (EXAMPLES / "catalog" / "README.md").read_text()
    (written,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    rule = yaml.safe_load(written)
    keys = {field.data_key or name for name, field in RuleSchema().fields.items()}
    assert rule.keys() == keys


def test_the_rule_that_explains_rules_passes_its_own_tests(tmp_path: Path) -> None:
    text = (EXAMPLES / "catalog" / "README.md").read_text()
    file = tmp_path / "leased-line.yaml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])
    assert load_rules(file)[1] == []
    # The failing run that it shows is this one.
    file.write_text(file.read_text().replace("{expr: characteristic.bandwidth}", "100"))
    ((shown,),) = [re.findall(r"^leased-line.yaml:(.*)$", text, re.MULTILINE)]
    assert [str(one) for one in load_rules(file)[1]] == [f"{file}:{shown}"]
