"""The sums of a head: they follow each change, and give what solving from scratch gives."""

import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import kerastl
from kerastl.errors import ModelError
from kerastl.finetuning import add_class, forget, relabel
from kerastl.finetuning._kept_features import HeadChoices, KeptFeatures
from kerastl.finetuning._living import head as head_module
from kerastl.finetuning._living import rows as kept_rows
from kerastl.finetuning._living import sums as sums_module
from kerastl.finetuning._living.head import solve_kept
from kerastl.finetuning._living.sums import SumsRows, computed, pays, scales, updated
from kerastl.finetuning._living.sums_file import read_sums, write_sums
from kerastl.images import Resize

WIDTH, CLASSES = 90, 4


@pytest.fixture(autouse=True, scope="module")
def _always():
    """Small runs keep sums, and do not choose again at each change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums_module, "_FEW", 0)
        patch.setattr(sums_module, "_LARGE_CHANGE", 5)
        patch.setattr(head_module, "_FEW", 0)
        patch.setattr(head_module, "_CHANGED", 1)
        yield


def images(count, seed, first=1):
    """Made-up features of images and of their mirrored copies, the last of which is constant."""
    random = np.random.default_rng(seed)
    labels = np.sort(np.arange(count) % CLASSES)
    rows, mirrored = (
        (random.normal(size=(count, WIDTH)) + 2 * np.eye(CLASSES, WIDTH)[labels]) * np.geomspace(0.1, 10, WIDTH) + 3
        for _ in range(2)
    )
    rows[:, -1] = mirrored[:, -1] = 2
    hashes = np.arange(first, first + count, dtype=np.uint64)
    return KeptFeatures(
        rows.astype(np.float16),
        mirrored.astype(np.float16),
        labels,
        np.arange(count),
        hashes,
        np.full(count, -1),
        tuple("abcd"),
        "digest",
        HeadChoices(0.01, 2.0, 20),
    )


@pytest.fixture(params=[True, False], ids=["mirrored", "plain"])
def kept(request):
    """80 images."""
    found = images(80, 0)
    return found if request.param else replace(found, choices=found.choices._replace(mirrored=False), mirrored=None)


def solved(kept, sums=None):
    return solve_kept(kept, Resize(8, 8), balanced=False, seed=0, last=20, choose=False, sums=lambda: sums)


def changed(kept, step):
    """Another change each time: an image is forgotten, relabeled or learnt."""
    before = len(kept)
    if step % 3 == 0:
        kept = kept.without(np.arange(before) == (7 * step) % before)
    elif step % 3 == 1:
        kept = kept_rows.relabeled(kept, np.array([(11 * step) % before]), ["abcd"[step % CLASSES]])
    else:
        new = images(2, 100 + step, 1_000 * step)
        new = replace(new, mirrored=None if kept.mirrored is None else new.mirrored)
        kept = kept_rows.joined(kept, new)
    return kept_rows.changed(kept, 1, before)


def scores(head):
    """Of images left out, but for what all classes have in common, and before the temperature."""
    logits = np.log(head.loo_probabilities) * head.temperature
    return logits - logits.mean(axis=1)[:, None]


def assert_same(one, other, tolerance):
    """Both heads are alike; the temperature is found to four digits only."""
    np.testing.assert_array_equal(one.head.loo_rows, other.head.loo_rows)
    np.testing.assert_allclose(scores(one.head), scores(other.head), atol=tolerance)
    assert one.head.temperature == pytest.approx(other.head.temperature, rel=1e-3)
    for name in ("kernel", "bias"):
        found, expected = (getattr(each.head, name) * each.head.temperature for each in (one, other))
        np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("exact", [sums_module._EXACT, 0], ids=["float64", "float32"])
def test_a_chain_of_changes_is_one_solution_from_scratch(kept, exact, monkeypatch):
    monkeypatch.setattr(sums_module, "_EXACT", exact)
    last = solved(kept)
    assert last.anew
    assert last.sums.inverse.dtype == (np.float64 if exact else np.float32)
    for step in range(20):
        last = solved(changed(last.kept, step), last.sums)
        assert not last.anew
    assert_same(last, solved(last.kept), 1e-5 if exact else 1e-3)


def test_it_is_what_scikit_learn_gives(kept):
    first = solved(kept)
    found = solved(changed(first.kept, 0), first.sums)
    rows, own = SumsRows(found.kept), found.kept
    parts = [own.rows] if own.mirrored is None else [own.rows, own.mirrored]
    x = np.concatenate(parts).astype(np.float64) / scales(found.sums.steps)
    y = np.eye(CLASSES)[np.tile(own.labels, len(parts))]
    # On one scale for all, the rows have a mean squared length of 1; each feature's is rounded to an eighth of a power.
    assert np.sum(x.var(axis=0)) == pytest.approx(1, rel=0.1)
    ridge = Ridge(alpha=rows.penalty).fit(x, y)
    kernel = ridge.coef_.T / scales(found.sums.steps)[:, None]
    np.testing.assert_allclose(found.head.kernel * found.head.temperature, kernel, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.head.bias * found.head.temperature, ridge.intercept_, rtol=1e-3, atol=1e-4)
    # One fold, left out with the mirrored copies, by a regression that never saw it.
    folds = head_module.balanced_folds(own.groups, own.labels, seed=0)
    fold = folds == folds[5]
    out = np.tile(fold, len(parts))
    without = Ridge(alpha=rows.penalty).fit(x[~out], y[~out]).predict(x[: len(own)][fold])
    places = np.searchsorted(found.head.loo_rows, np.flatnonzero(fold))
    expected = without - without.mean(axis=1)[:, None]
    np.testing.assert_allclose(scores(found.head)[places], expected, atol=1e-4)


def test_the_sums_hold_nothing_of_a_forgotten_image(kept):
    other = replace(kept, rows=kept.rows.copy(), mirrored=None if kept.mirrored is None else kept.mirrored.copy())
    for part in (other.rows, other.mirrored):
        if part is not None:
            part[7] = 50 - 3 * part[7]
    gone = np.arange(len(kept)) == 7
    found = []
    for one in (kept, other):
        first = computed(SumsRows(one))
        found.append(updated(first, SumsRows(kept_rows.changed(one.without(gone), 1, len(one)))))
    never = computed(SumsRows(kept_rows.changed(kept.without(gone), 1, len(kept))))
    for sums in found:  # whatever the image was, they are what they would be had it never been there
        np.testing.assert_array_equal(sums.steps, never.steps)
        np.testing.assert_allclose(sums.inverse, never.inverse, atol=1e-7)
        np.testing.assert_array_equal(sums.images, kept.hashes[~gone])


def test_too_much_rounding_computes_them_from_scratch(kept):
    first = solved(kept)
    broken = replace(first.sums, inverse=first.sums.inverse * 1.01)
    again = solved(changed(first.kept, 0), broken)
    assert again.anew
    assert_same(again, solved(changed(first.kept, 0)), 1e-9)


def test_sums_of_other_choices_and_large_changes_are_not_followed(kept, monkeypatch):
    sums = computed(SumsRows(kept))
    assert updated(sums, SumsRows(replace(kept, choices=kept.choices._replace(penalty=0.02)))) is None
    monkeypatch.setattr(sums_module, "_LARGE_CHANGE", 0.3)
    assert updated(sums, SumsRows(kept.without(np.arange(80) < 30))) is None


def test_copies_of_an_image_are_told_apart(kept):
    twice = kept_rows.joined(kept, kept.without(np.arange(80) != 3))
    first = computed(SumsRows(twice))
    assert first.images.tolist().count(4) == 2
    once = kept_rows.changed(kept, 1, 81)
    found = updated(first, SumsRows(once))
    assert len(found.images) == 80
    assert_same(solved(once, found), solved(once), 1e-6)


def test_they_are_kept_where_that_spares_time(kept, monkeypatch):
    assert pays(kept, False)
    assert not pays(kept, True)  # a change changes the weights of all images of the class
    assert not pays(replace(kept, choices=None), False)
    assert not pays(replace(kept, hashes=kept.hashes * np.uint64(0)), False)
    monkeypatch.setattr(sums_module, "MOST", 79)
    assert not pays(kept, False)


def test_what_was_written_is_read_and_belongs_to_its_features(kept, tmp_path):
    features, file = tmp_path / "features.npz", tmp_path / "sums.npz"
    kept.write(features)
    sums = computed(SumsRows(kept))
    write_sums(file, sums, features)
    found = read_sums(file, features)
    for name, value in vars(sums).items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=0, atol=1e-12)
    changed(kept, 0).write(features)
    assert read_sums(file, features) is None


def test_broken_sums_are_told(kept, tmp_path):
    features, file = tmp_path / "features.npz", tmp_path / "sums.npz"
    kept.write(features)
    sums = computed(SumsRows(kept))
    whole = {"penalty": np.array(0.0)}, {"steps": np.full(WIDTH, 30_000)}, {"images": sums.images[:9]}
    for wrong in (*whole, {"inverse": sums.inverse[:5]}):
        write_sums(file, replace(sums, **wrong), features)
        with pytest.raises(ValueError, match=r"do not fit together|are none of features"):
            read_sums(file, features)
    file.write_bytes(b"PK")
    with pytest.raises(ValueError, match="not a zip file"):
        read_sums(file, features)


@pytest.fixture(scope="module")
def finished(_always, colored_folder, tmp_path_factory):
    """A run with two convolutions on 16 px images."""
    keras.utils.set_random_seed(7)
    pixels = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = keras.layers.Conv2D(6, 3, 2, "same", activation="relu", name="lower")(x)
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu", name="upper")(x)
    network, folder = keras.Model(pixels, x, name="small"), tmp_path_factory.mktemp("finished") / "run"
    return kerastl.finetune(colored_folder, network, recipe="probe", output=folder, verbose=0).folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "run")


def test_a_run_keeps_them_from_the_start_and_each_change_follows(run, colored_folder, tmp_path):
    assert "`sums.npz`" in (run / "README.md").read_text()
    image = colored_folder / "red" / "3.png"
    before = read_sums(run / "sums.npz", run / "features.npz")
    change = forget(run, image)
    assert not change.chosen
    assert not any("sums" in note for note in change.notes)
    after = read_sums(run / "sums.npz", run / "features.npz")
    (gone,) = set(before.images.tolist()) - set(after.images.tolist())
    data = (run / "sums.npz").read_bytes()
    assert gone.to_bytes(8, "little") not in data
    relabel(run, colored_folder / "red" / "4.png", "blue")
    change = add_class(run, colored_folder / "red")
    assert len(change.changes) == 2
    kept = KeptFeatures.read(run / "features.npz")
    own, scratch = read_sums(run / "sums.npz", run / "features.npz"), computed(SumsRows(kept))
    order = np.argsort(scratch.images)
    assert own.images[np.argsort(own.images)].tolist() == scratch.images[order].tolist()
    found, expected = (solved(kept, each).head.loo_probabilities for each in (own, scratch))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_runs_without_sums_or_with_broken_ones_compute_them_and_say_so(run, colored_folder, tmp_path, caplog):
    other = shutil.copytree(run, tmp_path / "other")
    (run / "sums.npz").unlink()
    (other / "sums.npz").write_bytes(b"PK" * 100)
    changes = [forget(folder, colored_folder / "red" / "3.png") for folder in (run, other)]
    for change in changes:
        assert any("computed from scratch" in note for note in change.notes)
    assert "sums.npz cannot be read" in caplog.text
    assert changes[0].metrics["loo_loss"] == changes[1].metrics["loo_loss"]
    assert not any("sums" in note for note in forget(run, colored_folder / "red" / "4.png").notes)


def test_sums_that_no_longer_pay_do_not_stay(run, colored_folder, monkeypatch):
    assert (run / "sums.npz").is_file()
    monkeypatch.setattr(sums_module, "_FEW", 10**12)
    forget(run, colored_folder / "red" / "3.png")
    assert not (run / "sums.npz").exists()


def test_features_that_are_broken_are_refused_before_sums_are_read(run, colored_folder):
    (run / "features.npz").write_bytes(b"PK")
    with pytest.raises(ModelError, match="cannot be read"):
        forget(run, colored_folder / "red" / "3.png")
