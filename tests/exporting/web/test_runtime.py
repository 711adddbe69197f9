"""Where the page's runtime comes from. A small package stands for the real one, and a script for npm."""

import base64
import hashlib
import io
import os
import stat
import tarfile

import pytest

from kerastl.errors import KerastlError
from kerastl.exporting import _web_runtime as web_runtime
from kerastl.exporting._web_runtime import RuntimeFile, runtime

CONTENTS = {"ort.wasm.min.js": b"var ort = 1;", "ort.mjs": b"export default 1;", "ort.wasm": bytes(range(256)) * 9}


def packed(contents):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def archive(monkeypatch, tmp_path):
    """The archive of a small package, which is taken for the right one."""
    content = packed(CONTENTS)
    files = [RuntimeFile(name, len(each), hashlib.sha256(each).hexdigest()) for name, each in CONTENTS.items()]
    monkeypatch.setattr(web_runtime, "FILES", tuple(files))
    monkeypatch.setattr(web_runtime, "_ARCHIVE_SIZE", len(content))
    monkeypatch.setattr(web_runtime, "_INTEGRITY", base64.b64encode(hashlib.sha512(content).digest()).decode())
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    return content


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """Put a program in npm's place: lines of a shell script, which is given npm's arguments."""

    def work(*lines):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "npm"
        script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return work


def names_of(found):
    return {file.name: content for file, content in found.items()}


@pytest.mark.parametrize("below", ["", "dist", "package/dist"])
def test_a_folder_with_the_files_will_do(archive, tmp_path, below):
    folder = tmp_path / "given" / below
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    assert names_of(runtime(tmp_path / "given")) == CONTENTS


def test_so_will_the_archive_and_its_folder(archive, tmp_path):
    (tmp_path / web_runtime.ARCHIVE).write_bytes(archive)
    assert names_of(runtime(tmp_path)) == CONTENTS
    assert names_of(runtime(tmp_path / web_runtime.ARCHIVE)) == CONTENTS


def test_another_archive_is_refused_before_it_is_unpacked(archive, tmp_path):
    (tmp_path / web_runtime.ARCHIVE).write_bytes(packed({**CONTENTS, "ort.mjs": b"export default 2;"}))
    with pytest.raises(KerastlError, match=r"is not onnxruntime-web [0-9.]+ as it was published"):
        runtime(tmp_path)


def test_changed_files_are_refused(archive, tmp_path):
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "ort.mjs").write_bytes(b"export default 2;")
    with pytest.raises(KerastlError, match="does not hold onnxruntime-web"):
        runtime(tmp_path)


def test_without_npm_it_is_said_what_to_do(archive, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        KerastlError, match=r"npm is missing: install Node\.js, or give a folder with .* as --web-runtime"
    ):
        runtime()
    with pytest.raises(KerastlError, match="npm is missing"):  # and before any work is done
        web_runtime.check()


@pytest.mark.skipif(os.name == "nt", reason="npm is played by a shell script")
def test_npm_fetches_it_once(archive, npm, tmp_path):
    (tmp_path / "kept.tgz").write_bytes(archive)
    calls = tmp_path / "calls"
    npm(f'echo "$@" >> {calls}', f"cp {tmp_path / 'kept.tgz'} {web_runtime.ARCHIVE}")
    web_runtime.check()
    assert not calls.exists()  # that there is npm is enough for now
    assert names_of(runtime()) == CONTENTS
    assert names_of(runtime()) == CONTENTS
    web_runtime.check()
    (call,) = calls.read_text().splitlines()
    assert call.split()[:2] == ["pack", f"onnxruntime-web@{web_runtime.VERSION}"]
    assert "--ignore-scripts" in call


@pytest.mark.skipif(os.name == "nt", reason="npm is played by a shell script")
def test_what_was_changed_in_the_cache_is_fetched_anew(archive, npm, tmp_path):
    (tmp_path / "kept.tgz").write_bytes(archive)
    npm(f"cp {tmp_path / 'kept.tgz'} {web_runtime.ARCHIVE}")
    runtime()
    (changed,) = (tmp_path / "cache").rglob("*-ort.mjs")
    changed.write_bytes(b"export default 2;")
    assert names_of(runtime()) == CONTENTS
    assert changed.read_bytes() == CONTENTS["ort.mjs"]


@pytest.mark.skipif(os.name == "nt", reason="npm is played by a shell script")
def test_what_npm_says_is_told_in_a_line(archive, npm):
    npm('echo "npm error code E404" >&2', 'echo "npm error 404 Not Found" >&2', "exit 1")
    with pytest.raises(KerastlError, match=r"npm cannot fetch onnxruntime-web [0-9.]+ \(404 Not Found\)"):
        runtime()


def test_clearing_the_cache_removes_it_and_nothing_else(archive, npm, tmp_path):
    from kerastl.inference._cache import RUNTIMES, CompiledCache

    (tmp_path / "kept.tgz").write_bytes(archive)
    npm(f"cp {tmp_path / 'kept.tgz'} {web_runtime.ARCHIVE}")
    runtime()
    folder = tmp_path / "cache" / RUNTIMES
    (folder / "notes.txt").write_text("mine")
    count, size = CompiledCache(tmp_path / "cache").clear()
    assert (count, size) == (3, sum(map(len, CONTENTS.values())))
    assert [each.name for each in folder.iterdir()] == ["notes.txt"]
