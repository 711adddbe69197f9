import os
import threading

import pytest

from kerastl.inference._cache import CompiledCache, cache_folder, default_parallelism
from kerastl.inference._engines import Parallelism, cores
from kerastl.inference._seal import remembered_sha256

# Two keys as `cache_key` makes them.
K, J = "c0ffee" + 26 * "0", "decaf" + 27 * "0"
PARALLELISM = Parallelism(workers=3, interpreters=2, threads=1, batch=4)


@pytest.fixture
def cache(tmp_path):
    return CompiledCache(tmp_path / "cache")


def put(cache, key=K, content=b"network"):
    return cache.store(key, "net", content, lambda file, size: PARALLELISM)


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


def test_what_is_stored_is_found(cache):
    assert cache.find(K) is None
    stored = put(cache)
    assert cache.find(K) == stored
    assert stored.file.read_bytes() == b"network"
    assert stored.parallelism == PARALLELISM
    assert [entry.model for entry in cache.entries()] == ["net"]


def test_a_network_that_fails_its_examination_is_not_stored(cache):
    def refuse(file, size):
        assert file.read_bytes() == b"network"
        assert size == 7
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        cache.store(K, "net", b"network", refuse)
    assert cache.find(K) is None
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"netw", b"netXork", b"a foreign file"])
def test_a_changed_file_is_not_trusted(cache, content):
    put(cache).file.write_bytes(content)
    assert cache.find(K) is None


def test_a_change_with_the_old_size_and_time_is_noticed(cache):
    file = put(cache).file
    before = file.stat()
    file.write_bytes(b"netXork")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.find(K) is None


def test_a_copied_cache_is_found_after_its_hash_is_checked(cache):
    entry = put(cache)
    entry.file.rename(cache.folder / "moved")
    entry.file.write_bytes(b"network")
    assert cache.find(K) == entry


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", "null", '{"sha256": 3}', "\x00\x01"])
def test_a_broken_note_is_not_trusted(cache, note):
    put(cache)
    (cache.folder / f"{K}.json").write_text(note)
    assert cache.find(K) is None
    assert put(cache) == cache.find(K)


def test_another_number_of_cores_falls_back_to_an_untried_plan(cache):
    put(cache)
    note = cache.folder / f"{K}.json"
    cache.seal.write(note, cache.seal.read(note) | {"cores": cores() + 1})
    assert cache.find(K).parallelism == default_parallelism(7)


def test_many_writers_at_once_leave_a_whole_entry(cache):
    contents = [f"network {n}".encode() for n in range(8)]
    threads = [threading.Thread(target=put, args=(cache, K, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.find(K).file.read_bytes() in contents


def test_a_refusal_is_remembered(cache):
    assert cache.refusal(K) is None
    cache.folder.mkdir()
    cache.refuse(K, "no such operation")
    assert cache.refusal(K) == "no such operation"


def test_networks_of_one_model_are_removed_and_no_others(cache):
    other = cache.store("b" * 32, "other", b"network", lambda file, size: PARALLELISM)
    put(cache)
    assert cache.remove("net") == 1
    assert cache.find(K) is None
    assert list(cache.entries()) == [other]
    assert not list(cache.folder.glob(f"{K}*"))


def test_clearing_removes_what_kerastl_put_there_and_nothing_else(cache):
    put(cache)
    cache.refuse(J, "no")
    weights = cache.folder / "w.h5"
    weights.write_bytes(b"w")
    remembered_sha256(weights, cache.folder / "hashes", cache.seal)
    (cache.folder / f".1-0123abcd.{K}-{16 * '0'}.tflite").write_bytes(b"left by a crash")
    count, size = cache.clear()
    assert count == 5
    assert size > 7
    assert [path for path in cache.folder.rglob("*") if path.is_file()] == [weights]


def test_a_folder_that_cannot_be_made_is_not_writable(tmp_path):
    (tmp_path / "file").write_text("")
    assert not CompiledCache(tmp_path / "file" / "cache").writable()
    assert CompiledCache(tmp_path / "new" / "cache").writable()


def test_large_networks_get_one_copy():
    assert default_parallelism(2**40).interpreters == 1
    assert default_parallelism(2**40).threads == cores()
    assert default_parallelism(1).interpreters == cores()
