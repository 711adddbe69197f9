import json

import pytest

from kerastl.cli import run
from kerastl.errors import KerastlError, UsageError
from kerastl.recommending import evaluate_recommendations, recommend


@pytest.fixture(scope="module")
def db(color_model, tmp_path_factory):
    """An index of twelve images: four reds, four greens, four blues."""
    pytest.importorskip("lancedb")
    from PIL import Image

    from kerastl.index import Index

    folder = tmp_path_factory.mktemp("liked")
    for place, name in enumerate(("red", "green", "blue")):
        for number in range(4):
            color = [10 + 8 * number] * 3
            color[place] = 250
            Image.new("RGB", (32, 32), tuple(color)).save(folder / f"{name}{number}.png")
    index = Index.create(folder / "db", color_model, root=folder)
    index.add([str(file) for file in sorted(folder.glob("*.png"))])
    return folder / "db"


@pytest.fixture
def images(db, monkeypatch):
    monkeypatch.chdir(db.parent)


def test_what_is_like_the_liked_and_unlike_the_disliked_comes_first(db, images):
    found = recommend(db, ["red0.png", "green0.png"], "blue1.png", top=6, diversity=0, verbose=0)
    assert {one.path for one in found} == {f"{name}{number}.png" for name in ("red", "green") for number in (1, 2, 3)}
    assert all(one.like[:3] == one.path[:3] for one in found)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)


def test_paths_are_from_the_current_folder(db, monkeypatch):
    monkeypatch.chdir(db.parents[1])
    folder = db.parent.name
    (found,) = recommend(db, f"{folder}/red0.png", top=1, verbose=0)
    assert (found.path[:-5], found.like) == (f"{folder}/red", f"{folder}/red0.png")
    monkeypatch.chdir(db)
    (found,) = recommend(db, "../red0.png", top=1, verbose=0)
    assert found.like == str(db.parent / "red0.png")


def test_an_image_that_is_not_in_the_index_may_be_liked(db, images, image):
    found = recommend(db, image("other.png", (9, 9, 240)), top=4, verbose=0)
    assert {one.path[:4] for one in found} == {"blue"}


def test_all_are_recommended_once_where_more_are_asked_for(db, images):
    found = recommend(db, "red?.png", top=50, verbose=0)
    assert sorted(one.path for one in found) == sorted(f"{n}{i}.png" for n in ("green", "blue") for i in range(4))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"like": []}, "there must be at least one image to like"),
        ({"like": [3]}, "like must be paths of images. Received: int"),
        ({"like": "red0.png", "top": 0}, "top must be a whole number from 1 on. Received: 0"),
        ({"like": "red0.png", "diversity": 2}, "diversity must be a number from 0 to 1. Received: 2"),
    ],
)
def test_what_makes_no_sense_is_refused(db, images, arguments, reason):
    with pytest.raises(UsageError, match=f"^{reason}$"):
        recommend(db, **arguments)


def test_the_command_takes_several_images_after_an_option(db, images, capsys):
    command = ["recommend", "--like", "red0.png", "green0.png", "--dislike", "blue1.png", "blue2.png", "--db", str(db)]
    assert run([*command, "--top", "3", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 3
    assert not [one for one in found if one["path"].startswith("blue")]
    assert run([*command, "--top", "2", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "path,score,like,similarity,label"


def test_the_command_says_what_is_missing(db, capsys):
    assert run(["recommend", "--db", str(db)]) == 2
    assert "--like IMAGE is missing" in capsys.readouterr().err
    assert run(["recommend", "--db", str(db), "--like", "a.jpg", "--evaluate", "likes.csv"]) == 2
    assert "excludes --like" in capsys.readouterr().err


def test_likes_in_a_table_are_foretold(db, images, tmp_path, capsys):
    likes = tmp_path / "likes.csv"
    rows = [f"{name},{name}{number}.png,1" for name in ("red", "green", "blue") for number in range(4)]
    likes.write_text("\n".join(["user,path,like", *rows, "red,blue1.png,0", "red,elsewhere.png,1", "alone,red1.png,1"]))
    found = evaluate_recommendations(db, likes, top=2, verbose=0)
    assert (found.users, found.recommended.recall) == (3, 1.0)
    assert run(["recommend", "--db", str(db), "--evaluate", str(likes), "--top", "2", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == found.as_dict()
    assert run(["recommend", "--db", str(db), "--evaluate", str(likes), "--top", "2"]) == 0
    assert capsys.readouterr().out.startswith("recommended: recall@2 100.0 %, nDCG@2 1.000\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image\na.jpg\n", "has no column path, but image"),
        ("path\nnobody.jpg\n", "nobody in it likes two images of the index"),
        ("path,like\nred0.png,maybe\n", "line 2: like must be 1 or 0. Received: 'maybe'"),
    ],
)
def test_a_table_that_says_no_likes_is_refused_in_one_line(db, tmp_path, text, reason):
    (tmp_path / "likes.csv").write_text(text)
    with pytest.raises(KerastlError, match=reason):
        evaluate_recommendations(db, tmp_path / "likes.csv")
    with pytest.raises(KerastlError, match="cannot be read"):
        evaluate_recommendations(db, tmp_path / "nothing.csv")
