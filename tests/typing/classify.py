"""What a type checker knows of `classify`; mypy reads this file with the package, and nothing runs it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from typing_extensions import assert_type

import kerastl
from kerastl import Classification, Classifications, Classifier


def answers(classifier: Classifier, picture: Image.Image, paths: list[str], stream: Iterator[str]) -> None:
    assert_type(classifier.classify(picture), Classification)
    assert_type(classifier.classify(b"..."), Classification)
    assert_type(classifier.classify(BytesIO(b"...")), Classification)
    assert_type(classifier.classify(paths, top=3), Classifications)
    assert_type(classifier.classify([picture, Path("b.jpg")], coverage=0.9), Classifications)
    assert_type(classifier.classify({"a.jpg", "b.jpg"}), Classifications)
    assert_type(classifier.classify(stream), Iterator[Classification])
    assert_type(classifier.classify(path for path in paths), Iterator[Classification])
    # One image, or a folder of them: no type tells.
    assert_type(classifier.classify("photos"), Any)
    assert_type(classifier.classify(Path("photos")), Any)


def functions() -> None:
    assert_type(kerastl.load("mobilenet_v2"), Classifier)
    assert_type(kerastl.finetune("photos", "mobilenet_v2", epochs=3).history, list[dict[str, Any]])
    kerastl.finetune("photos", epoch=3)  # type: ignore[call-arg]
    kerastl.pretrain("photos", output="run", batch_size="32")  # type: ignore[arg-type]
    kerastl.evaluate("run", "photos", k=3)  # type: ignore[call-arg]
