import json
import shutil

import numpy as np
import pytest

from kerastl.errors import TrainingError
from kerastl.training._checkpoint import FORMAT, Checkpoint

VALUES = {"settings": {"seed": 3, "backbone": None}, "progress": [1, 2.5, "x"]}


@pytest.fixture
def saved(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state")
    checkpoint.save(VALUES, {"now": [np.arange(4.0), np.float32(2)], "best": [np.ones((2, 3))]})
    return checkpoint


def test_a_state_comes_back(saved):
    assert saved.load() == VALUES
    one, other = saved.arrays("now")
    np.testing.assert_array_equal(one, np.arange(4.0))
    assert (other.shape, other.dtype) == ((), np.float32)


def test_arrays_that_are_not_given_anew_stay(saved):
    saved.save({"second": (1, 2), "numbers": {10: "a", 9: "b"}}, {"now": [np.zeros(1)], "best": None})
    assert saved.load() == {"second": [1, 2], "numbers": {"10": "a", "9": "b"}}
    assert saved.arrays("best")[0].shape == (2, 3)
    assert sorted(path.name for path in saved.folder.iterdir()) == ["1-best.npz", "2-now.npz", "state.json"]


def test_there_is_no_state_before_the_first_save(tmp_path):
    assert Checkpoint(tmp_path / "state").load() is None
    assert not Checkpoint(tmp_path / "state").exists


def test_an_array_file_cut_anywhere_is_one_line(saved):
    file = saved.folder / "1-now.npz"
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        with pytest.raises(TrainingError, match=r"the state in .*state is damaged \(1-now.npz: .*; --overwrite"):
            saved.arrays("now")


def test_an_array_file_with_any_byte_changed_gives_the_same_numbers_or_one_line(saved):
    file = saved.folder / "1-now.npz"
    content = file.read_bytes()
    for place in range(0, len(content), 3):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            found = saved.arrays("now")
        except TrainingError as error:
            said = str(error)
        else:
            np.testing.assert_array_equal(found[0], np.arange(4.0))
            continue
        assert "\n" not in said


def test_a_state_cut_anywhere_is_one_line(saved):
    file = saved.folder / "state.json"
    content = file.read_bytes()
    for length in range(0, len(content), 5):
        file.write_bytes(content[:length])
        with pytest.raises(TrainingError, match=r"is damaged .*; --overwrite starts anew"):
            saved.load()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"3", b"\xff\xfe", b"{}", b"[" * 100_000, b'"' + 1000 * b"x" + b'"', b"\0" * 100]
)
def test_another_file_in_its_place_is_one_line(saved, content):
    (saved.folder / "state.json").write_bytes(content)
    for use in (saved.load, lambda: saved.arrays("now"), lambda: saved.save({}, {})):
        with pytest.raises(TrainingError, match="--overwrite starts anew"):
            use()


def stored(checkpoint):
    return json.loads((checkpoint.folder / "state.json").read_text())


def rewrite(checkpoint, **changed):
    (checkpoint.folder / "state.json").write_text(json.dumps({**stored(checkpoint), **changed}))


@pytest.mark.parametrize("changed", [{"values": []}, {"files": {"now": "../x.npz"}}, {"hash": None}, {"values": None}])
def test_what_kerastl_did_not_write_is_refused(saved, changed):
    rewrite(saved, **changed)
    with pytest.raises(TrainingError, match="its content is not what was written"):
        saved.load()


@pytest.mark.parametrize("version", [FORMAT + 1, 1, "2", None, [], "\x1b[31m"])
def test_a_state_of_another_version_is_refused(saved, version):
    rewrite(saved, format=version)
    with pytest.raises(TrainingError, match=f"another version of kerastl .*this one reads {FORMAT}") as caught:
        saved.load()
    assert str(caught.value).isprintable()


def test_a_state_without_a_version_is_refused(saved):
    state = stored(saved)
    del state["format"]
    (saved.folder / "state.json").write_text(json.dumps(state))
    with pytest.raises(TrainingError, match="format unknown"):
        saved.load()


def test_arrays_that_are_missing_are_one_line(saved):
    with pytest.raises(TrainingError, match="it holds no arrays called start"):
        saved.arrays("start")
    (saved.folder / "1-now.npz").unlink()
    with pytest.raises(TrainingError, match="is damaged"):
        saved.arrays("now")


def test_removing_a_state_leaves_what_others_put_there(saved):
    (saved.folder / "notes.json").write_text("{}")
    (saved.folder / "1-now.npz.bak").write_text("")
    (saved.folder / ".4711-0123abcd.2-now.npz").write_text("left by a process that was killed")
    (saved.folder / "3-folder.npz").mkdir()
    assert not saved.remove()
    assert sorted(path.name for path in saved.folder.iterdir()) == ["1-now.npz.bak", "3-folder.npz", "notes.json"]


def test_a_link_is_not_followed(saved, tmp_path):
    shutil.copytree(saved.folder, tmp_path / "elsewhere")
    link = Checkpoint(tmp_path / "link")
    link.folder.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert not link.remove()
    assert len(list((tmp_path / "elsewhere").iterdir())) == 3


@pytest.mark.parametrize(
    ("shapes", "fits"), [([(2, 3), (3,)], True), ([(2, 3)], False), ([(3, 2), (3,)], False), ([(2, 3), (1,)], False)]
)
def test_arrays_of_another_network_are_one_line(shapes, fits):
    import keras

    from kerastl.training._variables import assign

    layer = keras.layers.Dense(3)
    layer.build((None, 2))
    values = [np.ones(shape, np.float32) for shape in shapes]
    if fits:
        assign(layer.variables, values)
        assert layer.get_weights()[0].sum() == 6
        return
    with pytest.raises(TrainingError, match="of another network; --overwrite"):
        assign(layer.variables, values)
    with pytest.raises(TrainingError, match="of another network"):
        assign(layer.variables, [np.array([["x"] * 3] * 2), np.zeros(3)])
