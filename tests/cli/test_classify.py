import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from kerastl.cli import COMMANDS, run
from kerastl.inference._engine_registry import AUTO_ORDER

PURE = math.exp(10) / (math.exp(10) + 2)


@pytest.fixture
def classify(color_model, capfd):
    """Run `kerastl classify` with the color model; exit code, standard output, standard error."""

    def call(*arguments):
        code = run(["classify", "--model", str(color_model), *map(str, arguments)])
        return code, *capfd.readouterr()

    return call


@pytest.fixture
def folder(image, tmp_path):
    """Three images and a broken one."""
    image("images/a.png", "red")
    image("images/b.png", "blue")
    (tmp_path / "images" / "c.jpg").write_text("no image")
    image("images/deep/d.png", (0, 255, 0))
    return tmp_path / "images"


def test_text_is_one_line_an_image(classify, image):
    path = image("a.png", "red")
    assert classify(path, "--top", "2") == (0, f"{path}: red 100.0 %, green 0.0 %\n", "")


def test_jsonl_is_one_object_an_image_in_order(classify, folder, lines):
    code, out, err = classify(folder, "--format", "jsonl", "--top", 1)
    results = lines(out)
    assert code == 1
    assert [os.path.relpath(r["path"], folder) for r in results] == ["a.png", "b.png", "c.jpg", "deep/d.png"]
    assert [r.get("model") for r in results] == ["colors", "colors", None, "colors"]
    assert results[0]["predictions"] == [
        {"label": "red", "score": pytest.approx(PURE, abs=1e-6), "index": 0, "wnid": None}
    ]
    assert results[3]["predictions"][0]["label"] == "green"
    assert list(results[2]) == ["path", "error"]
    assert "1 of 4 images could not be classified" in err


def test_json_is_one_array(classify, folder):
    code, out, _ = classify(folder, "--format", "json")
    assert code == 1
    assert [r["path"].rsplit("/", 1)[1] for r in json.loads(out)] == ["a.png", "b.png", "c.jpg", "d.png"]


def test_csv_has_a_row_a_class(classify, folder):
    code, out, err = classify(folder / "a.png", folder / "c.jpg", folder / "b.png", "--format", "csv", "--top", 2)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 1
    assert [(row["rank"], row["label"]) for row in rows] == [("1", "red"), ("2", "green"), ("1", "blue"), ("2", "red")]
    assert float(rows[0]["score"]) == pytest.approx(PURE, abs=1e-6)
    assert rows[0]["path"] == str(folder / "a.png")
    assert f"{folder / 'c.jpg'}: " in err


def test_errors_of_text_are_one_line_on_standard_error(classify, folder):
    code, out, err = classify(folder / "c.jpg", folder / "missing.png")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 3
    assert "c.jpg" in err.splitlines()[0]
    assert "missing.png" in err.splitlines()[1]


def test_low_scores_are_left_out(classify, image):
    path = image("black.png", "black")
    assert classify(path, "--min-score", "0.5")[1] == f"{path}: nothing scores that high\n"
    assert json.loads(classify(path, "--min-score", "0.5", "--format", "jsonl")[1])["predictions"] == []
    assert len(json.loads(classify(path, "--min-score", "0.3", "--format", "jsonl")[1])["predictions"]) == 3


def test_top_beyond_the_classes_gives_all(classify, image):
    assert len(json.loads(classify(image("a.png", "red"), "-k", 99, "--format", "jsonl")[1])["predictions"]) == 3


def test_output_goes_into_a_file(classify, image, tmp_path):
    path, target = image("a.png", "red"), tmp_path / "out.jsonl"
    assert classify(path, "--format", "jsonl", "--output", target) == (0, "", "")
    assert json.loads(target.read_text())["path"] == str(path)


@pytest.mark.parametrize("model", [[], ["--model", "vgg16"]])
@pytest.mark.parametrize("wish", [["--coverage", "0.9"], ["--reject"]])
def test_published_networks_are_not_fetched_for_what_they_cannot_answer(capfd, monkeypatch, image, model, wish):
    monkeypatch.setattr("kerastl._load.load", None)
    assert run(["classify", str(image("a.png", "red")), *model, *wish]) == 2
    assert "published networks are not calibrated: fine-tune one" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["a.PNG", "model.keras"])
def test_output_onto_an_image_or_a_model_is_refused(classify, image, tmp_path, name):
    target = tmp_path / name
    target.write_bytes(image("b.png", "red").read_bytes())
    code, out, err = classify(tmp_path / "b.png", "--output", target)
    assert (code, out) == (2, "")
    assert err == (
        f"kerastl: --output {target}: is there already, and no file of results; did the shell put a pattern's first "
        "match here?\n"
    )
    assert target.read_bytes() == (tmp_path / "b.png").read_bytes()


