"""The families of the catalog, each by its smallest network: what is tried once a family is tried with these."""

from __future__ import annotations

import re

from kerastl.models._rows import ROWS


def smallest_of_each_family() -> tuple[str, ...]:
    """Names, those with fewer parameters before those with more; sizes of one design count as one family."""
    found: dict[str, str] = {}
    for name, family, *_ in sorted(ROWS, key=lambda row: row[5]):
        found.setdefault(re.sub("_(small|large|mobile)$", "", family), name)
    return tuple(found.values())
