"""Small runs of pre-training: how they are asked for, and what they leave."""

import csv

SMALL = ["--model", "mobilenet_025", "--input-size", "32", "--batch-size", "16", "--width", "16"]
OUTPUTS = {".kerastl-run", "README.md", "backbone.weights.h5", "curves.png", "history.csv", "pretraining.json"}


def rows_of(folder):
    with (folder / "history.csv").open() as stream:
        return list(csv.DictReader(stream))
