#!/usr/bin/env python3
"""Generators of instance-dependent candidate sets on the real Fashion-MNIST: one that a stage trains from random initialisation and that
two methods share, and one whose PyTorch weights launch/convert-weights turned into a snapshot (where torch can be imported).

    tests/system/generators.py --build build
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from case import SOURCE, Case, contains, equal

SWEEP = """
[base]
dataset = "fashion-mnist"
data    = { samples = 1000, test_samples = 200, first = 20000 }
model   = "nano-clip"
adapt   = "linear-probe"
train   = { epochs = 1, batch = 64 }
labels  = { kind = "instance-candidates", rate = 0.3 }

[[grid]]
method = ["cc", "proden"]
labels.scores = "trained"
labels.scorer = { model = "wide-resnet-10-1", epochs = 3 }

[[grid]]
method = "cc"
head_init = "class-mean"
labels.scores = "trained"
labels.scorer = { model = "wide-resnet-10-1", epochs = 3, mode = "batch-statistics", chunk = 250 }
"""

CONVERTED = """
[base]
dataset = "fashion-mnist"
data    = { samples = 1000, test_samples = 200, first = 20000 }
model   = "nano-clip"
adapt   = "linear-probe"
train   = { epochs = 1, batch = 64 }
method  = "cc"
labels  = { kind = "instance-candidates", rate = 0.3, scores = "classifier", scorer = { model = "wide-resnet-28-10-cifar-10" } }
"""

# A member of the family at random, as its authors' code keeps it.
SAVE = """
import collections, sys, torch
def norm(name, n): return {f"{name}.weight": torch.ones(n), f"{name}.bias": torch.zeros(n), f"{name}.running_mean": torch.zeros(n),
                           f"{name}.running_var": torch.ones(n), f"{name}.num_batches_tracked": torch.tensor(1)}
w, channels = {"conv1.weight": torch.randn(16, 3, 3, 3)}, 16
for stage, out in ((1, 16), (2, 32), (3, 64)):
    b = f"block{stage}.layer.0."
    w |= norm(b + "bn1", channels) | norm(b + "bn2", out)
    w |= {b + "conv1.weight": torch.randn(out, channels, 3, 3) * .1, b + "conv2.weight": torch.randn(out, out, 3, 3) * .1}
    if channels != out: w[b + "convShortcut.weight"] = torch.randn(out, channels, 1, 1)
    channels = out
w |= norm("bn1", 64) | {"fc.weight": torch.randn(int(sys.argv[2]), 64), "fc.bias": torch.zeros(int(sys.argv[2]))}
torch.save({"model_state_dict": {"module." + k: v for k, v in w.items()}}, sys.argv[1])
"""


class Generators(Case):
    def __init__(self, build, sweep):
        super().__init__(build)
        self.sweep.write_text(sweep)

    def command(self, *options, ranks=0, trainer=()):
        return [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]

    def figures(self, stages):
        """What a stage is for -> accuracies."""
        text = subprocess.run([sys.executable, "-c", """
import h5py, json, sys
result = {}
for path in sys.argv[1:]:
    with h5py.File(path) as file:
        last = file['metrics/final'][0]
        result[path.split('/')[-1][:-3]] = float(last['accuracy_train' if 'accuracy_train' in last.dtype.names else 'accuracy'])
print(json.dumps(result))
""", *map(str, (self.store / "runs").glob("??/*.h5"))], capture_output=True, text=True, check=True).stdout
        found, result = json.loads(text), {}
        for stage in stages:
            if stage["identity"] in found:
                kind = "generator" if stage["kind"] == "train" and "architecture.depth" in stage["settings"] else stage["kind"]
                result.setdefault(kind, []).append(found[stage["identity"]])
        return result


def trained(build):
    case = Generators(build, SWEEP)
    stages = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"]
    equal(sorted(s["kind"] for s in stages if s["kind"] != "pretrain"), ["score", "score", "train", "train", "train", "train"], "kinds of stages")
    code, said = case.run(timeout=600)
    equal(code, 0, "exit code: " + said)
    figures = case.figures(stages)
    equal((len(figures["generator"]), len(figures["score"]), len(figures["train"])), (1, 2, 3), "stages of each kind")
    print("accuracy of", figures)
    if min(figures["generator"] + figures["score"]) < 0.5:
        raise AssertionError(f"a generator that learns nothing: {figures}")
    case.close()


def converted(build):
    case = Generators(build, CONVERTED)
    pickle, folder = case.folder / "weights.pt", case.folder / "snapshot"
    for classes, code in ((10, 0), (7, 3)):
        saved = subprocess.run([sys.executable, "-c", SAVE, str(pickle), str(classes)], capture_output=True, text=True,
                               env=dict(os.environ, PYTHONPATH=f"{SOURCE}/deps/site:{SOURCE}/deps/tests"))
        if saved.returncode:
            print("without converted weights: no torch in Python")
            break
        subprocess.run([str(SOURCE / "launch/convert-weights"), "wide-resnet-28-10", pickle, folder], check=True, stdout=subprocess.DEVNULL)
        case.winnow("model", "check", "wide-resnet-28-10-cifar-10", "--any-shape", "--root", folder)
        status, said = case.run(timeout=300)
        equal(status, code, "exit code: " + said)
        if code:
            contains(said, "its classifier has 7 classes, the data set fashion-mnist has 10")
        else:
            refused = subprocess.run([str(SOURCE / "launch/convert-weights"), "wide-resnet-50-2", pickle, folder], capture_output=True, text=True)
            equal(refused.returncode, 1, "exit code")
            contains(refused.stderr, "no tensor 'layer1.0.conv3.weight'")
    case.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = parser.parse_args().build
    Case.cache = tempfile.mkdtemp(prefix="winnow-cache-")
    subprocess.run([str(Path(build) / "bin/winnow"), "data", "check", "fashion-mnist"], env={"WINNOW_CACHE": Case.cache, "PATH": "/usr/bin:/bin"},
                   check=True, stdout=subprocess.DEVNULL)
    try:
        trained(build)
        converted(build)
    finally:
        shutil.rmtree(Case.cache, ignore_errors=True)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
