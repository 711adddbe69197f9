from pathlib import Path

import pytest

from kerastl.errors import DataError, StateError
from kerastl.training._manifest import Entry, Manifest, changes

BEFORE = {f"{label}/{n}": Entry(label, "", f"{label}{n}") for label in ("cat", "dog") for n in range(3)}


def changed(**entries):
    """The images, with some replaced, added, or taken away where the entry is None; `__` stands for `/`."""
    now = {**BEFORE, **{name.replace("__", "/"): entry for name, entry in entries.items()}}
    return {path: entry for path, entry in now.items() if entry is not None}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEFORE, []),
        (changed(cat__9=Entry("cat", "", "x")), ["1 image is new (cat/9)"]),
        (changed(cat__0=None, dog__1=None), ["2 images are gone (cat/0, dog/1)"]),
        (changed(cat__0=Entry("cat", "", "x")), ["1 image is changed in content (cat/0)"]),
        # The contents of two files, exchanged.
        (
            changed(cat__0=Entry("cat", "", "dog0"), dog__0=Entry("dog", "", "cat0")),
            ["2 images are changed in content (cat/0, dog/0)"],
        ),
        (changed(cat__0=Entry("dog", "", "cat0")), ["1 image is of another label (cat/0: dog, was cat)"]),
        (changed(cat__0=Entry("cat", "val", "cat0")), ["1 image is in another part (cat/0: val, was none)"]),
        (
            changed(cow__0=Entry("cow", "", "x"), dog__0=None, dog__1=None, dog__2=None),
            ["1 image is new (cow/0)", "3 images are gone (dog/0, dog/1, dog/2)", "1 class is new (cow)",
             "1 class is gone (dog)"],
        ),
        (
            {path: entry for path, entry in BEFORE.items() if entry.label == "none"},
            ["6 images are gone (cat/0, cat/1, cat/2, ...)", "2 classes are gone (cat, dog)"],
        ),
        (changed(**{"a\nb": Entry("cat", "", "x")}), ["1 image is new (a\\nb)"]),
    ],
)  # fmt: skip
def test_what_changed_is_named(now, said):
    assert changes(BEFORE, now) == said


def test_the_list_comes_back_whatever_the_names(tmp_path):
    images = {'a,"b\n': Entry("c", "val", "0"), "x\udc80.png": Entry("d ü", "", ""), **BEFORE}
    manifest = Manifest(tmp_path / "state" / "images.csv")
    written = manifest.write(images)
    manifest.check(images, Path("data"), written)
    with pytest.raises(DataError, match=r"^data: .* not those that the run began with: 1 image is gone .*Put back"):
        manifest.check({path: entry for path, entry in images.items() if path != "cat/1"}, Path("data"), written)


@pytest.mark.parametrize("content", [b"", b"path,label\n", b"path,label,part,content\na,b\n", b"\0\xff", None])
def test_a_list_that_cannot_be_read_is_one_line(tmp_path, content):
    file = tmp_path / "images.csv"
    written = Manifest(file).write(BEFORE)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(StateError, match=r"cannot be read .*--overwrite starts anew"):
        Manifest(file).check(BEFORE, Path("data"), written)
