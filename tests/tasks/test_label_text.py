import pytest

from kerastl.tasks._label_text import join_labels, split_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("cat", ("cat",)),
        ("dog|cat", ("cat", "dog")),
        (" cat | dog ", ("cat", "dog")),
        ("cat||cat|", ("cat",)),
        ("", ()),
        (" | ", ()),
        (r"black\|white|dog", ("black|white", "dog")),
        (r"back\\slash|dog", (r"back\slash", "dog")),
        (r"a\b", (r"a\b",)),
    ],
)
def test_a_text_holds_labels(text, labels):
    assert split_labels(text) == labels


def test_another_separator_may_have_several_letters():
    assert split_labels("cat, and dog, and cat", ", and ") == ("cat", "dog")
    assert split_labels(r"salmon\, smoked,fish", ",") == ("fish", "salmon, smoked")


@pytest.mark.parametrize("labels", [(), ("cat",), ("cat", "dog"), (r"a|b\c", "d|", "e\\")])
def test_what_is_joined_is_split_into_the_same(labels):
    assert split_labels(join_labels(labels)) == labels
