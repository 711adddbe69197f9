"""The Dockerfile and what stands beside it: what they name is there, and fits together. No Docker is needed."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "serve"


@pytest.fixture(scope="module")
def dockerfile():
    text = (FOLDER / "Dockerfile").read_text()
    return re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()


@pytest.fixture(scope="module")
def services():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def instructions(dockerfile, name):
    return [line.removeprefix(f"{name} ") for line in dockerfile if line.startswith(f"{name} ")]


def options_of_serve():
    from kerastl.cli._serve import serve

    return {name for option in serve.params for name in option.opts}


def test_the_image_runs_as_nobody_in_particular(dockerfile):
    order = [line.split()[0] for line in dockerfile if line]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert instructions(dockerfile, "USER") == ["kerastl"]


def test_the_image_installs_what_a_server_of_exported_models_needs(dockerfile):
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    (extras,) = re.findall(r'"\./runtime\[([\w,]+)\]"', "\n".join(instructions(dockerfile, "RUN")))
    project = tomllib.loads((ROOT / "runtime" / "pyproject.toml").read_text())["project"]
    assert {"serve", "litert"} <= set(extras.split(",")) <= set(project["optional-dependencies"])
    assert not any("tensorflow" in each or "keras" in each.split("[")[0] for each in project["dependencies"])


def test_the_context_holds_what_is_built():
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert {"!kerastl", "!runtime"} <= set(ignored)


def test_commands_are_those_of_kerastl(dockerfile, services):
    entry = [word.strip('[],"') for word in shlex.split(instructions(dockerfile, "ENTRYPOINT")[0])]
    assert entry[:2] == ["kerastl", "serve"]
    given = [word for word in entry + services["services"]["kerastl"]["command"] if word.startswith("--")]
    assert set(given) <= options_of_serve()


def test_prometheus_asks_where_the_server_is(dockerfile, services):
    import yaml

    (scrape,) = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    (target,) = scrape["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert host in services["services"]
    assert [port] == instructions(dockerfile, "EXPOSE")
    secret = scrape["authorization"]["credentials_file"]
    assert secret in services["services"]["kerastl"]["command"]
    assert Path(secret).name in services["services"]["prometheus"]["secrets"]
