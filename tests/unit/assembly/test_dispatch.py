from __future__ import annotations

from ordergate.assembly.dispatch import retry_policy_of
from ordergate.settings import Settings


def test_poison_blocks_where_the_setting_says_so() -> None:
    settings = Settings.from_environ({"ORDERGATE_ON_POISON": "block"})
    assert retry_policy_of(settings).poison_blocks
    assert not retry_policy_of(Settings()).poison_blocks
