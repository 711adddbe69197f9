import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kerastl.errors import KerastlError, UsageError
from kerastl.results import open_results

NAMES = [f"{'bad' if number == 4 else 'name'}-{number}" for number in range(10)]


def test_parts_have_a_row_an_image_and_the_manifest_tells_of_them(tmp_path, write, contents):
    assert write(tmp_path / "out", NAMES, options={"top": 3}) == NAMES
    found = contents(tmp_path / "out")
    parts = [f"part-{number:06d}.jsonl" for number in (1, 2, 3, 4)]
    assert sorted(found) == ["_done.keys", "_manifest.json", *parts]
    rows = [json.loads(line) for part in parts for line in found[part].splitlines()]
    assert [row["path"] for row in rows] == NAMES
    assert rows[4] == {"path": "bad-4", "length": 5, "error": "it is bad"}
    manifest = json.loads(found["_manifest.json"])
    assert manifest["asked"]["options"] == {"top": 3}
    assert [(part["rows"], part["failed"]) for part in manifest["parts"]] == [(3, 0), (3, 1), (3, 0), (1, 0)]
    assert (manifest["complete"], manifest["rows"], manifest["failed"]) == (True, 10, 1)


def test_an_interrupted_run_goes_on_to_the_same_files(tmp_path, write, contents):
    write(tmp_path / "whole", NAMES)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", NAMES, stop_after=7)
    assert not open_results(tmp_path / "out").complete
    assert write(tmp_path / "out", NAMES) == NAMES[6:]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert write(tmp_path / "out", NAMES) == []
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_images_that_came_since_are_added_and_no_other_is_done_again(tmp_path, write):
    write(tmp_path / "out", NAMES)
    assert write(tmp_path / "out", ["a", *NAMES[:5], "b", *NAMES[6:]]) == ["a", "b"]
    found = open_results(tmp_path / "out")
    assert [row["path"] for row in found] == [*NAMES, "a", "b"]
    assert found.complete


def test_two_shards_have_each_image_once(tmp_path, write, contents):
    seen = [*write(tmp_path / "out", NAMES, shard="1/2")]
    assert open_results(tmp_path / "out").shards[1].complete is False
    seen += write(tmp_path / "out", NAMES, shard="2/2", engine="another")
    assert sorted(seen) == sorted(NAMES)
    found = open_results(tmp_path / "out")
    assert (found.complete, found.rows, found.failed) == (True, 10, 1)
    assert sorted(row["path"] for row in found) == sorted(NAMES)
    assert {name.split("-")[1] for name in contents(tmp_path / "out") if name.endswith("jsonl")} == {"1of2", "2of2"}


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"options": {"top": 5}}, "--top was not given and is 5"),
        ({"model": "another"}, "model was m and is another"),
        ({"identity": "j"}, "what the model is was i and is j"),
        ({"engine": "keras"}, "engine was e and is keras"),
        ({"part_size": 4}, "part size was 3 and is 4"),
        ({"form": "csv"}, "format was jsonl and is csv"),
        ({"sources": ["names", "more"]}, "the sources were others"),
        ({"command": "other"}, "command was lengths and is other"),
        ({"kerastl": "9"}, "the version of kerastl was .* and is 9"),
    ],
)
def test_another_question_is_refused_and_nothing_is_changed(tmp_path, write, contents, question, message):
    write(tmp_path / "out", NAMES)
    before = contents(tmp_path / "out")
    with pytest.raises(UsageError, match=f"holds the results of another question: {message}; take another folder"):
        write(tmp_path / "out", NAMES, **question)
    assert contents(tmp_path / "out") == before


def test_what_is_secret_in_an_address_is_not_in_the_manifest_and_may_change(tmp_path, write):
    """An archive whose address was signed anew is the same; another image of a program in the web is not."""
    signed = "https://host/a.tar?signature=SECRET"
    write(tmp_path / "out", NAMES, sources=[signed, "s3://user:SECRET@bucket/b.zip"])
    assert "SECRET" not in (tmp_path / "out" / "_manifest.json").read_text()
    assert write(tmp_path / "out", NAMES, sources=["https://host/a.tar?signature=2", "s3://bucket/b.zip"]) == []
    write(tmp_path / "images", NAMES, sources=["https://host/image?number=1"])
    with pytest.raises(UsageError, match="the sources were others"):
        write(tmp_path / "images", NAMES, sources=["https://host/image?number=2"])


