import logging
import stat
import zipfile

import numpy as np
import pytest

import kerastl
from kerastl import _progress as progress
from kerastl.errors import ModelError
from kerastl.inference import _export as export
from kerastl.inference import _open as opening
from kerastl.inference._cache import CompiledCache
from kerastl.models import _spec as reference

RED = np.full((32, 32, 3), (255, 0, 0), np.uint8)


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def said(monkeypatch, caplog):
    """What kerastl says, without the command line's handler."""
    log = logging.getLogger("kerastl")
    monkeypatch.setattr(log, "propagate", True)
    monkeypatch.setattr(log, "handlers", [])
    caplog.set_level(logging.INFO, "kerastl")
    return caplog


def test_the_version_of_keras_is_read_without_importing_it():
    import keras

    assert opening.keras_version() == keras.__version__


def test_a_network_is_compiled_once(color_model, own_cache, monkeypatch, said):
    stages = []
    monkeypatch.setattr(progress.Reporter, "begin", lambda self, stage: stages.append(stage.what))
    assert kerastl.load(color_model).engine == "litert"
    assert "colors: compiling for fast answers, once for these weights" in stages
    stages.clear()
    monkeypatch.setattr(export, "to_litert", None)
    assert kerastl.load(color_model).classify(RED).label == "red"
    assert (said.text, stages) == ("", [])


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_a_broken_cache_is_compiled_again(color_model, own_cache, content):
    kerastl.load(color_model)
    (file,) = own_cache.glob("*.tflite")
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    assert kerastl.load(color_model).classify(RED).label == "red"


def test_a_foreign_file_with_a_fitting_note_is_compiled_again(color_model, own_cache):
    """The hash fits, but it is no network: the runtime refuses it."""
    kerastl.load(color_model)
    cache = CompiledCache(own_cache)
    key = opening.cache_key(reference.resolve(color_model), cache)
    plan = cache.find(key).parallelism
    cache.clear()
    cache.store(key, "foreign", b"no network at all", lambda file, size: plan)
    classifier = kerastl.load(color_model)
    assert classifier.engine == "litert"
    assert classifier.classify(RED).label == "red"


def test_a_cache_that_cannot_be_written_falls_back_to_keras_with_one_warning(color_model, tmp_path, monkeypatch, said):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "file" / "cache"))
    classifier = kerastl.load(color_model)
    assert classifier.engine == "keras"
    assert classifier.classify(RED).label == "red"
    assert [record.levelname for record in said.records] == ["WARNING"]
    assert "cannot be written" in said.text
    with pytest.raises(ModelError, match="cannot be written"):
        kerastl.load(color_model, engine="litert")


def test_a_disk_that_fills_up_falls_back_to_keras(color_model, own_cache, monkeypatch, said):

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CompiledCache, "store", full)
    assert kerastl.load(color_model).engine == "keras"
    assert "No space left on device" in said.text


def test_a_read_only_cache_is_still_read(color_model, own_cache):
    kerastl.load(color_model)
    for path in [*own_cache.rglob("*"), own_cache]:
        path.chmod(stat.S_IREAD | (stat.S_IEXEC if path.is_dir() else 0))
    try:
        assert kerastl.load(color_model).engine == "litert"
    finally:
        for path in [own_cache, *own_cache.rglob("*")]:
            path.chmod(stat.S_IRWXU)


def test_without_the_runtime_keras_answers(color_model, own_cache, monkeypatch):
    monkeypatch.setattr(opening, "has_litert", lambda: False)
    assert kerastl.load(color_model).engine == "keras"
    with pytest.raises(ModelError, match="ai-edge-litert is not installed"):
        kerastl.load(color_model, engine="litert")


def test_a_network_that_compiles_wrongly_is_refused_and_remembered(color_model, own_cache, monkeypatch, said):
    import keras

    real = export.to_litert

    def wrong(model):
        other = keras.models.clone_model(model)
        other.set_weights([-weight for weight in model.get_weights()])
        return real(other)

    monkeypatch.setattr(export, "to_litert", wrong)
    classifier = kerastl.load(color_model)
    assert classifier.engine == "keras"
    assert classifier.classify(RED).label == "red"
    assert "differs from Keras" in said.text
    assert not list(own_cache.glob("*.tflite"))
    monkeypatch.setattr(export, "to_litert", None)
    assert kerastl.load(color_model).engine == "keras"


def test_the_key_covers_weights_identity_and_versions(color_model, own_cache, monkeypatch, tmp_path):
    found, cache = reference.resolve(color_model), CompiledCache(own_cache)
    keys = [opening.cache_key(found, cache)]
    copy = tmp_path / "copy.keras"
    copy.write_bytes(found.weights_file.read_bytes())
    import dataclasses

    assert opening.cache_key(dataclasses.replace(found, weights_file=copy), cache) == keys[0]
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("kerastl-more.json", "{}")  # what kerastl stores beside the network
    assert opening.cache_key(dataclasses.replace(found, weights_file=copy), cache) == keys[0]
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("more.json", "{}")
    keys.append(opening.cache_key(dataclasses.replace(found, weights_file=copy), cache))
    keys.append(opening.cache_key(dataclasses.replace(found, identity="another"), cache))
    monkeypatch.setattr(opening, "keras_version", lambda: "99")
    keys.append(opening.cache_key(found, cache))
    monkeypatch.setattr(opening, "EXPORT_VERSION", 99)
    keys.append(opening.cache_key(found, cache))
    assert len(set(keys)) == 5


def test_what_only_this_process_lacks_is_not_remembered(color_model, own_cache, monkeypatch, said):
    with monkeypatch.context() as patched:
        patched.setattr(export, "unavailable", lambda: "Keras runs on jax")
        assert kerastl.load(color_model).engine == "keras"
        assert "Keras runs on jax: answering through Keras" in said.text
    assert kerastl.load(color_model).engine == "litert"
