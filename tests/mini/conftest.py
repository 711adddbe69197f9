"""What the tests of scripts/mini share."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).parents[2] / "scripts" / "mini"
NAMES = (
    "efficientnet_lite",
    "mirrored",
    "muon",
    "images",
    "teacher",
    "train",
    "views",
    "weight_files",
)


@pytest.fixture(scope="module")
def scripts():
    """The scripts as modules; others of these names, which other tests may have, come back afterwards."""
    others = {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}
    sys.path.insert(0, str(FOLDER))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
    sys.path.remove(str(FOLDER))
    for name in NAMES:
        del sys.modules[name]
    sys.modules.update(others)
