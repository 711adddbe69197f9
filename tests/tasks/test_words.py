from kerastl.tasks._words import WORDS


def test_outputs_are_counted_and_listed_in_the_words_of_their_task():
    assert WORDS["classification"].counted(1_200) == "1,200 classes"
    assert WORDS["multilabel"].counted(1) == "1 label"
    assert WORDS["regression"].counted(1) == "a number"
    assert WORDS["multilabel"].listed(("cat", "dog", "owl"), 2) == "Labels: cat, dog, ..."
    assert WORDS["regression"].listed(("age",), 2) == "Number: age"
