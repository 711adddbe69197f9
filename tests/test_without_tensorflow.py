"""An install without TensorFlow, as kerastl-runtime makes one: what works there, and what says what to install.

`scripts/check_runtime.py` makes such an install. Here its packages are all that can be imported.
"""

import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

import kerastl

try:
    import tomllib
except ImportError:  # Python 3.10
    tomllib = None

RUNTIME = Path(__file__).parents[1] / "runtime" / "pyproject.toml"
# What brings more than its name: modules of the packages that the runtime names, and of those that they need.
IMPORTED = {"pillow": "PIL", "cykooz-resizer": "cykooz_resizer", "python-multipart": "python_multipart"}
ONLY = r"""
import sys

class Only:
    '''Finds what a finder finds, but for packages that are not named.'''

    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, path=None, target=None):
        found = self._finder.find_spec(name, path, target)
        top = name.partition(".")[0]
        outside = found is not None and "site-packages" in str(found.origin or found.submodule_search_locations)
        return None if outside and top not in NAMES else found

NAMES = set(sys.argv.pop(1).split(","))
sys.meta_path[:] = [Only(finder) for finder in sys.meta_path]
sys.argv[0] = "kerastl"
from kerastl.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def model(color_model, tmp_path_factory):
    """`color_model`, exported."""
    return kerastl.export(color_model, "litert", tmp_path_factory.mktemp("exported")).files["litert"]


@pytest.fixture(scope="module")
def command():
    """The command line with the packages of the runtime."""
    if tomllib is None:
        pytest.skip("Python 3.10 reads no TOML")
    project = tomllib.loads(RUNTIME.read_text())["project"]
    needed = [re.split(r"[<>=\[;]", line)[0] for line in project["dependencies"]]
    # And what ai-edge-litert needs.
    modules = [IMPORTED.get(name, name) for name in needed] + ["ai_edge_litert", "flatbuffers", "tqdm", "google"]
    serving = [re.split(r"[<>=\[;]", line)[0] for line in project["optional-dependencies"]["serve"]]
    serving.remove("jinja2")  # only a server's page for people needs it, and only a server has it
    modules += [IMPORTED.get(name, name.replace("-", "_")) for name in serving] + [
        "anyio",
        "h11",
        "idna",
        "typing_extensions",
    ]
    return [sys.executable, "-c", ONLY, ",".join(("kerastl", *modules))]


@pytest.fixture(scope="module")
def alone(command):
    """Run the command line with the packages of the runtime; exit code, standard output, standard error."""

    def run(*arguments):
        environment = {**os.environ, "COLUMNS": "200"}
        done = subprocess.run(
            [*command, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def colors(image):
    """Folders of images of one color."""
    for color in ("red", "blue"):
        for size in (40, 48):
            root = image(f"colors/{color}/{size}.png", color, (size, 40)).parent.parent
    return root


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_images_are_classified_in_every_form(alone, model, colors, form):
    code, out, err = alone("classify", colors, "--model", model, "--format", form)
    assert (code, err) == (0, "")
    assert out.count("red") >= 2
    assert out.count("blue") >= 2


def test_an_image_on_the_web_is_classified(alone, model, colors):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=colors)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/red/40.png"
        code, out, err = alone("classify", url, "--model", model, "--urls")
        server.shutdown()
    assert (code, out, err) == (0, f"{url}: red 100.0 %, green 0.0 %, blue 0.0 %\n", "")


def test_keywords_are_written_and_images_sorted(alone, model, colors, tmp_path):
    assert alone("classify", colors, "--model", model, "--format", "xmp")[0] == 0
    assert "red" in (colors / "red" / "40.png.xmp").read_text()
    code, _, err = alone("sort", colors, "--to", tmp_path / "sorted", "--model", model)
    assert code == 0, err
    assert len(list((tmp_path / "sorted" / "red").glob("*.png"))) == 2


def test_a_model_is_evaluated(alone, model, colors):
    code, out, err = alone("evaluate", model, colors, "--format", "json", "--resamples", 20)
    assert code == 0, err
    assert json.loads(out)["metrics"]["accuracy"]["value"] == 1.0


def test_images_are_answered_over_http(command, model, colors):
    pytest.importorskip("starlette", reason="the extra serve is not installed")
    process = subprocess.Popen(
        [*command, "serve", str(model), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        port = int(next(found for line in process.stderr if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))[1])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as asked:
            image = (colors / "red" / "40.png").read_bytes()
            asked.request("POST", "/v1/classify", image, {"Content-Type": "image/png"})
            assert "red" in asked.getresponse().read().decode()
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["classify", "{image}"],
            "this needs Keras and TensorFlow, which are not installed; .*pip install kerastl",
        ),
        (["classify", "{image}", "--model", "mobilenet_v2"], "this needs Keras and TensorFlow"),
        (["classify", "{image}", "--model", "{run}"], "this needs Keras and TensorFlow"),
        (["finetune", "{data}", "--output", "run"], "this needs Keras and TensorFlow"),
        (["export", "{run}", "--to", "litert"], "this needs Keras and TensorFlow"),
        (["evaluate", "{model}", "{data}"], r"this needs rich, which is not installed: pip install rich"),
        (["evaluate", "{model}", "{data}", "--format", "json", "--report", "{data}"], "this needs jinja2"),
        (["check", "{data}"], "this needs rich"),
        (["download", "mobilenet_v2"], r"this needs \w+, which is not installed"),
        (["explain", "{image}", "--model", "{model}", "--method", "gradcam"], "holds no Keras model"),
    ],
)
def test_what_needs_more_says_what_to_install(
    alone, model, colors, color_model, monkeypatch, tmp_path, arguments, reason
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    values = {"image": colors / "red" / "40.png", "data": colors, "model": model, "run": color_model}
    code, out, err = alone(*(argument.format(**values) for argument in arguments))
    assert (code, out) == (1, "")
    assert re.search(rf"^kerastl: .*{reason}", err.splitlines()[-1]), err


def test_help_needs_nothing_more(alone):
    for command in ("classify", "evaluate", "finetune", "export"):
        assert alone(command, "--help")[0] == 0


def test_the_runtime_and_the_whole_ask_for_the_same_versions():
    """Each dependency of the runtime stands in the whole project with the same lower bound, if it stands there."""
    if tomllib is None:
        pytest.skip("Python 3.10 reads no TOML")
    whole = tomllib.loads((RUNTIME.parent.parent / "pyproject.toml").read_text())["project"]
    runtime = tomllib.loads(RUNTIME.read_text())["project"]
    extras = chain(*whole["optional-dependencies"].values())
    known = {_without_marker(line) for line in (*whole["dependencies"], *extras)}
    wanted = [*runtime["dependencies"], *chain(*runtime["optional-dependencies"].values())]
    assert [line for line in wanted if _without_marker(line) not in known] == []
    assert runtime["requires-python"] == whole["requires-python"]


def _without_marker(requirement):
    return requirement.partition(";")[0].strip()