def test_shards_of_another_question_or_another_count_are_refused(tmp_path, write):
    write(tmp_path / "out", NAMES, shard="1/2")
    with pytest.raises(UsageError, match="another question: model was m and is another"):
        write(tmp_path / "out", NAMES, shard="2/2", model="another")
    with pytest.raises(UsageError, match="is divided into 2 shards, not 3"):
        write(tmp_path / "out", NAMES, shard="2/3")
    with pytest.raises(UsageError, match="is divided into 2 shards, not 1"):
        write(tmp_path / "out", NAMES)


def test_two_at_once_are_kept_apart(tmp_path, opened):
    with (
        opened(tmp_path / "out"),
        pytest.raises(UsageError, match=r"_done\.keys: another process is at it"),
        opened(tmp_path / "out"),
    ):
        pass
    with opened(tmp_path / "shards", shard="1/2"), opened(tmp_path / "shards", shard="2/2"):
        pass


def test_a_folder_with_other_things_is_left_alone(tmp_path, write):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(UsageError, match="is not empty, and holds no results: take a new folder"):
        write(tmp_path, NAMES)
    assert list(tmp_path.iterdir()) == [tmp_path / "letter.txt"]


@pytest.mark.parametrize("output", ["s3://bucket/out", "gs://bucket", Path("s3://bucket/out")])
def test_an_address_is_no_folder(write, output):
    with pytest.raises(UsageError, match="must be a folder of this machine"):
        write(output, NAMES)


def test_a_part_that_is_gone_or_cut_is_said(tmp_path, write):
    write(tmp_path / "out", NAMES)
    part = tmp_path / "out" / "part-000002.jsonl"
    os.truncate(part, 5)
    assert open_results(tmp_path / "out").damaged == [part]
    with pytest.raises(KerastlError, match=r"part-000002\.jsonl: has 5 bytes, not .* as when it was written"):
        write(tmp_path / "out", NAMES)
    part.unlink()
    assert not open_results(tmp_path / "out").complete
    with pytest.raises(KerastlError, match=r"part-000002\.jsonl: is missing though it was done"):
        write(tmp_path / "out", NAMES)


def test_parts_without_their_manifest_are_not_written_over(tmp_path, write):
    write(tmp_path / "out", NAMES, shard="1/2")
    write(tmp_path / "out", NAMES, shard="2/2")
    (tmp_path / "out" / "_manifest-2of2.json").unlink()
    with pytest.raises(KerastlError, match=r"_manifest-2of2\.json: is missing: take another folder"):
        write(tmp_path / "out", NAMES, shard="2/2")


# A process that kills itself before the n-th of the calls by which files come, change their name and go.
_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from conftest import LAYOUT, lengths
from kerastl._inputs import Expanded
from kerastl.results._manifest import asked
from kerastl.results._target import parts_target
from kerastl.results._writing import PartsFolder

left, folder = int(sys.argv[2]), sys.argv[3]

def count(event, arguments):
    global left
    if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate") and folder in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
question = asked(["names"], command="lengths", model="m", identity="i", engine="e", options={}, format="jsonl",
                 part_size=3)
with PartsFolder(parts_target(folder, "jsonl", 3), question, LAYOUT) as parts:
    parts.write(Expanded(sys.argv[4:], urls=True), lengths, lambda row: None)
"""


@pytest.mark.parametrize("seed", [0, 1])
def test_whenever_it_is_killed_each_image_has_one_row(tmp_path, write, contents, seed):
    write(tmp_path / "whole", NAMES)
    moments, kills = random.Random(seed), 0
    command = [sys.executable, "-c", _KILLED, str(Path(__file__).parent)]
    while True:
        moment = moments.randint(1, 20 + 4 * kills)  # the whole takes 46 such calls, 9 of them to begin
        killed = subprocess.run([*command, str(moment), str(tmp_path / "out"), *NAMES])
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        kills += 1
    assert kills > 1
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
