"""How labeled images may be laid out: what `scan` tries, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from kerastl._base.registry import Registry
from kerastl.data import _found_tables as found_tables
from kerastl.data._dataset import Dataset
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.image_finder import ImageIndex
from kerastl.data._tables import Reading
from kerastl.errors import DataError, KerastlError, PluginError


class DataSource:
    """A folder or a file that is being scanned, and what layouts find out about it together.

    Args:
        path: The folder or the file.
        columns: What was said of the columns of a table.
        for_training: Whether the images are to be learnt from; see `kerastl.data.scan`.
        given: What was given, where that is no path: an address, or a pattern.

    Example:
        >>> from kerastl.data import Layout
        >>> def read(source):
        ...     return None if source.path.is_file() else None  # or a `Dataset` of what lies in the folder
        ...
        >>> Layout("tiles", "one large image a class, cut into tiles", read).name
        'tiles'
    """

    def __init__(self, path: Path, columns: TableColumns, for_training: bool, given: str | None = None) -> None:
        self.path = path
        self.given = str(path) if given is None else given
        self.columns = columns
        self.for_training = for_training
        self.class_folders_problem: DataError | None = None

    @cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder, and not a file."""
        return self.path.is_dir()

    @cached_property
    def index(self) -> ImageIndex:
        """The folder that images lie in."""
        folder = self.path if self.is_folder else self.path.parent
        return ImageIndex(Path(self.columns.images or folder))

    @cached_property
    def tables(self) -> found_tables.FoundTables:
        """The tables in the folder."""
        return found_tables.look(self.path, self.columns, self.index)

    @cached_property
    def reading(self) -> Reading | None:
        """What the tables in the folder say; None where none can be used."""
        found = self.tables
        try:
            return found_tables.read(found, self.columns, self.index, self.for_training)
        except DataError as error:
            found.problems = {Path(table.name): error for table in found.usable} | found.problems
            return None

    @property
    def tables_problem(self) -> DataError | None:
        """Why the tables in the folder cannot be used: of tables that look like labels before others."""
        _ = self.reading  # which finds some
        return next(iter({**self.tables.telling(), **self.tables.problems}.values()), None)


@dataclass(frozen=True)
class Layout:
    """A way of laying labeled images out.

    Args:
        name: What messages call it.
        description: What lies where, in a line.
        reader: Reads what is laid out so, without opening an image; None where this is another layout. It raises
            `DataError` only for what certainly is of this layout, and contradicts itself.

    Example:
        >>> from kerastl.data import Dataset, Item, Layout
        >>> def read(source):
        ...     files = sorted(source.path.glob("*__*.jpg"))
        ...     items = tuple(Item(file.name, file.name.split("__")[0]) for file in files)
        ...     classes = tuple(sorted({item.label for item in items}))
        ...     return Dataset(source.path, classes, items, "names with labels") if items else None
        ...
        >>> layout = Layout("prefixes", "files named CLASS__NUMBER.jpg", read)
        >>> layout.name
        'prefixes'
    """

    name: str
    description: str
    reader: Callable[[DataSource], Dataset | None]

    def read(self, source: DataSource) -> Dataset | None:
        """Read what is laid out so.

        Raises:
            DataError: It contradicts itself.
            PluginError: The layout of another package fails, or gives something else.
        """
        if self.name in LAYOUTS.bundled:
            return self.reader(source)
        try:
            found = self.reader(source)
        except KerastlError:
            raise
        except Exception as error:  # a plugin may do anything
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise PluginError(f"{source.path}: the layout {self.name!r} fails ({reason})") from error
        if found is not None and not isinstance(found, Dataset):
            raise PluginError(f"{source.path}: the layout {self.name!r} gives a {type(found).__name__}, not a Dataset")
        return None if found is None else replace(found, items=tuple(sorted(found.items)))


LAYOUTS: Registry[Layout] = Registry(
    "layout",
    "kerastl.layouts",
    Layout,
    {
        "archives": "kerastl.data._archive_layout:ARCHIVES",
        "table": "kerastl.data._table_layouts:TABLE",
        "tables": "kerastl.data._table_layouts:TABLES",
        "class-folders": "kerastl.data._folders:CLASS_FOLDERS",
        "guessed-tables": "kerastl.data._table_layouts:GUESSED_TABLES",
        "tables-in-splits": "kerastl.data._table_layouts:TABLES_IN_SPLITS",
    },
)
"""In the order in which `scan` tries them. Other packages add to it by entry points of the group `kerastl.layouts`."""


def layouts() -> Iterator[Layout]:
    """All layouts in the order in which they are tried: first those of other packages, which know something special."""
    usable = list(LAYOUTS.usable())
    yield from sorted(usable, key=lambda layout: layout.name in LAYOUTS.bundled)


def register_layout(layout: Layout, *, replace: bool = False) -> Layout:
    """Add a layout for as long as this process runs.

    Args:
        layout: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `layout`.

    Raises:
        UsageError: It is no `Layout`, or there is one of that name.

    Example:
        >>> from kerastl.data import Layout, register_layout, scan
        >>> layout = register_layout(Layout("nothing", "finds nothing", lambda source: None))
        >>> scan("data/shapes").layout
        '4 class folders'
    """
    return LAYOUTS.register(layout, replace=replace)
