#!/usr/bin/env python3
"""A method that is a program of its user's, through the whole of winnow: planned, computed, resumed, refused. Real Python processes, real faults.

    tests/system/own_programs.py --build build [NAME...]
"""
import json
import signal
import subprocess
import textwrap
import time
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy

from case import SOURCE, contains, each, equal, kill, wait_for
from program_case import MEANS, PYTHON, Own, programs


def stands_beside_methods_of_winnow(case):
    case.method(MEANS)
    case.plan(methods=("ce", "mine"), seeds=(0, 1))
    case.winnow("try", case.sweep, "--store", case.store, "--reference", SOURCE / "results/reference")
    contains(case.go("--trainers", "2"), "done")
    rows = case.rows()
    equal(sorted((row["method"], row["seed"]) for row in rows), [(m, s) for m in ("ce", "mine") for s in ("0", "1")], "rows of the table")
    equal(all(float(row["accuracy"]) > 0.4 for row in rows if row["method"] == "mine"), True, f"it has learnt: {rows}")
    runs = case.runs()
    by_seed = {method: {stage["settings"]["seed"]: file for stage, file in runs[method]} for method in ("ce", "mine")}
    for seed in (0, 1):                               # the very same labels of the very same samples
        for name in ("labels/samples", "labels/given"):
            equal(numpy.array_equal(by_seed["ce"][seed][name], by_seed["mine"][seed][name]), True, f"{name} of seed {seed}")
    curves = by_seed["mine"][0]["metrics/epochs"]
    equal([len(numpy.asarray(curves["accuracy"])), numpy.isfinite(numpy.asarray(curves["spread"])).all()], [2, True], "its curves")
    contains(case.winnow("method", "list", "--presets", case.folder / "presets"), "mine")
    shown = case.winnow("method", "show", "mine", "--presets", case.folder / "presets")
    contains(shown, "mine.py")
    # Again: nothing to do. An edited file is another stage; the old results stay.
    contains(case.go(), "0 to run")
    before = case.digests()
    (case.methods / "mine.py").write_text((case.methods / "mine.py").read_text() + "# edited\n")
    contains(case.go(), "2 to run")
    equal(set(before) < set(case.digests()), True, "what was computed stays")


def learns_from_candidate_sets_and_from_nothing(case):
    case.method(MEANS, labels="candidates")
    case.method("""
        import numpy
        from winnow import trainer
        @trainer.main
        def train(stage):
            assert stage.given is None and stage.candidates is None, "labels of a method that learns without"
            assert not any(key.startswith("labels.") for key in stage.settings), stage.settings
            stage.predict(test=numpy.zeros(len(stage.test), int))
    """, name="blind", labels="none")
    case.plan(methods=("mine", "proden"), kind="flip")
    case.go("--trainers", "2")
    runs = case.runs()
    equal(numpy.array_equal(runs["mine"][0][1]["labels/candidates"], runs["proden"][0][1]["labels/candidates"]), True, "candidate sets")
    case.plan(methods=("blind",), kind=None)
    case.go()
    equal(0.05 < float(case.rows()[0]["accuracy"]) < 0.2, True, "one class of ten")


