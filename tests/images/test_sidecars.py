import pytest

from kerastl.images._sidecars import sidecars


def test_files_that_belong_to_an_image_are_found(tmp_path):
    for name in ("a.jpg", "a.xmp", "a.AAE", "a.jpg.xmp", "a.txt", "b.xmp", "ab.xmp", "a.b.xmp", "a.png.xmp"):
        (tmp_path / name).write_text(name)
    found = sidecars(tmp_path / "a.jpg")
    assert sorted(one.path.name for one in found) == ["a.AAE", "a.jpg.xmp", "a.xmp"]
    assert {one.path.name: one.ending for one in found} == {"a.AAE": ".AAE", "a.jpg.xmp": ".jpg.xmp", "a.xmp": ".xmp"}
    assert not any(one.shared for one in found)


def test_one_that_another_image_needs_too_is_shared(tmp_path):
    for name in ("a.jpg", "a.cr2", "a.xmp", "a.jpg.xmp"):
        (tmp_path / name).write_text(name)
    assert {one.path.name: one.shared for one in sidecars(tmp_path / "a.jpg")} == {"a.xmp": True, "a.jpg.xmp": False}


def test_folders_are_none(tmp_path):
    (tmp_path / "a.xmp").mkdir()
    assert sidecars(tmp_path / "a.jpg") == []


@pytest.mark.parametrize(
    ("other", "shared"),
    [("a.cr2", True), ("a.b.cr2", False), ("ab.cr2", False), ("A.cr2", False), ("a", False), ("a.txt", False)],
)
def test_the_other_image_has_the_whole_stem(tmp_path, other, shared):
    for name in ("a.jpg", "a.xmp", other):
        (tmp_path / name).write_text(name)
    assert [one.shared for one in sidecars(tmp_path / "a.jpg")] == [shared]
