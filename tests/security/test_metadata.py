"""What metadata may hold, and that it belongs to the network beside it."""

import json
from dataclasses import fields

import pytest

import kerastl
from kerastl.errors import ModelError
from kerastl.images import Resize
from kerastl.inference._engine_registry import AUTO_ORDER
from kerastl.models import _metadata as metadata
from kerastl.models._labels import LabelSet
from kerastl.models._saved import schema

SIZE = {"kind": "image", "height": 8, "width": 8, "policy": "crop", "crop_fraction": 1.0}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"input": SIZE | {"height": 100_000}}, "'input.height' must be a whole number from 1 to 8,192"),
        ({"input": SIZE | {"width": 0}}, "'input.width'"),
        ({"input": SIZE | {"width": 8.5}}, "'input.width'"),
        ({"input": SIZE | {"height": True}}, "'input.height'"),
        ({"input": SIZE | {"policy": ["crop"]}}, "'input.policy'"),
        ({"input": SIZE | {"crop_fraction": float("nan")}}, "'input.crop_fraction'"),
        ({"input": SIZE | {"crop_fraction": 1e9}}, "'input.crop_fraction'"),
        ({"input": SIZE | {"white_level": 10**9}}, "'input.white_level'"),
        ({"input": SIZE | {"unheard": 1}}, "'input' has the unknown field 'unheard'"),
        ({"input": {"kind": "image", "height": 8}}, "'input.width' is missing"),
        ({"input": SIZE | {"kind": "sound"}}, "'input.kind' must be one of image, unless a package adds another"),
        ({"input": SIZE | {"kind": ["image"]}}, "'input.kind' must be one of image"),
        ({"input": {"height": 8}}, "'input.kind' must be one of image.* Received: None"),
        ({"input": []}, "'input' must be a JSON object"),
        ({"name": "x" * 1000}, r"'name' must be .* \(1,000 letters\)"),
        ({"name": None}, "'name'"),
        ({"backbone": 3}, "'backbone'"),
        ({"labels": ["a", "b" * 2**20]}, r"'labels' must be .* number 2 being .* \(1,048,576 letters\)"),
        ({"labels": ["a", 3]}, "'labels' must be .* number 2 being 3"),
        ({"labels": []}, "'labels'"),
        ({"labels": "ab"}, "'labels'"),
        ({"labels": ["a"] * 100_001}, "'labels' must be .* 100,001 elements"),
        ({"wnids": ["n1", "n 2\n"]}, "'wnids'"),
        ({"wnids": ["n1"]}, "2 labels and 1 wnids"),
        ({"extra": {"temperature": float("nan")}}, "'extra.temperature'"),
        ({"extra": {"temperature": -1}}, "'extra.temperature'"),
        ({"extra": {"temperature": "1"}}, "'extra.temperature'"),
        ({"extra": {"metrics": [1]}}, "'extra.metrics'"),
        ({"extra": {"metrics": {"train_images": "many"}}}, "'extra.metrics.train_images'"),
        ({"extra": {"temperature_inside": 2.0}}, "'extra.temperature_inside'"),
        ({"extra": {"temperature_inside": {"value": 0}}}, "'extra.temperature_inside.value'"),
        ({"extra": {"temperature_inside": {"value": 1, "fitted_on": 3}}}, "'extra.temperature_inside.fitted_on'"),
        ({"extra": {"calibration": None}}, "'extra.calibration'"),
        ({"extra": {"calibration": {"data_digest": 3}}}, "'extra.calibration.data_digest'"),
        ({"extra": {"calibration": {"pictures": 3}}}, "'extra.calibration.pictures'"),
        ({"extra": None}, "'extra'"),
        ({"extra": {"x": "y" * (2 << 20)}}, "'extra' holds a text"),
        ({"format": "1"}, "'format'"),
        ({"format": 99}, "newer kerastl"),
    ],
)
def test_fields_have_limits_and_are_named(forge, fields, named):
    with pytest.raises(ModelError, match=rf"model\.keras: the metadata.*{named}"):
        kerastl.load(forge.metadata(**fields))


def test_every_field_of_the_resizing_has_a_rule():
    assert {field.name for field in fields(Resize)} == {*schema.RESIZE, *schema.RESIZE_LATER}


def test_a_message_stays_short_and_plain(forge):
    with pytest.raises(ModelError) as caught:
        kerastl.load(forge.metadata(name="\x1b]0;title\x07\n" * 10_000))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("text", [b"[]", b"[" * 100_000, b"{", b"\xff", b"null"])
def test_a_card_that_is_none_is_one_line(forge, text):
    with pytest.raises(ModelError, match=r"model\.keras: the metadata is n"):
        kerastl.load(forge.changed(kerastl_json=text))


def test_nested_extras_are_refused(forge):
    nested = json.loads("[" * 50 + "]" * 50)
    with pytest.raises(ModelError, match="'extra' is nested"):
        kerastl.load(forge.metadata(extra={"x": nested}))


def test_what_later_versions_add_is_let_through(forge):
    found = metadata.read_metadata(forge.metadata(extra={"later": {"a": [1, None]}}, later=[1]))
    assert found.extra == {"later": {"a": [1, None]}}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"labels": ["a", "b", "c"]}, "names 3 classes, and its network gives arrays of shape"),
        ({"labels": ["a"]}, "names 1 classes"),
        ({"input": SIZE | {"height": 16}}, "images of 16 x 8 pixels, crop"),
    ],
)
def test_a_card_of_another_network_is_refused_compiled_or_not(good_model, forge, fields, reason):
    assert kerastl.load(good_model).engine == "litert"  # now in the cache, which goes by the network alone
    file = forge.metadata(**fields)
    for engine in AUTO_ORDER:
        with pytest.raises(
            ModelError, match=rf"model\.keras: its metadata {'says' if 'pixels' in reason else ''}.*{reason}"
        ):
            kerastl.load(file, engine=engine)


def test_a_network_with_two_outputs_is_refused(tmp_path):
    import keras

    pixels = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(pixels)
    file = tmp_path / "two.keras"
    keras.Model(pixels, [keras.layers.Dense(2)(x), keras.layers.Dense(2)(x)]).save(file)
    metadata.embed_metadata(file, metadata.Metadata("two", LabelSet(("a", "b")), Resize(8, 8)))
    with pytest.raises(ModelError, match="1 inputs and 2 outputs"):
        kerastl.load(file)
