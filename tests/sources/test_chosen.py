"""Images that are not wanted are not read."""

import tarfile
import zipfile

import pytest

from kerastl._inputs import Expanded, as_expanded
from kerastl.errors import ImageError, UsageError
from kerastl.sources import StoredImage, stored_images


@pytest.fixture
def tar(tmp_path, image):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("1.png", "2.png", "3.png"):
            archive.add(image(name, "red"), name)
    return str(tmp_path / "a.tar")


def watched(wanted):
    """Asks for names that end like this, and notes all that it was asked."""
    asked = []

    def chosen(name):
        asked.append(name.rpartition("/")[2])
        return name.endswith(wanted)

    return asked, chosen


def test_each_name_is_asked_once_and_only_what_is_wanted_is_read(tar):
    asked, chosen = watched("2.png")
    assert [image.name for image in stored_images(tar, chosen=chosen)] == [f"{tar}::2.png"]
    assert asked == ["a.tar::1.png", "a.tar::2.png", "a.tar::3.png"]


def test_an_image_that_is_not_wanted_may_be_broken(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", b"secret" * 100)
        archive.writestr("2.png", b"two")
    content = (tmp_path / "a.zip").read_bytes().replace(b"secretsecret", b"sacretsecret", 1)  # the checksum is wrong
    (tmp_path / "a.zip").write_bytes(content)
    (broken, _) = stored_images(str(tmp_path / "a.zip"))
    assert isinstance(broken, ImageError)
    _, chosen = watched("2.png")
    (found,) = stored_images(str(tmp_path / "a.zip"), chosen=chosen)
    assert isinstance(found, StoredImage)


def test_what_is_wrong_with_an_archive_is_told_where_its_name_is_wanted(tmp_path):
    for content in (b"no tar", b""):
        (tmp_path / "a.tar").write_bytes(content)
        for wanted, count in ((".tar", 1), (".png", 0)):
            asked, chosen = watched(wanted)
            assert len(list(stored_images(str(tmp_path / "a.tar"), chosen=chosen))) == count
            assert asked == ["a.tar"]
    asked, chosen = watched(".png")
    assert list(stored_images(str(tmp_path / "missing.tar"), chosen=chosen)) == []
    assert asked == ["missing.tar"]


def test_of_a_stream_files_archives_and_errors_can_be_chosen(tar, tmp_path):
    error = ImageError("b.png", "a reason")
    stream = [str(tmp_path / "1.png"), tar, error, "http://127.0.0.1/a.png"]
    asked, chosen = watched(("1.png", "b.png"))
    found = list(Expanded(stream, urls=False).choosing(chosen))
    assert found[0] == stream[0]
    assert found[1].name == f"{tar}::1.png"
    assert found[2:] == [error]
    assert asked == ["1.png", "a.tar::1.png", "a.tar::2.png", "a.tar::3.png", "b.png", "a.png"]


def test_paths_given_in_python_are_a_stream(tar, tmp_path):
    for sources in (tar, [tar], (name for name in [tar])):
        assert [image.name[-5:] for image in as_expanded(sources)] == ["1.png", "2.png", "3.png"]
    assert list(as_expanded([tmp_path / "1.png"])) == [str(tmp_path / "1.png")]
    with pytest.raises(UsageError, match="only paths are taken here"):
        list(as_expanded([b"\x89PNG\r\n\x1a\n"]).choosing(lambda name: True))
    with pytest.raises(UsageError, match="an image must be"):
        as_expanded(7)
