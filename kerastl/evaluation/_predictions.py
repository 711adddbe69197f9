"""The table of what a model said of each image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from kerastl._base.serialization import write_csv
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._multilabel_result import MultilabelEvaluation
from kerastl.evaluation._regression_result import RegressionEvaluation
from kerastl.evaluation._result import Evaluation
from kerastl.tasks._label_text import join_labels
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION

Row: TypeAlias = dict[str, object]


def write_predictions(evaluation: BaseEvaluation, path: str | os.PathLike[str], *, csv_safe: bool = False) -> None:
    """Write one row an image, in the order of the paths.

    The columns are `path` relative to the data, what the task asks for, and `error` for an image that could not be
    read, whose other columns after `path` are empty.

    Of a class each: `label`, `prediction`, `score`, `right` (1 or 0), `label_score` and `label_rank` of the right class
    (rank 1 is the best), and `prediction_2`, `score_2` and so on to the evaluation's k. Of labels: `labels` and
    `prediction` with `|` between several, `right`, and `score_LABEL` for each label of the model. Of numbers: `truth`,
    `prediction`, `error_of_prediction`, and, where the model has intervals, `low`, `high` and `inside` (1 or 0).

    Args:
        evaluation: What `kerastl.evaluate` gave.
        path: The file; replaced whole.
        csv_safe: Whether names that a spreadsheet would compute, such as `=1+1`, get an apostrophe before them.

    Example:
        >>> import kerastl
        >>> from kerastl.evaluation import write_predictions
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> write_predictions(kerastl.evaluate("kerastl_mini", images), "predictions.csv")
        >>> with open("predictions.csv") as file:
        ...     file.readline()[:28]
        ...
        'path,label,prediction,score,'
    """
    columns, answers = _TABLES[evaluation.task](evaluation)
    columns = ["path", *columns, "error"]
    rows: dict[object, Row] = {path: {"path": path, "error": reason} for path, reason in evaluation.failed.items()}
    rows |= {row["path"]: row for row in answers}
    cells = ([rows[key].get(column) for column in columns] for key in sorted(rows, key=str))
    write_csv(path, columns, cells, safe=csv_safe)


def _number(value: float) -> str:
    return f"{value:.7g}"


def _classes(evaluation: Evaluation) -> tuple[Sequence[str], Iterator[Row]]:
    columns = ["label", "prediction", "score", "right", "label_score", "label_rank"]
    for number in range(2, evaluation.k + 1):
        columns += [f"prediction_{number}", f"score_{number}"]

    def rows() -> Iterator[Row]:
        for answer in evaluation.answers():
            row: Row = {
                "path": answer.path,
                "label": answer.label,
                "right": int(answer.right),
                "label_score": _number(answer.label_score),
                "label_rank": answer.rank,
            }
            for number, prediction in enumerate(answer.predictions, start=1):
                end = "" if number == 1 else f"_{number}"
                row |= {f"prediction{end}": prediction.label, f"score{end}": _number(prediction.score)}
            yield row

    return columns, rows()


def _labels(evaluation: MultilabelEvaluation) -> tuple[Sequence[str], Iterator[Row]]:
    scores = [f"score_{name}" for name in evaluation.labels.names]

    def rows() -> Iterator[Row]:
        for answer, own in zip(evaluation.answers(), evaluation.probabilities.tolist(), strict=True):
            yield {
                "path": answer.path,
                "labels": join_labels(answer.labels),
                "prediction": join_labels(prediction.label for prediction in answer.predictions),
                "right": int(answer.right),
                **dict(zip(scores, map(_number, own), strict=True)),
            }

    return ["labels", "prediction", "right", *scores], rows()


def _numbers(evaluation: RegressionEvaluation) -> tuple[Sequence[str], Iterator[Row]]:
    ends = [] if evaluation.half_width is None else ["low", "high", "inside"]

    def rows() -> Iterator[Row]:
        for answer in evaluation.answers():
            yield {
                "path": answer.path,
                "truth": _number(answer.truth),
                "prediction": _number(answer.predicted),
                "error_of_prediction": _number(answer.error),
                "low": _number(answer.low),
                "high": _number(answer.high),
                "inside": int(answer.inside),
            }

    return ["truth", "prediction", "error_of_prediction", *ends], rows()


_TABLES: Mapping[str, Callable[[Any], tuple[Sequence[str], Iterator[Row]]]] = {
    CLASSIFICATION: _classes,
    ORDINAL: _classes,
    MULTILABEL: _labels,
    REGRESSION: _numbers,
}
"""By task: the columns between `path` and `error`, and the rows."""
