from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastl.errors import ImageError, UsageError

pytest.importorskip("lancedb")

from kerastl.index import similar
from kerastl.index._similar import SimilaritySearch


@pytest.fixture
def index(new_index, add, images):
    made = new_index()
    add(made, images, labels=[(str(images / "3.png"), "three")])
    return made


@pytest.fixture
def search(index, embedder):
    def load():
        loaded.append(True)
        return embedder

    loaded = []
    return SimilaritySearch(index, load, 3), loaded


def names(found):
    return [Path(image.path).name for image in found.images]


def test_an_image_of_the_index_is_not_read_and_not_among_the_answers(search, images):
    found, loaded = search
    answer = found.of(images / "3.png")
    assert answer.path == str(images / "3.png")
    assert names(answer) == ["4.png", "2.png", "5.png"]  # 7.7, 9.2 and 14 degrees away from (60, 9, 100)
    unit = [np.array([20 * number, 9, 100]) / np.linalg.norm([20 * number, 9, 100]) for number in (3, 4)]
    assert answer.images[0].similarity == pytest.approx(float(unit[0] @ unit[1]), abs=1e-5)
    assert loaded == []


def test_of_an_image_from_elsewhere_copies_come_first(search, images, tmp_path):
    found, loaded = search
    (tmp_path / "copy.png").write_bytes((images / "3.png").read_bytes())
    answer = found.of(tmp_path / "copy.png")
    assert (names(answer)[0], answer.images[0].similarity, answer.images[0].label) == ("3.png", 1.0, "three")
    assert loaded == []  # its content is known


def test_a_new_image_goes_through_the_network(search, image, tmp_path):
    found, loaded = search
    assert names(found.of(image("new.png", (60, 9, 100), size=(70, 70))))[0] == "3.png"
    assert names(found.of(np.full((50, 50, 3), (60, 9, 100), np.uint8)))[0] == "3.png"
    assert names(found.of(Image.new("RGB", (33, 50), (60, 9, 100))))[0] == "3.png"
    assert loaded == [True]


def test_what_has_changed_since_is_looked_at_as_it_is_now(search, images, image):
    found, _ = search
    image("images/0.png", (180, 9, 100), size=(80, 80))
    assert names(found.of(images / "0.png"))[0] == "9.png"


def test_paths_are_those_from_the_current_folder(search, images, monkeypatch):
    monkeypatch.chdir(images.parent)
    assert search[0].of("images/3.png").images[0].path == "images/4.png"


def test_what_cannot_be_read(search, images, tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        search[0].of(tmp_path / "gone.png")
    with pytest.raises(UsageError, match="one image is wanted"):
        search[0].of([images / "1.png", images / "2.png"])


def test_the_function_opens_the_index_and_loads_its_model(index, images, image):
    known = similar(images / "3.png", index.folder, top=2)
    assert names(known) == ["4.png", "2.png"]
    assert names(similar(image("new.png", (60, 9, 100), size=(70, 70)), index, top=1)) == ["3.png"]


def test_text_and_json(search, images):
    answer = search[0].of(images / "2.png")
    assert str(answer).splitlines()[0].endswith(f"  {images / '3.png'}  three")
    first = answer.as_dict()["similar"][0]
    assert set(first) == {"path", "similarity", "label", "predicted", "score"}
    assert first["score"] == pytest.approx(0.83, abs=0.2)


def test_an_index_of_one_image(new_index, add, image, embedder):
    index = new_index()
    path = image("images/a.png", "red")
    add(index, path)
    assert str(SimilaritySearch(index, lambda: embedder, 3).of(path)) == "nothing else is in the index"
