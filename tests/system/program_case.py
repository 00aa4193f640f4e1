"""What tests of methods that are programs share: presets and sweeps of theirs beside each other, a program that learns, and what ran of it."""
import csv
import io
import json
import subprocess
import textwrap
from pathlib import Path

import h5py

from case import SOURCE, Case, equal

PYTHON = SOURCE / "launch/python"

PRESET = """version = 1
recipe  = "train"
labels  = "{labels}"

[program]
command = ["{python}", "mine.py"]
files   = ["mine.py"]
reads   = ["train.epochs"]
{more}
"""

# Nearest class mean of the given labels, in numpy: quick, and right often enough to be told from chance.
MEANS = """
import time
import numpy
from winnow import trainer

def flat(images):
    return numpy.asarray(images.pixels, "f4").reshape(len(images), -1)

@trainer.main
def train(stage):
    images, test = flat(stage.train), flat(stage.test)
    means = stage.load()
    if means is None:
        means = numpy.zeros((stage.classes, images.shape[1]), "f4")
    for epoch in stage.epochs():
        {inside}
        sums = stage.candidates.astype("f4").T @ images
        means = 0.5 * means + 0.5 * sums / numpy.maximum(1, stage.candidates.sum(0))[:, None]
        scores = -((test[:, None] - means) ** 2).sum(2)
        stage.epoch(epoch, test=scores, spread=float(means.std()))
        stage.save(means, epoch)
"""

SWEEP = """
name     = "programs"
question = "Does a program stand beside winnow's own methods?"

[base]
dataset = "fashion-mnist"
data    = {{ samples = 300, test_samples = 100 }}
model   = "nano-clip"
{base}

[[grid]]
method = {methods}
seed   = {seeds}
"""


class Own(Case):
    def __init__(self, build):
        super().__init__(build)
        self.methods = self.folder / "presets/methods"
        self.methods.mkdir(parents=True)
        self.environment["WINNOW_CACHE"] = Case.cache

    def method(self, code, name="mine", labels="given", more="", inside="pass"):
        (self.methods / f"{name}.py").write_text(textwrap.dedent(code).replace("{inside}", textwrap.indent(inside, " " * 8).strip()))
        (self.methods / f"{name}.toml").write_text(PRESET.replace("mine.py", f"{name}.py").format(labels=labels, python=PYTHON, more=more))

    def plan(self, methods=("mine",), seeds=(0,), epochs=2, kind="symmetric", more=""):
        """What no method of a sweep reads is refused, so it holds what these read."""
        base = f'labels = {{ kind = "{kind}", rate = 0.3 }}\ntrain.epochs = {epochs}\n' if kind else ""
        if set(methods) & {"ce", "proden", "detect-train"}:
            base += 'adapt = "linear-probe"\ntrain.batch = 64\n'
        self.sweep.write_text(SWEEP.format(methods=json.dumps(list(methods)), seeds=list(seeds), base=base) + more)

    def words(self, *options):
        return list(map(str, [self.build / "bin/winnow", "run", self.sweep, "--store", self.store, "--reference", SOURCE / "results/reference", "--device", "cpu", *options]))

    def go(self, *options, code=0):
        """What a run says, to whomever."""
        process = subprocess.run(self.words(*options), env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        equal(process.returncode, code, f"exit code of a run: {process.stdout}")
        return process.stdout

    def background(self, *options):
        with open(self.output, "a") as output:
            return subprocess.Popen(self.words(*options), stdout=output, stderr=subprocess.STDOUT, env=self.environment, cwd=self.folder)

    def complaint(self, code, method="mine", **arguments):
        """What is said of a stage that fails."""
        self.method(code, **arguments)
        self.plan(methods=(method,))
        return self.go("--trainers", "1", code=3)

    def rows(self):
        return list(csv.DictReader(io.StringIO(self.winnow("report", self.sweep, "--store", self.store, "--reference", SOURCE / "results/reference", "--format", "csv"))))

    def runs(self):
        """The run files of this store by their stage's method, a list each."""
        result = {}
        for file in sorted((self.store / "runs").glob("??/*.h5")):
            opened = h5py.File(file, "r")
            stage = json.loads(opened["stage/json"][()])
            result.setdefault(stage["settings"].get("method"), []).append((stage, opened))
        return result


def programs():
    """Processes of the programs of this test."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.startswith(str(Case.cache).encode() + b"/programs/") for word in words):
                found.append(int(folder.name))
    return found
