import zipfile
from dataclasses import replace

import pytest

from kerastl.data import inspect, scan, split, write_split
from kerastl.errors import DataError, UsageError
from kerastl.evaluation._selection import match, select
from kerastl.evaluation._training_parts import Parted, with_parts
from kerastl.images import Resize
from kerastl.models._labels import LabelSet
from kerastl.models._metadata import Metadata
from kerastl.models._published_labels import imagenet


@pytest.fixture
def folder(image, tmp_path):
    """Two classes of five images each."""
    for number in range(5):
        image(f"data/a/{number}.png", (255, 50 * number, 0))
        image(f"data/b/{number}.png", (0, 50 * number, 255), (40 + number, 80))
    return tmp_path / "data"


@pytest.fixture
def run(folder, tmp_path):
    """A run folder of version 0.1, whose model has no list of images: a split of `folder`, and the model's metadata."""
    (tmp_path / "run").mkdir()
    with zipfile.ZipFile(tmp_path / "run" / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    dataset = scan(folder)
    inspection = inspect(dataset)
    parts = split(dataset, validation_split=0.4, inspection=inspection)
    write_split(parts, tmp_path / "run" / "split.csv")
    extra = {"data_fingerprint": inspection.fingerprint(parts)}
    metadata = Metadata("m", LabelSet(("a", "b")), Resize(8, 8), extra=extra)
    return tmp_path / "run", metadata, {item.path for item in parts.subset("val")}


def chosen_of(dataset, part, run=None, metadata=None):
    """Select as for a model in a run folder whose file knows nothing, or for one that has no file."""
    if run is None:
        given = {item.path: item.split for item in dataset.items} if any(item.split for item in dataset.items) else {}
        return select(Parted(dataset, given), part)
    return select(with_parts(dataset, run / "model.keras", metadata), part)


def paths(selection):
    return {item.path for item in selection.items}


def test_all_of_a_folder_without_parts(folder):
    chosen = chosen_of(scan(folder), None)
    assert (chosen.split, len(chosen.items), chosen.notes) == ("all", 10, ())
    with pytest.raises(DataError, match="there is no val part; it is not split: use --split all"):
        chosen_of(scan(folder), "val")


def test_the_parts_that_a_folder_has(image, tmp_path):
    for part in ("train", "val"):
        for name in "ab":
            image(f"{part}/{name}/1.png", "red")
    dataset = scan(tmp_path)
    assert paths(chosen_of(dataset, None)) == {"val/a/1.png", "val/b/1.png"}
    assert len(chosen_of(dataset, "all").items) == 4
    with pytest.raises(DataError, match="there is no test part; it has train, val"):
        chosen_of(dataset, "test")
    with pytest.raises(UsageError, match="split must be one of"):
        chosen_of(dataset, "dev")


def test_the_parts_of_the_training(folder, run):
    where, metadata, val = run
    chosen = chosen_of(scan(folder), None, where, metadata)
    assert (chosen.split, paths(chosen)) == ("val", val)
    assert "parts as in" in chosen.notes[0]
    everything = chosen_of(scan(folder), "all", where, metadata)
    assert len(everything.items) == 10
    assert "6 of the images were trained on" in everything.notes[1]


def test_new_images_belong_to_no_part(folder, run, image):
    where, metadata, val = run
    image("data/a/new.png", "white")
    chosen = chosen_of(scan(folder), "val", where, metadata)
    assert paths(chosen) == val
    assert "1 images are not in it" in chosen.notes[0]
    assert len(chosen_of(scan(folder), "all", where, metadata).items) == 11


def test_images_that_are_gone(folder, run):
    where, metadata, val = run
    gone = sorted(val)[0]
    (folder / gone).unlink()
    chosen = chosen_of(scan(folder), None, where, metadata)
    assert paths(chosen) == val - {gone}
    assert "1 of its 10 images are no longer there" in chosen.notes[0]


def test_other_images_of_the_same_names_have_no_parts(folder, run, image):
    where, metadata, _ = run
    image("data/a/0.png", "white")
    chosen = chosen_of(scan(folder), None, where, metadata)
    assert (chosen.split, len(chosen.items)) == ("all", 10)
    assert "are others" in chosen.notes[0]


def test_another_folder_has_no_parts(image, tmp_path, run):
    where, metadata, _ = run
    for name in "ab":
        image(f"other/{name}/x.png", "red")
    chosen = chosen_of(scan(tmp_path / "other"), None, where, metadata)
    assert chosen.split == "all"
    (note,) = chosen.notes
    assert "does not hold which images it was trained on" in note


def test_a_card_without_a_fingerprint_is_believed(folder, run):
    where, metadata, val = run
    assert paths(chosen_of(scan(folder), None, where, replace(metadata, extra={}))) == val


OWN = LabelSet(("red", "green light", "blue"))


def test_classes_go_by_name_and_not_by_place():
    found = match(["blue", "red"], OWN, "m")
    assert found.indices == {"blue": 2, "red": 0}
    assert found.unknown == {}
    assert found.missing == ("green light",)


def test_a_class_that_the_model_does_not_know_shifts_nothing():
    found = match(["a", "blue", "cyan", "red"], OWN, "m")
    assert found.indices == {"blue": 2, "red": 0}
    assert list(found.unknown) == ["a", "cyan"]


def test_case_and_underscores_do_not_matter():
    assert match(["Green_Light", "RED"], OWN, "m").indices == {"Green_Light": 1, "RED": 0}
    both = LabelSet(("Red", "red"))
    assert match(["Red", "red"], both, "m").indices == {"Red": 0, "red": 1}
    assert list(match(["red", "RED"], both, "m").unknown) == ["RED"]


def test_imagenets_names_and_wordnet_ids():
    found = match(["n01440764", "goldfish", "golden retriever"], imagenet(), "m")
    assert found.indices == {"n01440764": 0, "goldfish": 1, "golden retriever": 207}


def test_a_name_that_two_classes_have_is_not_guessed_at():
    found = match(["crane", "tench"], imagenet(), "m")
    assert found.indices == {"tench": 0}
    assert found.unknown["crane"].endswith("n02012849 or n03126707")
    assert match(["n03126707"], imagenet(), "m").indices == {"n03126707": 517}


def test_a_model_that_knows_none_of_the_classes():
    with pytest.raises(DataError, match=r"m knows none of the classes \(cat, dog\); it knows red, green light, blue"):
        match(["cat", "dog"], OWN, "m")
    said = r"none of the classes \(cat\) of images that it was not trained on; it knows .*; --split train .* \(1,200\)"
    with pytest.raises(DataError, match=said):
        match(["cat"], OWN, "m", left_out=1200)
