"""The contracts of the doors, with what validates by them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ordergate
from ordergate.api.body import Bodies
from ordergate.api.contract import load_contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.model.common import Document


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts of the three doors, and the validators made from them."""

    tmf652: Document
    tmf641: Document
    gateway: Document
    bodies: Mapping[str, Bodies]

    @classmethod
    def load(cls) -> Contracts:
        """Read them, each with its profile."""
        folder = contract_folder()
        tmf652 = load_contract(folder, "tmf652-resource-ordering")
        tmf641 = load_contract(folder, "tmf641-service-ordering")
        gateway = load_contract(folder, "gateway")
        named = {"tmf652": tmf652, "tmf641": tmf641, "gateway": gateway}
        return cls(**named, bodies={name: Bodies(one) for name, one in named.items()})


def contract_folder() -> Path:
    """Return where the contracts are: in the installed package, else in the repository."""
    package = Path(ordergate.__file__).parent
    packaged = package / "openapi"
    return packaged if packaged.is_dir() else package.parents[1] / "openapi"
