"""The cache of compiled networks: what someone else put there or changed is never answered with."""

import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

import kerastl
from kerastl.errors import CacheError, ModelError
from kerastl.inference import _export as export
from kerastl.inference import _open as opening
from kerastl.inference._cache import CompiledCache
from kerastl.inference._engines import Parallelism
from kerastl.inference._seal import SEAL_FILE, Seal, remembered_sha256

K, J = "c0ffee" + 26 * "0", "decaf" + 27 * "0"
PARALLELISM = Parallelism(workers=3, interpreters=2, threads=1, batch=4)
RED = np.full((32, 32, 3), (255, 0, 0), np.uint8)
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes here")


@pytest.fixture
def cache(tmp_path):
    return CompiledCache(tmp_path / "cache")


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def said(monkeypatch, caplog):
    log = logging.getLogger("kerastl")
    monkeypatch.setattr(log, "propagate", True)
    monkeypatch.setattr(log, "handlers", [])
    caplog.set_level(logging.INFO, "kerastl")
    return caplog


def put(cache, key=K, content=b"network"):
    return cache.store(key, "net", content, lambda file, size: PARALLELISM)


def test_an_entry_put_in_anothers_place_counts_as_none(cache):
    put(cache, K, b"network")
    other = put(cache, J, b"another")
    shutil.copy(cache.folder / f"{J}.json", cache.folder / f"{K}.json")
    shutil.copy(other.file, cache.folder / other.file.name.replace(J, K))
    assert cache.find(K) is None
    assert cache.find(J) == other


@pytest.mark.parametrize(
    "change",
    [
        {"model": "x"}, {"stamp": [1, 2, 3, 4]}, {"plan": {"workers": 0, "interpreters": 1, "threads": 1, "batch": 1}},
        {"sha256": "/../../../etc/x"}, {"seal": None}, {"seal": "0" * 64}, {"seal": "\u00e4"},
    ],
)  # fmt: skip
def test_a_note_that_was_changed_counts_as_none(cache, change):
    put(cache)
    note = cache.folder / f"{K}.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | change))
    assert cache.find(K) is None


@pytest.mark.parametrize("value", [0, -1, 10**9, 1.5, True, None, "2"])
@pytest.mark.parametrize("name", ["workers", "interpreters", "threads", "batch"])
def test_a_plan_that_no_machine_has_counts_as_none(cache, name, value):
    put(cache)
    note = cache.folder / f"{K}.json"
    values = cache.seal.read(note)
    values["plan"][name] = value
    cache.seal.write(note, values)
    assert cache.find(K) is None


def test_a_cache_that_was_moved_with_its_secret_is_good(cache, tmp_path):
    put(cache)
    shutil.copytree(cache.folder, tmp_path / "moved")
    assert CompiledCache(tmp_path / "moved").find(K).parallelism == PARALLELISM
    (tmp_path / "moved" / SEAL_FILE).unlink()
    assert CompiledCache(tmp_path / "moved").find(K) is None


@posix
def test_a_secret_that_others_know_is_none(cache):
    put(cache)
    secret = cache.folder / SEAL_FILE
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    secret.chmod(0o644)
    assert cache.find(K) is None
    put(cache)  # makes another
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert cache.find(K) is not None


@posix
def test_pipes_and_links_in_the_cache_neither_hang_nor_count(cache, tmp_path):
    entry = put(cache)
    remembered_sha256(entry.file, cache.folder / "hashes", cache.seal)
    (memory,) = (cache.folder / "hashes").iterdir()
    for file in (cache.folder / f"{K}.json", entry.file, memory, cache.folder / SEAL_FILE):
        kept = file.read_bytes()
        mode = stat.S_IMODE(file.stat().st_mode)
        file.unlink()
        os.mkfifo(file)
        cache.find(K)
        remembered_sha256(tmp_path / "cache" / SEAL_FILE if file != cache.folder / SEAL_FILE else memory,
                          cache.folder / "hashes", cache.seal)  # fmt: skip
        assert file == memory or cache.find(K) is None
        file.unlink()
        (tmp_path / "elsewhere").write_bytes(kept)
        (tmp_path / "elsewhere").chmod(mode)
        file.symlink_to(tmp_path / "elsewhere")
        assert file == memory or cache.find(K) is None
        file.unlink()
        file.write_bytes(kept)
        file.chmod(mode)


def test_a_hash_that_was_changed_is_computed_again(tmp_path):
    seal = Seal(tmp_path)
    file, other = tmp_path / "f", tmp_path / "g"
    file.write_bytes(b"abc")
    other.write_bytes(b"abd")
    found = remembered_sha256(file, tmp_path / "memory", seal)
    (note,) = (tmp_path / "memory").iterdir()
    remembered_sha256(other, tmp_path / "memory", seal)
    (others,) = set((tmp_path / "memory").iterdir()) - {note}
    shutil.copy(others, note)
    assert remembered_sha256(file, tmp_path / "memory", seal) == found
    note.write_text(json.dumps(json.loads(note.read_text()) | {"sha256": "0" * 64}))
    assert remembered_sha256(file, tmp_path / "memory", seal) == found


