import pytest

from kerastl.data import LAYOUTS, Dataset, Item, Layout, register_layout, scan
from kerastl.errors import DataError, PluginError


@pytest.fixture
def layout(monkeypatch):
    """Register a layout for one test."""
    monkeypatch.setattr(LAYOUTS, "_entries", dict(LAYOUTS._entries))

    def register(reader):
        register_layout(Layout("mine", "made for this test", reader))

    return register


def written(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def by_first_letter(source):
    """`cat_1.jpg`, `dog_1.jpg`, where a file `letters` says so."""
    if not (source.path / "letters").is_file():
        return None
    names = [path.name for path in source.path.glob("*.jpg")]
    items = tuple(Item(name, name.partition("_")[0]) for name in names)
    return Dataset(source.path, ("cat", "dog"), items, "2 classes by first words")


def test_a_layout_of_ones_own_goes_before_the_bundled_ones(layout, tmp_path):
    folder = written(tmp_path, "cat_2.jpg", "cat_1.jpg", "dog_1.jpg", "a/1.jpg", "b/1.jpg")
    assert scan(folder).classes == ("a", "b")
    layout(by_first_letter)
    assert scan(folder).classes == ("a", "b")  # it says that this is not its own
    (folder / "letters").touch()
    found = scan(folder)
    assert found.layout == "2 classes by first words"
    assert [item.path for item in found.items] == ["cat_1.jpg", "cat_2.jpg", "dog_1.jpg"]


def test_what_a_layout_says_against_a_folder_is_told(layout, tmp_path):
    def refuse(source):
        raise DataError(f"{source.path}: half of the labels are missing")

    layout(refuse)
    with pytest.raises(DataError, match="half of the labels are missing"):
        scan(written(tmp_path, "a/1.jpg", "b/1.jpg"))


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (lambda source: 1 / 0, r"the layout 'mine' fails \(ZeroDivisionError: division by zero\)"),
        (lambda source: ["cat"], "the layout 'mine' gives a list, not a Dataset"),
    ],
)
def test_a_broken_layout_is_named(layout, tmp_path, reader, message):
    layout(reader)
    with pytest.raises(PluginError, match=message):
        scan(written(tmp_path, "a/1.jpg", "b/1.jpg"))


def test_every_layout_says_what_lies_where():
    for name in LAYOUTS.bundled:
        assert LAYOUTS[name].name == name
        assert LAYOUTS[name].description


@pytest.mark.parametrize("name", LAYOUTS.bundled)
def test_no_layout_takes_an_empty_folder_or_a_file_of_another_kind(name, tmp_path):
    from kerastl.data import DataSource
    from kerastl.data._layouts.columns import TableColumns

    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.xyz").touch()
    for path in (tmp_path / "folder", tmp_path / "notes.xyz"):
        assert LAYOUTS[name].read(DataSource(path, TableColumns(), True)) is None
