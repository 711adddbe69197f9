"""The house's layers: imports run one way, and what must start fast imports nothing heavy."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl.cli import COMMANDS

PACKAGE = Path(kerastl.__file__).parent

# From the ground up. A module may import from its own layer and from those below.
LAYERS = [
    {"_version", "errors", "_base", "_progress"},
    {"_metrics"},
    {"tasks"},
    {"_inputs", "_path_list", "_paths", "images", "keywords", "models", "sources"},
    {"calibration", "results"},
    {"inference", "testing"},
    {"data"},
    {"plots"},
    {"explaining"},
    {"_classifier", "_classifier_display", "_classify_options", "_image_groups", "_load", "_network_outputs", "_tta"},
    {"embedding"},
    {"training"},
    {"finetuning", "pretraining"},
    {"index"},
    {"evaluation", "ray", "serving", "sklearn", "sorting"},
    {"clustering", "duplicates", "recommending"},
    {"exporting"},
    {"embedding_map", "reporting"},
    {"reviewing"},
    {"cli"},
    {"__init__", "__main__"},
]
HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "matplotlib", "rich", "jinja2", "h5py", "ai_edge_litert")
HEAVY += ("fsspec", "nncf", "openvino", "pyarrow", "lancedb", "ray")

# These define Keras classes or work on Keras models, and are imported when training begins.
ON_KERAS = {
    f"finetuning/_{name}.py"
    for name in (
        "boundary_engine",
        "compiling",
        "estimate",
        "freezing",
        "head_layers",
        "held_phase",
        "loop",
        "losses",
        "network",
        "phase_times",
        "phase_training",
        "training",
    )
}
ON_KERAS |= {
    f"training/_{name}.py" for name in ("fast_layers", "fast_network", "fit", "optimizer", "schedules", "variables")
}
ON_KERAS |= {
    f"models/_{name}.py"
    for name in (
        "adapt",
        "deep_features",
        "flatten",
        "graph",
        "head",
        "input_scaling",
        "ordinal_tail",
        "scaled_logits",
        "stages",
    )
}
# These are imported where Keras runs on TensorFlow, and when training begins.
ON_TENSORFLOW = {f"training/_fast_{name}.py" for name in ("gradients", "layers")}
ON_KERAS |= {f"pretraining/_{name}.py" for name in ("learners", "losses", "networks", "training")}

# These define estimators of scikit-learn's.
ON_SKLEARN = {f"sklearn/_{name}.py" for name in ("classifier", "embedder", "head")}


def modules():
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def layer(part):
    found = [number for number, names in enumerate(LAYERS) if part in names]
    assert len(found) == 1, f"{part} stands in {len(found)} layers of tests/test_imports.py"
    return found[0]


def part_of(relative):
    return relative.parts[0].removesuffix(".py")


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "kerastl":
            yield from (f"kerastl.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("relative", modules(), ids=str)
def test_imports_run_one_way(relative):
    tree = ast.parse((PACKAGE / relative).read_text())
    mine = layer(part_of(relative))
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] == "kerastl" and len(parts) > 1:
            assert layer(parts[1]) <= mine, f"{relative} imports {name}, which stands above it"


@pytest.mark.parametrize("relative", modules(), ids=str)
def test_nothing_heavy_is_imported_at_the_top(relative):
    tree = ast.parse((PACKAGE / relative).read_text())
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in imported(ast.Module([node], [])):
                if name.split(".")[0] == "keras" and relative.as_posix() in ON_KERAS:
                    continue
                if name == "tensorflow" and relative.as_posix() in ON_TENSORFLOW:
                    continue
                if name.split(".")[0] == "sklearn" and relative.as_posix() in ON_SKLEARN:
                    continue
                assert name.split(".")[0] not in HEAVY, f"{relative} imports {name} at the top"


def heavy_after(*arguments, env=None, heavy=HEAVY):
    """Run the command line in a fresh process; which heavy modules were imported, and its exit code."""
    code = (
        "import sys, json, io\n"
        "from kerastl.cli import run\n"
        "out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())\n"
        "code = run(sys.argv[1:])\n"
        f"print(json.dumps([code, [name for name in {heavy!r} if name in sys.modules]]), file=out)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]], ids=lambda c: " ".join(c) or "kerastl")
def test_help_imports_nothing_heavy(command):
    assert heavy_after(*command, "--help", heavy=(*HEAVY, "numpy", "PIL")) == [0, []]


def test_help_imports_only_what_it_shows():
    code = "import sys\nfrom kerastl.cli import run\nrun(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    mine = {name for name in done.stderr.split() if name.startswith("kerastl.")}
    names = ("_base", "_base.lazy", "_base.text", "_version", "cli", "cli._command", "cli._streams", "errors")
    assert mine == {f"kerastl.{name}" for name in names}


def test_a_warm_classify_imports_the_fast_engine_only(color_model, image):
    path = image("a.png", "red")
    kerastl.load(color_model)  # compiles
    assert heavy_after("classify", path, "--model", color_model) == [0, ["ai_edge_litert"]]


def test_a_warm_classify_in_fast_precision_imports_the_fast_engine_only(small_conv_model, image):
    path = image("a.png", "red")
    colors = [np.full((32, 32, 3), (6 * n, 250 - 6 * n, 9), np.uint8) for n in range(40)]
    kerastl.load(small_conv_model, precision="fast", representative_data=colors)
    assert heavy_after("classify", path, "-m", small_conv_model, "--precision", "fast") == [0, ["ai_edge_litert"]]


def test_a_warm_classify_imports_nothing_of_the_web_and_looks_for_no_plugins(color_model, image):
    path = image("a.png", "red")
    kerastl.load(color_model)  # compiles
    code = (
        "import sys\n"
        "from kerastl.cli import run\n"
        "code = run(sys.argv[1:])\n"
        "unwanted = ('http.client', 'ssl', 'csv', 'importlib.metadata')\n"
        "print(code, *(name for name in unwanted if name in sys.modules), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, "classify", path, "--model", color_model]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    assert done.stderr == "0\n"


def test_help_of_options_that_name_registered_things_looks_for_no_plugins():
    code = (
        "import sys\nfrom kerastl.cli import run\n"
        "for command in ('classify', 'explain', 'pretrain', 'finetune', 'check'):\n    run([command, '--help'])\n"
        "print('importlib.metadata' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"


def test_fine_tuning_reads_its_images_while_keras_is_imported():
    code = f"import sys, kerastl.finetuning._finetune; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_package_imports_nothing():
    code = "import sys; before = set(sys.modules); import kerastl; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = {name for name in ast.literal_eval(done.stdout) if name.startswith(("kerastl", "numpy", "PIL", *HEAVY))}
    assert new == {"kerastl", "kerastl._base", "kerastl._base.lazy", "kerastl._version"}


def test_every_public_name_is_there():
    for name in kerastl.__all__:
        assert getattr(kerastl, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kerastl.nothing


def test_no_module_is_called_utils():
    assert not [path for path in modules() if "util" in str(path)]
