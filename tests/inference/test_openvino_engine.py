"""OpenVINO runs what it is given in the precision that is told, and reports to nobody."""

import importlib.util
import os
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kerastl.inference import OpenVINOEngine, Parallelism
from kerastl.inference import _openvino_engine as engine

if importlib.util.find_spec("openvino") is None:
    pytest.skip("openvino is not installed", allow_module_level=True)

ONE = Parallelism(workers=1, interpreters=1, threads=1, batch=1)


def save(folder, precision=None, pixel_type=np.uint8):
    """A network that gives the mean of each channel, between 0 and 1."""
    openvino = engine.import_openvino()
    operations = openvino.opset13
    pixels = operations.parameter([-1, 4, 6, 3], pixel_type, name="pixels")
    scaled = operations.divide(operations.convert(pixels, np.float32), operations.constant(np.float32(255)))
    network = openvino.Model([operations.reduce_mean(scaled, operations.constant([1, 2]))], [pixels], "means")
    if precision is not None:
        network.set_rt_info(precision, list(engine.PRECISION_PATH))
    openvino.save_model(network, folder / "model.xml", compress_to_fp16=False)
    return folder / "model.xml"


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 6, 3), np.uint8)


def test_any_number_of_images_is_answered_as_by_numpy(tmp_path):
    run = OpenVINOEngine(save(tmp_path), ONE)
    for count in (1, 5, 2):
        pixels = images(count, seed=count)[:, ::-1]
        answers = run.predict(pixels)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, pixels.mean((1, 2)) / 255, atol=1e-6)
    assert run.shapes() == ([[-1, 4, 6, 3]], [[-1, 3]])


def test_a_folder_stands_for_the_network_in_it_and_threads_do_not_mix_their_answers(tmp_path):
    save(tmp_path)
    run = OpenVINOEngine(tmp_path, Parallelism(workers=4, interpreters=2, threads=1, batch=1))
    pixels = images(200)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda place: run.predict(pixels[place : place + 1]), range(200)))
    np.testing.assert_allclose(np.concatenate(answers), pixels.mean((1, 2)) / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [(None, None, "f32"), ("f32", None, "f32"), ("bf16", None, "bf16"), ("bf16", "f32", "f32"), (None, "bf16", "bf16")],
)
def test_the_floating_point_type_is_always_told(tmp_path, monkeypatch, asked, given, expected):
    core, told = engine.import_openvino().Core, []
    compile_model = core.compile_model
    monkeypatch.setattr(core, "compile_model", lambda self, *rest: told.append(rest[2]) or compile_model(self, *rest))
    assert OpenVINOEngine(save(tmp_path, asked), ONE, given).inference_precision == expected
    assert [options["INFERENCE_PRECISION_HINT"] for options in told] == [expected]


def damaged(file, what):
    if what == "cut short":
        file.write_bytes(file.read_bytes()[:500])
    elif what == "other text":
        file.write_text("<html></html>")
    elif what == "without weights":
        file.with_suffix(".bin").unlink()
    elif what == "fewer weights":
        file.with_suffix(".bin").write_bytes(b"0")
    elif what == "of another type":
        file.write_text(file.read_text().replace('value="f32"', 'value="i64"'))
    elif what == "gone":
        file.unlink()
    return file


@pytest.mark.parametrize(
    "what", ["cut short", "other text", "without weights", "fewer weights", "of another type", "gone"]
)
def test_what_is_no_network_is_refused_in_a_line(tmp_path, what):
    with pytest.raises(
        ValueError, match=r"^(OpenVINO cannot open it \(|there is no floating-point type 'i64')"
    ) as told:
        OpenVINOEngine(damaged(save(tmp_path, "f32"), what), ONE)
    assert "\n" not in str(told.value)
    assert ".cpp" not in str(told.value)


def test_a_network_that_takes_no_pixels_is_told(tmp_path):
    with pytest.raises(ValueError, match="does not take uint8 pixels"):
        OpenVINOEngine(save(tmp_path, pixel_type=np.float32), ONE).shapes()


QUIET = """
import sys
from kerastl.inference._openvino_engine import import_openvino, telemetry_unimportable
openvino = import_openvino()
with telemetry_unimportable():
    {more}
print([name for name in sys.modules if name.startswith("openvino_telemetry")], file=sys.stderr)
"""


@pytest.mark.parametrize("more", ["pass", "import nncf"])
def test_nothing_is_reported_and_nothing_left_in_the_home_folder(tmp_path, more):
    if more != "pass" and importlib.util.find_spec("nncf") is None:
        pytest.skip("nncf is not installed")
    # Without a file that forbids it, and outside of what looks like continuous integration, both would report.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    code = QUIET.format(more=more)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "[]\n")
    assert list(tmp_path.iterdir()) == []


def test_a_telemetry_that_the_program_imported_itself_stays_its_own(monkeypatch):
    its_own = types.ModuleType("openvino_telemetry")
    monkeypatch.setitem(sys.modules, "openvino_telemetry", its_own)
    with engine.telemetry_unimportable(), pytest.raises(ImportError):
        import openvino_telemetry  # noqa: F401
    assert sys.modules["openvino_telemetry"] is its_own
