"""Tables as people have them: which columns are taken, which files are found, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from patches import Fill

from kerastl.data import Dataset, scan
from kerastl.data._layouts.table_files import MOST_BYTES
from kerastl.errors import DataError, UsageError

Make = Callable[..., Path]


def label(number: int) -> str:
    return ("dog", "cat")[number % 2]


@pytest.fixture
def make(fill: Fill) -> Make:
    """Makes eight files `img/0.jpg` ... and a table with a row for each; nothing here opens images."""

    def write(header: str, row: str = "img/{0}.jpg,{1}", name: str = "labels.csv", encoding: str = "utf-8") -> Path:
        root = fill({f"img/{number}.jpg": "" for number in range(8)})
        lines = [header] * bool(header) + [row.format(n, label(n)) for n in range(8)]
        (root / name).write_bytes("\r\n".join([*lines, ""]).encode(encoding))
        return root

    return write


def check_all_eight(dataset: Dataset) -> None:
    assert {item.path: item.label for item in dataset.items} == {f"img/{n}.jpg": label(n) for n in range(8)}
    assert dataset.classes == ("cat", "dog")


@pytest.mark.parametrize(
    "header",
    [
        "image_id,label",
        "id,breed",
        "filepaths,labels",
        "Filename,ClassId",
        "image,species",
        "name,label",
        "file,name",
        "Image Index,Finding Labels",
        "id_code,diagnosis",
        "photo,what it is",
    ],
)
def test_headers_that_people_write(make: Make, header: str) -> None:
    dataset = scan(make(header))
    check_all_eight(dataset)
    assert f"(columns {header.replace(',', ', ')})" in dataset.layout


@pytest.mark.parametrize(
    "row",
    [
        "{0},{1}",
        "img/{0},{1}",
        "{0}.jpg,{1}",
        "{0}.JPG,{1}",
        "C:\\data\\img\\{0}.jpg,{1}",
        "/content/drive/img/{0}.jpg,{1}",
        "../input/set/img/{0}.jpg,{1}",
        "./img/{0}.jpg,{1}",
    ],
)
def test_ways_to_name_an_image(make: Make, row: str) -> None:
    check_all_eight(scan(make("image,label", row)))


@pytest.mark.parametrize(
    ("header", "row", "name", "encoding"),
    [
        ("image;label", "img/{0}.jpg;{1}", "labels.csv", "utf-16"),
        ("label\timage", "{1}\timg/{0}.jpg", "labels.tsv", "utf-8-sig"),
        ("Width;Height;ClassId;Path", "27;26;{1};img/{0}.jpg", "labels.csv", "utf-8"),
        (",image,label", "{0},{0}.jpg,{1}", "labels.csv", "utf-8"),
        ("path,label", "img/{0}.jpg,{1},,", "labels.csv", "utf-8"),
        ("lesion_id,image_id,dx,age,sex", "L1,{0},{1},{0}5,male", "metadata.csv", "utf-8"),
        ("", "img/{0}.jpg,{1}", "labels.csv", "utf-8"),
        ("", "{0}.jpg\t{1}\t0\t62", "labels.tsv", "utf-8"),
    ],
)
def test_forms_of_tables(make: Make, header: str, row: str, name: str, encoding: str) -> None:
    check_all_eight(scan(make(header, row, name, encoding)))


@pytest.mark.parametrize("row", ["img/{0}.jpg {1}", "{0}.jpg\t{1}\t0\t62"])
def test_lists_are_read_when_they_are_named(make: Make, row: str) -> None:
    check_all_eight(scan(make("", row, "val.txt") / "val.txt"))


def test_a_table_may_say_which_rows_are_valid(make: Make) -> None:
    root = make("name,label,is_valid")
    lines = [f"img/{n}.jpg,{label(n)},{n > 5}\n" for n in range(8)]
    (root / "labels.csv").write_text("name,label,is_valid\n" + "".join(lines))
    assert [len(scan(root).subset(split)) for split in ("train", "val")] == [6, 2]


def test_a_column_for_each_class(make: Make) -> None:
    root = make("image,NV,MEL")
    (root / "labels.csv").write_text("image,NV,MEL\n" + "".join(f"{n},{1.0 - n % 2},{0.0 + n % 2}\n" for n in range(8)))
    dataset = scan(root)
    assert dataset.counts() == {"MEL": 4, "NV": 4}
    assert {item.label for item in dataset.items if item.path in ("img/1.jpg", "img/3.jpg")} == {"MEL"}
    with (root / "labels.csv").open("a") as file:
        file.write("0,1,1\n")
    with pytest.raises(DataError, match="row 10 has not just one 1 in the columns NV, MEL; --task multilabel gives"):
        scan(root, task="classification")


def test_columns_that_are_asked_for(make: Make) -> None:
    root = make("a,b,c,d", "{0}.jpg,{1},x{0},y")
    with pytest.raises(DataError, match=r"has no column 'breed'; its header: a, b, c, d"):
        scan(root, label_column="breed")
    check_all_eight(scan(root, label_column="B"))
    check_all_eight(scan(root, path_column="a", label_column="b"))
    (root / "labels.csv").write_text(
        "a,b,c\n" + "".join(f"{n},{label(n)},{'dev' if n > 5 else 'trn'}\n" for n in range(8))
    )
    assert len(scan(root, label_column="b", split_column="c").subset("val")) == 2


def test_images_in_a_folder_that_is_named(make: Make, tmp_path: Path) -> None:
    root = make("id,label", "{0},{1}")
    table = tmp_path / "elsewhere.csv"
    (root / "labels.csv").rename(table)
    dataset = scan(table, images=root / "img")
    assert dataset.root == root / "img"
    assert [item.path for item in dataset.items] == [f"{n}.jpg" for n in range(8)]
    with pytest.raises(UsageError, match=r"images .*nowhere: there is no such folder"):
        scan(table, images=root / "nowhere")


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("path,label", "img/{0}.jpg,salmon, {1}", "row 2 has 3 cells, the header 2"),
        ("a,b,c", "{0}.jpg,{1},y{1}", "cannot tell which column holds the labels; its header: a, b, c; b, c may be"),
        ("path,score", "img/{0}.jpg,0.{0}", "cannot tell which column holds the labels; its header: path, score"),
        ("path,label", "other/{0}.jpg,{1}", r"none of its files exists \(other/0.jpg\); .* is it img/0.jpg\?"),
        ("path,label", '"img/{0}.jpg,{1}', "row 2 has"),
        ("path,label", "img/{0}.jpg,\"['{1}', 'x']\"", "several labels in a cell: give each row one label"),
    ],
)
def test_tables_that_are_refused(make: Make, header: str, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        scan(make(header, row))


def test_a_quote_that_nothing_closes(make: Make) -> None:
    root = make("path,label")
    (root / "labels.csv").write_text('path,label\nimg/0.jpg,dog\nimg/1.jpg,"cat\nimg/2.jpg,dog\n')
    with pytest.raises(DataError, match="row 3 has a line break in a cell"):
        scan(root)


def test_a_cell_with_several_labels_is_said(fill: Fill) -> None:
    rows = "".join(f"{n}.jpg,{'cat|dog' if n == 7 else label(n)}\n" for n in range(20))
    root = fill({**{f"{n}.jpg": "" for n in range(20)}, "labels.csv": f"path,label\n{rows}"})
    assert scan(root).warnings == ("row 9 ('cat|dog') may be several labels; it is taken for a class of its own",)


def test_a_name_in_two_folders(fill: Fill) -> None:
    files = {f"{part}/{n}.png": "" for part in ("train", "test") for n in range(4)}
    rows = "id,label\n" + "".join(f"{n},{label(n)}\n" for n in range(4))
    root = fill({**files, "labels.csv": rows})
    with pytest.raises(DataError, match=r"row 2: '0' may be (train|test)/0.png or"):
        scan(root)
    (root / "labels.csv").rename(root / "trainLabels.csv")
    dataset = scan(root)
    assert [item.path for item in dataset.items] == [f"train/{n}.png" for n in range(4)]
    assert "4 images are not named in trainLabels.csv and not used (test/0.png)" in dataset.warnings


def test_a_competition(fill: Fill) -> None:
    files = {f"train_images/{n}.jpg": "" for n in range(4)} | {f"test_images/{n}.jpg": "" for n in range(4, 6)}
    train = "image_id,label\n" + "".join(f"{n}.jpg,{n % 2}\n" for n in range(4))
    root = fill({**files, "train.csv": train, "sample_submission.csv": "image_id,label\n4.jpg,0\n5.jpg,0\n"})
    dataset = scan(root)
    assert [item.path for item in dataset.items] == [f"train_images/{n}.jpg" for n in range(4)]
    assert dataset.warnings == (
        "2 images are not named in train.csv and not used (test_images/4.jpg)",
        "sample_submission.csv is not used: a submission holds no labels",
    )


def test_a_table_a_split(fill: Fill) -> None:
    files = {f"img/{n}.jpg": "" for n in range(9)}
    train, valid = (
        "path,label\n" + "".join(f"img/{n}.jpg,{label(n)}\n" for n in numbers) for numbers in (range(4), range(4, 8))
    )
    dataset = scan(fill({**files, "train.csv": train, "valid.csv": valid, "test.csv": "path\nimg/8.jpg\n"}))
    assert [len(dataset.subset(split)) for split in ("train", "val", "test")] == [4, 4, 0]
    assert "train.csv and valid.csv with path, label and split" in dataset.layout
    assert "test.csv has no labels and is left out" in dataset.warnings


def test_several_tables_that_are_no_splits(fill: Fill) -> None:
    rows = "path,label\n" + "".join(f"{n}.jpg,{label(n)}\n" for n in range(4))
    files = {f"{n}.jpg": "" for n in range(4)}
    with pytest.raises(DataError, match=r"several tables of labels \(a.csv, b.csv\); name the one to use"):
        scan(fill({**files, "a.csv": rows, "b.csv": rows}))


def test_a_table_with_clear_columns_comes_before_flat_folders(fill: Fill) -> None:
    files = {f"part_{n // 4}/{n}.jpg": "" for n in range(8)}
    rows = "image_id,dx\n" + "".join(f"{n},{label(n)}\n" for n in range(8))
    dataset = scan(fill({**files, "metadata.csv": rows, "pixels.csv": "pixel0,pixel1,label\n1,2,0\n3,4,1\n"}))
    assert dataset.classes == ("cat", "dog")


def test_a_table_about_something_else_leaves_class_folders_alone(fill: Fill) -> None:
    files = {f"{name}/{n}.jpg": "" for name in "ab" for n in range(4)}
    rows = "filename,width,camera\n" + "".join(f"a/{n}.jpg,640,c{n % 2}\n" for n in range(4))
    dataset = scan(fill({**files, "metadata.csv": rows}))
    assert dataset.classes == ("a", "b")
    assert "metadata.csv is not used, since there are class folders" in dataset.warnings[0]


def test_a_huge_table_is_not_read(fill: Fill) -> None:
    root = fill({"a/1.jpg": "", "b/1.jpg": ""})
    with (root / "big.csv").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert "big.csv: is too large for a table of labels (512 MB; 512 at most)" in scan(root).warnings[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\0" * 5000, "is no table of text"), (b"x" * (3 << 20), "a line is longer"), (b"\xff\xfea", "is not UTF-16")],
)
def test_what_is_no_table(fill: Fill, content: bytes, message: str) -> None:
    root = fill({"a/1.jpg": "", "b/1.jpg": ""})
    (root / "labels.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        scan(root / "labels.csv")


def test_excel_files_are_to_be_saved_as_csv(fill: Fill) -> None:
    root = fill({"1.jpg": "", "labels.xlsx": "PK"})
    for named in (root, root / "labels.xlsx"):
        with pytest.raises(DataError, match=r"labels.xlsx: is no text; save the table as CSV"):
            scan(named)


def test_labels_that_are_written_alike(fill: Fill) -> None:
    names = ["cat", "Cat", "cat ", "dog"]
    rows = "path,label\n" + "".join(f"{n}.jpg,{names[n % 4]}\n" for n in range(8))
    dataset = scan(fill({**{f"{n}.jpg": "" for n in range(8)}, "labels.csv": rows}))
    assert dataset.classes == ("Cat", "cat", "dog")
    assert dataset.warnings[0] == "'cat' and 'cat ' differ in spaces only and are taken for one class"
    assert dataset.warnings[1].startswith("'Cat' and 'cat' are different classes here")


def test_no_table_where_columns_are_asked_for(fill: Fill) -> None:
    with pytest.raises(DataError, match="no table of labels in it; name the table itself"):
        scan(fill({"a/1.jpg": "", "b/1.jpg": ""}), label_column="x")


def test_a_list_of_the_classes_is_no_table_of_labels(fill: Fill) -> None:
    files = {f"{name}/{n}.jpg": "" for name, start in (("a", 0), ("b", 4)) for n in range(start, start + 4)}
    dataset = scan(fill({**files, "classes.csv": "id,label\n0,stop\n1,go\n2,turn\n"}))
    assert dataset.classes == ("a", "b")
    assert "classes.csv is not used" in dataset.warnings[0]


def test_ids_and_labels_come_before_flat_folders(fill: Fill) -> None:
    files = {f"part_{n // 4}/{n}.jpg": "" for n in range(8)}
    rows = "id,label\n" + "".join(f"{n},{label(n)}\n" for n in range(8))
    assert scan(fill({**files, "labels.csv": rows})).classes == ("cat", "dog")


@pytest.mark.parametrize("row", ["img/{0}.jpeg,{1}", "{0}.png,{1}", "img/{0:03}.jpg,{1}", "{0:05},{1}"])
def test_other_suffixes_and_zeros_are_found_and_said(make: Make, row: str) -> None:
    dataset = scan(make("image,label", row))
    check_all_eight(dataset)
    (warning,) = dataset.warnings
    assert warning.startswith("8 images are called otherwise in labels.csv")


def test_a_stem_that_two_files_have_is_not_guessed_at(make: Make) -> None:
    root = make("image,label", "img/{0}.jpeg,{1}")
    (root / "img/3.png").touch()
    with pytest.raises(DataError, match=r"row 5: 'img/3.jpeg' may be img/3.jpg or img/3.png"):
        scan(root)


def relabeled(root: Path, label: str, encoding: str) -> Path:
    table = root / "labels.csv"
    table.write_bytes(table.read_bytes().decode().replace("dog", label).encode(encoding))
    return root


@pytest.mark.parametrize("label", ["Möwe", "chêne", "5 €", "l\u2019été", "garçon \u2013 très âgé"])
def test_what_excel_saves_in_the_west_is_read_and_said(make: Make, label: str) -> None:
    dataset = scan(relabeled(make("image,label"), label, "cp1252"))
    assert set(dataset.classes) == {"cat", label}
    (warning,) = dataset.warnings
    assert warning == f"labels.csv is not UTF-8 and is read as Windows-1252: save it as UTF-8 if '{label}' is wrong"


@pytest.mark.parametrize(
    ("label", "encoding"), [("собака", "cp1251"), ("犬", "shift-jis"), ("狗", "gbk"), ("σκύλος", "cp1253")]
)
def test_other_encodings_are_refused(make: Make, label: str, encoding: str) -> None:
    with pytest.raises(DataError, match="is not UTF-8; save it as UTF-8"):
        scan(relabeled(make("image,label"), label, encoding))


def test_names_of_files_in_a_western_table(fill: Fill) -> None:
    root = fill({f"é{number}.jpg": "" for number in range(4)})
    lines = [f"é{number}.jpg,{label(number)}" for number in range(4)]
    (root / "labels.csv").write_bytes("\n".join(["image,label", *lines]).encode("cp1252"))
    assert [item.path for item in scan(root).items] == [f"é{number}.jpg" for number in range(4)]


@pytest.mark.parametrize("before", ["sep=;\n", "\n\n", "# made by hand\n\n"])
def test_lines_before_the_header(make: Make, before: str) -> None:
    root = make("image;label", "img/{0}.jpg;{1}")
    table = root / "labels.csv"
    table.write_text(before + table.read_text())
    check_all_eight(scan(root))
    table.write_text(table.read_text().replace("img/7.jpg;cat", "img/7.jpg;cat;dog"))
    with pytest.raises(DataError, match=f"row {9 + before.count(chr(10))} has 3 cells"):
        scan(root)


def test_a_header_in_the_middle_is_no_row(make: Make) -> None:
    table = make("image,label") / "labels.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines[:5], lines[0], *lines[5:]]))
    dataset = scan(table)
    check_all_eight(dataset)
    assert dataset.warnings == ()


def test_all_rows_without_a_label_are_named(make: Make) -> None:
    root = make("image,label")
    table = root / "labels.csv"
    table.write_text(table.read_text().replace("dog", ""))
    with pytest.raises(DataError, match=r"labels.csv: rows 2, 4, 6 and 1 more have no label; fill them in"):
        scan(root)


def test_a_column_of_folds_is_said(make: Make) -> None:
    (warning,) = scan(make("image,label,fold", "img/{0}.jpg,{1},{1}1")).warnings
    assert warning == "column fold is not used: its cells (cat1, dog1) are not train, val or test"


def test_a_list_of_the_classes_beside_the_labels(make: Make) -> None:
    root = make("image,label")
    (root / "classes.csv").write_text("id,name\n0,cat\n1,dog\n")
    check_all_eight(scan(root))


def test_a_table_in_each_split(fill: Fill) -> None:
    root = fill({f"{part}/{number}.jpg": "" for part in ("train", "valid", "test") for number in range(4)})
    for part in ("train", "valid", "test"):
        rows = [f"{number}.jpg, {number % 2}, {1 - number % 2}" for number in range(4)]
        (root / part / "_classes.csv").write_text("\n".join(["filename, cat, dog", *rows]))
    dataset = scan(root)
    assert {(item.path, item.label, item.split) for item in dataset.items} == {
        (f"{part}/{number}.jpg", label(number), split)
        for part, split in (("train", "train"), ("valid", "val"), ("test", "test"))
        for number in range(4)
    }
    assert dataset.layout.startswith("train/_classes.csv and valid/_classes.csv and test/_classes.csv with path, label")
    assert dataset.warnings == ()


def test_several_objects_an_image_in_a_split_are_refused(fill: Fill) -> None:
    root = fill({f"{part}/{number}.jpg": "" for part in ("train", "valid") for number in range(2)})
    for part in ("train", "valid"):
        rows = "".join(f"{number}.jpg,{name}\n" for number in range(2) for name in ("cat", "dog"))
        (root / part / "_annotations.csv").write_text("filename,class\n" + rows)
    with pytest.raises(
        DataError, match=r"_annotations.csv: row 3 gives train/0.jpg a second time, with different labels"
    ):
        scan(root)
