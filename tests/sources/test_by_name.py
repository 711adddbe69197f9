"""Images in archives are found again by the names that outputs have for them."""

from __future__ import annotations

import pytest
from archive_files import GREEN, RED, tar_of, zip_of

from kerastl.errors import ImageError
from kerastl.sources import _by_name as by_name
from kerastl.sources._by_name import archive_of, image_named, images_named, needs_unpacking


@pytest.fixture
def archives(tmp_path):
    files = [("a/red.png", RED), ("green.png", GREEN)]
    (tmp_path / "one.tar").write_bytes(tar_of(files))
    (tmp_path / "two.zip").write_bytes(zip_of(files))
    return tmp_path


@pytest.mark.parametrize("together", [1, 64])
def test_images_come_in_the_order_of_their_names(archives, monkeypatch, together):
    monkeypatch.setattr(by_name, "_TOGETHER", together)
    named = ("two.zip::green.png", "x.png", "one.tar::green.png", "one.tar::a/red.png")
    names = [f"{archives}/{name}" for name in named]
    first, file, *others = images_named(names)
    assert file == names[1]
    assert [(image.name, image.read_bytes()) for image in (first, *others)] == [
        (names[0], GREEN), (names[2], GREEN), (names[3], RED),
    ]  # fmt: skip


def test_what_is_not_there_has_a_reason(archives):
    (gone, broken, stored) = images_named(
        [f"{archives}/one.tar::blue.png", f"{archives}/no.tar::red.png", "s3://bucket/a.png"]
    )
    assert gone.reason == "is not in the archive any more"
    assert broken.reason == "no such file"
    assert stored.reason.startswith("lies in an archive or in a store")
    with pytest.raises(ImageError, match=r"blue\.png: is not in the archive"):
        image_named(f"{archives}/one.tar::blue.png")


def test_a_file_whose_name_looks_like_that_is_a_file(tmp_path):
    file = tmp_path / "one.tar::red.png"
    file.write_bytes(RED)
    assert archive_of(str(file)) is None
    assert image_named(str(file)) == str(file)
    assert archive_of("notes.txt::red.png") is None
    assert archive_of("one.tar::red.png") == "one.tar"
    assert [needs_unpacking(path) for path in ("a.png", "one.tar::red.png", "s3://bucket/a.png")] == [False, True, True]
