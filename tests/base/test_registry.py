from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from kerastl._base import registry as registries
from kerastl._base.registry import Registry, resolve_reference
from kerastl.errors import PluginError, UnknownNameError, UsageError


@dataclass(frozen=True)
class Fruit:
    name: str
    color: str = ""


APPLE, PEAR = Fruit("apple", "red"), Fruit("pear", "green")
HERE = f"{__name__}:"


@pytest.fixture
def fruits(monkeypatch):
    """A registry of two fruits, in a group to which nobody adds."""
    monkeypatch.setattr(registries, "_entry_points", lambda group: [])
    return Registry("fruit", "test.fruits", Fruit, {"apple": APPLE, "pear": lambda: PEAR})


@pytest.fixture
def plugins(monkeypatch):
    """A registry of one fruit, and what other packages add; tells how often they were asked."""
    asked = []

    def make(**points):
        found = [EntryPoint(name, value, "test.fruits") for name, value in points.items()]
        monkeypatch.setattr(registries, "_entry_points", lambda group: asked.append(group) or found)
        return Registry("fruit", "test.fruits", Fruit, {"apple": APPLE}), asked

    return make


@pytest.fixture
def warned(monkeypatch):
    """The warnings of registries."""
    said = []
    monkeypatch.setattr(registries.log, "warning", lambda text, *values: said.append(text % values))
    return said


def test_a_registry_is_a_mapping(fruits):
    assert fruits["apple"] is APPLE
    assert fruits["pear"] is PEAR
    assert (list(fruits), len(fruits), fruits.names()) == (["apple", "pear"], 2, ("apple", "pear"))
    assert dict(fruits) == {"apple": APPLE, "pear": PEAR}
    assert "pear" in fruits
    assert "plum" not in fruits
    assert fruits.get("plum") is None


def test_what_makes_an_entry_is_called_once(monkeypatch):
    monkeypatch.setattr(registries, "_entry_points", lambda group: [])
    made = []
    entries = Registry("fruit", "g", Fruit, {"fig": lambda: made.append(1) or Fruit("fig")})
    assert entries["fig"] is entries["fig"]
    assert made == [1]


def test_a_reference_is_imported(monkeypatch):
    monkeypatch.setattr(registries, "_entry_points", lambda group: [])
    assert Registry("error", "g", type, {"usage": "kerastl.errors:UsageError"})["usage"] is UsageError
    assert resolve_reference("kerastl.errors:UsageError.exit_code") == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Apple", "unknown fruit 'Apple', did you mean apple?; there are apple, pear"),
        ("xyz", "unknown fruit 'xyz'; there are apple, pear"),
    ],
)
def test_an_unknown_name_gives_close_ones(fruits, name, message):
    with pytest.raises(UnknownNameError) as caught:
        fruits[name]
    assert str(caught.value) == message
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, KeyError)


def test_registering(fruits):
    plum = Fruit("plum")
    assert fruits.register(plum) is plum
    assert fruits["plum"] is plum
    assert fruits.names() == ("apple", "pear", "plum")
    assert fruits.bundled == ("apple", "pear")
    with pytest.raises(UsageError, match="there is a fruit 'plum' already; replace=True"):
        fruits.register(Fruit("plum", "blue"))
    fruits.register(Fruit("plum", "blue"), replace=True)
    assert fruits["plum"].color == "blue"


@pytest.mark.parametrize("name", ["", "a b", "runs/x", "../x", "-x", "x.keras", "a\nb", "x" * 101, 3])
def test_a_name_that_reads_like_a_path_or_an_option_is_refused(fruits, name):
    with pytest.raises(UsageError, match="the name of a fruit has up to 100 letters, digits, _ and -"):
        fruits.register(Fruit(name))


def test_another_type_is_refused(fruits):
    with pytest.raises(UsageError, match=r"a fruit must be a .*Fruit. Received: 'plum'"):
        fruits.register("plum")


