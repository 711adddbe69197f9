"""Which images of a folder are trained on, held out, or left alone."""

import numpy as np
import pytest
from PIL import Image

from kerastl.errors import DataError, UsageError
from kerastl.pretraining._collection import assign_roles, collect


@pytest.fixture
def folder(tmp_path):
    """Make images below a folder; empty files do, since nothing is opened."""

    def make(*names):
        for name in names:
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "root"

    return make


def test_images_lie_at_any_depth_with_or_without_classes(folder):
    root = folder("a.png", "x/b.JPG", "x/y/c.webp", "x/notes.txt", ".hidden/d.png")
    found = collect(root)
    assert found.paths == ("a.png", "x/b.JPG", "x/y/c.webp")
    assert found.labels == {}


def test_class_folders_are_labels_unless_nobody_wants_them(folder):
    root = folder(*(f"{name}/{n}.png" for name in ("cat", "dog") for n in range(20)), "stray.png")
    found = collect(root)
    assert found.labels["cat/3.png"] == "cat"
    roles = assign_roles(found, {"cat/0.png"}, seed=1)
    assert len(roles.held_out) == 4  # a tenth of 39
    assert len(roles.trained) == 36  # the stray one too
    assert not np.intersect1d(roles.trained, roles.held_out).size
    assert found.paths.index("cat/0.png") not in [*roles.trained, *roles.held_out]
    assert found.paths.index("stray.png") in roles.trained
    assert set(roles.classes) == {-1, 0, 1}
    np.testing.assert_array_equal(roles.held_out, assign_roles(found, {"cat/0.png"}, seed=1).held_out)
    plain = collect(root, "none")
    assert plain.labels == {}
    assert len(assign_roles(plain, set(), seed=1).trained) == 41


def test_given_parts_are_kept(folder):
    names = [f"{part}/{name}/{n}.png" for part in ("train", "val", "test") for name in ("a", "b") for n in range(6)]
    found = collect(folder(*names))
    roles = assign_roles(found, set(), seed=0)
    assert {found.paths[n].split("/")[0] for n in roles.trained} == {"train"}
    assert [found.paths[n].split("/")[0] for n in roles.held_out] == ["val"] * 12


def test_labels_from_a_table_that_lies_elsewhere(folder, tmp_path):
    root = folder(*(f"{n}.png" for n in range(12)))
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"root/{n}.png,{'ab'[n % 2]}\n" for n in range(10)))
    found = collect(root, str(table))
    assert found.labels == {f"{n}.png": "ab"[n % 2] for n in range(10)}
    with pytest.raises(UsageError, match="no such table"):
        collect(root, str(tmp_path / "none.csv"))


def test_a_table_elsewhere_may_name_images_by_their_place_in_the_folder(folder, tmp_path):
    root = folder(*(f"x/{n}.png" for n in range(12)))
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "labels.csv"
    table.write_text("id,species\n" + "".join(f"x/{n},{'ab'[n % 2]}\n" for n in range(10)))
    assert collect(root, str(table)).labels == {f"x/{n}.png": "ab"[n % 2] for n in range(10)}


def test_a_run_folder_among_the_images_is_left_out(folder):
    root = folder("a.png", "run/curves.png", "runs/b.png")
    assert collect(root, output=root / "run").paths == ("a.png", "runs/b.png")
    assert len(collect(root, output=root.parent / "run").paths) == 3


def test_what_cannot_be_used(folder, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        collect(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no images in it, only 1 other files"):
        collect(folder("notes.txt"))
    Image.new("RGB", (4, 4)).save(tmp_path / "one.png")
    with pytest.raises(DataError, match="is no folder"):
        collect(tmp_path / "one.png")
    with pytest.raises(DataError, match="2 readable images to train on; pre-training needs 8"):
        assign_roles(collect(folder("a.png", "b.png")), set(), 0)
