"""One backbone of each family of the catalog, for tests that are the same for all."""

from backbone_families import smallest_of_each_family

from kerastl.models import BACKBONES

# Name of the smallest member of each family.
SMALLEST = smallest_of_each_family()
# And a size at which building and running it is quick.
QUICK_SIZES = {name: max(32, BACKBONES[name].min_size) for name in SMALLEST}
