"""The pieces of scripts/mini, which trained the network bundled."""

import argparse
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from kerastl.models._mini import network as architecture


def narrow(scripts, monkeypatch, widths):
    monkeypatch.setattr(architecture, "WIDTHS", widths)
    monkeypatch.setattr(architecture, "STEM_WIDTH", widths[0])
    return scripts.train.network(16)


def randomized(model):
    """Nothing as it was at the start: statistics and scales too."""
    draw = np.random.default_rng(0)
    model.set_weights([draw.uniform(0.1, 0.3, weight.shape) for weight in model.get_weights()])
    return model


@pytest.mark.parametrize("widths", [(4, 8, 12), (6, 8, 20)])
def test_a_wider_network_begins_with_the_scores_of_the_narrower(scripts, monkeypatch, tmp_path, widths):
    before = randomized(narrow(scripts, monkeypatch, (4, 8, 12)))
    before.save_weights(tmp_path / "before.weights.h5")
    after = randomized(narrow(scripts, monkeypatch, widths))
    scripts.weight_files.grow(after, tmp_path / "before.weights.h5")
    pixels = np.random.default_rng(1).uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    expected = np.asarray(before(pixels))
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(after(pixels)), expected, rtol=1e-5)


def test_fewer_bits_are_the_nearest(scripts):
    """Four bits after the leading one: steps of 1/16 from 1 to 2, of 1/8 from 2 to 4, of 1/256 from 1/16 to 1/8."""
    whole = np.array([1, 1.03, 1.0313, -3.9, 3.97, 0.1, 0], np.float16)
    expected = [1, 1, 1.0625, -3.875, 4, 26 / 256, 0]
    np.testing.assert_array_equal(scripts.weight_files._rounded(whole, 4), expected)


def test_large_kernels_are_written_in_steps(scripts, tmp_path):
    """Of a deviation of 0.15, an eighth is 0.019, and the power of two below that is 1/64; a small kernel has more."""
    model = keras.Sequential([keras.Input((375,)), keras.layers.Dense(375), keras.layers.Dense(9)])
    draw = np.random.default_rng(0)
    kernels = [draw.normal(0, 0.15, shape) for shape in ((375, 375), (375, 9))]
    model.set_weights([kernels[0], np.zeros(375), kernels[1], np.zeros(9)])
    scripts.weight_files.save_half(model, tmp_path / "half.weights.h5")
    model.load_weights(tmp_path / "half.weights.h5")
    large, _, small, _ = model.get_weights()
    np.testing.assert_array_equal(large * 64, np.rint(large * 64))
    # Half a step, and half of what half precision tells apart below 1.
    np.testing.assert_allclose(large, kernels[0], rtol=0, atol=1 / 128 + 1 / 4096)
    assert (small * 64 != np.rint(small * 64)).any()
    np.testing.assert_allclose(small, kernels[1], rtol=1 / 60)


