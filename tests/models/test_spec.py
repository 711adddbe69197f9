import pytest

from kerastl.models._registry import BACKBONES
from kerastl.models._spec import looks_like_path


@pytest.mark.parametrize(
    "text", ["runs/x", "runs\\x", "C:\\runs\\x", "C:x", "./x", ".", "..\\x", "~/x", "model.keras", "\\\\server\\share"]
)
def test_paths_of_any_system_are_paths(text):
    assert looks_like_path(text)


def test_no_name_of_the_catalog_looks_like_a_path():
    assert not [name for name in BACKBONES.names() if looks_like_path(name)]
