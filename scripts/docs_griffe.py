"""What `mkdocs.yml` has Griffe do, which reads the docstrings.

A section `Example:` is shown as code, as Griffe shows one that is called `Examples:`.
"""

from __future__ import annotations

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Calls a docstring's section of one example as Griffe calls those of several."""

    def on_instance(self, *, obj: griffe.Object, **others: Any) -> None:
        """Look at an object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
