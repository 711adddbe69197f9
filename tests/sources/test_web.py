"""Archives in the web: by ranges, from servers that give none, and from such as fail."""

from __future__ import annotations

import random
import threading
import urllib.error

import pytest
from archive_files import GREEN, RED, tar_gz_of, tar_of, zip_of
from web_server import served

import kerastl
from kerastl._base import download
from kerastl.sources import _limits as limits
from kerastl.sources import _remote_file as remote_file
from kerastl.sources import _retry as retry

KINDS = {"a.tar": tar_of, "a.tar.gz": tar_gz_of, "a.zip": zip_of}
IMAGES = [("a.png", RED), ("b.txt", b"b" * 5000), ("c.png", GREEN)]


@pytest.fixture
def web(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(remote_file, "BLOCK", 1000)
    with served() as web:
        yield web


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """What failed is tried again without a wait."""
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", KINDS)
def test_archives_are_read(name, ranges, web, told):
    web.ranges = ranges
    url = web.put(name, KINDS[name](IMAGES))
    if name == "a.zip" and not ranges:
        why = "its server does not give parts of files, which this kind needs; download it first"
        assert told(url) == [(url, why)]
    else:
        assert told(url) == [(f"{url}::a.png", RED), (f"{url}::c.png", GREEN)]


def test_of_a_zip_only_the_directory_and_the_images_travel(web, told):
    noise = random.Random(0).randbytes(200_000)
    url = web.put("a.zip", zip_of([("a.png", RED), ("b.bin", noise), ("c.png", GREEN)]))
    assert told(url) == [(f"{url}::a.png", RED), (f"{url}::c.png", GREEN)]
    first, *ranges = [asked.removeprefix("bytes=").split("-") for _, asked in web.requests]
    assert first == ["0", "0"]
    assert sum(int(last) - int(first) + 1 for first, last in ranges) < 70_000  # the end, where a comment may be


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("fault", [503, 429, "cut"])
def test_what_may_pass_is_tried_again(name, fault, web, told):
    url = web.put(name, KINDS[name](IMAGES))
    web.faults = [503, None, fault]
    assert told(url) == [(f"{url}::a.png", RED), (f"{url}::c.png", GREEN)]
    assert web.faults == []


def test_a_connection_that_ends_is_taken_up_where_a_server_gives_no_ranges(web, told):
    web.ranges = False
    url = web.put("a.tar", tar_of(IMAGES))
    web.faults = [None, "cut", "cut", 500]
    assert told(url) == [(f"{url}::a.png", RED), (f"{url}::c.png", GREEN)]


def test_a_silent_server_is_asked_again(web, told, monkeypatch):
    monkeypatch.setattr(download, "_SILENCE", 1.0)
    url = web.put("a.tar", tar_of(IMAGES))
    web.faults = [None, None, "stall"]
    assert told(url) == [(f"{url}::a.png", RED), (f"{url}::c.png", GREEN)]


def test_what_will_not_pass_is_not_tried_again(web, told):
    url = web.put("a.tar", tar_of(IMAGES))
    web.faults = [403]
    assert told(url) == [(url, "the server answers 403 Forbidden")]
    assert told(f"{web.url}/none.tar") == [(f"{web.url}/none.tar", "the server answers 404 Not Found")]
    assert len(web.requests) == 2


def test_in_the_end_it_is_given_up_and_what_came_before_is_answered(web, told):
    url = web.put("a.tar", tar_of(IMAGES))
    web.faults = [None, None, *[503] * 40]  # all but the first block
    found = told(url)
    assert found[0] == (f"{url}::a.png", RED)
    assert found[-1] == (url, "the server answers 503 Service Unavailable (1 image was read before)")


def test_a_file_that_changes_meanwhile_is_told(web, told):
    url = web.put("a.tar", tar_of(IMAGES))
    web.faults = [None, "changed"]
    assert told(url) == [(url, "it was changed while it was read")]


def test_nothing_secret_is_shown(web, told):
    web.put("a.tar", tar_of(IMAGES))
    assert told(f"{web.url}/a.tar?X-Amz-Signature=SECRET")[0] == (f"{web.url}/a.tar::a.png", RED)
    ((name, reason),) = told(f"{web.url}/b.tar?sig=SECRET")
    assert "SECRET" not in name + reason
    ((name, reason),) = told(f"{web.url.replace('//', '//user:SECRET@')}/a.tar")
    assert (name, reason) == (f"{web.url}/a.tar", "an address with a password in it is not fetched")


def test_names_are_classified(web, color_model, image):
    url = web.put("a.tar", tar_of([("a.png", image("a.png", "red").read_bytes())]))
    (found,) = kerastl.load(color_model).classify(url)
    assert (found.path, found.label) == (f"{url}::a.png", "red")


def test_waits_grow_and_are_spread(monkeypatch):
    waits, bounds = [], []
    mine = threading.get_ident()  # what earlier tests have left undone waits, too
    monkeypatch.setattr(retry, "sleep", lambda wait: waits.append(wait) if threading.get_ident() == mine else None)
    monkeypatch.setattr(retry, "_jitter", random.Random(0))
    monkeypatch.setattr(retry._jitter, "uniform", lambda low, high: bounds.append((low, high)) or high / 2)

    def late():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        retry.retried(late)
    assert waits == [0.25, 0.5, 1, 2]
    assert {(0, 0.5), (0, 1), (0, 2), (0, 4)} <= set(bounds)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (FileNotFoundError(2, "no"), False),
        (PermissionError(13, "no"), False),
        (ConnectionResetError(), True),
        (urllib.error.URLError(TimeoutError()), True),
        (urllib.error.HTTPError("u", 404, "no", {}, None), False),
        (urllib.error.HTTPError("u", 503, "no", {}, None), True),
        (OSError(5, "slow down"), True),
        (OSError(28, "no space"), False),
        (download.CutOffError(), True),
        (limits.EndsHereError(), False),
        (ValueError(), False),
    ],
)
def test_what_may_pass(error, passes):
    assert retry.may_pass(error) == passes
