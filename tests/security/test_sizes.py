"""Small files that would unpack to gigabytes: refused by what their directories say, before any of it is read."""

import io
import struct
import zipfile

import numpy as np
import pytest

import kerastl
from kerastl.calibration import _state as state_file
from kerastl.errors import ModelError, WeightsError
from kerastl.models import _build
from kerastl.models import _weights as weights
from kerastl.models._registry import BACKBONES
from kerastl.models._saved import archive, arrays, loading

FIRST = "layers/dense/vars/0"


@pytest.fixture
def unread(monkeypatch):
    """Nothing is unpacked."""

    def fail(*_, **__):
        raise AssertionError("a member was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    monkeypatch.setattr(zipfile.ZipFile, "read", fail)


@pytest.mark.parametrize(
    ("member", "megabytes"), [("config.json", 17), ("kerastl.json", 33), ("metadata.json", 2), ("model.weights.h5", 80)]
)
def test_a_member_that_unpacks_to_much_is_refused_unread(forge, member, megabytes, request):
    file = forge.bomb(member, megabytes)
    assert file.stat().st_size < 200_000
    request.getfixturevalue("unread")
    with pytest.raises(ModelError, match=rf"model\.keras: member '{member}' takes {megabytes << 20:,} bytes unpacked"):
        kerastl.load(file)


def test_no_more_is_read_than_the_directory_says(forge):
    """A directory that lies is broken, not believed."""
    file = forge.bomb("kerastl.json", 8)
    content = bytearray(file.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, entry + 24, 1000)
    file.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        kerastl.load(file)


def test_a_long_directory_is_refused_before_it_is_read(forge, monkeypatch):
    file = forge.file(forge.members() | {f"{number:0200}": b"" for number in range(5000)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ModelError, match="its directory takes"):
        kerastl.load(file)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../evil", "leads out"), ("/evil", "leads out"), ("C:/evil", "leads out"), ("a\\..\\..\\evil", "leads out"),
    ],
)  # fmt: skip
def test_paths_that_lead_out_are_refused(forge, name, reason):
    with pytest.raises(ModelError, match=reason):
        kerastl.load(forge.file(forge.members() | {name: b""}))


def test_links_passwords_doubles_and_odd_packing_are_refused(forge):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(ModelError, match="'link' is a link"):
        kerastl.load(forge.file({**forge.members(), link: b"/etc/hostname"}))
    with pytest.raises(ModelError, match="compressed in a way that Keras does not write"):
        kerastl.load(forge.file(forge.members(), method=zipfile.ZIP_BZIP2))
    with pytest.raises(ModelError, match="it has 1,204 members"):
        kerastl.load(forge.file(forge.members() | {f"{number}": b"" for number in range(1200)}))
    file = forge.file(forge.members())
    content = bytearray(file.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match="is encrypted"):
        kerastl.load(file)
    file = forge.file(forge.members())
    with zipfile.ZipFile(file, "a") as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr("config.json", "{}")
    with pytest.raises(ModelError, match=r"'config\.json' is in it twice"):
        kerastl.load(file)


@pytest.mark.parametrize("cut", [1, 100, 2000])
def test_half_a_file_is_one_line(forge, cut):
    file = forge.file(forge.members())
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(ModelError, match=r"cannot be read as a Keras model \(.*incomplete or was changed"):
        kerastl.load(file)


def large(file):
    del file[FIRST]
    file.create_dataset(FIRST, shape=(10**9,), dtype="f4", chunks=(1 << 20,), compression="gzip")


def external_link(file):
    import h5py

    del file[FIRST]
    file[FIRST] = h5py.ExternalLink("/etc/hostname", "/x")


def soft_link(file):
    import h5py

    file["other"] = h5py.SoftLink("/layers")


def external_storage(file):
    del file[FIRST]
    file.create_dataset(FIRST, shape=(12,), dtype="f4", external=[("/etc/hostname", 0, 48)])


def virtual(file):
    import h5py

    del file[FIRST]
    layout = h5py.VirtualLayout((12,), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (12,))
    file.create_virtual_dataset(FIRST, layout)


def texts(file):
    del file[FIRST]
    file[FIRST] = "text"


def deep(file):
    group = file
    for _ in range(80):
        group = group.create_group("deeper")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (large, "takes 4,000,000,000 bytes unpacked"), (external_link, "is a link to elsewhere"),
        (soft_link, "is a link to elsewhere"), (external_storage, "in another file"), (virtual, "in another file"),
        (texts, "holds no numbers"), (deep, "nested more than"),
    ],
)  # fmt: skip
def test_weights_that_point_elsewhere_or_unpack_to_much_are_refused(forge, unseen, edit, reason):
    with pytest.raises(ModelError, match=rf"model\.keras: its model\.weights\.h5: .*{reason}"):
        kerastl.load(forge.weights(edit))


