#!/usr/bin/python3
"""Labels that people gave, the whole way: Python pickles as CIFAR-N and PLCIFAR10 come, launch/convert-labels, winnow data check,
the sweep of PartialCLIP's real-world table and one of CIFAR-10N, their run files. The images are one colour a class; the model
is nano-clip under the name of the model that the sweep asks for.

    tests/system/annotated_labels.py --build build
"""
import csv
import io
import json
import pickle
import shutil
import subprocess
import sys
import zipfile

from case import SOURCE, Case, contains, equal, story


try:
    import numpy
except ImportError:
    print("skipped: needs numpy, to write pickles as the data sets' authors did: run launch/setup and start it with launch/python")
    sys.exit(77)

NOISY = """
[base]
dataset = "cifar-10n"
data    = { samples = 200, test_samples = 100 }
model   = "clip-vit-b-16"
adapt   = "linear-probe"
template = "a {}."                                # nano-clip reads 16 tokens
train   = { epochs = 1, batch = 50 }
labels  = { kind = "annotated" }

[[grid]]
method = ["ce", "cc"]
labels.set = ["worst", "random-1"]

[[grid]]
method = "detect-train"
detect = { method = "gmm" }
labels.set = "worst"
"""
SMALL = ["--set", "data.samples=300", "--set", "data.test_samples=100", "--set", "train.epochs=1", "--set", 'template="a {}."']


class Annotated(Case):
    def command(self, *options, ranks=0, trainer=()):
        return [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]

    def rows(self, *options):
        return list(csv.DictReader(io.StringIO(self.winnow("report", self.sweep, "--format", "csv", "--store", self.store, *options))))


def write_pickles(folder):
    """CIFAR-10 in its own size, of one colour a class; labels of which as many as in the published ones are the next class; sets of which every fifth misses
    the truth."""
    random = numpy.random.default_rng(0)
    (folder / "py").mkdir()
    truth = []
    for batch in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        labels = numpy.arange(10000) % 10
        pixels = numpy.repeat((25 * labels).astype(numpy.uint8)[:, None], 3072, axis=1) + random.integers(0, 20, (10000, 1), dtype=numpy.uint8)
        (folder / "py" / batch).write_bytes(pickle.dumps({"data": pixels, "labels": labels.tolist()}, protocol=2))
        truth += labels.tolist() if batch != "test_batch" else []
    clean = numpy.array(truth)
    given = numpy.where(numpy.arange(50000) % 5 == 0, (clean + 1) % 10, clean)
    shares = {"aggre_label": 0.0901, "worse_label": 0.4021, "random_label1": 0.1723, "random_label2": 0.1812, "random_label3": 0.1764}
    def wrong(share):
        return numpy.where(random.permutation(50000) < round(50000 * share), (clean + 1) % 10, clean)
    with zipfile.ZipFile(folder / "human.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"clean_label": clean, **{name: wrong(share) for name, share in shares.items()}}, protocol=2))
    sets = {i: [[int(y)], [int(y), (int(y) + 3) % 10]] for i, y in enumerate(given)}
    (folder / "sets.pkl").write_bytes(pickle.dumps(sets))


def partial_labels(case):
    """All 16 experiments of the table; 270 of 300 samples are trained on, and the sets' noise is what was written."""
    case.sweep.write_text((SOURCE / "sweeps/partialclip/real-world.toml").read_text())
    code, text = case.run(*SMALL, timeout=500)
    equal(code, 0, "exit code: " + text)
    rows = case.rows(*SMALL)
    equal(len(rows), 16, "rows")
    for row in rows:
        file = case.store / "runs" / row["identity"][:2] / f"{row['identity']}.h5"
        seen = json.loads(subprocess.run([sys.executable, "-c", """
import h5py, json, sys
with h5py.File(sys.argv[1]) as file:
    last = file['metrics/final']
    print(json.dumps({'shape': file['labels/candidates'].shape, 'least': int(file['labels/candidates'][:].sum(1).min()), 'names': last.dtype.names}))
""", str(file)], capture_output=True, text=True, check=True).stdout)
        equal(seen["shape"], [270, 10], "candidate sets")
        equal(seen["least"], 2, "smallest set")
        for name in ("accuracy_validation", "validation_accuracy", "validation_covering", "validation_approximated"):
            contains(seen["names"], name)


def given_labels(case):
    case.sweep.write_text(NOISY)
    code, text = case.run(timeout=500)
    equal(code, 0, "exit code: " + text)
    equal(len(case.rows()), 5, "rows")
    refused = case.folder / "refused.toml"
    refused.write_text(NOISY.replace('"worst", "random-1"', '"wurst"'))
    contains(case.winnow("plan", refused, code=2), "no labels 'wurst' of cifar-10n on this machine (did you mean 'worst'?); known: aggregate, random-1")
    refused.write_text(NOISY.replace('"worst", "random-1"', '"vaguest"'))
    contains(case.winnow("plan", refused, code=2), "no labels 'vaguest' of cifar-10n on this machine")


def changed_labels(case, root):
    """A label file of which one byte changed computes nothing; a broken one is named."""
    file = root / "labels" / "worst.safetensors"
    content = bytearray(file.read_bytes())
    content[-50000 * 8] ^= 1                      # of the second array, `given`
    file.write_bytes(content)
    case.sweep.write_text(NOISY.replace("epochs = 1", "epochs = 2"))
    code, text = case.run(timeout=100)
    if code == 0:
        raise AssertionError("a run with changed labels: " + text)
    contains(text, "labels/worst.safetensors")
    contains(text, "changed since it was checked")
    content[-1] = 1                               # a label of 2^56 or more
    file.write_bytes(content)
    contains(case.winnow("data", "check", "cifar-10n", "--root", root, code=2), "cifar-10n has classes 0..9")


def labels_that_people_gave(case):
    write_pickles(case.folder)
    root, sets = case.folder / "converted", case.folder / "converted-sets"     # both have labels called aggregate
    for kind, source, into in (("cifar", "py", root), ("cifar", "py", sets), ("cifar-n", "human.pt", root), ("plcifar10", "sets.pkl", sets)):
        subprocess.run([SOURCE / "launch/convert-labels", kind, case.folder / source, into], check=True, capture_output=True)
    shutil.rmtree(case.folder / "py")
    contains(case.winnow("data", "check", "cifar-10n", "--root", root), "worst: one label an image; 40.210 % differ from the data set's own label")
    contains(case.winnow("data", "check", "cifar-10n", "--root", sets, code=2), "aggregate.safetensors: gives sets of candidates, and sweeps/presets/datasets/cifar-10n.toml declares")
    for name in ("plcifar10-aggregate", "plcifar10-vaguest"):
        contains(case.winnow("data", "check", name, "--root", sets), "vaguest: candidate sets; 20.000 % miss the data set's own label")
    case.winnow("data", "check", "fashion-mnist")
    plan = json.loads(case.winnow("plan", SOURCE / "sweeps/quickstart.toml", "--json"))
    backbone = next(stage["identity"] for stage in plan["stages"] if stage["kind"] == "pretrain")
    case.winnow("snapshot", SOURCE / "results/reference/runs" / backbone[:2] / f"{backbone}.h5", case.folder / "weights", program="winnow-train")
    case.winnow("model", "check", "clip-vit-b-16", "--any-shape", "--root", case.folder / "weights")
    partial_labels(case)
    given_labels(case)
    changed_labels(case, root)


if __name__ == "__main__":
    story(labels_that_people_gave, Annotated)
