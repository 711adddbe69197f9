import numpy as np
import pytest

from kerastl.errors import DataError, ImageError
from kerastl.finetuning._batches import CachedBatches, Examples, StreamedBatches, epoch_order
from kerastl.inference._engines import Parallelism
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache, HalfOverflow, ViewStore, store_key
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._samples import PixelEngine, mirrored


class Constant:
    """A source of one color that counts how often it is decoded."""

    def __init__(self, value, content=None):
        self.value, self.content, self.read = value, content or f"content {value}", 0

    def digest(self):
        return self.content

    def pixels(self):
        self.read += 1
        if self.value is None:
            raise ImageError("gone.jpg", "no such file")
        return np.full((4, 4, 3), self.value, np.uint8)


class Means:
    """An engine whose features are the sums of the channels."""

    def __init__(self, scale=1.0):
        self.parallelism, self._scale = Parallelism(workers=2, interpreters=1, threads=1, batch=3), scale

    def predict(self, pixels):
        return pixels.sum(axis=(1, 2), dtype=np.float32) * self._scale


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features", 10**6)


def test_rows_hold_the_features_in_order(cache):
    features = cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    np.testing.assert_array_equal(features.array, np.repeat(16.0 * np.arange(7)[:, None], 3, axis=1))
    assert isinstance(features.array, np.memmap)
    assert not features.problems


def test_a_second_time_nothing_is_computed(cache):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    again = [Constant(n) for n in range(7)]
    features = cache.compute("a", Means(), again, "float32")
    assert [source.read for source in again] == [0] * 7
    assert features.array[6, 0] == 96


def test_a_row_whose_image_changed_is_computed_again(cache):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    changed = [Constant(n) for n in range(7)]
    changed[2] = Constant(100)
    features = cache.compute("a", Means(), changed, "float32")
    assert [source.read for source in changed] == [0, 0, 1, 0, 0, 0, 0]
    assert features.array[:, 0].tolist() == [0, 16, 1600, 48, 64, 80, 96]


def test_an_interrupted_store_goes_on_where_it_stopped(cache):
    stop = Stop()

    class StopsLate(Constant):
        def pixels(self):
            stop.requested = self.value >= 30
            return super().pixels()

    with pytest.raises(Stopped):
        cache.compute("a", Means(), [StopsLate(n) for n in range(40)], "float32", stop=stop)
    again = [Constant(n) for n in range(40)]
    features = cache.compute("a", Means(), again, "float32")
    assert again[0].read == 0
    assert again[39].read == 1
    np.testing.assert_array_equal(features.array[:, 0], 16.0 * np.arange(40))


def test_a_broken_image_is_reported_and_tried_again(cache):
    sources = [Constant(1), Constant(None), Constant(3)]
    assert cache.compute("a", Means(), sources, "float32").problems == {1: "no such file"}
    sources[1] = Constant(2)
    features = cache.compute("a", Means(), sources, "float32")
    assert not features.problems
    assert features.array[:, 0].tolist() == [16, 32, 48]


def test_another_number_of_rows_is_another_store(cache):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    assert cache.compute("a", Means(), [Constant(n) for n in range(5)], "float32").array.shape == (5, 3)


def test_half_precision_refuses_what_it_cannot_hold(cache):
    # 16 pixels of 200 sum to 3200; thirty times that is more than 65504.
    cache.compute("fits", Means(), [Constant(200)], "float16")
    with pytest.raises(HalfOverflow):
        cache.compute("large", Means(30.0), [Constant(200)], "float16")


class Slope(Constant):
    """An image that is brighter by one from column to column."""

    def pixels(self):
        return super().pixels() + np.arange(4, dtype=np.uint8)[None, :, None]


class LeftColumn(Means):
    """Features are the first column's values, so that a mirrored image has others."""

    def predict(self, pixels):
        return pixels[:, 0, 0].astype(np.float32) * self._scale


class Steps(RunCallback):
    """Counts what it hears."""

    def __init__(self):
        self.total = self.done = 0

    def begin(self, what, total):
        self.total += total

    def advance(self, steps=1):
        self.done += steps


PLAIN, MIRRORED = ViewStore("plain", "float32"), ViewStore("mirrored", "float32", mirrored)


