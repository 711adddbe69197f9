"""Reviewing: which labels look wrong, which images are unlike the others of their class, and what to label next.

Names are imported when they are first used; nothing here needs TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.reviewing._confident_learning import confident_joint as confident_joint
    from kerastl.reviewing._confident_learning import find_label_errors as find_label_errors
    from kerastl.reviewing._label_next import choose_to_label as choose_to_label
    from kerastl.reviewing._page import write_review_page as write_review_page
    from kerastl.reviewing._result import LabelError as LabelError
    from kerastl.reviewing._result import Outlier as Outlier
    from kerastl.reviewing._result import Review as Review
    from kerastl.reviewing._result import ToLabel as ToLabel
    from kerastl.reviewing._review import review as review

_MODULES = {
    "LabelError": "kerastl.reviewing._result",
    "Outlier": "kerastl.reviewing._result",
    "Review": "kerastl.reviewing._result",
    "ToLabel": "kerastl.reviewing._result",
    "choose_to_label": "kerastl.reviewing._label_next",
    "confident_joint": "kerastl.reviewing._confident_learning",
    "find_label_errors": "kerastl.reviewing._confident_learning",
    "review": "kerastl.reviewing._review",
    "write_review_page": "kerastl.reviewing._page",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
