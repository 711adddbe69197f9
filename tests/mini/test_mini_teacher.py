"""The teachers of the bundled network, and the views that they score."""

import argparse
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerastl.models._mini import network as architecture


def test_a_mirrored_teacher_is_the_mean_over_both(scripts, monkeypatch, tmp_path):
    """Compiled, against the scores of Keras for each of the two."""
    monkeypatch.setattr(architecture, "WIDTHS", (4, 6, 8))
    plain = scripts.train.network(32)
    plain.save_weights(tmp_path / "mini.weights.h5")
    command = ["mirrored.py", str(tmp_path / "mini.weights.h5"), str(tmp_path / "teacher.tflite")]
    monkeypatch.setattr(sys, "argv", command)
    scripts.mirrored.main()
    some = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    given, turned = (np.asarray(plain(views.astype("float32"))) for views in (some, some[:, :, ::-1]))
    assert np.abs(given - turned).max() > 1e-2
    expected = keras.ops.softmax((given + turned) / 2)
    np.testing.assert_allclose(scripts.views.probabilities(tmp_path / "teacher.tflite", some), expected, atol=1e-4)


def test_the_teachers_rate(scripts):
    """It rises over 0.3 epochs, is highest there, and ends at nothing."""
    rate = scripts.teacher.Rate(peak=1.7, steps=10, epochs=2)
    optimizer = SimpleNamespace(learning_rate=None)
    rate.set_model(SimpleNamespace(optimizer=optimizer))
    seen = []
    for epoch in (0, 1):
        rate.on_epoch_begin(epoch)
        for batch in range(10):
            rate.on_train_batch_begin(batch)
            seen.append(optimizer.learning_rate)
    np.testing.assert_allclose([seen[0], seen[2], seen[9], seen[19]], [1.7 / 3, 1.7, 1.0, 0], atol=1e-9)


def test_the_teacher_begins_as_plain_keras_scores(scripts, keras_home, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(keras_home))
    wnids = ["n01443537", "n09428293"]
    known = scripts.teacher.labels.imagenet().wnids
    file = keras_home / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"
    plain = keras.applications.MobileNetV2(weights=None, classifier_activation=None)
    plain.load_weights(file)
    headless = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(96, 96, 3), pooling="avg")
    headless.set_weights(plain.get_weights()[:-2])
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    scaled = keras.ops.image.resize(pixels, (96, 96)) / 127.5 - 1
    kernel, bias = plain.get_weights()[-2:]
    expected = (np.asarray(headless(scaled)) @ kernel + bias)[:, [known.index(wnid) for wnid in wnids]]
    np.testing.assert_allclose(np.asarray(scripts.teacher.network(wnids, 3)(pixels)), expected, atol=1e-3)


