#!/usr/bin/python3
"""Reads a store's run files with h5py and pandas, and prints the means that `winnow report` prints.

    analysis/read_runs.py [STORE] [--metric accuracy] [--by method labels.rate]

Needs Debian's python3-h5py and python3-pandas, and nothing of winnow: a run file is plain HDF5.
"""
import argparse
import json
import pathlib

import h5py
import pandas


def read_run(path, metric):
    """One row: all settings of the stage, its identity, and the last value of the metric."""
    with h5py.File(path) as run:
        stage = json.loads(run["stage/json"][()])
        if stage["kind"] != "train" or metric not in run["metrics/final"].dtype.names:
            return None
        value = float(run["metrics/final"][metric][0])
    return {**stage["settings"], "identity": stage["identity"], metric: value}


def differing(runs, metric):
    """Settings that differ between runs, without the seeds: what a table would be grouped by."""
    skipped = {"seed", "labels.seed", "identity", metric}
    return [key for key in runs.columns if key not in skipped and runs[key].dropna().astype(str).nunique() > 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", nargs="?", default="results")
    parser.add_argument("--metric", default="accuracy", help="a column of metrics/final, e.g. accuracy_best")
    parser.add_argument("--by", nargs="*", help="settings that make a cell; default: all that differ, without seeds")
    options = parser.parse_args()

    rows = [read_run(path, options.metric) for path in sorted(pathlib.Path(options.store).glob("runs/*/*.h5"))]
    runs = pandas.DataFrame([row for row in rows if row])
    if runs.empty:
        raise SystemExit(f"{options.store}: no run file of a train stage has the metric '{options.metric}'")
    keys = options.by or differing(runs, options.metric) or ["method"]
    # dropna=False: a setting that does not exist for some runs (no labels.rate where labels are clean) is a group, too.
    cells = runs.groupby(keys, dropna=False)[options.metric].agg(["mean", "std", "count"])
    percent = 100 if options.metric.startswith("accuracy") else 1
    cells[["mean", "std"]] *= percent
    print(cells.to_string(float_format="%.2f"))


if __name__ == "__main__":
    main()