def detects_and_learns_from_detectors(case):
    case.method("""
        import numpy
        from winnow import trainer
        @trainer.main
        def detect(stage):
            images = numpy.asarray(stage.train.pixels, "f4").reshape(len(stage.train), -1)
            means = numpy.stack([images[stage.given == c].mean(0) for c in range(stage.classes)])
            score = -((images - means[stage.given]) ** 2).mean(1)
            nearest = numpy.argmin(((images[:, None] - means) ** 2).sum(2), 1)
            stage.select(nearest == stage.given, score=score)
    """, name="nearest", more='gives = ["selection"]')
    case.method("""
        import numpy
        from winnow import trainer
        @trainer.main
        def train(stage):
            kept, images = stage.selection.mask, numpy.asarray(stage.train.pixels, "f4").reshape(len(stage.train), -1)
            label = stage.selection.label
            means = numpy.stack([images[kept & (label == c)].mean(0) if (kept & (label == c)).any() else numpy.full(784, 1e9) for c in range(stage.classes)])
            test = numpy.asarray(stage.test.pixels, "f4").reshape(len(stage.test), -1)
            stage.predict(test=numpy.argmin(((test[:, None] - means) ** 2).sum(2), 1), kept=int(kept.sum()))
    """, name="mine")
    preset = case.methods / "mine.toml"
    preset.write_text(preset.read_text().replace('recipe  = "train"', 'recipe  = "detect-train"') + '\n[stages.detect]\nmethods = ["nearest", "gmm"]\n')
    case.plan(methods=("mine", "detect-train"), more='detect.method = ["nearest"]\n')
    case.go("--trainers", "2")
    rows = case.rows()
    equal(sorted(row["method"] for row in rows), ["detect-train", "mine"], "our training on its selection, and its own")
    stage, file = case.runs()["nearest"][0]
    final = file["metrics/final"]
    equal([float(final[name][0]) > 0.5 for name in ("selection_precision", "selection_recall")], [True, True], "it selects well")
    equal(set(file["selection"]) >= {"mask", "label", "score", "samples"}, True, "what a run file keeps of a selection")
    equal(len(case.runs()["nearest"]), 1, "one detector serves both")


class ProgramRows(HTMLParser):
    """Of a sweep's page the rows of the table below the heading Programs, as a browser would show them; None where there is no such heading."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.heading, self.cell, self.inside = None, None, None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "h3":
            self.heading = ""
        elif self.inside and tag == "tr":
            self.rows.append([])
        elif self.inside and tag in ("th", "td"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag == "h3":
            if self.heading == "Programs":
                equal(self.rows, None, "a list of programs before this one")
                self.inside, self.rows = True, []
            self.heading = None
        elif self.inside and tag in ("th", "td"):
            self.rows[-1].append(self.cell)
            self.cell = None
        elif self.inside and tag == "table":
            self.inside = False

    def handle_data(self, data):
        if self.heading is not None:
            self.heading += data
        if self.cell is not None:
            self.cell += data


def the_page_lists_it(case):
    """From the preset's folder to the page: each program whose stages the sweep has, once, with what its results depend on; no other one, and none without."""
    def listed():
        said = case.winnow("report", case.sweep, "--store", case.store, "--reference", SOURCE / "results/reference", "--html")
        rows = ProgramRows(Path(said.split("page: ")[1].split("\n")[0]).read_text()).rows
        if rows is None:
            return None
        equal(rows[0], ["method", "preset", "command", "files", "fingerprint"], "head of the list")
        return {row[0]: row[1:] for row in rows[1:]}

    def planned():
        """Fingerprints of the programs, by method, as the stages say them."""
        plan = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--reference", SOURCE / "results/reference", "--json"))
        return {stage["settings"]["method"]: stage["fingerprints"]["program"] for stage in plan["stages"] if "program" in stage["fingerprints"]}

    case.method(MEANS)
    case.method("""
        from winnow import trainer
        @trainer.main
        def detect(stage):
            stage.select(stage.given >= 0)
    """, name="nearest", more='gives = ["selection"]')
    case.method("raise SystemExit('never started')", name="idle")
    case.store.mkdir()
    (case.methods / "net.py").write_text("width = 3\n")
    odd = case.methods / "mine.toml"                   # two files, and words of a command that are markup elsewhere
    odd.write_text(odd.read_text().replace('"mine.py"]\nfiles   = ["mine.py"]', '"mine.py", "<b>&amp;\'"]\nfiles   = ["mine.py", "net.py"]'))
    case.plan(methods=("ce",))
    equal(listed(), None, "the list of a sweep without programs, beside three presets of programs")
    case.plan(methods=("ce", "mine"), seeds=(0, 1), more='\n[[grid]]\nmethod = ["detect-train"]\ndetect.method = ["nearest", "gmm"]\nseed = [0]\n')
    before = listed()
    equal(sorted(before), ["mine", "nearest"], "programs of the sweep, a detector among them, before anything ran")
    contains(case.go("--trainers", "2"), "done")
    rows = listed()
    equal(rows, before, "the list when all is computed")
    equal(rows["mine"], [str(odd), f"{PYTHON} mine.py <b>&amp;'", "mine.py, net.py", planned()["mine"]], "what the page says of a program")
    equal(rows["nearest"], [str(case.methods / "nearest.toml"), f"{PYTHON} nearest.py", "nearest.py", planned()["nearest"]], "what it says of a detector")
    # What is edited has another fingerprint at once, the other program has not.
    (case.methods / "net.py").write_text("width = 4\n")
    edited = listed()
    equal((edited["mine"][:3], edited["nearest"]), (rows["mine"][:3], rows["nearest"]), "what an edited file leaves as it was")
    equal(edited["mine"][3] != rows["mine"][3] and edited["mine"][3] == planned()["mine"], True, f"fingerprints: {edited} after {rows}")