def test_other_packages_are_asked_once_and_only_for_what_is_not_there(plugins):
    entries, asked = plugins(pear=f"{HERE}PEAR")
    assert entries["apple"] is APPLE
    assert "apple" in entries
    assert entries.is_loaded("apple")
    assert not entries.is_loaded("pear")
    assert asked == []
    assert "pear" in entries
    assert asked == ["test.fruits"]
    assert entries.names() == ("apple", "pear")
    assert asked == ["test.fruits"]


def test_an_entry_of_another_package_is_loaded_when_it_is_asked_for(plugins, monkeypatch):
    monkeypatch.setattr(EntryPoint, "load", lambda self: {"pear": PEAR}[self.name])
    entries, _ = plugins(pear="fruit_shop:PEAR")
    assert entries["pear"] is PEAR
    assert list(entries.usable()) == [APPLE, PEAR]


def test_of_broken_plugins_one_line_is_said_each(plugins, monkeypatch, warned):
    entries, _ = plugins(
        gone="no_such_package_at_all:X", odd="os:sep", other="kerastl.errors:nothing", twin="tests_twin:X"
    )
    assert list(entries.usable()) == [APPLE]
    assert len(warned) == 4
    assert all(len(line.splitlines()) == 1 for line in warned)
    assert warned[0].startswith("the fruit 'gone' of another package cannot be loaded (ModuleNotFoundError: No module")
    assert "the fruit 'odd' of another package cannot be used (os:sep: a fruit must be a" in warned[1]
    with pytest.raises(PluginError, match=r"'other' of another package cannot be loaded .AttributeError"):
        entries["other"]


class Skipped(BaseException):
    """As pytest's, which a module may raise that is imported."""


@pytest.mark.parametrize("error", [SystemExit("bye"), Skipped("bye")], ids=lambda error: type(error).__name__)
def test_a_plugin_that_ends_the_process_does_not(plugins, monkeypatch, error):
    def leave(self):
        raise error

    monkeypatch.setattr(EntryPoint, "load", leave)
    entries, _ = plugins(pear="fruit_shop:PEAR")
    with pytest.raises(PluginError, match=f"{type(error).__name__}: bye"):
        entries["pear"]


def test_ctrl_c_is_not_the_fault_of_a_plugin(plugins, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(EntryPoint, "load", interrupted)
    entries, _ = plugins(pear="fruit_shop:PEAR")
    with pytest.raises(KeyboardInterrupt):
        entries["pear"]


def test_what_a_plugin_says_stays_a_short_plain_line(plugins, monkeypatch):
    def shout(self):
        raise ValueError("\x1b]0;title\x07" * 10_000)

    monkeypatch.setattr(EntryPoint, "load", shout)
    entries, _ = plugins(pear="fruit_shop:PEAR")
    with pytest.raises(PluginError) as caught:
        entries["pear"]
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_500


def test_another_type_is_refused_in_english(monkeypatch):
    monkeypatch.setattr(registries, "_entry_points", lambda group: [])
    with pytest.raises(UsageError, match="an engine must be a"):
        Registry("engine", "test.engines", Fruit, {}).register("plum")


def test_a_plugin_under_another_name_than_its_own_is_told(plugins, monkeypatch):
    monkeypatch.setattr(EntryPoint, "load", lambda self: PEAR)
    entries, _ = plugins(plum="fruit_shop:PEAR")
    with pytest.raises(PluginError, match=r"'plum' of another package cannot be used .fruit_shop:PEAR: its own name"):
        entries["plum"]


def test_a_plugin_does_not_take_the_place_of_a_bundled_one(plugins, monkeypatch, warned):
    entries, _ = plugins(apple="fruit_shop:APPLE")
    assert entries.names() == ("apple",)
    assert entries["apple"] is APPLE
    assert warned == ["the fruit 'apple' of another package is left out: the name is taken"]


def test_broken_metadata_of_a_package_is_told(monkeypatch, warned):

    def broken(group):
        raise ValueError("odd metadata")

    monkeypatch.setattr("importlib.metadata.entry_points", broken)
    assert Registry("fruit", "test.fruits", Fruit, {"apple": APPLE}).names() == ("apple",)
    assert warned == ["packages that add to test.fruits cannot be listed (ValueError: odd metadata)"]
