"""Images in S3, as moto plays it."""

from __future__ import annotations

from functools import partial

import pytest
from archive_files import GREEN, RED, tar_of, zip_of

from kerastl.errors import ImageError
from kerastl.sources import _remote_file as remote_file
from kerastl.sources import _remote_images as remote_images
from kerastl.sources import _stores as stores
from kerastl.sources import stored_images
from kerastl.sources._fetching import AHEAD


@pytest.fixture(scope="module")
def bucket(s3):
    """Puts something into the bucket."""
    return partial(s3, "pictures")


@pytest.fixture(scope="module", autouse=True)
def images(bucket):
    for key in ("x/b.png", "x/a.png", "x/deep/c.png", "x/.hidden.png", "y/d.png"):
        bucket(key, GREEN if key == "x/a.png" else RED)
    bucket("x/notes.txt", b"notes")
    bucket("shards/s-000.tar", tar_of([("a.png", RED)]))
    bucket("shards/s-001.tar", tar_of([("b.png", GREEN)]))
    bucket("shards/s.zip", zip_of([("c.png", RED)]))


def names(source):
    return [image.path if isinstance(image, ImageError) else image.name for image in stored_images(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s3://pictures/x/a.png", ["x/a.png"]),
        ("s3://pictures/x/", ["x/a.png", "x/b.png", "x/deep/c.png"]),
        ("s3://pictures/x/*.png", ["x/a.png", "x/b.png"]),
        ("s3://pictures/*/[cd].png", ["y/d.png"]),
        ("s3://pictures/**/?.png", ["x/a.png", "x/b.png", "x/deep/c.png", "y/d.png"]),
        ("s3://pictures/shards/*.tar", ["shards/s-000.tar::a.png", "shards/s-001.tar::b.png"]),
        ("s3://pictures/shards/s.zip", ["shards/s.zip::c.png"]),
    ],
)
def test_what_a_source_stands_for(source, expected):
    assert names(source) == [f"s3://pictures/{name}" for name in expected]


def test_contents_are_fetched(told):
    assert told("s3://pictures/x/*.png") == [("s3://pictures/x/a.png", GREEN), ("s3://pictures/x/b.png", RED)]
    assert told("s3://pictures/shards/s-000.tar") == [("s3://pictures/shards/s-000.tar::a.png", RED)]


def test_more_are_fetched_than_are_looked_at(bucket, monkeypatch):
    for number in range(40):
        bucket(f"many/{number:02d}.png", RED)
    asked, image_of = [], remote_images._image_of
    monkeypatch.setattr(remote_images, "_image_of", lambda remote: asked.append(remote.name) or image_of(remote))
    found = stored_images("s3://pictures/many/")
    assert next(found).name == "s3://pictures/many/00.png"
    assert len(asked) == AHEAD + 1
    assert [image.name for image in found] == asked[1:]
    assert len(asked) == 40


def test_where_a_store_fails_in_the_middle_what_came_before_is_given(told, monkeypatch):
    listing = stores.StoreFolder._listing

    def failing(self, path):
        if path.endswith("deep"):
            raise PermissionError
        return listing(self, path)

    monkeypatch.setattr(stores.StoreFolder, "_listing", failing)
    assert told("s3://pictures/x/") == [
        ("s3://pictures/x/a.png", GREEN),
        ("s3://pictures/x/b.png", RED),
        ("s3://pictures/x/", "access denied; are the store's credentials right?"),
    ]


def test_what_is_not_there_is_said_when_it_is_looked_at():
    (image,) = stored_images("s3://pictures/x/none.png")
    with pytest.raises(ImageError, match=r"^s3://pictures/x/none\.png: no such file$"):
        image.read_bytes()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("s3://pictures/x/none.tar", "no such file"),
        ("s3://pictures/none/", "no such file"),
        ("s3://pictures/none/*.png", "no such file"),
        ("s3://pictures/x/*.gif", "no images there"),
        ("s3://pictures/shards/", "no images there but 3 archives; give a pattern such as *.tar"),
        ("s3://*/a.png", "a pattern may begin behind the name of the bucket only"),
    ],
)
def test_sources_without_images(source, reason, told):
    assert told(source) == [(source, reason)]


def test_an_object_that_is_too_large_is_told_and_the_others_are_read(told, monkeypatch, bucket):
    monkeypatch.setattr("kerastl.sources._limits.MAX_IMAGE_BYTES", 1 << 20)
    for name, content in (("a", RED), ("b", bytes((1 << 20) + 1)), ("c", GREEN)):
        bucket(f"sizes/{name}.png", content)
    (_, second, third) = told("s3://pictures/sizes/")
    assert second == (
        "s3://pictures/sizes/b.png",
        "too large: a file of 1 MiB, the limit is 1 in an archive or a store",
    )
    assert third == ("s3://pictures/sizes/c.png", GREEN)
    with pytest.raises(ImageError, match="too large"):
        next(stored_images("s3://pictures/sizes/b.png")).read_bytes()


def test_an_archive_is_read_in_blocks(told, monkeypatch, bucket):
    monkeypatch.setattr(remote_file, "BLOCK", 700)
    members = [(f"{number}.png", RED if number % 2 else GREEN) for number in range(20)]
    bucket("many.tar", tar_of(members))
    assert told("s3://pictures/many.tar") == [(f"s3://pictures/many.tar::{name}", body) for name, body in members]


@pytest.mark.parametrize("address", ["s3://", "s3:///", "s3://*"])
def test_all_buckets_are_never_meant(told, address):
    ((_, reason),) = told(address)
    assert reason in ("no bucket is named", "a pattern may begin behind the name of the bucket only")


def test_where_a_package_is_missing_one_line_says_what_to_install(monkeypatch):
    from kerastl._base.extras import MissingExtraError

    monkeypatch.setattr(stores, "find_spec", lambda name: None)
    for scheme, package in (("gs", "gcsfs"), ("az", "adlfs")):
        with pytest.raises(MissingExtraError, match=f"^{scheme}:// needs .*: pip install fsspec {package}$"):
            list(stored_images(f"{scheme}://bucket/x/"))
        with pytest.raises(MissingExtraError, match=f"^{scheme}:// needs"):
            list(stored_images(f"{scheme}://bucket/x.jpg"))
    monkeypatch.setattr("kerastl._base.extras.find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError, match=r"^s3:// needs .*fsspec, s3fs not installed: pip install '.*\[remote\]'$"
    ):
        list(stored_images("s3://bucket/x/"))


def test_what_is_not_wanted_is_not_fetched(monkeypatch):
    asked = []

    def chosen(name):
        asked.append(name)
        return name.endswith("a.png")

    fetched = []
    fetch = remote_images._fetched
    monkeypatch.setattr(remote_images, "_fetched", lambda name, *more: fetched.append(name) or fetch(name, *more))
    (found,) = stored_images("s3://pictures/x/", chosen=chosen)
    assert found.read_bytes() == GREEN
    assert fetched == ["s3://pictures/x/a.png"]
    assert asked == [f"s3://pictures/x/{name}" for name in ("a.png", "b.png", "deep/c.png")]
    assert [image.name for image in stored_images("s3://pictures/shards/*.tar", chosen=chosen)] == [
        "s3://pictures/shards/s-000.tar::a.png"
    ]
    assert list(stored_images("s3://pictures/x/b.png", chosen=chosen)) == []
