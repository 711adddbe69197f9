"""Options by name: those that come with kerastl, and those that other packages add.

A registry is a read-only mapping of names to objects of one type. Another package adds to it by an entry point in the
registry's group; what the entry point names is imported when somebody asks for it.

    [project.entry-points."kerastl.backbones"]
    toy = "kerastl_toy:BACKBONE"
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from kerastl._base.text import brief, message
from kerastl.errors import PluginError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Named(Protocol):
    """What a registry holds: an object that knows its name."""

    @property
    def name(self) -> str:
        """What users type."""


T = TypeVar("T", bound=Named)

# What neither a path nor an option of the command line looks like.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

log = logging.getLogger("kerastl")


class Registry(Mapping[str, T], Generic[T]):
    """Named objects of one type.

    `registry[name]` raises `UnknownNameError`, which names close matches. What comes with kerastl is found without a
    look at other packages, which takes 10 ms and more: they are asked once, for a name that is not among those, or
    for all names.

    Args:
        noun: What one of them is called in messages.
        group: The entry point group by which other packages add to it; None where nothing can be added.
        kind: The type of the objects.
        bundled: What comes with kerastl, in the order in which it is listed: an object, `"module:attribute"`, or what
            makes it when it is first asked for.
        hint: Ends the message on an unknown name; `{names}` in it are the names there are. By default it lists them.
    """

    def __init__(
        self,
        noun: str,
        group: str | None,
        kind: type[T],
        bundled: Mapping[str, T | str | Callable[[], T]],
        hint: str | None = None,
    ) -> None:
        self.noun, self.group = noun, group
        self.bundled = tuple(bundled)
        self._kind, self._hint = kind, hint
        self._entries: dict[str, T | str | Callable[[], T]] = dict(bundled)
        self._points: dict[str, EntryPoint] | None = None

    def __repr__(self) -> str:
        return f"<Registry {self.group or self.noun}: {', '.join(self._entries)}>"

    def __getitem__(self, name: str) -> T:
        if name not in self._entries and name not in self._plugins():
            raise UnknownNameError(f"unknown {self.noun} {name!r}{self._suggestion(name)}; {self._listing()}")
        entry = self._entries[name] if name in self._entries else self._loaded(self._plugins()[name])
        if not isinstance(entry, self._kind):
            entry = resolve_reference(entry) if isinstance(entry, str) else entry()  # type: ignore[operator]
        self._entries[name] = entry
        return entry

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._plugins()

    def __iter__(self) -> Iterator[str]:
        yield from self._entries
        yield from [name for name in self._plugins() if name not in self._entries]

    def __len__(self) -> int:
        return len(list(iter(self)))

    def is_loaded(self, name: str) -> bool:
        """Whether a name is there without a look at other packages."""
        return name in self._entries

    def names(self) -> tuple[str, ...]:
        """All names: bundled ones first, then registered ones, then those of other packages."""
        return tuple(self)

    def usable(self) -> Iterator[T]:
        """All objects, in the order of `names`; a warning tells of each plugin that cannot be loaded."""
        for name in self:
            try:
                yield self[name]
            except PluginError as error:
                log.warning("%s", error)

    def register(self, entry: T, *, replace: bool = False) -> T:
        """Add an object for as long as this process runs.

        Args:
            entry: Its `name` is what users type: letters, digits, `_` and `-`.
            replace: Whether it may take the place of one of that name.

        Returns:
            `entry`.

        Raises:
            UsageError: It is of another type, its name is none, or there is one of that name.
        """
        if self.group is None:
            raise UsageError(f"there is no other {self.noun} than {', '.join(self.bundled)}. Received: {entry!r}")
        if problem := self._problem(entry):
            raise UsageError(f"{problem}. Received: {entry!r}")
        if not replace and entry.name in self._entries:
            raise UsageError(f"there is a {self.noun} {entry.name!r} already; replace=True puts this in its place")
        self._entries[entry.name] = entry
        return entry

    def _problem(self, entry: Any) -> str | None:
        if not isinstance(entry, self._kind):
            kind = f"{self._kind.__module__.split('._')[0]}.{self._kind.__name__}"
            return f"{self._one} must be {_article(kind)} {kind}"
        if not isinstance(entry.name, str) or not _NAME.fullmatch(entry.name):
            return f"the name of {self._one} has up to 100 letters, digits, _ and -"
        return None

    def _plugins(self) -> dict[str, EntryPoint]:
        """What other packages add, by name; asked once, without an import of any of them."""
        if self._points is None:
            self._points = {}
            for point in _entry_points(self.group) if self.group is not None else ():
                if not _NAME.fullmatch(point.name) or point.name in {*self.bundled, *self._points}:
                    why = "is no name" if not _NAME.fullmatch(point.name) else "is taken"
                    log.warning("%s is left out: the name %s", self._called(point), why)
                else:
                    self._points[point.name] = point
        return self._points

    def _loaded(self, point: EntryPoint) -> T:
        try:
            entry = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may do anything
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise PluginError(f"{self._called(point)} cannot be loaded ({brief(reason)})") from error
        problem = self._problem(entry)
        if problem is None and entry.name != point.name:
            problem = f"its own name is {entry.name!r}"
        if problem:
            raise PluginError(f"{self._called(point)} cannot be used ({brief(point.value)}: {problem})")
        return entry

    @property
    def _one(self) -> str:
        return f"{_article(self.noun)} {self.noun}"

    def _called(self, point: EntryPoint) -> str:
        package = point.dist.name if point.dist is not None else "another package"
        return f"the {self.noun} {brief(point.name)!r} of {brief(package)}"

    def _suggestion(self, name: str) -> str:
        """The closest names as `, did you mean ...?`, or nothing."""
        import difflib

        def plain(text: str) -> str:
            return text.lower().replace("_", "").replace("-", "")

        by_plain = {plain(known): known for known in self}
        close = difflib.get_close_matches(plain(name), by_plain, n=3, cutoff=0.7)
        return f", did you mean {' or '.join(by_plain[match] for match in close)}?" if close else ""

    def _listing(self) -> str:
        names = self.names()
        return (self._hint or f"there {'is' if len(names) == 1 else 'are'} {{names}}").format(names=", ".join(names))


def resolve_reference(reference: str) -> Any:
    """Import what `"module:attribute"` names.

    Raises:
        ImportError: There is no such module.
        AttributeError: It has no such attribute.
    """
    module, _, attribute = reference.partition(":")
    value = import_module(module)
    for name in attribute.split("."):
        value = getattr(value, name)
    return value


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _entry_points(group: str) -> list[EntryPoint]:
    """The entry points of a group, by package; none, with a warning, where the installation is broken."""
    from importlib.metadata import entry_points

    try:
        found = list(entry_points(group=group))
        return sorted(found, key=lambda point: (point.dist.name if point.dist is not None else "", point.name))
    except Exception as error:  # metadata of any package on the machine
        log.warning(
            "packages that add to %s cannot be listed (%s: %s)", group, type(error).__name__, message(str(error))
        )
        return []
