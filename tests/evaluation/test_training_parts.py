"""Models that know their images by what is in them."""

import shutil
import zipfile

import pytest
from PIL import Image

from kerastl.cli import run as kerastl_command
from kerastl.data import _training_record as training_record
from kerastl.data import inspect, scan, split
from kerastl.data._training_record import TrainingRecord
from kerastl.errors import DataError
from kerastl.evaluation import calibrate, evaluate
from kerastl.evaluation._selection import select
from kerastl.evaluation._training_parts import with_parts
from kerastl.images import Resize
from kerastl.models import _metadata as metadata_file
from kerastl.models._labels import LabelSet
from kerastl.models._metadata import Metadata

METADATA = Metadata("m", LabelSet(("a", "b")), Resize(8, 8))


@pytest.fixture
def folder(tmp_path):
    """Two classes of five images each, no two alike."""
    for number in range(5):
        for name, color in (("a", (255, 50 * number, 0)), ("b", (0, 50 * number, 255))):
            path = tmp_path / "data" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40 + number, 48), color).save(path)
    return tmp_path / "data"


@pytest.fixture
def trained(folder, tmp_path):
    """A model's file that lies alone, and the paths it was trained and validated on: three and two of each class."""
    dataset = scan(folder)
    inspection = inspect(dataset)
    parts = split(dataset, validation_split=0.4, inspection=inspection)
    file = tmp_path / "alone.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(training_record.MEMBER, TrainingRecord.of(parts, inspection.content_hashes).to_bytes())
    return file, *({item.path for item in parts.subset(part)} for part in ("train", "val"))


def chosen(file, data, part=None, **more):
    return select(with_parts(scan(data, for_training=False), file, METADATA), part, **more)


def paths(selection):
    return {item.path for item in selection.items}


def test_the_folder_of_the_training_gives_its_validation_images(trained, folder):
    file, _, val = trained
    found = chosen(file, folder)
    assert (found.split, paths(found)) == ("val", val)
    assert found.notes == ("split as in the training", "6 images that the model was trained on are left out")


def test_so_it_does_where_images_and_folders_are_called_differently(trained, folder, tmp_path):
    file, _, val = trained
    for source in folder.glob("*/*"):
        target = tmp_path / "moved" / f"class {source.parent.name}" / f"x{source.stem}.PNG"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    found = chosen(file, tmp_path / "moved")
    assert len(found.items) == len(val) == 4
    assert "6 images that the model was trained on are left out" in found.notes


def test_of_other_images_those_of_the_training_are_left_out(trained, folder, tmp_path, image):
    file, train, val = trained
    for name in sorted(train)[:2] + sorted(val)[:1]:
        (tmp_path / "other" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / name, tmp_path / "other" / name)
    for number in range(3):
        image(f"other/b/new{number}.png", (number, 3, 7))
    found = chosen(file, tmp_path / "other")
    assert (found.split, len(found.items)) == ("all", 4)
    assert not paths(found) & train
    assert found.notes == ("2 images that the model was trained on are left out",)


@pytest.mark.parametrize("part", ["train", "all"])
def test_what_is_asked_for_by_name_is_taken_and_said(trained, folder, part):
    file, train, _ = trained
    found = chosen(file, folder, part)
    assert train <= paths(found)
    assert found.notes[-1] == "6 of the images were trained on: figures over them flatter the model"


def test_nothing_but_training_images_is_an_error_that_says_so(trained, folder):
    file, _, val = trained
    for name in val:
        (folder / name).unlink()
    with pytest.raises(DataError, match=r"trained on each of these images \(6\): --split train counts them"):
        chosen(file, folder)
    with pytest.raises(DataError, match="take others"):
        chosen(file, folder, "all", fresh=True)


def test_parts_that_the_data_gives_stay_without_the_training_images(trained, folder, tmp_path, image):
    file, train, _ = trained
    for number, part in enumerate(("train", "val", "test")):
        for name in "ab":
            image(f"given/{part}/{name}/{number}.png", (9, 9, number))
    shutil.copy(folder / min(train), tmp_path / "given" / "test" / "a" / "leak.png")
    found = chosen(file, tmp_path / "given", "test")
    assert paths(found) == {"test/a/2.png", "test/b/2.png"}
    assert found.notes == ("1 image that the model was trained on is left out",)
    assert paths(chosen(file, tmp_path / "given")) == {"val/a/1.png", "val/b/1.png"}
    assert chosen(file, tmp_path / "given").notes == ()


def test_a_file_that_cannot_be_read_is_of_no_part(trained, folder):
    file, _, val = trained
    (folder / "a" / "link.png").symlink_to(folder / "nowhere.png")
    assert paths(chosen(file, folder)) == val
    assert any("1 image had no part in it" in note for note in chosen(file, folder).notes)


def test_evaluate_and_calibrate_with_the_file_alone(color_model, image, tmp_path, capsys):
    """Six images of the training, one validated on, and two new ones."""
    for number in range(3):
        image(f"d/red/{number}.png", (255, number, 0))
        image(f"d/blue/{number}.png", (0, number, 255))
    image("d/red/val.png", (250, 0, 0))
    dataset = scan(tmp_path / "d")
    inspection = inspect(dataset)
    parts = split(dataset, inspection=inspection, validation_split=0.2)
    alone = tmp_path / "alone.keras"
    shutil.copy(color_model / "model.keras", alone)
    record = TrainingRecord.of(parts, inspection.content_hashes)
    metadata_file.update(alone, metadata_file.read_metadata(alone), {training_record.MEMBER: record.to_bytes()})
    left_out = f"{len(parts.subset('train'))} images that the model was trained on are left out"
    found = evaluate(alone, tmp_path / "d", resamples=1)
    assert set(found.paths) == {item.path for item in parts.subset("val")}
    assert left_out in found.notes
    fitted = calibrate(alone, tmp_path / "d", "all")
    assert (fitted.images, left_out in fitted.notes) == (len(parts.subset("val")), True)
    # Calibrating has kept the list.
    assert training_record.read(alone).to_bytes() == record.to_bytes()
    for item in parts.subset("val"):
        (tmp_path / "d" / item.path).unlink()
    assert kerastl_command(["calibrate", str(alone), str(tmp_path / "d")]) == 1
    assert "the model was trained on each of these images" in capsys.readouterr().err
