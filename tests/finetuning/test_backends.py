"""What Keras on JAX makes of the same images, recipe and seed: what TensorFlow makes of them, and several processes."""

import json
import math
import os
import subprocess
import sys

import backend_training
import numpy as np
import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends")
    backend_training.draw_images(folder / "images")
    return folder


@pytest.fixture(scope="module")
def on_jax(folder):
    """What a process that runs Keras on JAX gives."""
    pytest.importorskip("jax")
    command = [sys.executable, backend_training.__file__, str(folder / "images"), str(folder / "jax")]
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout.splitlines()[-1]), "said": done.stderr}


@pytest.fixture(scope="module")
def on_tensorflow(folder):
    return backend_training.train(folder / "images", folder / "tensorflow")


def test_jax_trains_to_the_weights_of_tensorflow(on_jax, on_tensorflow):
    assert on_jax["backend"] == "jax"
    np.testing.assert_allclose(on_jax["history"], on_tensorflow["history"], rtol=1e-3, atol=1e-7)
    for one, other in zip(on_jax["weights"], on_tensorflow["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-3 * max(1, np.abs(other).max()))


def test_two_processes_come_to_the_weights_of_one(on_jax, folder, capfd):
    """With augmentation, dropout, batch normalization, weights of classes and averaged weights."""
    both = backend_training.train_with_dropout(folder / "images", folder / "both", processes=2)
    np.testing.assert_allclose(both["history"], on_jax["one process"]["history"], rtol=1e-5)
    for one, other in zip(both["weights"], on_jax["one process"]["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * max(1, np.abs(other).max()))
    assert capfd.readouterr().err == ""
    assert (folder / "both" / "metrics.json").exists()


def test_callbacks_see_the_weights_of_each_step_on_jax(on_jax, on_tensorflow):
    assert len(on_jax["norms"]) == 8  # two epochs of 33 images in batches of 8
    assert len(set(on_jax["norms"])) == 8
    np.testing.assert_allclose(on_jax["norms"], on_tensorflow["norms"], rtol=1e-4)


def test_pretraining_goes_on_jax_where_the_teacher_follows_between_steps(on_jax):
    assert math.isfinite(on_jax["pretraining"])


def test_a_model_trained_on_jax_is_compiled_by_tensorflow_in_a_process_of_its_own(on_jax):
    np.testing.assert_allclose(on_jax["litert"], on_jax["keras"], atol=1e-4)
    assert sum(on_jax["litert"]) == pytest.approx(1, abs=1e-5)


def test_nothing_is_said_of_what_runs_beneath(on_jax):
    assert on_jax["said"].startswith("pre-training\n")  # whose pipeline TensorFlow sometimes has a word for