def resumes_where_it_was(case):
    case.method(MEANS, inside="time.sleep(0.3)")
    case.plan(epochs=8)
    case.go()
    undisturbed = case.digests()
    for victim in ("program", "trainer", "stop"):
        for file in (case.store / "runs").glob("??/*.h5"):
            if json.loads(h5py.File(file, "r")["stage/json"][()])["settings"].get("method") == "mine":
                file.unlink()
        process = case.background("--grace", "0")
        wait_for(lambda: any((case.store / "checkpoints").glob("*/program/epochs.json")) and programs(), f"epochs before {victim}")
        time.sleep(0.7)
        if victim == "stop":
            process.send_signal(signal.SIGTERM)
            equal(process.wait(60), 4, "exit code of a drain")
            equal(programs(), [], "programs that are left")
            process = case.background()
        else:
            for pid in programs() if victim == "program" else [int(Path(f"/proc/{p}/stat").read_text().split(") ")[1].split()[1]) for p in programs()]:
                kill(pid)
        equal(process.wait(120), 0, f"exit code after {victim}: {case.said()[-1000:]}")
        wait_for(lambda: not programs(), "programs end")
        equal(case.digests(), undisturbed, f"results after {victim}")
    resumed = case.events("resumed")
    equal(len(resumed) >= 2 and all(event.get("epoch", 0) > 0 for event in resumed), True, f"it went on instead of starting over: {resumed}")


