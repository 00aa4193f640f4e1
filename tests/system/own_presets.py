#!/usr/bin/env python3
"""A data set, a model and a method of one's own: presets beside a sweep, images in a folder for each class, a snapshot; checked with the
commands that winnow itself tells, planned, tried, computed and reported. Then the project moves, and another one has the same names.

    tests/system/own_presets.py --build build
"""
import csv
import io
import json
import shlex
import shutil
import struct
import zlib

from case import SOURCE, Case, contains, equal, story

SIDE = 28

DATASET = """layout = "folders"
roots  = ["../../images"]             # from this file
source = "three colours, drawn by a test"

[files]
train = "train"
test  = "test"

[settings]
template = "a {}."
"""

SNAPSHOT = """family = "clip"
roots  = ["../../snapshot"]

[settings]
adapt = "linear-probe"
"""

NETWORK = """family = "wide_resnet"

[architecture]
depth = 10
widen_factor = 1
image_size = 28

[settings]
head_init  = "random"
head       = "linear"
adapt      = "full-tuning"
batch_norm = "batch"
"""

METHOD = """like   = "ce"
source = "smoothed"

[settings]
label_smoothing = 0.3
"""

SWEEP = """
name     = "own"
question = "Do my colours need smoothing?"

[base]
dataset = "colours"
labels  = { kind = "symmetric", rate = 0.25 }
train   = { epochs = 2, batch = 16 }

[[grid]]
model  = ["my-clip", "my-net"]
method = ["ce", "smooth-ce"]
"""


def png(colour):
    rows = b"".join(b"\0" + bytes(colour) * SIDE for _ in range(SIDE))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def draw(folder, shift):
    for part, many in (("train", 24), ("test", 8)):
        for channel, name in enumerate(("red", "green", "blue")):
            (folder / part / name).mkdir(parents=True)
            for i in range(many):
                colour = [40 + shift, 40 + shift, 40 + shift]
                colour[channel] = 150 + i * 2 + (1 if part == "test" else 0)
                (folder / part / name / f"{i}.png").write_bytes(png(colour))


def write_presets(folder):
    for kind, name, text in (("datasets", "colours", DATASET), ("models", "my-clip", SNAPSHOT), ("models", "my-net", NETWORK), ("methods", "smooth-ce", METHOD)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"{name}.toml").write_text(text)


class Own(Case):
    def __init__(self, build):
        super().__init__(build)
        self.project = self.folder / "project"
        draw(self.project / "images", 0)
        write_presets(self.project / "presets")
        (self.project / "own.toml").write_text(SWEEP)

    def plan(self, sweep, *options, **environment):
        return json.loads(self.winnow("plan", sweep, "--store", self.store, "--json", *options, **environment))

    def identities(self, *arguments, **environment):
        return [stage["identity"] for stage in self.plan(*arguments, **environment)["stages"]]

    def obey(self, sweep):
        """Runs the commands that a plan tells, as a person would copy them."""
        told = [line.strip() for line in self.winnow("plan", sweep, "--store", self.store).splitlines() if line.strip().startswith("winnow ")]
        for line in told:
            self.winnow(*shlex.split(line)[1:])
        return told


