import os

import pytest

from kerastl.errors import ImageError, KerastlError, UsageError
from kerastl.keywords import _sidecar as sidecar
from kerastl.keywords import embed_keywords, read_keywords, write_sidecar
from kerastl.keywords._xmp import merged


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "a.jpg.xmp"),
        (["a.xmp"], "a.xmp"),
        (["a.jpg.xmp"], "a.jpg.xmp"),
        (["a.xmp", "a.jpg.xmp"], "a.jpg.xmp"),
        (["a.xmp", "a.cr2"], "a.jpg.xmp"),  # a.xmp is that of the raw file
        (["a.xmp", "a.txt"], "a.xmp"),
    ],
)
def test_the_file_is_the_one_that_is_there_or_has_the_image_s_whole_name(tmp_path, subjects, there, expected):
    for name in there:
        (tmp_path / name).write_bytes(merged(None, ["old"]))
    written = write_sidecar(tmp_path / "a.jpg", ["dog"])
    assert written == sidecar.Written(tmp_path / expected, ("dog",))
    assert subjects(written.path.read_bytes()) == (["old", "dog"] if expected in there else ["dog"])
    others = set(there) - {expected}
    assert {path.name for path in tmp_path.iterdir()} == {expected, *others}


def test_nothing_new_touches_nothing(tmp_path):
    path = write_sidecar(tmp_path / "a.jpg", ["dog"]).path
    os.utime(path, ns=(5, 5))
    assert write_sidecar(tmp_path / "a.jpg", ["Dog", " dog "]).added == ()
    assert path.stat().st_mtime_ns == 5
    assert write_sidecar(tmp_path / "b.jpg", []).added == ()
    assert not (tmp_path / "b.jpg.xmp").exists()


def test_what_is_no_xmp_is_left_as_it_is(tmp_path):
    path = tmp_path / "a.xmp"
    path.write_text("notes of mine")
    with pytest.raises(KerastlError, match=r"a\.xmp: its XMP is broken .*; it is left as it is"):
        write_sidecar(tmp_path / "a.jpg", ["dog"])
    assert path.read_text() == "notes of mine"


def test_a_large_file_and_a_pipe_are_not_read(tmp_path):
    with (tmp_path / "a.xmp").open("wb") as stream:
        stream.truncate(sidecar.MAX_SIDECAR_BYTES + 1)
    os.mkfifo(tmp_path / "b.xmp")
    for name, message in (("a", "is longer than 16 MiB"), ("b", "is no regular file")):
        with pytest.raises(KerastlError, match=message):
            write_sidecar(tmp_path / f"{name}.jpg", ["dog"])


@pytest.mark.parametrize("keywords", ["rain", b"rain", None, ["rain", 5]])
@pytest.mark.parametrize("write", [write_sidecar, embed_keywords])
def test_keywords_are_a_list_of_texts(image, tmp_path, write, keywords):
    with pytest.raises(UsageError, match="keywords must be a list of texts"):
        write(image("a.png", "red"), keywords)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.xmp").mkdir()
    with pytest.raises(KerastlError, match=r"a\.xmp: is no regular file"):
        write_sidecar(tmp_path / "a.jpg", ["dog"])
    with pytest.raises(ImageError, match="is no regular file"):
        read_keywords(tmp_path)


def test_keywords_inside_and_beside_are_read_together(image):
    path = image("a.png", "red")
    embed_keywords(path, ["in", "both"])
    write_sidecar(path, ["Both", "beside"])
    assert read_keywords(path) == ["in", "both", "beside"]
