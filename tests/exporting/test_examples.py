"""What stands in examples."""

import ast
import sys

import numpy as np
import pytest
from PIL import Image

from kerastl.exporting import EXPORT_FORMATS
from kerastl.exporting._examples import TEMPLATE, environment
from kerastl.images import RESIZE_POLICIES, Resize

TEMPLATES = sorted({template for each in EXPORT_FORMATS.values() for template in each.examples})
TASKS = ("classification", "multilabel", "regression", "ordinal")


def rendered(template, resize, task="classification", with_resize=False):
    values = {"file": "model.bin", "resize": resize, "task": task, "labels": 3, "with_resize": with_resize}
    return environment().get_template(template).render(values)


@pytest.fixture
def drawing(tmp_path):
    """Soft stripes, wider than high, in a file."""
    y, x = np.mgrid[:90, :130]
    pixels = np.stack([128 + 90 * np.sin(x / 9 + y / 20), 2 * y, 255 - x], -1)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "drawing.png")
    return tmp_path / "drawing.png"


@pytest.mark.parametrize("policy", RESIZE_POLICIES)
@pytest.mark.parametrize("size", [(32, 32), (30, 50), (200, 100)])
def test_python_reads_images_as_kerastl_does(policy, size, drawing, monkeypatch):
    resize = Resize(*size, policy)
    monkeypatch.setattr(sys, "argv", ["example.py", str(drawing)])
    names = {}
    code = "import sys\nimport numpy as np\nfrom PIL import Image, ImageOps\n" + rendered("read_image.py.j2", resize)
    exec(code, names)  # noqa: S102
    expected = resize.read(drawing)
    assert names["pixels"].dtype == np.uint8
    assert names["pixels"].shape == (1, *expected.shape)
    differences = np.abs(names["pixels"][0].astype(int) - expected)
    assert differences.mean() < 0.5
    assert differences.max() <= (0 if policy == "keras" else 8)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("policy", RESIZE_POLICIES)
@pytest.mark.parametrize("with_resize", [False, True])
@pytest.mark.parametrize("template", [name for name in TEMPLATES if name.endswith(f".py{TEMPLATE}")])
def test_python_compiles(template, task, policy, with_resize):
    code = rendered(template, Resize(30, 50, policy), task, with_resize)
    ast.parse(code)
    assert max(map(len, code.splitlines())) <= 120
    assert "kerastl" not in {name.split(".")[0] for name in imported(code)}


def imported(code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("policy", RESIZE_POLICIES)
@pytest.mark.parametrize(
    "template", [name for name in TEMPLATES if name.endswith((f".kt{TEMPLATE}", f".swift{TEMPLATE}"))]
)
def test_brackets_close_in_other_languages(template, policy):
    code = rendered(template, Resize(30, 50, policy))
    assert "{{" not in code
    for opening, closing in ("()", "{}", "[]"):
        assert code.count(opening) == code.count(closing)
    assert "model.bin" in code
    assert "labels" in code


def test_every_example_of_a_format_is_there():
    for template in TEMPLATES:
        assert (
            environment()
            .get_template(template)
            .render(file="model.bin", resize=Resize(32, 32), task="classification", labels=3, with_resize=False)
        )