def test_keras_loads_what_is_saved(scripts, monkeypatch, tmp_path):
    saved = randomized(narrow(scripts, monkeypatch, (4, 8, 12)))
    scripts.weight_files.save_half(saved, tmp_path / "half.weights.h5")
    loaded = narrow(scripts, monkeypatch, (4, 8, 12))
    loaded.load_weights(tmp_path / "half.weights.h5")
    for ours, theirs in zip(saved.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1 / 60 if ours.ndim > 1 else 1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["half.weights.h5"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_a_step_of_muon_is_nearly_orthogonal(scripts, dtype):
    """Whatever the gradient's singular values, here 1 to 100, those of the step are alike."""
    draw = np.random.default_rng(0)
    left, right = (np.linalg.qr(draw.normal(size=(rows, 4)))[0] for rows in (18, 4))
    gradient = (left * np.geomspace(1, 100, 4)) @ right.T
    kernel = keras.Variable(np.zeros((3, 3, 2, 4), "float32"))
    optimizer = scripts.muon.ConvolutionMuon(0.1, update_dtype=dtype, weight_decay=0.0)
    optimizer.apply([keras.ops.convert_to_tensor(gradient.reshape(3, 3, 2, 4), "float32")], [kernel])
    step = np.linalg.svd(np.asarray(kernel).reshape(18, 4), compute_uv=False)
    assert 0 < step.max() < 2 * step.min()


def test_targets_mix_classes_and_teachers(scripts, tmp_path):
    classes = np.array([1, 0])
    data = SimpleNamespace(wnids=["a", "b"], train=SimpleNamespace(pixels=np.zeros((2, 32, 32, 3)), classes=classes))
    hard = np.array([[0.05, 0.95], [0.95, 0.05]])
    args = SimpleNamespace(teachers=[], share=0.7, work=tmp_path, precision="float32")
    np.testing.assert_allclose(scripts.train.targets(data, args), hard, atol=1e-3)
    np.save(tmp_path / "scores.npy", np.log([[1, 3], [4, 1]]))
    args.teachers = [tmp_path / "scores.npy"]
    mixed = scripts.train.targets(data, args)
    np.testing.assert_allclose(mixed, 0.3 * hard + 0.7 * np.array([[0.25, 0.75], [0.8, 0.2]]), atol=1e-3)


def test_batches_are_what_the_seed_says(scripts):
    draw = np.random.default_rng(0)
    some = scripts.images.Images(draw.integers(0, 256, (10, 32, 32, 3), np.uint8), np.arange(10))

    def feed(seed):
        eye = np.eye(10, dtype=np.float16)
        return list(scripts.images.batches(some, eye, 24, 4, seed, 0.4, 0.5).as_numpy_iterator())

    first, again, other = feed(1), feed(1), feed(2)
    assert [pixels.shape for pixels, _ in first] == [(4, 24, 24, 3)] * 2
    for (pixels, targets), (same, _), (different, _) in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(pixels, same)
        assert (pixels != different).any()
        assert 0 <= pixels.min() < pixels.max() <= 255
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)


def test_images_are_scaled_as_kerastl_scales_them(scripts):
    """As Pillow's own filter does, which rounds once more; images that have the size are left alone."""
    pixels = np.random.default_rng(0).integers(60, 196, (2, 32, 32, 3), np.uint8)
    assert scripts.images.at_size(pixels, 32) is pixels
    larger = scripts.images.at_size(pixels, 48)
    assert larger.shape == (2, 48, 48, 3)
    for image, whole in zip(pixels, larger, strict=True):
        expected = np.asarray(Image.fromarray(image).resize((48, 48), Image.Resampling.BICUBIC), int)
        assert np.abs(expected - whole).max() <= 2


def test_filtering_by_nothing_changes_nothing(scripts):
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(scripts.images.filtered(pixels, np.zeros(2, "float32")), pixels, rtol=1e-6)
    softer = np.asarray(scripts.images.filtered(pixels, np.full(2, -0.6, "float32")))
    assert softer.std() < pixels.std()


def test_training_goes_on_from_its_checkpoint(scripts, monkeypatch, tmp_path):
    """Two epochs at once, and one after the other, give the same weights, though the second is at another size."""
    monkeypatch.setattr(architecture, "WIDTHS", (4, 6, 8))
    draw = np.random.default_rng(0)
    some = scripts.images.Images(draw.integers(0, 256, (16, 32, 32, 3), np.uint8), np.arange(16) % 2)
    data = scripts.images.Data(["a", "b"], some, some, some)
    soft = np.full((16, 200), 1 / 200, np.float16)

    def trained(folder, epochs):
        keras.utils.set_random_seed(0)
        folder.mkdir(exist_ok=True)
        args = argparse.Namespace(work=folder, start=None, views=None, precision="float32", rate=1e-3, batch=8, seed=0)
        args.epochs, args.cooldown, args.small, args.sizes, args.cutmix, args.ema = 2, 1, 1, (8, 16), 0.0, 0.9
        training = scripts.train.Training(args, data, soft)
        for epoch in range(training.done, epochs):
            training.epoch(epoch)
        return [*training.model.get_weights(), *training.average]

    whole = trained(tmp_path / "whole", 2)
    trained(tmp_path / "parts", 1)
    for ours, theirs in zip(trained(tmp_path / "parts", 2), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    lines = [json.loads(line) for line in (tmp_path / "parts" / "log.jsonl").read_text().splitlines()]
    assert [(line["pixels"], "held_out" in line) for line in lines] == [(8, False), (16, True)]
