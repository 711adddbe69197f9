"""The images that a source stands for which is no file on this machine, or a file with many images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kerastl._base.files import open_regular
from kerastl.errors import ImageError
from kerastl.images._error_messages import reason
from kerastl.images._limits import RefusedError
from kerastl.sources._addresses import is_address, path_in
from kerastl.sources._containers import container_of
from kerastl.sources._images_in import images_in
from kerastl.sources._stored_image import Chosen, StoredImage, every


def stored_images(
    source: str, left_out: Counter[str] | None = None, chosen: Chosen | None = None
) -> Iterator[StoredImage | ImageError]:
    """Read the images of an archive, or of a store, one after the other and in constant memory.

    Args:
        source: The path or address of a `.tar`, `.tar.gz`, `.zip` or `.parquet`; or the address of an image in a store
            (`s3://bucket/a.jpg`), of all images below a prefix that ends in `/`, or of all that match a pattern.
        left_out: Is told how many other files there are, by suffix.
        chosen: Asked once for each name whether that image is wanted; what others hold is not read.

    Yields:
        The images, in an order that is always the same; and in its place an `ImageError` of each that cannot be read,
        and of an archive that cannot be read any further.

    Raises:
        MissingExtraError: A package that it needs is not installed.

    Example:
        >>> import zipfile
        >>> from kerastl.sources import stored_images
        >>> with zipfile.ZipFile("photos.zip", "w") as archive:
        ...     archive.write("data/candle.jpg", "candle.jpg")
        >>> [image.name for image in stored_images("photos.zip")]
        ['photos.zip::candle.jpg']
    """
    chosen = every if chosen is None else chosen
    counted: Counter[str] = Counter() if left_out is None else left_out
    if not is_address(source):
        yield from _of_file(source, counted, chosen)
        return
    from kerastl.sources._remote_images import remote_images  # what it imports takes long

    yield from remote_images(source, counted, chosen)


def _of_file(path: str, left_out: Counter[str], chosen: Chosen) -> Iterator[StoredImage | ImageError]:
    container = container_of(path_in(path))
    assert container is not None  # noqa: S101 - others are no sources of this kind
    try:
        file = open_regular(path, follow=True)
    except (OSError, ValueError) as error:
        said = RefusedError("no regular file") if isinstance(error, ValueError) else error
        if chosen(path):
            yield ImageError(path, reason(said))
        return
    with file:
        yield from images_in(container, file, path, left_out, chosen)