def a_checkpoint_is_of_its_threads(case):
    """As with the methods of winnow: a result is a function of both threads and device."""
    case.method(MEANS, inside="time.sleep(0.3)")
    case.plan(epochs=8)
    stage, checkpoint = case.folder / "stage.json", case.folder / "mine"
    stage.write_text(json.dumps(json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"][-1]))
    words = [str(case.build / "bin/winnow-train"), "stage", str(stage), "--output", str(case.folder / "run.h5"), "--checkpoint", str(checkpoint), "--threads"]
    first = subprocess.Popen([*words, "1"], env=case.environment, cwd=case.folder)
    wait_for((checkpoint / "program/epochs.json").exists, "an epoch")
    first.send_signal(signal.SIGINT)
    equal(first.wait(60), 4, "exit code of a stage that was stopped")
    second = subprocess.run([*words, "2"], env=case.environment, cwd=case.folder, stderr=subprocess.PIPE, text=True, timeout=120)
    equal(second.returncode, 0, f"exit code: {second.stderr}")
    contains(second.stderr, "the stage starts over")
    equal("resumed" in second.stderr, False, f"it starts over: {second.stderr}")
    equal(list(checkpoint.glob("*")), [], "what is left of the checkpoint")


def serves_stage_after_stage(case):
    case.method("import os\npid = os.getpid()\n" + textwrap.dedent(MEANS).replace("spread=float(means.std())", "process=pid"))
    case.plan(seeds=(0, 1, 2))
    case.go("--trainers", "1")
    of = {float(file["metrics/final"]["process"][0]) for _, file in case.runs()["mine"]}
    equal(len(of), 1, "processes of three stages")


def what_it_prints_is_its_log(case):
    case.method(MEANS, inside="print('{\"event\":\"done\"}', flush=True)\nimport os; os.write(1, b'\\xff\\xfe garbage\\n'); os.system('echo and what it starts')")
    case.plan()
    case.go()


def mistakes_are_one_line(case):
    begin = "from winnow import trainer\nimport numpy\n@trainer.main\ndef train(stage):\n    "
    contains(case.complaint(begin + "raise ValueError('the moon is full')"), "the program: ValueError: the moon is full (mine.py:5)")
    contains(case.complaint(begin + "import helper"), "No module named 'helper': a program sees the files that its preset lists")
    contains(case.complaint(begin + "stage['margin']"), "the stage has no setting 'margin'")
    contains(case.complaint(begin + "stage.epoch(0, test=numpy.zeros((7, 10)))"), "test: F64 of shape [7, 10]: expected a class a sample, integers of shape [100]")
    contains(case.complaint(begin + "scores = numpy.zeros((100, 10)); scores[17, 3] = float('nan')\n    stage.epoch(0, test=scores)"), "row 17 holds a value that is not finite")
    contains(case.complaint(begin + "stage.epoch(0, test=numpy.full(100, 10))"), "row 0 is 10: classes are 0 to 9")
    contains(case.complaint(begin + "stage.epoch(0, test=numpy.zeros(100, int), accuracy=1.0)"), "reports 'accuracy', which winnow measures itself")
    contains(case.complaint(begin + "stage.epoch(3, test=numpy.zeros(100, int))"), "reports epoch 3, expected 0")
    contains(case.complaint(begin + "pass"), "has predicted nothing")
    contains(case.complaint(begin + "stage._token = 'other'\n    stage.epoch(0, test=numpy.zeros(100, int))"), "about other samples than those that were handed over")
    contains(case.complaint(begin + "import os; os.write(3, b'hello\\n'); import time; time.sleep(60)"), "wrote a line that is no event: 'hello'")
    contains(case.complaint(begin + "import sys; sys.exit(3)"), "the program: SystemExit: 3")
    contains(case.complaint("import os\nos.write(3, b'{\"event\":\"ready\",\"protocol\":7}\\n')\nimport time; time.sleep(60)"), "speaks version 7 of the protocol, this winnow 1")
    contains(case.complaint("raise RuntimeError('at the start')"), "RuntimeError: at the start")
    contains(case.complaint(begin + "raise MemoryError('three terabytes')"), "MemoryError: three terabytes")
    equal({record["class"] for record in case.events("failed")}, {"user", "memory"}, "classes of failures")
    # Its files change between planning and computing: it is not computed for what it was.
    case.method(MEANS + "# never started\n")
    case.plan()
    stage = case.folder / "stage.json"
    planned = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"][-1]
    stage.write_text(json.dumps(planned))
    (case.methods / "mine.py").write_text("# another\n")
    contains(case.winnow("stage", stage, "--output", case.folder / "run.h5", program="winnow-train", code=2), "are not those that the sweep was planned with")


def true_labels_are_not_handed_over(case):
    """tests/train/annotated_test.cpp holds this against forged ones; here what a program finds in its folder."""
    case.method("""
        import json, os, pathlib
        import numpy
        from winnow import trainer
        @trainer.main
        def train(stage):
            seen = {name: (value.dtype.str, value.shape) for tensors in (stage._labels, stage._inputs) for name, value in tensors.items()}
            stage.note("SEEN " + json.dumps([sorted(seen), sorted(os.listdir(stage._folder))]))
            stage.predict(test=numpy.zeros(len(stage.test), int))
    """)
    case.plan()
    text = case.go()
    contains(text, "SEEN [[\"given\"], [\"inputs.safetensors\", \"labels.safetensors\", \"stage.json\"]]")


def gives_its_weights(case):
    """To the run file, to whoever exports it, and to a learner that takes its detector's."""
    case.method("""
        import numpy
        from winnow import trainer
        @trainer.main
        def detect(stage):
            images = numpy.asarray(stage.train.pixels, "f4").reshape(len(stage.train), -1)
            means = numpy.stack([images[stage.given == c].mean(0) for c in range(stage.classes)])
            stage.select(numpy.argmin(((images[:, None] - means) ** 2).sum(2), 1) == stage.given)
            stage.give_weights({"means": means.astype("f4"), "steps": numpy.array([3])})
    """, name="nearest", more='gives = ["selection", "weights"]')
    case.method("""
        import numpy
        from winnow import trainer
        @trainer.main
        def train(stage):
            means = stage.detector_weights["means"]
            test = numpy.asarray(stage.test.pixels, "f4").reshape(len(stage.test), -1)
            stage.predict(test=numpy.argmin(((test[:, None] - means) ** 2).sum(2), 1))
    """, name="mine", more='takes = ["detector-weights"]')
    preset = case.methods / "mine.toml"
    preset.write_text(preset.read_text().replace('recipe  = "train"', 'recipe  = "detect-train"') + '\n[stages.detect]\nmethods = ["nearest", "gmm"]\n')
    case.plan(more='detect.method = ["nearest"]\n')
    case.go()
    equal(float(case.rows()[0]["accuracy"]) > 0.5, True, "it predicts by what its detector learnt")
    run = Path(case.runs()["nearest"][0][1].filename)
    folder = case.folder / "taken"
    contains(case.winnow("model", "export", run, folder), "weights.safetensors: 2 trained tensors of nearest")
    equal(sorted(file.name for file in folder.iterdir()), ["weights.safetensors", "winnow.json"], "what is exported")
    code = "from winnow import _tensors; import pathlib, sys; found, _ = _tensors.read(pathlib.Path(sys.argv[1])); print(sorted(found), found['means'].shape, found['steps'][0])"
    read = subprocess.run([str(PYTHON), "-c", code, str(folder / "weights.safetensors")], env=dict(case.environment, PYTHONPATH=str(SOURCE / "python")), capture_output=True, text=True)
    equal(read.stdout, "['means', 'steps'] (10, 784) 3\n", f"the weights: {read.stderr}")
    contains(case.winnow("model", "export", case.runs()["mine"][0][1].filename, case.folder / "none", code=2), "a program gives them where its preset says gives = [\"weights\"]")
    # One that does not give what its preset says, and one whose weights are no numbers.
    begin = "from winnow import trainer\nimport numpy\n@trainer.main\ndef train(stage):\n    stage.predict(test=numpy.zeros(len(stage.test), int))\n    "
    contains(case.complaint(begin, name="yours", more='gives = ["predictions", "weights"]', method="yours"), "the program is done and gives no weights")
    contains(case.complaint(begin + "stage.give_weights({'w': numpy.array([1, numpy.inf])})", name="yours", more='gives = ["predictions", "weights"]', method="yours"),
             "w: it holds a value that is not finite")


def is_measured_on_further_tests(case):
    datasets = case.folder / "presets/datasets"
    datasets.mkdir()
    (datasets / "shirts.toml").write_text('further_tests = ["fashion-mnist"]\n' + (SOURCE / "sweeps/presets/datasets/fashion-mnist.toml").read_text())
    code = textwrap.dedent(MEANS).replace("stage.epoch(epoch, test=scores,", "other = {name: -((flat(images_of_it)[:, None] - means) ** 2).sum(2) for name, images_of_it in stage.further_tests.items()}\n"
                                          "        stage.epoch(epoch, test=scores, further_tests=other,")
    case.method(code)
    case.winnow("data", "check", "shirts", "--presets", case.folder / "presets")
    preset = case.methods / "mine.toml"
    preset.write_text(preset.read_text().replace('reads   = ["train.epochs"]', 'reads   = ["train.epochs", "evaluation.further_tests"]'))
    case.plan()
    case.sweep.write_text(case.sweep.read_text().replace('"fashion-mnist"', '"shirts"').replace("[base]", "[base]\nevaluation.further_tests = true"))
    case.go()
    final = case.runs()["mine"][0][1]["metrics/final"]
    equal(float(final["accuracy_on_fashion-mnist"][0]), float(final["accuracy"][0]), "the same images under another name")
    case.method(code.replace("further_tests=other, ", ""))
    preset.write_text(preset.read_text().replace('reads   = ["train.epochs"]', 'reads   = ["train.epochs", "evaluation.further_tests"]'))
    contains(case.go(code=3), "test.fashion-mnist: it is not there")


TESTS = [stands_beside_methods_of_winnow, learns_from_candidate_sets_and_from_nothing, detects_and_learns_from_detectors, the_page_lists_it, resumes_where_it_was, a_checkpoint_is_of_its_threads,
         serves_stage_after_stage, what_it_prints_is_its_log, mistakes_are_one_line, gives_its_weights, is_measured_on_further_tests, true_labels_are_not_handed_over]

if __name__ == "__main__":
    each(TESTS, Own)
