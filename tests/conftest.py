import importlib.util
import json
import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Let Ctrl-C reach the processes that tests start: a shell has what it starts in the background ignore it."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def no_stage_is_told_because_the_machine_is_slow(request, monkeypatch):
    """Stages are told when they take a second; what a command prints here depends on no second."""
    if "progress" not in f"{request.path.parent.name} {request.path.name}":
        monkeypatch.setattr("kerastl._progress.reporter.PATIENCE", math.inf)


@pytest.fixture(scope="session", autouse=True)
def compiled_cache(tmp_path_factory):
    """A cache of compiled networks that lasts for the test run, so that each is compiled once."""
    folder = tmp_path_factory.mktemp("kerastl-cache")
    before = os.environ.get("KERASTL_CACHE")
    os.environ["KERASTL_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["KERASTL_CACHE"]
    else:
        os.environ["KERASTL_CACHE"] = before


@pytest.fixture(scope="session")
def color_model(tmp_path_factory, compiled_cache):
    """A run folder whose model tells red, green and blue apart.

    Its logits are ten times the mean of each channel, so that an image that is all red scores
    exp(10) / (exp(10) + 2) = 0.99990921 for red, and an all black one 1/3 for each.
    """
    import keras

    import kerastl
    from kerastl.images import Resize
    from kerastl.models import _metadata as metadata
    from kerastl.models._labels import LabelSet

    pixels = keras.Input((32, 32, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(pixels, dense(means), name="colors")
    dense.set_weights([10 * np.eye(3, dtype="float32"), np.zeros(3, "float32")])
    folder = tmp_path_factory.mktemp("colors")
    model.save(folder / metadata.MODEL_FILE)
    described = metadata.Metadata("colors", LabelSet(("red", "green", "blue")), Resize(32, 32, "crop", 1.0))
    metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
    kerastl.load(folder)  # compiled before any test looks at what is said about that
    return folder


@pytest.fixture(scope="session")
def several_colors_model(tmp_path_factory, compiled_cache):
    """A run folder whose model gives each of red, green and blue by itself: the mean of its channel times 20 minus 10
    is its logit, so that a channel of more than 127.5 gives its label."""
    import keras

    from kerastl.images import Resize
    from kerastl.models import LabelSet
    from kerastl.models import _metadata as metadata

    pixels = keras.Input((32, 32, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
    dense = keras.layers.Dense(3, activation="sigmoid")
    model = keras.Model(pixels, dense(means), name="several")
    dense.set_weights([20 * np.eye(3, dtype="float32"), np.full(3, -10, "float32")])
    folder = tmp_path_factory.mktemp("several")
    model.save(folder / metadata.MODEL_FILE)
    labels, reader = LabelSet(("red", "green", "blue")), Resize(32, 32, "crop", 1.0)
    described = metadata.Metadata("several", labels, reader, task="multilabel")
    metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
    return folder


@pytest.fixture(scope="session")
def colored_model(tmp_path_factory, compiled_cache):
    """Builds a run folder whose model sees the mean of each channel, from 0 to 1, behind one dense layer."""
    import keras

    from kerastl.images import Resize
    from kerastl.models import _metadata as metadata
    from kerastl.models._labels import LabelSet

    def build(task, labels, weights, bias, activation, **extra):
        pixels = keras.Input((32, 32, 3))
        means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
        dense = keras.layers.Dense(len(bias), activation=activation)
        model = keras.Model(pixels, dense(means), name="colors")
        dense.set_weights([np.array(weights, np.float32), np.array(bias, np.float32)])
        folder = tmp_path_factory.mktemp(task)
        model.save(folder / metadata.MODEL_FILE)
        reader = Resize(32, 32, "crop", 1.0)
        described = metadata.Metadata("colors", LabelSet(labels), reader, extra=extra, task=task)
        metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
        return folder

    return build


@pytest.fixture(scope="session")
def label_model(colored_model):
    """Gives each of red, green and blue that an image holds, by itself: sigmoid(10 x - 5) of a channel's mean x."""
    return colored_model("multilabel", ("red", "green", "blue"), 10 * np.eye(3), [-5.0] * 3, "sigmoid")


@pytest.fixture(scope="session")
def number_model(colored_model):
    """Gives how red an image is, from 0 to 10."""
    return colored_model("regression", ("redness",), [[10.0], [0.0], [0.0]], [0.0], "linear")


@pytest.fixture(scope="session")
def small_conv_network():
    """Builds a network of two convolutions whose logits are about ten times the mean of each channel."""

    def build():
        import keras

        pixels = keras.Input((32, 32, 3))
        first = keras.layers.Conv2D(3, 1, use_bias=False)
        second = keras.layers.Conv2D(3, 1, use_bias=False)
        dense = keras.layers.Dense(3, activation="softmax")
        hidden = second(first(keras.layers.Rescaling(1 / 255)(pixels)))
        model = keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(hidden)), name="small")
        first.set_weights([np.eye(3, dtype="float32")[None, None]])
        # Mixes the channels a little, which leaves the largest the largest.
        second.set_weights([(0.9 * np.eye(3, dtype="float32") + 0.03)[None, None]])
        dense.set_weights([10 * np.eye(3, dtype="float32"), np.zeros(3, "float32")])
        return model

    return build


@pytest.fixture(scope="session")
def small_conv_model(tmp_path_factory, compiled_cache, small_conv_network):
    """A run folder with `small_conv_network`, which tells red, green and blue apart."""
    from kerastl.images import Resize
    from kerastl.models import _metadata as metadata
    from kerastl.models._labels import LabelSet

    folder = tmp_path_factory.mktemp("small")
    small_conv_network().save(folder / metadata.MODEL_FILE)
    described = metadata.Metadata("small", LabelSet(("red", "green", "blue")), Resize(32, 32, "crop", 1.0))
    metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
    return folder


@pytest.fixture
def image(tmp_path):
    """Make an image file of one color."""

    def make(name, color, size=(40, 48)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, color).save(path)
        return path

    return make


@pytest.fixture(scope="session")
def keras_home():
    """A Keras cache with MobileNetV2's real weights, as KERAS_HOME names it."""
    home = os.environ.get("KERAS_HOME")
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"
    if not home or not Path(home, "models", file).is_file():
        pytest.skip("KERAS_HOME names no Keras cache with MobileNetV2's weights")
    return Path(home)


@pytest.fixture(scope="session")
def shared_images(keras_home):
    """A folder of real ImageNet images beside the Keras cache."""
    folder = keras_home.parent / "images" / "imagenet_samples"
    if not folder.is_dir():
        pytest.skip("there is no folder images/imagenet_samples beside KERAS_HOME")
    return folder


@pytest.fixture
def lines():
    """Read JSON lines."""
    return lambda text: [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="session")
def chromium():
    """An open browser without a window."""
    script = Path(__file__).parents[1] / "scripts" / "chromium.py"
    spec = importlib.util.spec_from_file_location("chromium", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    executable = module.find()
    if executable is None:
        pytest.skip(f"there is no Chromium or Chrome; {module.VARIABLE} may name one")
    with module.Chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def s3():
    """S3 as moto plays it on loopback; gives what puts an object into a bucket."""
    server_module = pytest.importorskip("moto.server")
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs")
    import boto3

    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            patch.setenv(f"AWS_{name}", "SECRET")
        for name in ("PROFILE", "SESSION_TOKEN"):  # whoever runs the tests may have some
            patch.delenv(f"AWS_{name}", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("no_proxy", "127.0.0.1")
        client, buckets = boto3.client("s3"), set()

        def put(bucket, key, content):
            if bucket not in buckets:
                client.create_bucket(Bucket=bucket)
                buckets.add(bucket)
            client.put_object(Bucket=bucket, Key=key, Body=content)

        yield put
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        client.close()
    server.stop()
