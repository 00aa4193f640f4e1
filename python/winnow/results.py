"""A store's run files as pandas tables. Needs h5py and pandas, and nothing of winnow's programs: a run file is plain HDF5
(src/store/README.md).

    from winnow.results import Store
    store = Store("results")
    store.runs()                           # a row a run: settings, final metrics, where it came from
    store.curves()                         # a row an epoch of a run
    store.selection(identity)              # a row a training sample: was it kept, with which score and label
    cells(store.runs(kind="train"))        # mean, standard deviation and count, as `winnow report` prints them

    python3 -m winnow.results [STORE] [--metric accuracy] [--by method labels.rate]

Only finished stages are read: temporary files and files that are damaged at a glance are refused or left alone. `winnow fsck`
verifies every byte, this does not. Errors are ResultsError, with the file.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import sys
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Union

import h5py
import numpy
import pandas

MAGIC = b"\x89WNWRUN\n"
USER_BLOCK = 512
HEX_DIGITS = 32                                      # of an identity
SEEDS = ("seed", "labels.seed", "data.seed")         # what repetitions of one cell differ in
PROVENANCE = ("code_version", "host", "device", "threads", "width", "attempt", "start", "end")

PathLike = Union[str, "pathlib.PurePath"]


class ResultsError(Exception):
    """What cannot be read, in one line with the file."""


class Run:
    """One run file, read when asked. `settings` are those of its stage, flat: {"train.lr": 0.001, ...}."""

    def __init__(self, path: PathLike) -> None:
        self.path = pathlib.Path(path)
        try:
            with self.path.open("rb") as file:
                block, size = file.read(USER_BLOCK), file.seek(0, 2)
        except OSError as error:
            raise ResultsError(f"{self.path}: {error.strerror}") from error
        if len(block) < USER_BLOCK or block[:8] != MAGIC:
            raise ResultsError(f"{self.path}: no run file of winnow")
        length = int.from_bytes(block[16:24], "little")
        if size != USER_BLOCK + length:
            raise ResultsError(f"{self.path}: {size} bytes instead of {USER_BLOCK + length}: winnow fsck sets it aside")
        self.identity = "".join(f"{part:016x}" for part in numpy.frombuffer(block[40:56], "<u8"))
        with self._open() as file:
            self.stage: Dict[str, Any] = json.loads(_text(file["stage/json"][()]))
            self.provenance: Dict[str, Any] = {name: _plain(value) for name, value in file.attrs.items()}
            self.kind: str = self.stage["kind"]
            self.settings: Dict[str, Any] = dict(self.stage["settings"])

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        """The file, for what is read of it within: of damage h5py says so with exceptions of many kinds."""
        try:
            with h5py.File(self.path, "r") as file:
                yield file
        except ResultsError:
            raise
        except (OSError, LookupError, RuntimeError, ValueError, TypeError, MemoryError) as error:
            reason = str(error.args[0]) if error.args else type(error).__name__
            raise ResultsError(f"{self.path}: cannot be read: {reason}: winnow fsck says whether it is damaged") from error

    def names(self) -> List[str]:
        """Tables and arrays: "metrics/final", "selection/mask", ..."""
        found: List[str] = []
        with self._open() as file:
            file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        return sorted(found)

    def table(self, name: str) -> pandas.DataFrame:
        """A compound data set: "metrics/final", "metrics/epochs", "metrics/steps", "metrics/classes". Empty where the run has none."""
        with self._open() as file:
            if name not in file:
                return pandas.DataFrame()
            if file[name].dtype.names is None:
                raise ResultsError(f"{self.path}: {name} is an array, no table: read it with array()")
            return pandas.DataFrame(file[name][:])

    def array(self, name: str) -> "numpy.ndarray[Any, Any]":
        """A numeric data set: "predictions/test", "scores/train", "weights/head.weight", ...; KeyError with what there is."""
        with self._open() as file:
            if name in file and isinstance(file[name], h5py.Dataset):
                values: "numpy.ndarray[Any, Any]" = file[name][()]
                return values
        raise KeyError(f"{self.path}: no array '{name}'; there are {', '.join(self.names())}")

    def weights(self) -> "Dict[str, numpy.ndarray[Any, Any]]":
        """What it trained, by name; where the run keeps it (keep_weights = true, or a program that gives weights)."""
        return {name.split("/", 1)[1]: self.array(name) for name in self.names() if name.startswith("weights/")}

    def final(self) -> Dict[str, float]:
        """The last value of every metric."""
        table = self.table("metrics/final")
        return {str(name): float(table[name].iloc[0]) for name in table.columns} if len(table) else {}

    def selection(self) -> pandas.DataFrame:
        """What the stage kept. One given label a sample: a row a sample with `mask`, `score`, `label` (those that there are). Selections by
        pairs of sample and class (N x C): a row a pair, with `sample` and `class`. KeyError for a stage that selects nothing."""
        arrays = {name.split("/", 1)[1]: self.array(name) for name in self.names() if name.startswith("selection/") and name.count("/") == 1}
        if "mask" not in arrays:
            raise KeyError(f"{self.path}: a stage of kind {self.kind} without a selection")
        mask = arrays["mask"]
        fitting = {name: values for name, values in arrays.items() if values.shape == mask.shape}
        if mask.ndim == 1:
            return pandas.DataFrame(fitting, index=pandas.RangeIndex(len(mask), name="sample"))
        if mask.ndim != 2:
            raise ResultsError(f"{self.path}: selection/mask has {mask.ndim} dimensions")
        index = pandas.MultiIndex.from_product([range(mask.shape[0]), range(mask.shape[1])], names=["sample", "class"])
        return pandas.DataFrame({name: values.reshape(-1) for name, values in fitting.items()}, index=index).reset_index()


class Store:
    """A folder of run files, as `winnow run --store` fills it."""

    def __init__(self, folder: PathLike = "results") -> None:
        self.folder = pathlib.Path(folder)
        if not self.folder.is_dir():
            raise ResultsError(f"{self.folder}: no such folder")

    def paths(self) -> List[pathlib.Path]:
        """Of finished stages, by identity: not of those that are being written."""
        found = (path for path in self.folder.glob("runs/??/*.h5") if len(path.stem) == HEX_DIGITS and path.stem[:2] == path.parent.name)
        return sorted(found, key=lambda path: path.stem)

    def run(self, identity: str) -> Run:
        """By the first digits of its identity. KeyError for none or several."""
        found = [path for path in self.paths() if path.stem.startswith(identity)]
        if len(found) != 1:
            raise KeyError(f"{self.folder}: {len(found) or 'no'} identities begin with '{identity}'")
        return Run(found[0])

    def all(self, kind: Optional[str] = None) -> Iterable[Run]:
        for path in self.paths():
            run = Run(path)
            if kind is None or run.kind == kind:
                yield run

    def runs(self, kind: Optional[str] = None) -> pandas.DataFrame:
        """A row a run, by identity: `kind`, its settings, its final metrics as "metrics.NAME", provenance as "run.NAME". What a run does not have is
        missing (NaN, None). `kind`: "train", "detect", ...; all by default."""
        rows = []
        for run in self.all(kind):
            row: Dict[str, Any] = {"identity": run.identity, "kind": run.kind, **run.settings}
            row.update({f"metrics.{name}": value for name, value in run.final().items()})
            row.update({f"run.{name}": run.provenance[name] for name in PROVENANCE if name in run.provenance})
            rows.append(row)
        if not rows:
            return pandas.DataFrame(index=pandas.Index([], name="identity"))
        return pandas.DataFrame(rows).set_index("identity")

    def curves(self, kind: Optional[str] = None, table: str = "metrics/epochs") -> pandas.DataFrame:
        """The rows of this table of all runs, under their identity: index (identity, row). Join settings by the identity."""
        tables = {run.identity: run.table(table) for run in self.all(kind)}
        tables = {identity: rows for identity, rows in tables.items() if len(rows)}
        if not tables:
            return pandas.DataFrame()
        return pandas.concat(tables, names=["identity", "row"])

    def selection(self, identity: str) -> pandas.DataFrame:
        return self.run(identity).selection()


def differing(runs: pandas.DataFrame) -> List[str]:
    """Settings that differ between runs, seeds left out: what a table would be grouped by."""
    settings = [str(name) for name in runs.columns if not str(name).startswith(("metrics.", "run.")) and name not in SEEDS]
    return [name for name in settings if runs[name].map(repr).nunique() > 1 and runs[name].dropna().map(repr).nunique() > 1]


def cells(runs: pandas.DataFrame, metric: str = "accuracy", by: Optional[Sequence[str]] = None) -> pandas.DataFrame:
    """Mean, sample standard deviation and count of a metric over the runs of each cell. `by`: settings that make a cell; those that differ, seeds left
    out, by default. A setting that does not exist for some runs is a group, too. Runs without the metric are not counted."""
    column = f"metrics.{metric}"
    if column not in runs.columns:
        known = ", ".join(str(name)[len("metrics."):] for name in runs.columns if str(name).startswith("metrics."))
        raise KeyError(f"no run has the metric '{metric}'; there are {known or 'none'}")
    kept = runs[runs[column].notna()].copy()
    keys = list(by) if by else differing(kept) or ["method"]
    unknown = [key for key in keys if key not in kept.columns]
    if unknown:
        raise KeyError(f"no run has the setting '{unknown[0]}'")
    for key in keys:                                 # lists (train.betas) are no groups, their texts are
        if kept[key].map(lambda value: isinstance(value, (list, dict))).any():
            kept[key] = kept[key].map(repr)
    return kept.groupby(keys, dropna=False)[column].agg(["mean", "std", "count"])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.item() if isinstance(value, numpy.generic) else value


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m winnow.results", description="The means that `winnow report` prints, from run files alone.")
    parser.add_argument("store", nargs="?", default="results")
    parser.add_argument("--metric", default="accuracy", help="a column of metrics/final, e.g. accuracy_best")
    parser.add_argument("--by", nargs="*", help="settings that make a cell; default: all that differ, without seeds")
    options = parser.parse_args(arguments)
    try:
        table = cells(Store(options.store).runs(kind="train"), options.metric, options.by)
    except (ResultsError, KeyError) as error:
        print(f"winnow.results: {error.args[0]}", file=sys.stderr)
        return 2
    if options.metric.startswith("accuracy"):
        table[["mean", "std"]] *= 100
    print(table.to_string(float_format="%.2f"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
