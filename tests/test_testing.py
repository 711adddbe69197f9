"""What a package's author is told of a backbone that is not as it must be."""

from dataclasses import replace

import pytest

from kerastl.errors import ModelError
from kerastl.models import Backbone, Stage
from kerastl.testing import check_backbone

keras = pytest.importorskip("keras")


def two_layers(*, include_top, weights, input_tensor, input_shape, shown=2):
    x = keras.layers.Conv2D(4, 3, name="low")(input_tensor)
    x = keras.layers.ReLU(name="middle")(keras.layers.Conv2D(4, 3, name="high")(x))
    if include_top:
        x = keras.layers.GlobalAveragePooling2D()(x)
        x = keras.layers.Dense(shown, activation="softmax", name="scores")(x)
    return keras.Model(input_tensor, x)


GOOD = Backbone(
    "good", two_layers, 16, (Stage("head", after="middle"), Stage("top", "high"), Stage("stem")), labels=("a", "b")
)


def test_a_good_one():
    check_backbone(GOOD)
    check_backbone(replace(GOOD, preprocess_input=lambda pixels: pixels))


def test_in_the_open():
    check_backbone("kerastl_mini")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"stages": (Stage("head", after="middle"), Stage("idle", "middle"), Stage("stem"))}, AssertionError, "idle"),
        ({"stages": (Stage("head", "nowhere"), Stage("stem"))}, ModelError, "has no layer 'nowhere'"),
        ({"labels": ("a", "b", "c")}, AssertionError, r"its head has the shape \(None, 2\), not \(None, 3\)"),
        ({"preprocess_input": lambda pixels: pixels / 255}, AssertionError, "differs from preprocess_input by 254"),
        (
            {"builder": lambda **_: 1 / 0, "arguments": {}},
            ModelError,
            r"<lambda>, failed \(ZeroDivisionError: division by zero\)",
        ),
        ({"builder": "kerastl.nowhere:build"}, ModelError, "the builder of good, kerastl.nowhere:build, failed"),
        ({"arguments": {"depth": 3}}, ModelError, "unexpected keyword argument 'depth'"),
        ({"builder": lambda **_: None}, ModelError, "failed .AttributeError"),
    ],
)
def test_what_is_wrong_is_named(changes, error, message):
    with pytest.raises(error, match=message):
        check_backbone(replace(GOOD, **changes))


def test_an_output_that_is_neither_map_nor_features():
    def rows(*, input_tensor, **_):
        return keras.Model(input_tensor, keras.layers.Reshape((-1, 4))(keras.layers.Conv2D(4, 3)(input_tensor)))

    with pytest.raises(AssertionError, match=r"its output has the shape \(None, 900, 4\)"):
        check_backbone(replace(GOOD, builder=rows))
