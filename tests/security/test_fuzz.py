"""The fuzzing targets, each for a moment: they work, and what was found once stays found."""

import fuzz as fuzzing
import pytest


@pytest.mark.parametrize("name", fuzzing.TARGETS)
def test_samples_are_read(name, tmp_path):
    target = fuzzing.TARGETS[name]
    for number, sample in enumerate(target.samples()):
        folder = tmp_path / str(number)
        folder.mkdir()
        target.read(sample, folder)  # raises nothing


@pytest.mark.parametrize("name", fuzzing.TARGETS)
def test_broken_inputs_are_errors_of_one_line(name):
    fuzzing.fuzz(fuzzing.TARGETS[name], start=12345, examples=60)


@pytest.mark.parametrize("fault", [ValueError("odd"), RecursionError()])
def test_another_exception_is_a_finding(fault):
    def read(content, folder):
        if len(content) < 3:
            raise fault

    with pytest.raises(type(fault)):
        fuzzing.fuzz(fuzzing.Target(lambda: [b"abcdef"], read), start=0, examples=200)
