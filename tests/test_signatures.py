"""Public functions name and annotate each of their arguments, and commands have flags of the same names."""

import inspect
import pkgutil
import typing
from importlib import import_module

import click
import pytest

import kerastl
from kerastl.cli import COMMANDS
from kerastl.errors import UsageError

PACKAGES = ["kerastl", *(f"kerastl.{info.name}" for info in pkgutil.iter_modules(kerastl.__path__) if info.ispkg)]

# Arguments that are not ours to name: those of Keras's base class, and of a builder that a backbone names.
PASSED_ON = {"kerastl.finetuning.LayerwiseAdamW", "kerastl.models.Backbone.build"}

# Arguments in Python that have no flag of their name on the command line, and why.
NO_FLAG = {
    "callbacks": "objects",
    "verbose": "--quiet and --verbose, which tell of all that a command does",
    "progress": "--quiet and --verbose likewise",
    "inspection": "an object",
    "for_training": "the command looks at what is to be trained on",
}
# Those whose flag has another name: on the command line the word alone does not say what is trusted, and each action
# is a flag.
OTHER_FLAG = {"trust": "--trust-model", "action": "--copy"}


def public():
    for package in PACKAGES:
        module = import_module(package)
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if callable(thing) and getattr(thing, "__module__", "").startswith("kerastl"):
                yield f"{package}.{name}", thing


def callables(name, thing):
    """A function; of a class what makes one, and its public methods."""
    if not inspect.isclass(thing):
        yield name, thing
        return
    for method, value in vars(thing).items():
        function = inspect.unwrap(getattr(value, "__func__", value))
        own = inspect.isfunction(function) and not (method == "__init__" and getattr(thing, "_is_protocol", False))
        if own and (method == "__init__" or not method.startswith("_")):
            yield f"{name}.{method}", function


FUNCTIONS = {name: function for outer in public() for name, function in callables(*outer)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_named_and_annotated(name):
    signature = inspect.signature(FUNCTIONS[name])
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls") or PASSED_ON & {name, name.rpartition(".")[0]}:
            continue
        assert parameter.kind is not parameter.VAR_KEYWORD, f"{name} takes **{parameter.name}"
        assert parameter.annotation is not parameter.empty, f"{name}: {parameter.name} has no type"
    assert signature.return_annotation is not signature.empty or name.endswith("__init__"), f"{name} returns what?"


@pytest.mark.parametrize(
    "name",
    [
        "finetune",
        "pretrain",
        "evaluate",
        "calibrate",
        "check",
        "embed",
        "export",
        "lr_find",
        "learning_curve",
        "review",
        "sort",
    ],
)
def test_arguments_and_flags_have_the_same_names(name):
    module, _ = COMMANDS[name.replace("_", "-")]
    command = getattr(import_module(module), name)
    flags = {option for param in command.params for option in param.opts}
    places = [param.name for param in command.params if isinstance(param, click.Argument)]
    for argument in inspect.signature(getattr(kerastl, name)).parameters:
        if argument in places or argument in NO_FLAG:
            continue
        flag = OTHER_FLAG.get(argument, f"--{argument.replace('_', '-')}")
        assert flag in flags, f"kerastl {name} has no {flag}"


def test_what_a_command_hands_on_is_an_argument_in_python():
    own = {"output": {"lr_find"}, "quiet": None, "verbose": None}
    for name in ("finetune", "pretrain", "lr_find"):  # which hand all of theirs on
        command = getattr(import_module(COMMANDS[name.replace("_", "-")][0]), name)
        arguments = inspect.signature(getattr(kerastl, name)).parameters
        for param in command.params:
            allowed = own.get(param.name, ())
            assert param.name in arguments or allowed is None or name in allowed, f"{name}: {param.name}"


@pytest.mark.parametrize("name", ["finetune", "pretrain", "lr_find", "sort", "embed", "review", "learning_curve"])
def test_defaults_are_those_of_the_command_line(name):
    command = getattr(import_module(COMMANDS[name.replace("_", "-")][0]), name)
    defaults = command.make_context(name, [], resilient_parsing=True).params
    for argument in inspect.signature(getattr(kerastl, name)).parameters.values():
        if argument.name not in defaults or argument.name in ("data", "output", "sources", "to", "verbose"):
            continue
        if (name, argument.name) == ("pretrain", "model"):
            assert defaults["model"] == "mobilenet_v2"  # which None stands for in Python
        else:
            assert defaults[argument.name] == argument.default, argument.name


def test_types_are_there_when_they_are_asked_for():
    names = {"keras": import_module("keras")}
    for name in (
        "check",
        "embed",
        "evaluate",
        "calibrate",
        "export",
        "finetune",
        "pretrain",
        "lr_find",
        "review",
        "sort",
    ):
        function = inspect.unwrap(getattr(kerastl, name))
        assert typing.get_type_hints(function, {**function.__globals__, **names})["return"] is not None


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("finetune", "backbone", "model"),
        ("finetune", "val_fraction", "validation_split"),
        ("pretrain", "listener", "callbacks"),
        ("finetune", "listener", "callbacks"),
        ("pretrain", "images", "data"),
        ("pretrain", "backbone", "model"),
        ("pretrain", "size", "input_size"),
        ("lr_find", "backbone", "model"),
        ("check", "val_fraction", "validation_split"),
        ("evaluate", "k", "top"),
        ("evaluate", "others", "ood_data"),
        ("load", "name_or_path", "model"),
    ],
)
def test_an_earlier_name_of_an_argument_says_the_new_one(name, old, new):
    with pytest.raises(UsageError, match=f"^{name}: {old}= is called {new}= now$"):
        getattr(kerastl, name)(**{old: 1})


@pytest.mark.parametrize("name", ["finetune", "pretrain", "lr_find"])
def test_the_data_comes_first(name):
    more = {"output": "run"} if name == "pretrain" else {}
    with pytest.raises(UsageError, match=r"^the data comes first and the model second\. Received: data='vgg16', model"):
        getattr(kerastl, name)("vgg16", "photos", **more)
