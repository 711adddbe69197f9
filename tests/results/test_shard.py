import hashlib

import pytest

from kerastl.errors import UsageError
from kerastl.results._shard import Shard, parse_shard

NAMES = [f"photos/{number}.jpg" for number in range(1000)]


def test_every_image_is_in_one_shard_and_shards_are_about_equal():
    shards = [{name for name in NAMES if Shard(index, 8).has(name)} for index in range(1, 9)]
    assert sum(map(len, shards)) == len(set().union(*shards)) == 1000
    assert all(80 < len(shard) < 170 for shard in shards)  # 125 expected, with a standard deviation of 10.5


def test_the_shard_is_a_hash_of_the_name_that_any_program_can_compute():
    for name in ("a.jpg", "s3://bucket/ä.png", "shard-000.tar/7.jpg"):
        first = hashlib.blake2b(name.encode(), digest_size=16).digest()[:8]
        expected = int.from_bytes(first, "little") % 5 + 1
        assert [index for index in range(1, 6) if Shard(index, 5).has(name)] == [expected]


def test_names_that_are_no_text_have_a_shard_too():
    assert sum(Shard(index, 3).has("\udcff.jpg") for index in (1, 2, 3)) == 1


def test_shards_are_read_from_1_on():
    assert parse_shard(None) == Shard(1, 1)
    assert parse_shard("3/8") == Shard(3, 8)
    assert str(parse_shard("8/8")) == "8/8"


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/0", "-1/2", "a/b", "1/2/3", "1 /2", "1/100000", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match=r"shard must be I/N, from 1/N to N/N, such as 3/8\. Received: "):
        parse_shard(text)