def test_a_group_in_itself_is_walked_once(forge, tmp_path):
    def loop(file):
        file["layers/loop"] = file["layers"]

    forge.weights(loop)
    assert arrays.count_numbers(tmp_path / "weights.h5") == 8 * 3 + 2  # 3 x 4 + 4 and 4 x 2 + 2


def test_weights_for_a_backbone_are_held_to_the_same(forge, tmp_path):
    forge.weights(large)
    with pytest.raises(WeightsError, match="takes 4,000,000,000 bytes unpacked"):
        _build.build("mobilenet_v3_small", weights=tmp_path / "weights.h5", include_top=False)
    with pytest.raises(WeightsError, match=r"member 'kerastl\.json' takes"):
        _build.build("mobilenet_v3_small", weights=forge.bomb("kerastl.json", 33), include_top=False)
    with pytest.raises(WeightsError, match="takes 4,000,000,000 bytes unpacked"):
        weights.verify(tmp_path / "weights.h5", BACKBONES["mobilenet_v2"].weights)


@pytest.mark.parametrize("units", [10**6, 10**9])
def test_a_network_may_not_promise_more_than_its_weights(forge, units):
    file = forge.config(lambda layers: layers[2]["config"].update(units=units))
    with pytest.raises(ModelError, match=rf"layer 'middle' promises more than the file holds: .*\(3, {units}\)"):
        kerastl.load(file)


def test_the_budget_ends_with_the_block_and_is_of_its_thread_only():
    import threading

    import keras

    before = keras.layers.Layer.add_weight
    with loading.held_to(10):
        other = threading.Thread(target=lambda: keras.layers.Dense(1100).build((None, 1000)))
        other.start()
        other.join()
        with pytest.raises(ModelError, match=r"weights of shape \(1000, 1100\), where 10 numbers"):
            keras.layers.Dense(1100).build((None, 1000))
    assert keras.layers.Layer.add_weight is before


def test_images_may_not_grow_beyond_memory(forge):
    def edit(layers):
        padding = [[10**6, 10**6], [10**6, 10**6]]
        layers[1] |= {"class_name": "ZeroPadding2D"}
        layers[1]["config"] = {"name": layers[1]["config"]["name"], "padding": padding}

    with pytest.raises(ModelError, match=r"makes an array of shape \(None, 2000008, 2000008, 3\)"):
        kerastl.load(forge.config(edit))
    with pytest.raises(ModelError, match="which are no images"):
        kerastl.load(forge.config(lambda layers: layers[0]["config"].update(batch_shape=[None, 10**5, 10**5, 3])))


def test_weights_that_are_not_finite_are_one_line(forge):
    def spoil(file):
        file[FIRST][0, 0] = np.nan

    with pytest.raises(ModelError, match=r"1 numbers in .* are not finite"):
        kerastl.load(forge.weights(spoil))


def npz(**values):
    stream = io.BytesIO()
    np.savez(stream, **values)
    return stream.getvalue()


KINDS = {"a": ("f", 1)}


@pytest.mark.parametrize(
    "content",
    [
        npz(a=np.array([1, 2])), npz(a=np.array([[1.0]])), npz(a=np.array([np.nan])),
        npz(a=np.array([None], object)), npz(a=np.array([1.0]))[:-40],
    ],
)  # fmt: skip
def test_arrays_of_another_kind_are_refused(content):
    with pytest.raises((ValueError, zipfile.BadZipFile)):
        arrays.read_npz(content, KINDS)


def test_an_array_that_claims_to_be_large_is_not_made():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("a.npy", header.getvalue())
    with pytest.raises(ValueError, match="is not all there"):
        arrays.read_npz(stream.getvalue(), KINDS)


def test_packed_arrays_are_refused_by_their_directory():
    stream = io.BytesIO()
    np.savez_compressed(stream, a=np.zeros(10**6))
    with pytest.raises(ValueError, match="unpack to more than it holds"):
        arrays.read_npz(stream.getvalue(), KINDS)


def test_what_kerastl_stores_is_read(forge):
    file = forge.changed(**{"kerastl-trust_npz": npz(set_scores=np.array([0.5]))})
    assert state_file.read(file).set_scores.tolist() == [0.5]
    file = forge.changed(**{"kerastl-trust_npz": npz(other=np.array([0.5]))})
    with pytest.raises(ModelError, match=r"is broken .no 'set_scores'"):
        state_file.read(file)


def test_what_keras_and_kerastl_write_is_within_the_limits(good_model):
    with archive.opened(good_model) as opened:
        assert {"config.json", "model.weights.h5", "kerastl.json"} <= set(opened.namelist())