def a_project_of_ones_own(case):
    sweep, presets = case.project / "own.toml", case.project / "presets"

    # The snapshot is nano-clip's, exported from its committed run file.
    case.winnow("data", "check", "fashion-mnist")
    backbone = next(stage["identity"] for stage in json.loads(case.winnow("plan", SOURCE / "sweeps/quickstart.toml", "--json"))["stages"] if stage["kind"] == "pretrain")
    case.winnow("snapshot", SOURCE / "results/reference/runs" / backbone[:2] / f"{backbone}.h5", case.project / "snapshot", program="winnow-train")

    # What is missing is told with commands that are enough; where it comes from is told, too.
    refused = case.winnow("run", sweep, "--store", case.store, code=2)
    contains(refused, f"no fingerprint of colours on this machine: run `winnow data check colours --presets {presets}` once")
    equal(case.obey(sweep), [f"winnow data check colours --presets {presets}", f"winnow model check my-clip --presets {presets}"], "what is told")
    contains(case.winnow("data", "list", "--presets", presets), f"preset {presets}/datasets/colours.toml")
    contains(case.winnow("model", "list", "--presets", presets), f"preset {presets}/models/my-clip.toml")
    contains(case.winnow("method", "list", WINNOW_PRESETS=str(presets)), f"smoothed; like ce, preset {presets}/methods/smooth-ce.toml")
    contains(case.winnow("method", "show", "smooth-ce", "--presets", presets), "sets          label_smoothing = 0.3")
    contains(case.winnow("doctor", "data", "colours", "--presets", presets), "checked  72 training and 24 test images")
    contains(case.winnow("doctor", "--presets", presets), "colours")

    contains(case.winnow("try", sweep, "--store", case.store), "ok")
    contains(case.winnow("run", sweep, "--store", case.store), "4 of 4 stages done")
    rows = list(csv.DictReader(io.StringIO(case.winnow("report", sweep, "--format", "csv", "--store", case.store))))
    equal(sorted((row["model"], row["method"]) for row in rows), [(m, k) for m in ("my-clip", "my-net") for k in ("ce", "smooth-ce")], "rows of the table")
    equal(all(0 <= float(row["accuracy"]) <= 1 for row in rows), True, f"accuracies are there: {rows}")
    contains(case.winnow("show", sweep, "--store", case.store), "done")
    # A run file says what was computed, without any preset.
    for identity in case.identities(sweep):
        settings = json.loads(case.winnow("show", identity, "--store", case.store, "--json"))["stage"]["settings"]
        equal(settings["method"], "ce", "the method that computed it")
    digests = case.digests()
    equal(len(set(digests.values())), 4, "smoothing and the model change results")

    # Presets elsewhere: the same stages.
    before = case.identities(sweep)
    shutil.copy(sweep, case.folder / "alone.toml")
    contains(case.winnow("plan", case.folder / "alone.toml", "--store", case.store, code=2), "colours")
    equal(case.identities(case.folder / "alone.toml", "--presets", presets), before, "identities with --presets")
    equal(case.identities(case.folder / "alone.toml", WINNOW_PRESETS=f"{presets}:{presets}"), before, "identities with WINNOW_PRESETS")

    # What `winnow store` shows is enough to plan it again; a sweep that it is told of finds its presets like any other.
    contains(case.winnow("run", case.folder / "alone.toml", "--store", case.store, "--set", "train.epochs=2", "--presets", "project/presets"), "4 done, 0 to run")
    shown = case.winnow("store", case.store)
    contains(shown, f"{case.folder}/alone.toml --presets {presets} --set train.epochs=2, ran ")
    told = next(line for line in shown.splitlines() if "alone.toml" in line).split("; ")[1].split(", ran ")[0]
    equal(case.identities(*shlex.split(told)), before, "identities of the command line that is shown")
    refused = case.winnow("store", case.store, "--sweep", case.folder / "alone.toml", code=2)
    contains(refused, "colours")
    for named, environment in ((("--presets", presets), {}), ((), {"WINNOW_PRESETS": str(presets)})):
        use = json.loads(case.winnow("store", case.store, "--sweep", case.folder / "alone.toml", *named, "--json", **environment))
        equal([(entry["sweep"], entry["planned"], entry["here"]["files"]) for entry in use["sweeps"]], [("own", 4, 4)], "whose the files are")
    contains(case.winnow("store", "--presets", presets, "prune", sweep, "--store", case.store, code=2), "stand behind `prune`")

    # The whole project moves: its images lie elsewhere, so they are checked again; nothing is computed again.
    moved = case.folder / "moved"
    case.project.rename(moved)
    contains(case.winnow("run", moved / "own.toml", "--store", case.store, code=2), "what was checked here is another preset of that name, or lay elsewhere")
    case.obey(moved / "own.toml")
    equal(case.identities(moved / "own.toml"), before, "identities in another place")
    contains(case.winnow("run", moved / "own.toml", "--store", case.store), "4 done, 0 to run")

    # Another project calls its data the same. It is never taken for this one.
    other = case.folder / "other"
    draw(other / "images", 60)
    write_presets(other / "presets")
    shutil.copytree(moved / "snapshot", other / "snapshot")
    (other / "own.toml").write_text(SWEEP)
    contains(case.winnow("run", other / "own.toml", "--store", case.store, code=2), "another preset of that name")
    contains(case.winnow("data", "list", "--presets", other / "presets"), "colours              not checked here")
    case.obey(other / "own.toml")
    equal(set(case.identities(other / "own.toml")) & set(before), set(), "stages that two data sets of one name share")

    # Wrong from the command line: one line, usage error, nothing written.
    contains(case.winnow("data", "list", "--presets", case.folder / "othr", code=2), "did you mean 'other'?")
    contains(case.winnow("data", "list", code=2, WINNOW_PRESETS="othr::"), "$WINNOW_PRESETS: othr: there is no such folder (did you mean 'other'?)")
    contains(case.winnow("data", "list", "--presets", sweep.name, "--presets", moved / "own.toml", code=2), "--presets own.toml: there is no such folder")
    contains(case.winnow("data", "list", "--presets", moved / "own.toml", code=2), "own.toml is no folder")
    contains(case.winnow("data", "list", "--presets", "", code=2), "--presets: its value is empty")
    contains(case.winnow("data", "list", "--presets", other, code=2), f"did you mean '{other}/presets'?")
    (other / "presets/datasets/colours.toml").write_text(DATASET.replace("layout = ", "layuot = "))
    contains(case.winnow("plan", other / "own.toml", code=2), f"{other}/presets/datasets/colours.toml:1: unknown entry 'layuot' (did you mean 'layout'?)")


if __name__ == "__main__":
    story(a_project_of_ones_own, Own)