@posix
def test_a_folder_that_others_may_write_is_not_used_and_said(color_model, own_cache, said):
    own_cache.mkdir()
    own_cache.chmod(0o777)
    classifier = kerastl.load(color_model)
    assert classifier.engine == "keras"
    assert classifier.classify(RED).label == "red"
    assert "may be written by others" in said.text
    assert not list(own_cache.iterdir())
    with pytest.raises(ModelError, match="may be written by others"):
        kerastl.load(color_model, engine="litert")


@posix
def test_a_folder_of_another_user_is_not_used(cache, monkeypatch):
    put(cache)
    assert cache.fault() is None
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert cache.fault() == "belongs to another user"


@posix
def test_nothing_is_written_through_links_and_pipes(cache, tmp_path):
    entry = put(cache)
    (tmp_path / "outside").write_text("mine")
    for name in (f"{K}.json", entry.file.name, f"{K}.refused"):
        (cache.folder / name).unlink(missing_ok=True)
        (cache.folder / name).symlink_to(tmp_path / "outside")
    put(cache)
    cache.refuse(K, "no")
    assert (tmp_path / "outside").read_text() == "mine"
    assert cache.find(K) == entry
    assert cache.refusal(K) == "no"
    (cache.folder / f"{K}.json").unlink()
    os.mkfifo(cache.folder / f"{K}.json")
    put(cache)
    assert cache.find(K) == entry


@posix
def test_what_kerastl_makes_only_its_user_may_enter(cache):
    put(cache)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700


def test_threads_that_come_at_once_compile_once(color_model, own_cache, monkeypatch):
    real, calls = export.to_litert, []

    def slow(model):
        calls.append(model)
        return real(model)

    monkeypatch.setattr(export, "to_litert", slow)
    engines = []
    threads = [threading.Thread(target=lambda: engines.append(kerastl.load(color_model).engine)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engines == ["litert"] * 4
    assert len(calls) == 1


def test_threads_that_look_at_once_can_all_write(tmp_path):
    cache = CompiledCache(tmp_path / "cache")
    answers = []
    threads = [threading.Thread(target=lambda: answers.extend(cache.writable() for _ in range(50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 400
    assert not list(cache.folder.iterdir())


@posix
def test_a_process_waits_for_the_one_that_compiles(cache, said):
    from kerastl.inference._lock import locked

    cache.folder.mkdir()
    code = (
        "import sys, pathlib; from kerastl.inference._lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1]), 'x'): print('held', flush=True); sys.stdin.readline()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, cache.lock_file(K)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    entered = threading.Event()

    def enter():
        with locked(cache.lock_file(K), "net: compiling"):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.3)
    child.communicate("\n")
    thread.join()
    assert entered.is_set()
    assert "net: compiling: another process is at it; waiting" in said.text


FOREIGN = ("notes.json", "model.tflite", ".profile.json", "x.refused", f"{K}.txt", f"{K[:-1]}.json", ".probe.probe")


def test_clearing_leaves_foreign_files(cache):
    put(cache)
    (cache.folder / "hashes").mkdir()
    for name in FOREIGN:
        (cache.folder / name).write_text("mine")
        (cache.folder / "hashes" / name).write_text("mine")
    assert cache.clear()[0] == 2
    assert sorted(path.name for path in cache.folder.iterdir()) == sorted([*FOREIGN, "hashes"])
    assert sorted(path.name for path in (cache.folder / "hashes").iterdir()) == sorted(FOREIGN)


@posix
def test_clearing_follows_no_links(cache, tmp_path):
    put(cache)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{K}.json").write_text("mine")
    (cache.folder / "hashes").symlink_to(outside)
    (cache.folder / f"{J}.json").symlink_to(outside / f"{K}.json")
    cache.clear()
    assert (outside / f"{K}.json").read_text() == "mine"


def test_a_folder_that_is_no_cache_is_not_cleared(cache):
    cache.folder.mkdir()
    file = cache.folder / f"{K}.json"
    file.write_text("mine")
    with pytest.raises(CacheError, match="is no cache of kerastl's"):
        cache.clear()
    assert file.read_text() == "mine"
    file.unlink()
    assert cache.clear() == (0, 0)


def test_a_cleared_cache_is_made_again(color_model, own_cache):
    kerastl.load(color_model)
    CompiledCache(own_cache).clear()
    assert not [path for path in own_cache.rglob("*") if path.is_file()]
    assert kerastl.load(color_model).engine == "litert"
    assert opening.has_litert()
