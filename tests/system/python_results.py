#!/usr/bin/env python3
"""winnow.results on a store that winnow filled: runs, curves, selections and cells are what the run files and `winnow report` say; what is no
run file is refused with its name.

    launch/python tests/system/python_results.py --build build
"""
import csv
import io
import json
import sys

from case import SOURCE, contains, equal, story


sys.path.insert(0, str(SOURCE / "python"))
try:
    from winnow.results import ResultsError, Run, Store, cells, main as print_cells
except ImportError as error:
    print(f"skipped: {error}: run launch/setup and start it with launch/python")
    sys.exit(77)

SWEEP = """
[base]
dataset = "fashion-mnist"
data    = { samples = 300, test_samples = 100 }
model   = "nano-clip"
adapt   = "linear-probe"
train   = { epochs = 2, batch = 50 }
labels  = { kind = "symmetric" }
seed    = 0

[[grid]]
method = "ce"
labels.rate = [0.2, 0.4]
seed   = [0, 1]

[[grid]]
method = "detect-train"
detect = { method = "small-loss" }
labels.rate = 0.2
"""


def refused(call, kind=ResultsError):
    try:
        call()
    except kind as error:
        return str(error.args[0])
    raise AssertionError("accepted")


def results_in_python(case):
    case.sweep.write_text(SWEEP)

    case.winnow("data", "check", "fashion-mnist")
    case.winnow("run", case.sweep, "--store", case.store)
    stages = {stage["identity"]: stage for stage in json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"] if stage["kind"] != "pretrain"}

    store = Store(case.store)
    runs = store.runs()
    equal(sorted(runs.index), sorted(stages), "identities")
    equal(runs["kind"].value_counts().to_dict(), {"train": 5, "detect": 1}, "kinds")
    for identity in runs.index:
        shown = json.loads(case.winnow("show", identity, "--store", case.store, "--json"))
        equal(store.run(identity[:10]).settings, shown["stage"]["settings"], "settings of " + identity)
        equal(runs.at[identity, "metrics.accuracy"], shown["tables"]["metrics/final"]["accuracy"][0], "accuracy of " + identity)
        equal(runs.at[identity, "run.host"], shown["provenance"]["host"], "host of " + identity)
        curve = store.curves().loc[identity]
        equal(list(curve["accuracy"]), shown["tables"]["metrics/epochs"]["accuracy"], "curve of " + identity)

    # The detector's selection, and the figures that winnow computed of it.
    detector = store.runs(kind="detect").index[0]
    kept = store.selection(detector)
    equal(len(kept), 300, "a row a training sample")
    equal(float(kept["mask"].mean()), Run(store.run(detector).path).final()["selection_kept"], "share of selected samples")
    contains(refused(lambda: store.selection(store.runs(kind="train").index[0]), KeyError), "without a selection")
    contains(refused(lambda: store.run(""), KeyError), "6 identities begin with ''")
    contains(refused(lambda: Run(store.paths()[0]).array("weights/x"), KeyError), "no array 'weights/x'; there are ")

    # The same means as the report's.
    means = cells(store.runs(kind="train"), by=["method", "labels.rate"])
    rows = list(csv.DictReader(io.StringIO(case.winnow("report", case.sweep, "--store", case.store, "--format", "csv"))))
    for rate in (0.2, 0.4):
        reported = [float(row["accuracy"]) for row in rows if row["method"] == "ce" and float(row["labels.rate"]) == rate]
        equal(len(reported), 2, "seeds in the report")
        equal(round(means.loc[("ce", rate), "mean"], 9), round(sum(reported) / 2, 9), "mean")
    contains(refused(lambda: cells(runs, "acuracy"), KeyError), "no run has the metric 'acuracy'; there are ")
    contains(refused(lambda: cells(runs, by=["metod"]), KeyError), "no run has the setting 'metod'")
    equal(print_cells([str(case.folder / "absent")]), 2, "exit code for a store that is not there")

    # What is no run file, or no whole one.
    path = store.paths()[0]
    (path.parent / (path.stem[:2] + "x.h5")).write_text("a stray file is no run")
    equal(len(store.paths()), 6, "files that are run files by their names")
    contains(refused(lambda: Store(case.folder / "absent")), "absent: no such folder")
    contains(refused(lambda: Run(case.sweep)), "no run file of winnow")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    contains(refused(store.runs), f"{path}: {len(whole) - 1} bytes instead of {len(whole)}: winnow fsck sets it aside")
    # Damage within is said in one line with the file, wherever it is; or it is in what is not read here.
    path.write_bytes(whole)
    wanted = Run(path)
    for at in range(512, len(whole), max(1, len(whole) // 400)):
        path.write_bytes(whole[:at] + bytes(min(64, len(whole) - at)) + whole[at + 64:])
        try:
            equal((Run(path).identity, len(store.runs()), Run(path).names()), (wanted.identity, len(runs), wanted.names()), f"what is read in spite of zeros at {at}")
        except ResultsError as error:
            equal(str(error).startswith(f"{path}: "), True, f"the file of {error}")
    path.write_bytes(whole)


if __name__ == "__main__":
    story(results_in_python)
