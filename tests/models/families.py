"""One backbone of each family of the catalog, for tests that are the same for all."""

import re

from kerastl.models import BACKBONES
from kerastl.models._rows import ROWS

_FAMILIES = {}
for _name, _family, *_ in sorted(ROWS, key=lambda row: row[5]):  # by number of parameters
    _FAMILIES.setdefault(re.sub("_(small|large|mobile)$", "", _family), _name)

# Name of the smallest member of each family.
SMALLEST = tuple(_FAMILIES.values())
# And a size at which building and running it is quick.
QUICK_SIZES = {name: max(32, BACKBONES[name].min_size) for name in SMALLEST}
