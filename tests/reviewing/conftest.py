import numpy as np
import pytest

from kerastl._base.serialization import write_csv
from kerastl.data._file_inspection import content_hashes
from kerastl.data._training_record import content_number
from kerastl.finetuning._folder import KEPT_FEATURES
from kerastl.finetuning._kept_features import HeadChoices, KeptFeatures
from kerastl.finetuning._leave_one_out import KeptAnswers

COLORS = {"red": (250, 0, 0), "green": (0, 250, 0), "blue": (0, 0, 250)}


@pytest.fixture
def vectors():
    """Makes vectors of length 1 around one axis for each label, with a little noise."""

    def make(labels, width=8, noise=0.05, seed=0):
        rows = np.eye(width)[labels] + noise * np.random.default_rng(seed).normal(size=(len(labels), width))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    return make


@pytest.fixture
def index_of(tmp_path):
    """Make an index of given vectors and labels, in the folder `db`; its images are those below `images`, if any."""
    pytest.importorskip("lancedb")
    import pyarrow as pa

    from kerastl.index import Index, IndexFacts

    def make(rows, labels, paths=None):
        count, width = rows.shape
        index = Index.of_facts(tmp_path / "db", IndexFacts("kerastl_mini", "none", width, str(tmp_path / "images")))
        values = {
            "path": paths or [f"{number:04}.png" for number in range(count)],
            "content": [f"{number:032x}" for number in range(count)],
            "size": [1] * count,
            "mtime_ns": [1] * count,
            "label": labels,
        }
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), width)
        schema = index._table.schema
        columns = [
            vectors if name == "vector" else pa.array(values.get(name, [None] * count), schema.field(name).type)
            for name in schema.names
        ]
        index._table.add(pa.table(columns, schema=schema))
        return tmp_path / "db"

    return make


@pytest.fixture(scope="module")
def reviewed_run(colored_model, tmp_path_factory):
    """A run folder with answers on twelve images, and the folder of these: `red/3.png` is green, as the head says."""
    from PIL import Image

    data = tmp_path_factory.mktemp("colored")
    names, truth = list(COLORS), []
    for place, name in enumerate(names):
        (data / name).mkdir()
        for number in range(4):
            shown = names[1] if (name, number) == ("red", 3) else name
            color = [max(0, value - number - 1) for value in COLORS[shown]]
            Image.new("RGB", (40, 30), tuple(color)).save(data / name / f"{number}.png")
            truth.append((f"{name}/{number}.png", place, names.index(shown)))
    run = colored_model("classification", names, 10 * np.eye(3), [0.0] * 3, "softmax", data_fingerprint="these")
    paths, labels, shown = zip(*truth, strict=True)
    contents = content_hashes([data / path for path in paths])
    hashes = np.array([content_number(content) for content in contents], np.uint64)
    groups, labels = np.arange(12), np.array(labels)
    probabilities = (0.05 + 0.85 * np.eye(3)[list(shown)]).astype(np.float32)
    KeptAnswers(hashes, groups, probabilities, "these").write(run)
    features = np.concatenate([np.ones((12, 2)), np.eye(3)[list(shown)] + 0.01], axis=1).astype(np.float16)
    choices = HeadChoices(0.1, 1.0, 3)
    kept = KeptFeatures(features, None, labels, groups, hashes, np.array(shown), tuple(names), "net", choices)
    kept.write(run / KEPT_FEATURES)
    rows = [(path, names[label], "train") for path, label in zip(paths, labels, strict=True)]
    write_csv(run / "split.csv", ["path", "label", "split"], rows)
    return run, data
