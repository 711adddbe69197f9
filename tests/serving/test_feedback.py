import errno
from pathlib import PurePath

import pytest

from kerastl.models._labels import LabelSet
from kerastl.serving import _collection
from kerastl.serving._collection import Collection
from kerastl.serving._errors import NotStoredError
from kerastl.serving._feedback import class_of

URL = "/v1/feedback"


@pytest.fixture
def collecting(serving, tmp_path):
    with serving(collect=str(tmp_path / "collected")) as client:
        client.folder = tmp_path / "collected"
        yield client


def stored(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_a_correction_is_stored_as_it_came(collecting, red_png):
    answer = collecting.post(URL, files={"image": ("../../x.png", red_png)}, data={"label": "green"})
    assert (answer.status_code, answer.json()) == (201, {"label": "green", "known": True})
    (file,) = collecting.folder.rglob("*.png")
    assert file.parent == collecting.folder / "green"
    assert file.read_bytes() == red_png


def test_an_image_that_is_corrected_again_moves(collecting, red_png):
    for label in ("green", "blue", "blue"):
        assert collecting.post(URL, files={"image": red_png}, data={"label": label}).status_code == 201
    assert [file.split("/")[0] for file in stored(collecting.folder)] == ["blue"]


def test_what_is_collected_trains(collecting, red_png, blue_jpeg, tmp_path):
    from kerastl.data import scan

    collecting.post(URL, files={"image": red_png}, data={"label": "warm"})
    answer = collecting.post(URL, files={"image": blue_jpeg}, data={"label": "cold"})
    assert answer.json() == {"label": "cold", "known": False}
    dataset = scan(collecting.folder)
    assert dataset.classes == ("cold", "warm")
    assert len(dataset.items) == 2


@pytest.mark.parametrize("label", ["../up", "/etc", "..", "a/b", "CON", "~", "-rf"])
def test_a_label_never_leads_out_of_the_folder(collecting, red_png, label, tmp_path):
    assert collecting.post(URL, files={"image": red_png}, data={"label": label}).status_code == 201
    (file,) = (file for file in tmp_path.rglob("*") if file.is_file())
    assert file.parent.parent == collecting.folder


@pytest.mark.parametrize(
    ("files", "data", "status"),
    [
        ({}, {"label": "red"}, 400),
        ({"image": b"x"}, {}, 400),
        ({"image": b"x"}, {"label": "  "}, 400),
        ({"image": b"x"}, {"label": "a\0b"}, 400),
        ({"image": b"x"}, {"label": "a" * 201}, 400),
        ({"image": b"no image"}, {"label": "red"}, 422),
        ({"image": b"x"}, {"label": "red", "model": "another"}, 404),
    ],
)
def test_what_is_no_correction(collecting, files, data, status):
    answer = collecting.post(URL, files=files or {"other": ("", b"")}, data=data)
    assert answer.status_code == status
    assert not collecting.folder.exists()


def test_without_a_folder_nothing_is_taken(client, red_png):
    answer = client.post(URL, files={"image": red_png}, data={"label": "red"})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_answerable")


def test_pages_of_other_origins_cannot_correct(collecting, red_png):
    headers = {"Origin": "https://evil.example"}
    assert collecting.post(URL, files={"image": red_png}, data={"label": "red"}, headers=headers).status_code == 403
    assert not collecting.folder.exists()


def test_the_folder_has_a_limit(tmp_path, red_png, blue_jpeg):
    collection = Collection(tmp_path, len(red_png) + len(blue_jpeg) - 1)
    collection.add(red_png, PurePath("red"))
    with pytest.raises(NotStoredError, match="full"):
        collection.add(blue_jpeg, PurePath("blue"))
    collection.add(red_png, PurePath("green"))  # what is there already may move
    assert [file.split("/")[0] for file in stored(tmp_path)] == ["green"]


def test_a_class_is_found_whichever_way_it_is_written(collecting, red_png):
    answer = collecting.post(URL, files={"image": red_png}, data={"label": "GREEN"})
    assert answer.json() == {"label": "green", "known": True}
    assert [file.split("/")[0] for file in stored(collecting.folder)] == ["green"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat?", ("cat?", PurePath("cat_"), True)),
        ("cat*", ("cat*", PurePath("cat_-2"), True)),  # two classes never share a folder
        ("pets/dog", ("pets/dog", PurePath("pets/dog"), True)),
        ("new/dog", ("new_dog", PurePath("new_dog"), False)),  # called as training will call it
        ("../up", ("_up", PurePath("_up"), False)),
    ],
)
def test_what_a_correction_is_stored_as(text, expected):
    assert class_of(text, LabelSet(("cat?", "cat*", "pets/dog"))) == expected


def test_a_class_of_nested_folders_keeps_one_copy(tmp_path, red_png):
    collection = Collection(tmp_path, 10_000)
    for folder in ("pets/dog", "cat"):
        collection.add(red_png, PurePath(folder))
    assert [file.split("/")[0] for file in stored(tmp_path)] == ["cat"]


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "their folder cannot be written")]
)
def test_a_disk_that_takes_nothing_is_said(collecting, red_png, monkeypatch, caplog, number, said):
    def fails(target):
        raise OSError(number, "as the system says", "/where/it/lies")

    monkeypatch.setattr(_collection, "replacing", fails)
    answer = collecting.post(URL, files={"image": red_png}, data={"label": "red"})
    assert (answer.status_code, answer.json()["code"]) == (507, "not_stored")
    assert answer.json()["error"] == f"no corrections are taken: {said}"
    assert f"--collect {collecting.folder}: cannot be written (as the system says)" in caplog.messages
