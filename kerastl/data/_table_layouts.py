"""Layouts that speak through tables of paths and labels."""

from __future__ import annotations

from kerastl.data import _found_tables as found_tables
from kerastl.data import _tables as tables
from kerastl.data._dataset import Dataset
from kerastl.data._layout_registry import DataSource, Layout
from kerastl.data._layouts.table_files import JSON_LINES, LISTS, OFFICE, SUFFIXES, open_table


def _table(source: DataSource) -> Dataset | None:
    if source.is_folder or source.path.suffix.lower() not in SUFFIXES | LISTS | OFFICE | {JSON_LINES}:
        return None
    return tables.read([(open_table(source.path), None)], source.columns, source.index, source.for_training).dataset


def _tables(source: DataSource) -> Dataset | None:
    if not source.is_folder:
        return None
    if source.reading is not None and (source.reading.sure or source.columns.given):
        return source.reading.dataset
    if source.columns.given and (problem := source.tables_problem) is not None:
        raise problem
    return None


def _guessed_tables(source: DataSource) -> Dataset | None:
    return source.reading.dataset if source.is_folder and source.reading is not None else None


def _tables_in_splits(source: DataSource) -> Dataset | None:
    if not source.is_folder:
        return None
    return found_tables.read_in_splits(source.path, source.columns, source.index, source.for_training)


TABLE = Layout("table", "a table of paths and labels, named itself", _table)
TABLES = Layout("tables", "tables in the folder whose columns are named path and label, or told", _tables)
GUESSED_TABLES = Layout("guessed-tables", "tables in the folder whose columns are guessed at", _guessed_tables)
TABLES_IN_SPLITS = Layout("tables-in-splits", "a table in each of train/ and valid/", _tables_in_splits)
