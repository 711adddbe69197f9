import pytest

import kerastl


@pytest.fixture(scope="module")
def exported_colors(color_model, tmp_path_factory):
    """`color_model` exported to LiteRT: the result."""
    return kerastl.export(color_model, "litert", tmp_path_factory.mktemp("exported"))
