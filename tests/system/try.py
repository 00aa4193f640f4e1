#!/usr/bin/env python3
"""winnow try with the real trainer on the real Fashion-MNIST: classes that work and classes that do not, an input that a trial made, what
is estimated, SIGINT, and that nothing of it is left or taken for a result. Needs nano-clip's run file in results/reference.

    tests/system/try.py --build build
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from case import SOURCE, Case, contains, equal

SWEEP = """
name     = "tried"
question = "What fails before the weekend?"

[base]
dataset = "fashion-mnist"
data    = { samples = 1500, test_samples = 600 }
model   = "nano-clip"
adapt   = "linear-probe"
train   = { epochs = 2, batch = 64 }

[[grid]]                                # one class: seeds and rates differ
method = "proden"
labels = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.5 }]
seed   = [0, 1]

[[grid]]                                # no BatchNorm to tune: only who builds the tower knows
method = "cc"
adapt  = ["adaptformer", "bn-tuning"]
labels = { kind = "flip", rate = 0.3 }
seed   = [0, 1, 2]

[[grid]]                                # a detector that works, and one that takes its second stage down
method = "detect-train"
detect = [{ method = "gmm" }, { method = "small-loss", adapt = "bn-tuning" }]
labels = { kind = "symmetric", rate = 0.2 }
"""
EXPERIMENTS = 4 + 6 + 2


class Tried(Case):
    def __init__(self, build, sweep=SWEEP):
        super().__init__(build)
        self.sweep.write_text(sweep)
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()

    def words(self, *options):
        return [str(self.build / "bin/winnow"), "try", str(self.sweep), "--store", str(self.store), "--scratch", str(self.scratch), *map(str, options)]

    def run_try(self, *options, code=0):
        process = subprocess.run(self.words(*options), env=self.environment, text=True, capture_output=True, timeout=250)
        equal(process.returncode, code, f"exit code of try {options}: {process.stdout}{process.stderr}")
        return process

    def expect_nothing_left(self):
        equal(list(self.scratch.iterdir()), [], "what is left in the folder of trials")
        equal(sorted(self.store.glob("runs/*/*")) if self.store.exists() else [], [], "what is in the store")

    def stages_done(self):
        plan = subprocess.run([str(self.build / "bin/winnow"), "plan", str(self.sweep), "--store", str(self.store), "--json"], env=self.environment, text=True,
                              capture_output=True, check=True)
        return sum(stage["done"] for stage in json.loads(plan.stdout)["stages"])


def tells_what_fails_and_what_it_takes(build):
    case = Tried(build)
    process = case.run_try("--json", "--trainers", 2, code=3)
    outcome = json.loads(process.stdout)
    by_name = {entry["class"]: entry for entry in outcome["classes"]}
    failed = {name: entry for name, entry in by_name.items() if entry["outcome"] == "failed"}
    blocked = {name: entry for name, entry in by_name.items() if entry["outcome"] == "blocked"}
    good = {name: entry for name, entry in by_name.items() if entry["outcome"] == "ok"}
    equal(len(failed), 2, f"failed classes {sorted(failed)}")
    equal(len(blocked), 1, f"blocked classes {sorted(blocked)}")
    equal(outcome["experiments"], EXPERIMENTS, "experiments")
    equal(outcome["ok"], False, "ok")
    for entry in failed.values():
        contains(entry["reason"], "has no BatchNorm")
        equal(entry["failure_class"], "user", "class of the failure")
    cc = next(entry for name, entry in failed.items() if "cc" in name)
    equal([e["name"] for e in cc["takes_down"]], [n for n in (e["name"] for e in cc["takes_down"]) if "bn-tuning" in n], "experiments of cc that are taken down")
    equal(len(cc["takes_down"]), 3, "their number: all seeds")
    detector = next(entry for name, entry in failed.items() if "small-loss" in name)
    equal(len(detector["takes_down"]), 1, "experiments that the detector takes down")
    proden = next(entry for name, entry in good.items() if "proden" in name)
    equal(proden["stages"], 4, "stages of the class of proden")
    for entry in good.values():
        if "step_seconds" in entry and entry["class"].startswith(("train", "detect")):
            for key in ("step_seconds", "evaluation_seconds", "memory_bytes", "stage_seconds"):
                if not entry[key] > 0:
                    raise AssertionError(f"{entry['class']}: {key} is {entry[key]}")
        if entry["memory_bytes"] < 20 << 20:
            raise AssertionError(f"{entry['class']}: a trainer in {entry['memory_bytes']} bytes")
    if not 0 < outcome["seconds"] <= outcome["seconds_of_one_trainer"]:
        raise AssertionError(f"two trainers take {outcome['seconds']}, one takes {outcome['seconds_of_one_trainer']}")
    for name in by_name:                                    # a line a class while it works
        contains(process.stderr, name)
    case.expect_nothing_left()
    equal(case.stages_done(), 1, "stages done after a trial: nano-clip from the reference")

    text = case.run_try(code=3).stdout
    contains(text, "it would take down 3 of 12 experiments")
    contains(text, "with 1 trainer")
    contains(text, "without what failed")
    case.expect_nothing_left()
    case.close()


def all_is_well(build):
    """The same with what works alone; the trials' files are refused as results; afterwards a real run finds all to do."""
    sweep = SWEEP.replace('["adaptformer", "bn-tuning"]', '["adaptformer"]').replace(', { method = "small-loss", adapt = "bn-tuning" }', "")
    case = Tried(build, sweep)
    text = case.run_try().stdout
    for absent in ("FAILED", "not tried"):
        if absent in text:
            raise AssertionError(text)
    contains(text, "about ")

    plan = json.loads(subprocess.run([str(case.build / "bin/winnow"), "plan", str(case.sweep), "--store", str(case.store), "--json"], env=case.environment, text=True,
                                     capture_output=True, check=True).stdout)
    stage = next(s for s in plan["stages"] if s["kind"] == "train")
    print("  a trial by hand: its file in the store's place is no result")
    place = case.store / "runs" / stage["identity"][:2] / f"{stage['identity']}.h5"
    place.parent.mkdir(parents=True)
    caches = (Path(case.environment["WINNOW_CACHE"]) / "decoded").glob("fashion-mnist*.safetensors")
    reference = next((SOURCE / "results/reference/runs").glob("*/*.h5"))
    for cache in caches:
        command = {"do": "run", "identity": stage["identity"], "attempt": 1, "stage": stage, "output": str(place), "checkpoint": "",
                   "context": {"data": {"fashion-mnist": str(cache)}, "inputs": {"backbone": str(reference)}, "trial": True}}
        with subprocess.Popen([str(case.build / "bin/winnow-train"), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=case.environment, text=True) as trainer:
            print(json.dumps(command), file=trainer.stdin, flush=True)
            events = []
            while not events or events[-1]["event"] not in ("done", "failed"):
                events.append(json.loads(trainer.stdout.readline()))
            trainer.stdin.close()
        if events[-1]["event"] == "done":
            break
    equal(events[-1]["event"], "done", f"the last event {events[-1]}")
    equal(events[-1]["trial"]["epochs"], 2, "epochs of the stage that was tried")
    fsck = subprocess.run([str(case.build / "bin/winnow"), "fsck", "--store", str(case.store)], env=case.environment, text=True, capture_output=True)
    contains(fsck.stdout + fsck.stderr, "was written by a trial")
    if place.exists():
        raise AssertionError("fsck leaves a trial's file where results lie")
    case.close()


def nothing_to_try(build):
    case = Tried(build, SWEEP)
    process = subprocess.run([*case.words(), "--set", "method=\"no-such\""], env=case.environment, text=True, capture_output=True)
    equal(process.returncode, 2, "exit code of a sweep that is refused")
    process = subprocess.run([*case.words(), "--trainer", "/nowhere/trainer"], env=case.environment, text=True, capture_output=True)
    equal((process.returncode, process.stderr.count("\n")), (2, 1), "exit code and lines of a trainer that is not there: " + process.stderr)
    case.expect_nothing_left()
    print("  a trainer that knows no trials, one that dies, one that writes garbage")
    for program, said in [("import sys, json; print(json.dumps(dict(event='ready')), flush=True); line = sys.stdin.readline(); print(json.dumps(dict(event='done', metrics=dict(accuracy=0.5))), flush=True)",
                           "does not know trials"),
                          ("import sys, os, signal, json; print(json.dumps(dict(event='ready')), flush=True); sys.stdin.readline(); os.kill(os.getpid(), signal.SIGKILL)", "not enough memory"),
                          ("print('hello')", "no event: hello")]:
        script = case.folder / "trainer.py"
        script.write_text(program)
        process = case.run_try("--trainer", f"{sys.executable} {script}", code=3)
        contains(process.stdout, said)
    case.expect_nothing_left()
    case.close()


def stops_on_request(build):
    """SIGINT while a trainer works: it is killed, nothing is left, exit code 4."""
    case = Tried(build, SWEEP)
    script = case.folder / "sleeper.py"
    script.write_text(f"import json, time, os; open({str(case.folder / 'pid')!r}, 'w').write(str(os.getpid())); print(json.dumps(dict(event='ready')), flush=True); time.sleep(600)")
    process = subprocess.Popen(case.words("--trainer", f"{sys.executable} {script}"), env=case.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (case.folder / "pid").exists() or not (case.folder / "pid").read_text():
        time.sleep(0.05)
    trainer = int((case.folder / "pid").read_text())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    equal(process.returncode, 4, f"exit code: {out}{err}")
    contains(out, "stopped on request; nothing was kept")
    case.expect_nothing_left()
    if os.path.exists(f"/proc/{trainer}"):
        raise AssertionError("the trainer goes on")
    case.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    build = Path(parser.parse_args().build).resolve()
    Case.cache = tempfile.mkdtemp(prefix="winnow-cache-")
    subprocess.run([str(build / "bin/winnow"), "data", "check", "fashion-mnist"], env=dict(os.environ, WINNOW_CACHE=Case.cache), check=True, stdout=subprocess.DEVNULL)
    for test in (tells_what_fails_and_what_it_takes, all_is_well, nothing_to_try, stops_on_request):
        print(test.__name__.replace("_", " "), flush=True)
        test(build)
    print("ok")
    shutil.rmtree(Case.cache, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"FAILED: {error}")
