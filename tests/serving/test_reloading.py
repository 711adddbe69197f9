import asyncio
import shutil
import threading
import weakref
from pathlib import Path

import pytest

from kerastl.serving import _reloading as reloading
from kerastl.serving._metrics import Metrics
from kerastl.serving._models import ModelPool
from kerastl.serving._reloading import ModelWatcher
from kerastl.serving._settings import ServeSettings
from kerastl.serving._version import signature, version_of

SOON = 60.0


@pytest.fixture(scope="session")
def relabeled_model(color_model, tmp_path_factory):
    """The model of colors with its labels in another language: the network is the same, and compiled already."""
    from dataclasses import replace

    from kerastl.models import LabelSet
    from kerastl.models._metadata import read_metadata, update

    folder = tmp_path_factory.mktemp("relabeled")
    file = Path(shutil.copy(color_model / "model.keras", folder))
    update(file, replace(read_metadata(file), labels=LabelSet(("rot", "gruen", "blau"))))
    return folder


@pytest.fixture
def run(color_model, tmp_path):
    """A run folder that may be changed."""
    folder = tmp_path / "run"
    shutil.copytree(color_model, folder)
    return folder


def put(source, run):
    """As kerastl writes files: whole, under another name, then renamed."""
    Path(shutil.copy(source / "model.keras", run / ".new")).replace(run / "model.keras")


@pytest.fixture
def watched(run):
    """A pool and its watcher, which looks when it is told to."""
    settings = ServeSettings((("colors", str(run)),))
    metrics = Metrics()
    pool = ModelPool(settings, metrics)
    watcher = ModelWatcher(pool, settings, metrics)
    pool.load()
    yield pool, watcher, metrics
    pool.close()


def reloads(metrics, outcome):
    return metrics.registry.get_sample_value("kerastl_model_reloads_total", {"model": "colors", "outcome": outcome})


def test_a_changed_file_is_taken_when_it_is_the_same_at_two_looks(watched, run, relabeled_model):
    pool, watcher, metrics = watched
    before = pool["colors"]
    watcher.check()
    assert pool["colors"] is before
    put(relabeled_model, run)
    watcher.check()
    assert pool["colors"] is before
    watcher.check()
    assert pool["colors"].classifier.labels.names == ("rot", "gruen", "blau")
    assert pool["colors"].version != before.version
    assert reloads(metrics, "success") == 1


def test_a_broken_file_is_told_once_and_the_old_model_goes_on(watched, run, relabeled_model, caplog):
    pool, watcher, metrics = watched
    before = pool["colors"]
    (run / "model.keras").write_bytes(b"no model")
    for _ in range(4):
        watcher.check()
    assert pool["colors"] is before
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert line.startswith(f"colors: the new file cannot be used, version {before.version} goes on answering: ")
    assert reloads(metrics, "failure") == 1
    put(relabeled_model, run)
    watcher.check()
    watcher.check()
    assert pool["colors"].classifier.labels.names[0] == "rot"


def test_a_file_that_goes_is_told_and_taken_when_it_is_back(watched, run, relabeled_model, caplog):
    pool, watcher, _ = watched
    (run / "model.keras").unlink()
    for _ in range(4):
        watcher.check()
    assert [record.levelname for record in caplog.records if "its file is gone" in record.getMessage()] == ["WARNING"]
    put(relabeled_model, run)
    watcher.check()
    watcher.check()
    assert pool["colors"].classifier.labels.names[0] == "rot"


def test_a_file_of_the_same_content_changes_nothing(watched, run, color_model, monkeypatch):
    pool, watcher, metrics = watched
    before = pool["colors"]
    put(color_model, run)
    monkeypatch.setattr(reloading, "prepare", None)  # it is not even compiled
    watcher.check()
    watcher.check()
    assert pool["colors"] is before
    assert reloads(metrics, "success") is None