def test_a_teacher_goes_on_from_its_checkpoint(scripts, monkeypatch, tmp_path):
    """Two epochs at once, and one after the other, give the same weights, though the second is at another size."""
    draw = np.random.default_rng(0)
    some = scripts.images.Images(draw.integers(0, 256, (16, 32, 32, 3), np.uint8), np.arange(16) % 2)
    data = SimpleNamespace(wnids=["a", "b"], train=some, held_out=some)
    scales = []

    def network(wnids, scale, lite):
        scales.append(scale)
        layers = [keras.Input((32, 32, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
        return keras.Sequential(layers)

    def trained(folder, epochs):
        keras.utils.set_random_seed(0)
        folder.mkdir(exist_ok=True)
        args = argparse.Namespace(work=folder, rate=1e-3, batch=8, seed=0, epochs=2, small=1, lite=None)
        training = scripts.teacher.Training(args, data)
        for epoch in range(training.done, epochs):
            training.epoch(epoch)
        return training.model.get_weights()

    monkeypatch.setattr(scripts.teacher, "network", network)
    whole = trained(tmp_path / "whole", 2)
    trained(tmp_path / "parts", 1)
    for ours, theirs in zip(trained(tmp_path / "parts", 2), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert scales == [2, 3, 2, 2, 3]
    assert len((tmp_path / "parts" / "log.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(("number", "published"), [(0, 4_652_008), (1, 5_416_680), (2, 6_092_072)])
def test_efficientnet_lite_has_the_published_number_of_parameters(scripts, number, published):
    model = scripts.efficientnet_lite.network(number, 32, 1000)
    assert sum(weight.shape.num_elements() for weight in model.trainable_variables) == published


def test_efficientnet_lite_takes_weights_in_the_order_of_pytorch(scripts, tmp_path):
    """Kernels of a convolution there are (out, in, height, width), of a dense layer (out, in)."""
    model = scripts.efficientnet_lite.network(0, 32, 2)
    draw = np.random.default_rng(0)

    def published(weight):
        if "depthwise" in weight.path:
            return draw.normal(size=(weight.shape[2], 1, *weight.shape[:2])).astype("float32")
        shape = (*weight.shape[:1:-1], *weight.shape[:2]) if len(weight.shape) == 4 else weight.shape
        return draw.normal(size=shape).astype("float32")

    arrays = [published(weight) for weight in model.weights[:-2]]
    arrays += [draw.normal(size=(5, 1280)).astype("float32"), np.arange(5, dtype="float32")]
    np.savez(tmp_path / "lite.npz", *arrays)
    scripts.efficientnet_lite.load(model, tmp_path / "lite.npz", [4, 1])
    values = model.get_weights()
    assert values[0][2, 1, 0, 31] == arrays[0][31, 0, 2, 1]
    assert values[5].shape == (3, 3, 32, 1)
    assert values[5][2, 1, 31, 0] == arrays[5][31, 0, 2, 1]
    assert values[-2][7].tolist() == [arrays[-2][4, 7], arrays[-2][1, 7]]
    assert values[-1].tolist() == [4, 1]


def test_views_are_scored_each_by_itself(scripts, monkeypatch, tmp_path):
    """The teacher gives class 0 the logit of the mean red, class 1 that of the mean green, in units of 255."""
    mean = keras.layers.GlobalAveragePooling2D()
    raw = keras.Input((32, 32, 3))
    teacher = keras.Model(raw, keras.layers.Dense(2, use_bias=False)(mean(raw)))
    teacher.set_weights([np.array([[1, 0], [0, 1], [0, 0]]) / 255])
    (tmp_path / "teacher.tflite").write_bytes(scripts.teacher.to_litert(teacher))
    draw = np.random.default_rng(0)
    some = scripts.images.Images(draw.integers(0, 256, (10, 32, 32, 3), np.uint8), np.arange(10) % 2)
    data = SimpleNamespace(wnids=["a", "b"], train=some)
    monkeypatch.setattr(scripts.views, "BATCH", 5)
    monkeypatch.setattr(scripts.images, "read", lambda archive, cache: data)
    command = ["views.py", "archive", "--work", str(tmp_path), "--teachers", str(tmp_path / "teacher.tflite")]
    monkeypatch.setattr(sys, "argv", [*command, "--sets", "2", "--cutmix", "1"])
    scripts.views.main()
    first, second = (scripts.views.read(path) for path in scripts.views.files(tmp_path))
    assert (first.pixels != second.pixels).any()
    for views in (first, second):
        assert views.pixels.shape == (10, 32, 32, 3)
        assert views.pixels.dtype == np.uint8
        red, green = views.pixels[..., :2].mean(axis=(1, 2)).T / 255
        np.testing.assert_allclose(views.taught[:, 0], 1 / (1 + np.exp(green - red)), atol=1e-3)
        np.testing.assert_allclose(views.shares.sum(axis=1), 1, atol=2e-3)
        assert ((views.shares > 0.01) & (views.shares < 0.99)).any()


def test_sets_that_are_there_are_not_made_again(scripts, monkeypatch, tmp_path, capsys):
    for number in (0, 1):
        (tmp_path / f"views_{number:03}.npz").write_bytes(b"as it was")
    monkeypatch.setattr(scripts.images, "read", lambda archive, cache: None)
    command = ["views.py", "archive", "--work", str(tmp_path), "--teachers", "none", "--sets", "2"]
    monkeypatch.setattr(sys, "argv", command)
    scripts.views.main()
    assert [path.read_bytes() for path in scripts.views.files(tmp_path)] == [b"as it was"] * 2
    assert capsys.readouterr().out == ""


def test_views_are_as_they_were_or_mirrored(scripts):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 2, 2, 3), np.uint8)
    soft = np.eye(40, dtype=np.float16)
    seen = []
    for some, targets in scripts.images.flipped(pixels, soft, 8, 1).as_numpy_iterator():
        for image, row in zip(some, targets.argmax(axis=1), strict=True):
            mirrored = (image == pixels[row, :, ::-1]).all()
            assert mirrored or (image == pixels[row]).all()
            seen.append((int(row), bool(mirrored)))
    assert sorted(row for row, _ in seen) == list(range(40))
    assert [row for row, _ in seen] != list(range(40))
    assert 5 < sum(mirrored for _, mirrored in seen) < 35


def test_views_come_one_set_an_epoch(scripts, tmp_path):
    """Of two sets, the first and third epoch bring the first; targets are 0.2 of shares smoothed by 0.1, 0.8 taught."""
    shares, taught = np.array([[1, 0]] * 4, np.float16), np.array([[0.25, 0.75]] * 4, np.float16)
    for number in (0, 1):
        pixels = np.full((4, 32, 32, 3), 100 + number, np.uint8)
        np.savez(tmp_path / f"views_{number:03}.npz", pixels=pixels, shares=shares, taught=taught)
    training = object.__new__(scripts.train.Training)
    training.args, training.size = argparse.Namespace(views=tmp_path, share=0.8, batch=2, seed=0), 48
    for epoch, expected in enumerate((100, 101, 100)):
        brought = list(training._feed(epoch).as_numpy_iterator())
        assert len(brought) == 2
        for pixels, targets in brought:
            assert pixels.shape == (2, 48, 48, 3)
            assert (pixels == expected).all()
            np.testing.assert_allclose(targets, [[0.2 * 0.95 + 0.8 * 0.25, 0.2 * 0.05 + 0.8 * 0.75]] * 2, atol=1e-3)


@pytest.mark.parametrize(
    ("more", "message"),
    [([], "has no views"), (["--teachers", "a"], "leave out --teachers")],
)
def test_views_that_cannot_be_used_are_refused(scripts, monkeypatch, tmp_path, capsys, more, message):
    monkeypatch.setattr(sys, "argv", ["train.py", "archive", "--work", str(tmp_path), "--views", str(tmp_path), *more])
    with pytest.raises(SystemExit):
        scripts.train.main()
    assert message in capsys.readouterr().err
