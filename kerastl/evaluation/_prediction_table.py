"""`predictions.csv`: what the model said of each image."""

from __future__ import annotations

import os

from kerastl._base import csv_files
from kerastl.evaluation._result import Evaluation


def write_predictions(evaluation: Evaluation, path: str | os.PathLike[str], *, csv_safe: bool = False) -> None:
    """Write one row an image, in the order of the paths.

    The columns: `path` relative to the data, `label`, `prediction`, `score`, `right` (1 or 0), `label_score` and
    `label_rank` of the right class (rank 1 is the best), `prediction_2`, `score_2` and so on to the evaluation's k,
    and `error` for an image that could not be read, whose other columns after `path` are empty.

    Args:
        evaluation: What `kerastl.evaluate` gave.
        path: The file; replaced whole.
        csv_safe: Whether names that a spreadsheet would compute, such as `=1+1`, get an apostrophe before them.
    """
    columns = ["path", "label", "prediction", "score", "right", "label_score", "label_rank"]
    for number in range(2, evaluation.k + 1):
        columns += [f"prediction_{number}", f"score_{number}"]
    rows: dict[str, dict[str, object]] = {
        path: {"path": path, "error": reason} for path, reason in evaluation.failed.items()
    }
    for answer in evaluation.answers():
        row: dict[str, object] = {
            "path": answer.path,
            "label": answer.label,
            "right": int(answer.right),
            "label_score": f"{answer.label_score:.7g}",
            "label_rank": answer.rank,
        }
        for number, prediction in enumerate(answer.predictions, start=1):
            end = "" if number == 1 else f"_{number}"
            row |= {f"prediction{end}": prediction.label, f"score{end}": f"{prediction.score:.7g}"}
        rows[answer.path] = row
    columns.append("error")
    cells = ([rows[key].get(column) for column in columns] for key in sorted(rows))
    csv_files.write(path, columns, cells, safe=csv_safe)
