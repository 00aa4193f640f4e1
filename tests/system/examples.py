#!/usr/bin/env python3
"""examples/, each as its README tells it, with the PyTorch of the wheel that is there anyway: they run, and a method of one's own equals winnow's.

    tests/system/examples.py --build build [NAME...]
"""
import csv
import io
import json
import os
import shutil
import subprocess

import h5py
import numpy

from case import SOURCE, Case, Skip, contains, each, equal

TOLERANCE = 1.0                                   # points, of a mean over five seeds whose starts and orders differ


class Example(Case):
    def __init__(self, build):
        super().__init__(build)
        # `python3` is the one for which the wheel was made, whatever stands first in PATH; programs inherit all this.
        (self.folder / "bin").mkdir()
        (self.folder / "bin/python3").symlink_to("/usr/bin/python3")
        self.environment.update(PATH=f"{self.folder}/bin:{self.build}/bin:{os.environ['PATH']}", WINNOW_CACHE=Case.cache,
                                PYTHONPATH=f"{SOURCE}/deps/site:{SOURCE}/deps/tests")
        trial = subprocess.run([str(self.folder / "bin/python3"), "-c", "import numpy, torch; torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])"], env=self.environment,
                               capture_output=True, text=True)
        if trial.returncode:
            self.close()
            raise Skip(f"no PyTorch for Debian's Python ({trial.stderr.strip().splitlines()[-1]}): launch/setup --tests")

    def take(self, name):
        """A copy, and the commands of its README, run one after the other in it."""
        self.folder = self.folder / name
        shutil.copytree(SOURCE / "examples" / name, self.folder)
        told = [line.strip() for line in (self.folder / "README.md").read_text().splitlines() if line.startswith("    ")]
        equal(told[0].startswith("export PATH="), True, f"the first command of {name} says where winnow is")
        said = []
        for line in told[1:]:
            words = line.replace("winnow run", f"winnow run --reference {SOURCE}/results/reference --device cpu").replace("winnow report", f"winnow report --reference {SOURCE}/results/reference")
            process = subprocess.run(words, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=280)
            equal(process.returncode, 0, f"exit code of {line}: {process.stdout}{process.stderr}")
            said.append(process.stdout)
        return said

    def rows(self):
        text = self.winnow("report", "sweep.toml", "--reference", SOURCE / "results/reference", "--format", "csv")
        return list(csv.DictReader(io.StringIO(text)))


def a_method_of_ones_own_equals_winnows(case):
    said = case.take("own-method")
    equal(said[-1].count("over 5 pairs, p = "), 2, f"paired tests beside the table: {said[-1]}")
    rows = case.rows()
    mean = {method: numpy.mean([100 * float(row["accuracy"]) for row in rows if row["method"] == method]) for method in ("ce", "my-ce")}
    equal(len(rows), 10, f"rows: {rows}")
    equal(abs(mean["ce"] - mean["my-ce"]) < TOLERANCE, True, f"accuracy over five seeds: {mean}")
    given = {}
    for file in (case.folder / "results/runs").glob("??/*.h5"):
        with h5py.File(file, "r") as run:
            settings = json.loads(run["stage/json"][()])["settings"]
            if "method" in settings:
                given.setdefault(settings["seed"], []).append(numpy.asarray(run["labels/given"]))
    equal({len(pair) for pair in given.values()}, {2}, "runs of each seed")
    equal(all(numpy.array_equal(*pair) for pair in given.values()), True, "both learn from the very same noisy labels")


def a_script_as_people_write_them_is_wrapped(case):
    case.take("wrapped-script")
    rows = case.rows()
    by_kind = {kind: numpy.mean([float(row["accuracy"]) for row in rows if row["labels.kind"] == kind]) for kind in ("clean", "symmetric")}
    equal(by_kind["clean"] > 0.4, True, f"it has learnt: {rows}")
    (case.folder / "presets/methods/their_script.py").write_text((case.folder / "presets/methods/their_script.py").read_text() + "\n# edited\n")
    contains(case.winnow("plan", "sweep.toml"), "4 to run")


def data_and_a_backbone_of_ones_own_are_presets(case):
    said = case.take("own-data")
    contains(said[1], "birds: 120 training and 60 test images")
    contains(said[2], "vit: image tower of")
    rows = case.rows()
    equal(len(rows), 8, f"rows: {rows}")
    equal(all(float(row["accuracy"]) > 0.6 for row in rows), True, f"three colours are told apart: {rows}")


def what_new_writes_runs_at_once(case):
    for kind in ("method", "model", "sweep"):
        said = case.winnow("new", kind, f"my-{kind}")
        contains(said, f"my-{kind}.toml")
        reading = ["--reference", SOURCE / "results/reference", "--set", "data.samples=200", "--set", "data.test_samples=100", "--set", "train.epochs=1"]
        case.winnow("run", f"my-{kind}.toml", *reading, "--device", "cpu")
        contains(case.winnow("report", f"my-{kind}.toml", *reading), "3/3")
        contains(case.winnow("new", kind, f"my-{kind}", code=2), "is there already, and stays")
    contains(case.winnow("new", "dataset", "birds"), "winnow data check birds --presets presets")
    contains(case.winnow("data", "check", "birds", "--presets", "presets", code=2), "data set birds: no folder")
    contains(case.winnow("new", "methd", "x", code=2), "did you mean 'method'?")
    contains(case.winnow("new", "method", "../x", code=2), "a name is made of letters")
    contains(case.winnow("new", "method", "ce", "--folder", "elsewhere"), "elsewhere/presets/methods/ce.toml")
    contains(case.winnow("plan", "elsewhere/ce.toml", code=2), "winnow has a preset of its own of that name")


TESTS = [a_method_of_ones_own_equals_winnows, a_script_as_people_write_them_is_wrapped, data_and_a_backbone_of_ones_own_are_presets, what_new_writes_runs_at_once]

if __name__ == "__main__":
    each(TESTS, Example)