def test_output_into_a_folder_that_is_not_there_is_wrong_usage(classify, image, tmp_path):
    code, out, err = classify(image("a.png", "red"), "--output", tmp_path / "no" / "out")
    assert (code, out) == (2, "")
    assert "there is no folder" in err


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
@pytest.mark.parametrize("engine", AUTO_ORDER)
@pytest.mark.parametrize("batch", ["1", "3"])
def test_every_way_gives_the_same_order(classify, folder, form, engine, batch):
    _, expected, _ = classify(folder, "--format", form)
    code, out, _ = classify(folder, "--format", form, "--engine", engine, "--batch-size", batch)
    assert code == 1
    # Scores of the engines differ in the last digits only.
    assert [line[:60] for line in out.splitlines()] == [line[:60] for line in expected.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'SOURCE...'"),
        (["x", "--top", "0"], "--top"),
        (["x", "--format", "xml"], "--format"),
        (["x", "--engine", "tensorrt"], "--engine"),
        (["x", "--resize", "zoom"], "--resize"),
        (["x", "--min-score", "2"], "--min-score"),
        (["x", "--batch-size", "-1"], "--batch-size"),
        (["x", "--nonsense"], "--nonsense"),
        (["x", "--model", "mobilenetv2"], "mobilenet_v2"),
        (["x", "--model", "/no/such/folder"], "no such model"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what(capfd, arguments, message):
    assert run(["classify", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_an_unknown_command_suggests_a_close_one(capfd):
    assert run(["clasify"]) == 2
    assert "Did you mean classify?" in capfd.readouterr().err


def test_the_lines_of_help_are_the_commands_own():
    from importlib import import_module

    for name, (module, line) in COMMANDS.items():
        command = getattr(import_module(module), name.replace("-", "_"))
        assert command.help.splitlines()[0] == line


@contextmanager
def started(color_model, *arguments, **keywords):
    """Run `kerastl classify` in a process of its own."""
    command = [sys.executable, "-m", "kerastl", "classify", "--model", color_model, *arguments]
    with subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_list_on_standard_input_is_streamed(color_model, image):
    path = image("a.png", "red")
    with started(color_model, "-", "--format", "jsonl", stdin=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdin.write(bytes(path) + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["predictions"][0]["label"] == "red"
        process.stdin.close()
        assert process.wait(30) == 0


def test_an_interruption_is_one_line_and_keeps_the_output(color_model, image, tmp_path):
    path, target = image("a.png", "red"), tmp_path / "out.json"
    with started(color_model, "-", "--format", "json", "--output", target, stdin=subprocess.PIPE) as process:
        process.stdin.write(bytes(path) + b"\n")
        process.stdin.flush()
        while not any(file.stat().st_size for file in tmp_path.glob(".*out.json")):
            time.sleep(0.05)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read().decode().splitlines() == ["kerastl: interrupted"]
    assert [r["path"] for r in json.loads(target.read_text())] == [str(path)]


def test_a_reader_that_leaves_is_no_error(color_model, image):
    path = image("a.png", "red")
    with started(color_model, *[path] * 3000, "--format", "jsonl") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_names_that_are_not_utf8_go_out_as_they_came_in(color_model, classify, tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9 \n.png"
    Image.fromarray(np.full((9, 9, 3), 255, np.uint8)).save(os.fsdecode(name))
    code, out, _ = classify(os.fsdecode(name), "--format", "jsonl")
    assert code == 0
    assert os.fsencode(json.loads(out)["path"]) == name
    assert len(classify(os.fsdecode(name))[1].splitlines()) == 1
    with started(color_model, os.fsdecode(name), "--format", "csv") as process:
        assert name in process.stdout.read()


@pytest.fixture
def mixed(image, tmp_path):
    """A folder of two images and of what lies beside images."""
    image("mixed/a.png", "red")
    image("mixed/deep/b.png", "blue")
    for name in ("a.json", "a.XMP", "clip.mp4", "notes.txt", "deep/labels.csv", ".DS_Store", "Thumbs.db", "._a.png"):
        (tmp_path / "mixed" / name).write_text("{}")
    return tmp_path / "mixed"


def test_side_files_of_a_folder_are_left_out_with_a_word(classify, mixed, lines):
    code, out, err = classify(mixed, "--format", "jsonl")
    assert code == 0
    assert [line["path"] for line in lines(out)] == [str(mixed / "a.png"), str(mixed / "deep" / "b.png")]
    assert err == "kerastl: 5 other files left out (.csv, .json, .mp4, .txt, .xmp)\n"


def test_a_file_that_is_named_is_tried_whatever_it_is(classify, mixed, monkeypatch):
    code, _, err = classify(mixed / "a.json", mixed / "a.png")
    assert code == 1
    assert "a.json: a text file, not an image" in err
    assert classify(f"{mixed}/*.json")[0] == 1
    code, out, err = classify(f"{mixed}/*")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "5 other files left out" in err


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a.json", "b/c.txt"], "a folder without images, only 2 other files"), ([".DS_Store"], "an empty folder")],
)
def test_a_folder_without_images_is_an_error_of_one_line(classify, tmp_path, names, message):
    for name in names:
        (tmp_path / "none" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "none" / name).write_text("x")
    code, out, err = classify(tmp_path / "none")
    assert (code, out) == (1, "")
    assert f"{tmp_path / 'none'}: {message}\n" in err


def test_what_looks_like_an_image_is_tried_in_a_folder(classify, image, tmp_path):
    image("odd/a.png", "red").rename(tmp_path / "odd" / "download")
    image("odd/b.png", "red").rename(tmp_path / "odd" / "b.png.1")
    code, out, _ = classify(tmp_path / "odd")
    assert (code, len(out.splitlines())) == (0, 2)
    (tmp_path / "odd" / "scan.dcm").write_bytes(bytes(128) + b"DICM" + bytes(50))
    code, _, err = classify(tmp_path / "odd")
    assert code == 1
    assert "scan.dcm: DICOM (convert to PNG)" in err


def test_web_addresses_on_standard_input_are_fetched_only_if_asked_for(classify, image, monkeypatch):
    content, address = image("a.png", "red").read_bytes(), "https://example.com/a.png?size=*"
    fetched = []
    monkeypatch.setattr("kerastl.images._encoded.fetch", lambda url: fetched.append(url) or content)
    monkeypatch.setattr("kerastl.cli._images._standard_input", lambda: io.BytesIO(address.encode()))
    assert classify(address, "--top", "1") == (0, f"{address}: red 100.0 %\n", "")
    code, out, err = classify("-")
    assert (code, out) == (1, "")
    assert f"{address}: a web address in a list, which is fetched only if asked for: --urls" in err
    assert fetched == [address]
    assert classify("-", "--urls", "--top", "1") == (0, f"{address}: red 100.0 %\n", "")


def test_names_on_standard_input_are_no_patterns(classify, image, monkeypatch):
    image("ab.png", "red")
    pattern = str(image("a.png", "red").with_name("*.png"))
    monkeypatch.setattr("kerastl.cli._images._standard_input", lambda: io.BytesIO(pattern.encode()))
    code, out, err = classify("-")
    assert (code, out) == (1, "")
    assert "1 of 1 images could not be classified" in err


def test_fast_precision_is_fitted_to_the_images_to_classify(
    capfd, small_conv_model, image, monkeypatch, tmp_path, lines
):
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    for number in range(42):
        image(f"many/{number:02}.png", (6 * number, 255 - 6 * number, 40))
    code = run(["classify", str(tmp_path / "many"), "-m", str(small_conv_model), "--precision", "fast", "-k", "1"])
    out, err = capfd.readouterr()
    assert code == 0
    assert len(out.splitlines()) == 42
    assert "of 21 images get the same answer as in float32" in err
    # Compiled now: one image is enough.
    path = str(tmp_path / "many" / "00.png")
    assert run(["classify", path, "-m", str(small_conv_model), "--precision", "fast", "--format", "jsonl"]) == 0
    out, err = capfd.readouterr()
    assert lines(out)[0]["predictions"][0]["label"] == "green"
    assert err == ""


def test_fast_precision_with_too_few_images_says_what_to_give(capfd, small_conv_model, image, monkeypatch, tmp_path):
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    command = ["classify", str(image("a.png", "red")), "-m", str(small_conv_model), "--precision", "fast"]
    assert run(command) == 2
    assert "at least 40 different images" in capfd.readouterr().err
    assert run([*command, "--representative-data", str(tmp_path / "nothing")]) == 2
    assert "and 0 can be read here: name more as representative data" in capfd.readouterr().err


@pytest.mark.parametrize("wish", [["--coverage", "0.9"], ["--reject"]])
def test_fast_precision_excludes_what_was_fitted_in_full(classify, image, wish):
    code, out, err = classify(image("a.png", "red"), "--precision", "fast", *wish)
    assert (code, out) == (2, "")
    assert "hold for full precision only" in err


def test_test_time_augmentation_is_asked_for_and_recorded(classify, image, lines):
    path = image("a.png", "red")
    code, out, _ = classify(path, "--tta", "crops", "--format", "jsonl")
    (result,) = lines(out)
    assert (code, result["tta"]) == (0, "crops")
    assert result["predictions"][0]["score"] == pytest.approx(PURE, abs=1e-6)
    assert classify(path, "--tta", "crops", "--reject")[0] == 2
