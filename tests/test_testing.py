"""Backbones of somebody's own: registered, checked, and what their author is told."""

from dataclasses import replace

import numpy as np
import pytest

import kerastl
from kerastl._base import registry as registries
from kerastl.errors import ModelError, UsageError, WeightsError
from kerastl.models import BACKBONES, Backbone, Stage, register
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
    "good",
    two_layers,
    16,
    (Stage("head", after="middle"), Stage("top", "high"), Stage("stem")),
    min_size=8,
    labels=("a", "b"),
)


def test_a_good_one():
    check_backbone(GOOD)
    check_backbone(GOOD, input_size=(8, 24))
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

    with pytest.raises(AssertionError, match=r"its output has the shape \(None, 36, 4\)"):
        check_backbone(replace(GOOD, builder=rows))


@pytest.fixture
def registered(monkeypatch):
    """`good` as a name of the catalog, for one test."""
    monkeypatch.setattr(BACKBONES, "_entries", dict(BACKBONES._entries))
    return register(GOOD)


def test_a_registered_backbone_stands_where_those_of_the_catalog_do(registered):
    check_backbone("good")
    assert [row.name for row in kerastl.list_models("good")] == ["good"]
    assert "<td style='text-align:left'>good</td>" in kerastl.list_models("good")._repr_html_()
    classifier = kerastl.load("good", weights=None)
    assert (classifier.labels.names, classifier.metadata.resize.height) == (("a", "b"), 16)
    (scores,) = classifier.predict_proba(np.zeros((16, 16, 3), np.uint8))
    assert scores.sum() == pytest.approx(1)
    assert classifier.explain(np.zeros((16, 16, 3), np.uint8), "a").map.shape == (16, 16)
    with pytest.raises(WeightsError, match="good has no published weights with a head; give a file"):
        kerastl.load("good")
    with pytest.raises(UsageError, match="there is a model 'good' already"):
        register(GOOD)


def test_a_backbone_without_labels_does_not_classify(registered):
    register(replace(GOOD, labels=None), replace=True)
    with pytest.raises(UsageError, match="good has no head, so it cannot classify: fine-tune it"):
        kerastl.load("good", weights=None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stages": (Stage("stem"),)}, "the stages of good must be 'head' and others below it"),
        ({"stages": (Stage("head", "high"), Stage("a", "low"), Stage("a"))}, "the stages of good must be 'head'"),
        ({"stages": (Stage("head", "high"), Stage("stem", "low"))}, "'stem', starts with the input"),
        ({"min_size": 32}, "1 <= min_size <= input_size.* Received: min_size=32, input_size=16"),
        ({"input_scaling": "imagenet"}, "input_scaling must be one of"),
    ],
)
def test_a_backbone_that_cannot_be_is_refused_where_it_is_made(changes, message):
    with pytest.raises(UsageError, match=message):
        replace(GOOD, **changes)


def test_a_folder_goes_before_the_backbone_of_another_package(monkeypatch, tmp_path):
    """Whoever names a run folder does not wait for a look at what is installed."""
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(registries, "_entry_points", lambda group: asked.append(group) or [])
    monkeypatch.setattr(BACKBONES, "_points", None)
    (tmp_path / "toy").mkdir()
    with pytest.raises(ModelError, match=r"toy: holds no model\.keras"):
        kerastl.load("toy")
    assert asked == []
    (tmp_path / "toy").rmdir()
    with pytest.raises(UsageError, match="unknown model 'toy'"):
        kerastl.load("toy")
    assert asked == ["kerastl.backbones"]
