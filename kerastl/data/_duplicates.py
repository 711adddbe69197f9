"""Find images that occur twice, to the byte or to the eye.

Two images look the same if their perceptual hashes differ in few bits (the hash is that of Zauner,
"Implementation and benchmarking of perceptual image hash functions", 2010: which of the lowest cosine
frequencies lie above their median) and if what the hash cannot see agrees too: the averaged colors, after
brightness and contrast are taken out. The hash alone takes drawings of one kind for the same drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BITS = 6
"""Bits of 63 in which the hashes of two images may differ."""
MIN_CORRELATION = 0.98
MAX_DEVIATION = 0.7
"""The most that one averaged pixel may differ, in standard deviations of the image's pixels."""
MIN_CONTRAST = 4.0
"""Images with a smaller standard deviation, of 255, are not compared: all flat images look the same."""

# Among 7 bands of 9 bits, two hashes that differ in 6 bits or fewer agree in one band at least.
_BANDS, _BAND_BITS = MAX_BITS + 1, 9
_BLOCK = 2_000_000
_PAIRS = 4_000


def equal_groups(contents: Sequence[str]) -> list[list[int]]:
    """The places of equal, non-empty values, where there are two or more."""
    places: dict[str, list[int]] = {}
    for index, content in enumerate(contents):
        if content:
            places.setdefault(content, []).append(index)
    return [group for group in places.values() if len(group) > 1]


def joined(*links: Iterable[Sequence[int]]) -> list[list[int]]:
    """Join groups that share a member, until none does; each sorted."""
    # Not SciPy's `connected_components`: importing it takes longer than all the joining of a large data set.
    parent: dict[int, int] = {}

    def leader(member: int) -> int:
        while parent.setdefault(member, member) != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for groups in links:
        for first, *others in groups:
            parent.setdefault(first, first)
            for other in others:
                parent[leader(other)] = leader(first)
    together: dict[int, list[int]] = {}
    for member in sorted(parent):
        together.setdefault(leader(member), []).append(member)
    return list(together.values())


def similar_groups(thumbnails: NDArray[np.uint8], places: Sequence[int]) -> list[list[int]]:
    """Find the images that look the same, without comparing each with each.

    Images that both look like a third are in one group, whether or not they look alike.

    Args:
        thumbnails: All images averaged to few pixels, shape `(n, side, side, 3)`, uint8.
        places: Which of the `n` to compare.

    Returns:
        Places in `looks`, two or more in each group.
    """
    import numpy as np

    chosen = np.asarray(places, dtype=np.int64)
    chosen = chosen[contrast(thumbnails)[chosen] >= MIN_CONTRAST]
    groups = np.arange(len(chosen))  # the number of each image's group
    for first, second in candidates(perceptual_hashes(thumbnails, chosen)):
        start = 0
        # In a film of a still scene each image is like each other: what is known to be one group is not compared.
        while start < len(first):
            apart = groups[first[start:]] != groups[second[start:]]
            one, other = first[start:][apart][:_PAIRS], second[start:][apart][:_PAIRS]
            if not len(one):
                break
            start += int(np.flatnonzero(apart)[len(one) - 1]) + 1
            alike = _look_alike(_normalized(thumbnails[chosen[one]]), _normalized(thumbnails[chosen[other]]))
            _unite(groups, one[alike], other[alike])
    order = np.argsort(groups, kind="stable")
    split = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return [chosen[group].tolist() for group in split if len(group) > 1]


def _unite(groups: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]) -> None:
    """Give the groups of each pair one number."""
    links = joined(zip(groups[one].tolist(), groups[other].tolist(), strict=True))
    if links:
        import numpy as np

        renumbered = np.arange(len(groups))
        for link in links:
            renumbered[link] = link[0]
        groups[:] = renumbered[groups]


def perceptual_hashes(thumbnails: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The perceptual hash of each image.

    Args:
        thumbnails: As for `similar_pairs`.
        places: Which to hash, shape `(m,)`.

    Returns:
        Shape `(m,)`, uint64, of which 63 bits are used.
    """
    import numpy as np

    side = thumbnails.shape[1]
    frequency, place = np.mgrid[0:8, 0:side]
    cosines = np.cos(np.pi * frequency * (2 * place + 1) / (2 * side)).astype(np.float32)
    bits = np.empty((len(places), 63), dtype=bool)
    for start in range(0, len(places), _PAIRS):
        block = thumbnails[places[start : start + _PAIRS]].astype(np.float32)
        gray = block @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        low = (cosines @ gray @ cosines.T).reshape(len(block), 64)[:, 1:]
        bits[start : start + _PAIRS] = low > np.median(low, axis=1, keepdims=True)
    return (bits.astype(np.uint64) << np.arange(63, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)


def candidates(hashes: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Find the hashes that differ in at most `MAX_BITS` bits.

    Args:
        hashes: Shape `(n,)`, uint64, 63 bits used.

    Yields:
        The places of the first and of the second of each pair, each pair once, in blocks that fit into memory.
    """
    import numpy as np

    mask = np.uint64((1 << _BAND_BITS) - 1)
    bands = [(hashes >> np.uint64(_BAND_BITS * band)) & mask for band in range(_BANDS)]
    for number, band in enumerate(bands if len(hashes) > 1 else []):
        order = np.argsort(band, kind="stable")
        edges = np.flatnonzero(np.diff(band[order])) + 1
        for bucket in np.split(order, edges):
            rows = max(1, _BLOCK // len(bucket))
            for start in range(0, len(bucket), rows):
                block = bucket[start : start + rows]
                close = _bits(hashes[block, None] ^ hashes[None, bucket]) <= MAX_BITS
                close &= block[:, None] < bucket[None, :]
                first, second = np.nonzero(close)
                first, second = block[first], bucket[second]
                # A pair that agrees in an earlier band has been given already.
                new = np.ones(len(first), dtype=bool)
                for earlier in bands[:number]:
                    new &= earlier[first] != earlier[second]
                if new.any():
                    yield first[new], second[new]


def _bits(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """How many bits are set in each word."""
    import numpy as np

    if hasattr(np, "bitwise_count"):  # from NumPy 2 on
        return np.bitwise_count(words)
    octets = words[..., None].view(np.uint8)
    return np.unpackbits(octets, axis=-1).sum(axis=-1, dtype=np.uint8)


def contrast(thumbnails: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The standard deviation of each image's values, shape `(n,)`, in levels of 255."""
    import numpy as np

    flat = thumbnails.reshape(len(thumbnails), np.prod(thumbnails.shape[1:], dtype=int))
    blocks = [flat[start : start + _PAIRS].std(axis=1) for start in range(0, len(flat), _PAIRS)]
    return np.concatenate([np.empty(0), *blocks])


def _normalized(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Without brightness and contrast, shape `(n, side * side * 3)`."""
    import numpy as np

    flat = thumbnails.reshape(len(thumbnails), np.prod(thumbnails.shape[1:], dtype=int)).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.sqrt(np.mean(flat * flat, axis=1, keepdims=True))


def _look_alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    import numpy as np

    correlation = np.mean(one * other, axis=1)
    deviation = np.abs(one - other).max(axis=1)
    return (correlation >= MIN_CORRELATION) & (deviation <= MAX_DEVIATION)