def test_a_file_that_changes_while_it_is_compiled_is_taken_as_it_is_then(watched, run, relabeled_model, monkeypatch):
    pool, watcher, _ = watched
    before = pool["colors"]

    def meanwhile(*_):
        monkeypatch.setattr(reloading, "prepare", lambda *_: None)
        put(relabeled_model, run)

    monkeypatch.setattr(reloading, "prepare", meanwhile)
    (run / "model.keras").write_bytes(b"what is not read")
    watcher.check()
    watcher.check()
    assert pool["colors"] is before
    watcher.check()
    watcher.check()
    assert pool["colors"].classifier.labels.names[0] == "rot"


def test_a_link_to_another_run_folder_is_a_change(color_model, relabeled_model, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(color_model)
    before = signature(str(link))
    link.unlink()
    link.symlink_to(relabeled_model)
    assert None is not signature(str(link)) != before


def test_a_network_whose_weights_stand_beside_it_changes_with_them(tmp_path):
    network, weights = tmp_path / "model.xml", tmp_path / "model.bin"
    network.write_text("<net/>")
    weights.write_bytes(b"1")
    state, version = signature(str(tmp_path)), version_of(network)
    weights.write_bytes(b"22")
    assert None is not signature(str(tmp_path)) != state
    assert version_of(network) != version


def test_networks_of_the_catalog_are_not_watched():
    settings = ServeSettings((("mini", "kerastl_mini"),))
    watcher = ModelWatcher(ModelPool(settings, Metrics()), settings, Metrics())
    watcher.check()
    assert watcher._watched == []


def test_a_request_that_has_begun_keeps_its_model(watched, run, relabeled_model):
    """Between the request's look at the model and its question may lie an upload."""
    from kerastl.calibration._apply import answer_rules
    from kerastl.serving._served_model import Query

    pool, watcher, _ = watched
    put(relabeled_model, run)
    watcher.check()

    async def asked():
        model = pool["colors"]
        looking = threading.Thread(target=watcher.check)
        looking.start()
        while (await asyncio.to_thread(lambda: next(iter(pool)))) is model:
            await asyncio.sleep(0)
        rules = answer_rules(model.classifier.file, model.classifier.metadata, 1, None, False, None)
        pixels = model.classifier.pixels(_red())
        (answer,) = await model.answer([Query(pixels, rules)], float("inf"))
        return answer.result.label, model, looking

    label, old, looking = asyncio.run(asked())
    assert label == "red"
    looking.join(SOON)
    assert not looking.is_alive()
    from kerastl.serving._errors import UnavailableError

    with pytest.raises(UnavailableError):
        old.batcher.submit([None], float("inf"))


def _red():
    from PIL import Image

    return Image.new("RGB", (32, 32), "red")


def test_no_request_is_lost_while_models_are_replaced(serving, run, color_model, relabeled_model, red_png, monkeypatch):
    monkeypatch.setattr(reloading, "_SECONDS", 3600)
    monkeypatch.setattr(reloading, "prepare", lambda *_: None)  # both are compiled
    with serving(models=(("colors", str(run)),)) as client:
        state = client.app.state.server
        watcher = ModelWatcher(state.models, state.settings, state.metrics)
        over = threading.Event()
        said = []

        def ask():
            while not over.is_set():
                answer = client.post("/v1/classify?top=1", content=red_png, headers={"Content-Type": "image/png"})
                said.append((answer.status_code, answer.json()["results"][0]["predictions"][0]["label"]))

        clients = [threading.Thread(target=ask) for _ in range(3)]
        for each in clients:
            each.start()
        for source in (relabeled_model, color_model) * 3:
            put(source, run)
            watcher.check()
            watcher.check()
        over.set()
        for each in clients:
            each.join()
        version = client.get("/v1/models").json()["models"][0]["version"]
        assert version == next(iter(state.models)).version
    assert {status for status, _ in said} == {200}
    assert {label for _, label in said} == {"red", "rot"}
    assert (
        state.metrics.registry.get_sample_value(
            "kerastl_model_reloads_total", {"model": "colors", "outcome": "success"}
        )
        == 6
    )


def test_the_memory_of_a_replaced_model_is_given_back(watched, run, relabeled_model):
    pool, watcher, _ = watched
    (old,) = [weakref.ref(model.classifier) for model in pool]
    put(relabeled_model, run)
    watcher.check()
    watcher.check()
    assert old() is None
