import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl.embedding import Embedder, load_embedder
from kerastl.errors import UsageError


def unit(*numbers):
    return np.array(numbers) / np.linalg.norm(numbers)


@pytest.fixture(scope="module")
def embedder(color_model):
    return Embedder(kerastl.load(color_model))


def test_vectors_are_what_the_last_layer_decides_by_of_length_1(embedder, image):
    # The features are the means of the channels, as fractions of 255.
    paths = [image("a.png", (255, 0, 0)), image("b.png", (30, 40, 0)), image("c.png", (51, 102, 204))]
    found = list(embedder.stream(paths))
    assert [each.path for each in found] == [str(path) for path in paths]
    vectors = np.stack([each.vector for each in found])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [unit(1, 0, 0), unit(3, 4, 0), unit(1, 2, 4)], atol=1e-5)
    np.testing.assert_allclose(
        np.stack([each.probabilities for each in found]), embedder.classifier.predict_proba(paths), atol=1e-6
    )


def test_a_result_says_which_file_it_is_of(embedder, image):
    path = image("a.png", "red")
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    (found,) = embedder.stream([path])
    content = path.read_bytes()
    assert found.content == hashlib.blake2b(content, digest_size=16).hexdigest()
    assert (found.size, found.mtime_ns) == (len(content), path.stat().st_mtime_ns)


def test_what_cannot_be_read_has_a_reason_and_keeps_its_place(embedder, image, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    paths = [image("a.png", "red"), tmp_path / "broken.jpg", tmp_path / "gone.png", image("b.png", "blue")]
    found = list(embedder.stream(paths))
    assert [each.error is None for each in found] == [True, False, False, True]
    assert found[1].vector is None
    assert found[1].path == str(tmp_path / "broken.jpg")
    assert "no such file" in found[2].error
    np.testing.assert_allclose(found[3].vector, [0, 0, 1], atol=1e-6)


def test_an_image_without_features_is_near_nothing(embedder, image):
    (found,) = embedder.stream([image("black.png", "black")])
    np.testing.assert_array_equal(found.vector, [0, 0, 0])


def test_features_that_are_not_finite_are_told(color_model, image, monkeypatch):
    classifier = kerastl.load(color_model)
    answer = np.full((1, 3), 1 / 3, np.float32), np.array([[np.nan, 0, 0]], np.float32)
    monkeypatch.setattr(classifier, "predict_features", lambda pixels, features: answer)
    (found,) = Embedder(classifier).stream([image("a.png", "red")])
    assert found.error == "the network's features of it are not finite"
    assert found.vector is None


def test_half_precision(color_model, image):
    (found,) = Embedder(kerastl.load(color_model), dtype="float16").stream([image("a.png", (30, 40, 0))])
    assert found.vector.dtype == np.float16
    np.testing.assert_allclose(found.vector, [0.6, 0.8, 0], atol=5e-4)


def test_folders_stand_for_the_images_in_them(embedder, image, tmp_path):
    image("folder/a.png", "red")
    image("folder/below/b.png", "blue")
    (tmp_path / "folder/notes.txt").write_text("no image")
    found = list(embedder.stream([tmp_path / "folder"]))
    assert [Path(each.path).name for each in found] == ["a.png", "b.png"]


def test_only_paths_have_a_file(embedder):
    with pytest.raises(UsageError, match=r"only paths are taken here; Classifier\.embed and classify take images"):
        list(embedder.stream([np.zeros((8, 8, 3), np.uint8)]))


@pytest.mark.parametrize(("wrong", "message"), [({"features": "first"}, "last, deep"), ({"dtype": "int8"}, "float32")])
def test_wrong_arguments(embedder, wrong, message):
    for make in (lambda: Embedder(embedder.classifier, **wrong), lambda: load_embedder("kerastl_mini", **wrong)):
        with pytest.raises(UsageError, match=message):
            make()


def test_one_network_gives_both(color_model, image):
    embedder = load_embedder(color_model)
    path = image("a.png", (255, 0, 0))
    (found,) = embedder.stream([path])
    # Ten times the mean of each channel are the logits.
    np.testing.assert_allclose(found.probabilities, [0.99990921, 4.54e-5, 4.54e-5], atol=1e-6)
    np.testing.assert_allclose(found.vector, [1, 0, 0], atol=1e-6)
    assert (embedder.dimension, embedder.identity) == (3, Embedder(kerastl.load(color_model)).identity)


def test_identities_tell_networks_features_and_ways_of_reading_apart(color_model, label_model):
    found = [
        Embedder(kerastl.load(color_model)).identity,
        Embedder(kerastl.load(color_model), "deep").identity,
        Embedder(kerastl.load(color_model, resize="pad")).identity,
        Embedder(kerastl.load(label_model)).identity,
    ]
    assert len({*found}) == 4
