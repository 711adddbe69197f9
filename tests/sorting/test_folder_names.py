import pytest

from kerastl.sorting._folder_names import class_folders, safe_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("golden retriever", "golden retriever"),
        ("Übung 7", "Übung 7"),
        ("猫", "猫"),
        ("", "_"),
        ("..", "_"),
        ("../../etc", "_.._etc"),
        (".git", "git"),
        ("a. ", "a"),
        ('a<b>c:d"e|f?g*h\\i', "a_b_c_d_e_f_g_h_i"),
        ("a\nb\x1b[2J\x00", "a_b_[2J_"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("__MACOSX", "___MACOSX"),
        ("é" * 300, "é" * 100),
    ],
)
def test_names_are_safe_everywhere(text, expected):
    assert safe_name(text) == expected


def test_each_class_has_a_folder_of_its_own():
    labels = ["crane", "crane", "Crane", "caf\u00e9", "cafe\u0301", "crane-2", "sort.csv"]
    found = [folder.as_posix() for folder in class_folders(labels, ["sort.csv"])]
    assert found == ["crane", "crane-2", "Crane-3", "caf\u00e9", "cafe\u0301-2", "crane-2-2", "sort.csv-2"]


def test_a_class_with_slashes_is_a_path_that_stays_below():
    labels = ["animals/dogs", "/etc/passwd", "a/../b", "/".join("abcdefghijklmnop")]
    found = [folder.as_posix() for folder in class_folders(labels)]
    assert found == ["animals/dogs", "_/etc/passwd", "a/_/b", "a/b/c/d/e/f/g/h/i/j/k/l/m_n_o_p"]