def test_an_image_and_its_mirror_image_are_decoded_once(cache):
    sources, steps = [Slope(10 * n) for n in range(7)], Steps()
    plain, turned = cache.compute_views([PLAIN, MIRRORED], LeftColumn(), sources, callback=steps)
    assert plain.array[:, 0].tolist() == [10 * n for n in range(7)]
    assert turned.array[:, 0].tolist() == [10 * n + 3 for n in range(7)]
    assert [source.read for source in sources] == [1] * 7
    assert (steps.total, steps.done) == (14, 14)
    assert cache.compute("plain", LeftColumn(), sources, "float32").array[:, 0].tolist() == [10 * n for n in range(7)]
    assert [source.read for source in sources] == [1] * 7


def test_of_two_stores_what_is_there_is_not_computed_again(cache):
    changed = [Slope(10 * n) for n in range(7)]
    cache.compute("plain", LeftColumn(), changed, "float32")
    seen = []

    class Counting(LeftColumn):
        def predict(self, pixels):
            seen.extend(pixels[:, 0, 0, 0].tolist())
            return super().predict(pixels)

    changed[2] = Slope(100)
    plain, turned = cache.compute_views([PLAIN, MIRRORED], Counting(), changed)
    assert plain.array[:, 0].tolist() == [0, 10, 100, 30, 40, 50, 60]
    assert turned.array[:, 0].tolist() == [3, 13, 103, 33, 43, 53, 63]
    assert sorted(seen) == sorted([100, 3, 13, 103, 33, 43, 53, 63])


def test_two_interrupted_stores_go_on_where_they_stopped(cache):
    stop = Stop()

    class StopsLate(Slope):
        def pixels(self):
            stop.requested = self.value >= 30
            return super().pixels()

    with pytest.raises(Stopped):
        cache.compute_views([PLAIN, MIRRORED], LeftColumn(), [StopsLate(n) for n in range(40)], stop=stop)
    again = [Slope(n) for n in range(40)]
    plain, turned = cache.compute_views([PLAIN, MIRRORED], LeftColumn(), again)
    assert (again[0].read, again[39].read) == (0, 1)
    assert plain.array[:, 0].tolist() == [*range(40)]
    assert turned.array[:, 0].tolist() == [*range(3, 43)]


def test_an_image_that_cannot_be_read_is_missing_in_both_stores(cache):
    stores = cache.compute_views([PLAIN, MIRRORED], LeftColumn(), [Slope(1), Constant(None), Slope(3)])
    assert [one.problems for one in stores] == [{1: "no such file"}] * 2
    assert [one.array[2, 0] for one in stores] == [3, 6]


def test_half_precision_says_which_store_cannot_hold_a_number(cache):
    # The left column is 0, the right one 3: 30000 times that is more than 65504.
    stores = [ViewStore("plain", "float16"), ViewStore("mirrored", "float16", mirrored)]
    with pytest.raises(HalfOverflow) as caught:
        cache.compute_views(stores, LeftColumn(30000.0), [Slope(0)])
    assert caught.value.key == "mirrored"


def test_the_limit_counts_all_stores(tmp_path):
    cache = FeatureCache(tmp_path / "features", 1000)
    key = store_key("w", {}, {}, "float32")
    assert cache.fits({"a": 1000})
    assert not cache.fits({"a": 1001})
    assert not cache.fits({"a": 500, "c": 501})
    cache.compute(key, Means(), [Constant(n) for n in range(50)], "float32")
    used = cache.used()
    assert used == 50 * 3 * 4 + 128  # and the header of a .npy file
    assert cache.fits({"b": 1000 - used})
    assert not cache.fits({"b": 1001 - used})
    assert cache.fits({"b": 1000 - used, key: 10**6})  # the one that is there already takes no more
    cache.keep_only(["b"])
    assert cache.used() == 0


class Warnings(RunCallback):
    def __init__(self):
        self.said = []

    def warn(self, text):
        self.said.append(text)


def computed_again(cache, shape=None):
    """Compute a store of seven rows anew: the rows whose images were read, and what was said."""
    again, warnings = [Constant(n) for n in range(7)], Warnings()
    features = cache.compute("a", Means(), again, "float32", shape=shape, callback=warnings)
    np.testing.assert_array_equal(features.array, np.repeat(16.0 * np.arange(7)[:, None], 3, axis=1))
    return [n for n, source in enumerate(again) if source.read], warnings.said


EVERY = [*range(7)]


@pytest.mark.parametrize("length", [0, 5, 10, 64, 127, 128, 150, -1])
def test_a_store_that_was_cut_is_computed_anew_which_is_said(cache, length):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    file = cache.folder / "a" / "features.npy"
    file.write_bytes(file.read_bytes()[:length])
    rows, said = computed_again(cache)
    assert rows == EVERY
    assert len(said) == 1
    assert f"{cache.folder / 'a'}: the features kept there cannot be read" in said[0]
    assert computed_again(cache) == ([], [])


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(100), b"\x80\x04K\x01.", b"text", bytes(500)])
def test_another_file_in_its_place_is_replaced(cache, content):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    (cache.folder / "a" / "features.npy").write_bytes(content)
    rows, said = computed_again(cache)
    assert (rows, len(said)) == (EVERY, 1)


