"""`kerastl.export` and `kerastl export`."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import kerastl
from kerastl.cli import run
from kerastl.errors import ModelError, UsageError
from kerastl.exporting._output_folder import default_folder


def broken(source, path):
    path.write_bytes(b"half")
    raise ModelError("it has a layer that cannot be written")


def wrong(source, path):
    """Writes a network whose classes have changed places."""
    import keras

    from kerastl.inference._export import to_litert

    last = keras.layers.Lambda(lambda scores: scores[:, ::-1])(source.model.output)
    path.write_bytes(to_litert(keras.Model(source.model.input, last)))


def test_the_file_is_in_the_folder_with_labels_and_an_example(exported_colors):
    folder = exported_colors.output
    assert exported_colors.files == {"litert": folder / "model.tflite"}
    assert (folder / "labels.txt").read_text() == "red\ngreen\nblue\n"
    names = {path.name for path in folder.iterdir()}
    examples = {f"example_litert.{language}" for language in ("py", "kt", "swift")}
    beside = {"labels.txt", "proof.json", "MODEL_CARD.md", ".kerastl-export.json"}
    assert names == {"model.tflite"} | examples | beside


def test_the_example_runs(exported_colors, image):
    path = image("a.png", (255, 0, 0))
    program = exported_colors.output / "example_litert.py"
    done = subprocess.run([sys.executable, program, path], capture_output=True, text=True, check=True)
    # exp(10) / (exp(10) + 2) and 1 / (exp(10) + 2)
    assert sorted(done.stdout.splitlines()) == ["blue: 0.000", "green: 0.000", "red: 1.000"]
    assert done.stdout.startswith("red: 1.000\n")


def test_a_second_export_replaces_the_first(color_model, tmp_path):
    for _ in range(2):
        result = kerastl.export(color_model, ["litert"], tmp_path / "out")
    assert result.files["litert"].is_file()
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


def test_files_of_others_stay(color_model, tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"model\.tflite is there, and is not what kerastl export wrote"):
        kerastl.export(color_model, "litert", tmp_path)
    assert (tmp_path / "model.tflite").read_bytes() == b"mine"


def test_what_was_changed_by_hand_stays(color_model, tmp_path):
    kerastl.export(color_model, "litert", tmp_path)
    (tmp_path / "labels.txt").write_text("rot\ngrün\nblau\n")
    kerastl.export(color_model, "litert", tmp_path)
    assert (tmp_path / "labels.txt").read_text().startswith("rot")
    (tmp_path / "model.tflite").write_bytes(b"mine")
    with pytest.raises(UsageError, match="not what kerastl export wrote"):
        kerastl.export(color_model, "litert", tmp_path)


def test_a_format_that_fails_leaves_the_others(formats, color_model, tmp_path):
    formats.register(replace(formats["litert"], name="broken", writer=broken, filename="broken.bin"))
    result = kerastl.export(color_model, "broken,litert", tmp_path)
    assert result.failed == {"broken": "it has a layer that cannot be written"}
    assert list(result.files) == ["litert"]
    assert not (tmp_path / "broken.bin").exists()


def test_what_answers_differently_is_refused_and_the_earlier_export_stays(formats, color_model, tmp_path, image):
    kerastl.export(color_model, "litert", tmp_path)
    before = (tmp_path / "model.tflite").read_bytes()
    formats.register(replace(formats["litert"], writer=wrong), replace=True)
    images = [image(f"{color}.png", color) for color in ("red", "green", "blue", "blue")]
    with pytest.raises(ModelError, match=r"as the Keras model for 25\.0 % of 4 images, and at least 99\.5 %"):
        kerastl.export(color_model, "litert", tmp_path, prove=images)
    assert (tmp_path / "model.tflite").read_bytes() == before
    result = kerastl.export(color_model, "litert", tmp_path, prove=images, min_agreement=0.25)
    assert result.proof.rows[0].agreement == 0.25


def test_where_nothing_is_written_no_folder_is_left(formats, color_model, tmp_path):
    formats.register(replace(formats["litert"], name="broken", writer=broken))
    with pytest.raises(ModelError, match="cannot be written"):
        kerastl.export(color_model, "broken", tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_a_run_folder_gets_a_folder_of_exports(small_conv_model):
    assert kerastl.export(small_conv_model, "litert").output == small_conv_model / "export"


def test_another_model_gets_a_folder_here(color_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = kerastl.export(color_model / "model.keras", "litert")
    assert result.files == {"litert": Path("colors-export", "model.tflite")}


@pytest.mark.parametrize(
    ("name", "folder"), [("../../etc", "_.._etc-export"), ("", "model-export"), ("ü b", "ü_b-export")]
)
def test_a_folder_is_not_called_after_anything(name, folder):
    assert default_folder("model.keras", name) == Path(folder)


def test_close_names_are_told(color_model):
    with pytest.raises(UsageError, match="unknown export format 'litrt', did you mean litert"):
        kerastl.export(color_model, "litrt")


@pytest.mark.parametrize("to", [3, [3], None, [], ""])
def test_formats_are_named(color_model, to):
    with pytest.raises(UsageError, match=r"^to (must be names of export formats|names no export format)"):
        kerastl.export(color_model, to)


def test_what_is_not_installed_is_said(formats, color_model, tmp_path):
    lacking = replace(formats["litert"], name="other", missing=lambda: 'other is missing: pip install "kerastl[other]"')
    formats.register(lacking)
    result = kerastl.export(color_model, "other,litert", tmp_path)
    assert result.failed == {"other": 'other is missing: pip install "kerastl[other]"'}


def test_integers_need_images(formats, color_model, tmp_path):
    formats.register(replace(formats["litert"], name="integers", quantized=True))
    with pytest.raises(UsageError, match="--calibrate DATA"):
        kerastl.export(color_model, "integers,litert", tmp_path)


def test_all_is_what_can_be_written(formats, color_model, tmp_path):
    formats.register(replace(formats["litert"], name="integers", quantized=True))
    for name in formats:
        if name not in ("litert", "integers"):
            formats.register(replace(formats[name], missing=lambda: "it is not here"), replace=True)
    everything = kerastl.export(color_model, "all", tmp_path)
    assert list(everything.files) == ["litert"]
    assert not everything.failed
    assert list(kerastl.export(color_model, ["all", "litert"], tmp_path).files) == ["litert"]


def test_ctrl_c_leaves_what_was_there(formats, color_model, tmp_path):
    kerastl.export(color_model, "litert", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupted(source, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    formats.register(replace(formats["litert"], writer=interrupted), replace=True)
    with pytest.raises(KeyboardInterrupt):
        kerastl.export(color_model, "litert", tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_command_tells_what_it_wrote(color_model, tmp_path, capsys):
    assert run(["export", str(color_model), "--to", "litert", "-o", str(tmp_path), "--quiet"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"litert: {tmp_path}/model.tflite\n")
    assert run(["export", str(color_model), "--to", "litert", "-o", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["proof"]["formats"][0]["agreement"]["value"] == 1.0


def test_the_command_fails_where_a_format_does(formats, color_model, tmp_path, capsys):
    formats.register(replace(formats["litert"], name="broken", writer=broken))
    assert run(["export", str(color_model), "--to", "litert,broken", "-o", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("broken was not exported: it has a layer") == 1
    assert "it has a layer" not in captured.out  # said once
    assert captured.out.startswith(f"litert: {tmp_path}/model.tflite\n")


def test_the_formats_are_listed_without_a_model(formats, capsys):
    assert run(["export", "--list"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in formats)


def test_one_line_says_why_nothing_was_written(formats, color_model, tmp_path, capsys):
    formats.register(replace(formats["litert"], name="broken", writer=broken))
    assert run(["export", str(color_model), "--to", "broken", "-o", str(tmp_path / "out"), "--quiet"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "kerastl: broken was not exported: it has a layer that cannot be written\n"
    assert captured.out == ""
