"""Where images lie beside files of their own: in archives, in Parquet files, in stores.

Whatever takes a path of images, such as `Classifier.classify` and `kerastl.embed`, takes these too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.sources._containers import CONTAINERS as CONTAINERS
    from kerastl.sources._containers import Container as Container
    from kerastl.sources._reading import stored_images as stored_images
    from kerastl.sources._stored_image import StoredImage as StoredImage

_MODULES = {
    "CONTAINERS": "kerastl.sources._containers",
    "Container": "kerastl.sources._containers",
    "StoredImage": "kerastl.sources._stored_image",
    "stored_images": "kerastl.sources._reading",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