def test_rows_whose_numbers_changed_are_computed_anew_which_is_said(cache):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    file = cache.folder / "a" / "features.npy"
    content = bytearray(file.read_bytes())
    content[128 + 3 * 12 + 2] ^= 1  # in row 3 of 12 bytes each
    file.write_bytes(content)
    said = f"{cache.folder / 'a'}: 1 of 7 rows kept there are damaged; they are computed anew"
    assert computed_again(cache) == ([3], [said])


CHANGES = {
    "empty": lambda text: "",
    "cut": lambda text: text[:30],
    "digits": lambda text: text.replace("0", "1").replace("a", "b"),
    "long": lambda text: "x\n" * 50,
    "joined": lambda text: text.replace(" ", ""),
    "no text": lambda text: text + "\udcff",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_list_that_does_not_fit_vouches_for_nothing(cache, change):
    cache.compute("a", Means(), [Constant(n) for n in range(7)], "float32")
    file = cache.folder / "a" / "rows.txt"
    file.write_bytes(change(file.read_text()).encode("utf-8", "surrogateescape"))
    assert computed_again(cache)[0]
    assert computed_again(cache) == ([], [])


def test_rows_of_another_shape_are_another_store(cache):
    (cache.folder / "a").mkdir(parents=True)
    np.lib.format.open_memmap(cache.folder / "a" / "features.npy", "w+", np.float32, (7, 4)).flush()
    assert computed_again(cache, (3,))[0] == EVERY


def test_keys_depend_on_everything():
    base = ["weights", {"height": 4}, {"views": 1}, "float32"]
    others = [["other", *base[1:]], [base[0], {"height": 5}, *base[2:]], [*base[:2], {"views": 2}, base[3]]]
    keys = {store_key(*parts) for parts in [base, *others, [*base[:3], "float16"]]}
    assert len(keys) == 5
    assert store_key(*base) in keys


def test_an_epoch_has_full_batches_of_different_images():
    order = epoch_order((1, 0), 0, 70, 32)
    assert order.shape == (2, 32)
    assert len(set(order.ravel())) == 64
    assert not np.array_equal(order, epoch_order((1, 0), 1, 70, 32))
    np.testing.assert_array_equal(order, epoch_order((1, 0), 0, 70, 32))
    assert epoch_order((1,), 0, 5, 32).shape == (1, 5)


def examples(images, usable, batch_size):
    """Images of a class each."""
    return Examples(np.eye(images, dtype=np.float32), np.ones(images, np.float32), usable, batch_size, (0,))


def test_cached_views_belong_to_their_image():
    # Image p has the views 10 p, 10 p + 1 and 10 p + 2.
    features = np.array([[10.0 * image + view] for image in range(6) for view in range(3)], np.float16)
    batches = CachedBatches(examples(6, np.array([0, 2, 3, 5]), 2), features, 3)
    seen = {}
    for epoch in range(20):
        for batch in batches.epoch(epoch):
            assert batch.inputs.dtype == np.float32
            images = batch.inputs[:, 0] // 10
            np.testing.assert_array_equal(batch.targets.argmax(axis=1), images)
            for value in batch.inputs[:, 0]:
                seen.setdefault(value // 10, set()).add(value % 10)
    assert seen == {image: {0, 1, 2} for image in (0, 2, 3, 5)}


def test_an_image_that_breaks_is_left_out_of_its_batch():
    told = []
    sources = [Constant(n) for n in range(12)]
    sources[5] = Constant(None)
    batches = StreamedBatches(
        examples(12, np.arange(12), 4), lambda epoch: sources, PixelEngine(), on_skip=lambda *e: told.append(e)
    )
    values = [value for batch in batches.epoch(0) for value in batch.inputs[:, 0, 0, 0]]
    assert sorted(values) == [n for n in range(12) if n != 5]
    assert told == [(5, "no such file")]


def test_when_all_images_break_the_disk_is_gone():
    batches = StreamedBatches(examples(4, np.arange(4), 2), lambda epoch: [Constant(None)] * 4)
    with pytest.raises(DataError, match=r"cannot be read any more.*no such file"):
        list(batches.epoch(0))
