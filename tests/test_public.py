"""What is public: the names in `__all__` of kerastl, of its packages and of `kerastl.errors`. All else is private."""

import ast
import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

import kerastl

ROOT = Path(__file__).parent.parent
PACKAGE = Path(kerastl.__file__).parent
PUBLIC = ("kerastl", *(f"kerastl.{name}" for name in kerastl._PACKAGES))
COMMAND_LINE = {"kerastl.cli", "kerastl.__main__"}  # what users call, and no API


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = sorted(map(module_name, PACKAGE.rglob("*.py")))
LAZY = [name for name in PUBLIC if hasattr(importlib.import_module(name), "_MODULES")]


def public_names(module):
    """Its `__all__`, without the packages in it and the version."""
    return [
        name for name in importlib.import_module(module).__all__ if f"{module}.{name}" not in PUBLIC and name[0] != "_"
    ]


NAMES = [f"{module}.{name}" for module in PUBLIC for name in public_names(module)]


def origin(name):
    """The module that defines a public name, as its package's table says."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), "_MODULES", {}).get(last, module)


def tree_of(module):
    return ast.parse(Path(importlib.import_module(module).__file__).read_text())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_private_by_name_or_public(name):
    private = any(part.startswith("_") for part in name.split("."))
    assert private or name in PUBLIC or name in COMMAND_LINE


def test_every_public_package_is_there():
    assert set(PUBLIC) <= set(MODULES)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_docstring(name):
    module, _, last = name.rpartition(".")
    value = getattr(importlib.import_module(module), last)
    if inspect.isclass(value) or inspect.isroutine(value) or hasattr(value, "__wrapped__"):
        assert inspect.getdoc(value)
        assert value.__module__ == origin(name)
        return
    # A constant's docstring is the text that stands below it.
    body = tree_of(origin(name)).body
    places = [place for place, node in enumerate(body) if last in assigned(node)]
    assert places, f"{origin(name)} does not define {last}"
    below = body[places[-1] + 1]
    assert isinstance(below, ast.Expr)
    assert isinstance(below.value.value, str)


def assigned(node):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize("name", PUBLIC)
def test_dir_and_all_agree(name):
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    assert {*module.__all__} - {"__version__"} <= {*dir(module)}
    if name in LAZY:
        assert {*dir(module)} == {*module.__all__} - {"__version__"}
    assert all(hasattr(module, public) for public in module.__all__)


@pytest.mark.parametrize("name", LAZY)
def test_type_checkers_see_what_python_imports(name):
    blocks = [
        node for node in tree_of(name).body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen = {
        alias.asname: node.module
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == alias.asname  # `import x as x` is what says that x is exported
    }
    assert seen == importlib.import_module(name)._MODULES


def notebook_code(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def page_code(path):
    return "\n\n".join(re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL))


WRITTEN = {
    **dict.fromkeys((ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))), page_code),
    **dict.fromkeys(sorted((ROOT / "examples").glob("*.py")), Path.read_text),
    **dict.fromkeys(sorted((ROOT / "notebooks").glob("*.ipynb")), notebook_code),
}


def imported(tree, modules):
    """The names of kerastl that a program imports; `modules` learns what its modules are called there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "kerastl":
                    modules[alias.asname or "kerastl"] = alias.name if alias.asname else "kerastl"
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kerastl":
            names = {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            modules.update({local: name for local, name in names.items() if name in PUBLIC})
            yield from names.values()


def used(code):
    """The names of kerastl that a program imports, or reads from a module that it has imported."""
    tree, modules = ast.parse(code), {}
    yield from imported(tree, modules)
    for node in ast.walk(tree):
        path = ast.unparse(node).split(".") if isinstance(node, ast.Attribute) else []
        if path and path[0] in modules and all(part.isidentifier() for part in path):
            whole = ".".join([modules[path[0]], *path[1:]])
            if whole.rpartition(".")[0] in PUBLIC:
                yield whole


def test_what_a_program_uses_is_found():
    code = "import kerastl\nfrom kerastl import plots as p\nfrom kerastl.data._scan import scan\n"
    code += "kerastl.models.build('x').name\np._style\nkerastl.load().classify(scan.root)"
    wanted = {"kerastl", "kerastl.plots", "kerastl.data._scan.scan"}
    wanted |= {"kerastl.models", "kerastl.models.build", "kerastl.plots._style", "kerastl.load"}
    assert set(used(code)) == wanted


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_readers_see_uses_public_names_only(path):
    known = {*PUBLIC, *NAMES, "kerastl.__version__"}
    assert not sorted({*used(WRITTEN[path](path))} - known)


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_reference_shows_public_names_only(path):
    shown = re.findall(r"^::: *(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert not [name for name in shown if name not in {*PUBLIC, *NAMES}]


def test_what_is_installed_has_all_files_of_the_source():
    files = [path.relative_to(ROOT) for path in (ROOT / "kerastl").rglob("*.*") if "__pycache__" not in path.parts]
    assert not [file for file in files if not (PACKAGE.parent / file).exists()]
