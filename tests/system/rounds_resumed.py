#!/usr/bin/env python3
"""Recipes without labels whose processes die: every stage kind that they consist of (score, select, train, cross-filter, ensemble, evaluate, embed)
is killed in the middle of its first attempt, and a sweep is stopped between two rounds; each time it ends with the digests of an undisturbed run.
Needs nano-clip's run file in results/reference.

    tests/system/rounds_resumed.py --build build
"""
import json
import signal
import sys

from case import Case, each, equal, wait_for

SWEEP = """
name     = "rounds"
question = "Does a recipe of many stages end as if nothing had happened?"

[base]
dataset = "fashion-mnist"
data    = { samples = 400, test_samples = 200 }
model   = "nano-clip"
seed    = 0

[[grid]]
method  = ["coft-plus"]
rounds  = 2
p1      = { vpt_len = 2, train = { epochs = 2 } }
train   = { epochs = 1, min_steps = 0 }

[[grid]]
method  = ["grip"]
rounds  = 2
train   = { epochs = 2, max_steps = 0, warmup = 1 }

[[grid]]
method  = ["zero-shot"]

[[grid]]
method       = ["tip-adapter"]
data         = { shots = 2, validation = 0.2 }
search_steps = [[4, 3]]
"""
KINDS = {"score", "select", "train", "cross-filter", "ensemble", "evaluate", "embed"}

# winnow-train, which is killed at the first attempt of each stage: half of them at once, half when they have computed what they would say.
KILLER = """
import json, os, pathlib, signal, subprocess, sys, threading
struck = pathlib.Path(sys.argv[1])
trainer = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
first = None
def die():
    trainer.kill()
    os.kill(os.getpid(), signal.SIGKILL)
def hear():
    for line in trainer.stdout:
        event = json.loads(line)
        if first and event.get("identity") == first and event["event"] in ("done", "failed"):
            die()
        print(line, end="", flush=True)
    if first: die()
threading.Thread(target=hear, daemon=True).start()
for line in sys.stdin:
    command = json.loads(line)
    mark = struck / command.get("identity", "none")
    if command["do"] == "run" and not mark.exists():
        mark.write_text(command["stage"]["kind"])
        first = command["identity"]
        if int(first[0], 16) % 2:
            threading.Timer(0.1, die).start()
    print(line, end="", file=trainer.stdin, flush=True)
"""


class Rounds(Case):
    def __init__(self, build):
        super().__init__(build)
        self.sweep.write_text(SWEEP)

    def command(self, *options, ranks=0, trainer=()):
        return [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]


wanted = {}


def digests_of_an_undisturbed_run(case):
    if not wanted:
        alone = Rounds(case.build)
        code, text = alone.run(timeout=600)
        equal(code, 0, "exit code of the undisturbed run: " + text)
        wanted.update(alone.digests())
        alone.close()
    return wanted


def every_kind_of_stage_survives_a_kill(case):
    struck = case.folder / "struck"
    struck.mkdir()
    killer = case.folder / "killer.py"
    killer.write_text(KILLER)
    code, text = case.run("--trainer", f"{sys.executable} {killer} {struck} {case.build / 'bin/winnow-train'} serve", "--time-scale", 0.1, timeout=600)
    equal(code, 0, "exit code: " + text)
    equal(case.digests(), digests_of_an_undisturbed_run(case), "result digests")
    marks = {mark.name: mark.read_text() for mark in struck.iterdir()}
    equal(set(marks), set(wanted), "stages that were killed once")
    equal(set(marks.values()), KINDS, "their kinds")
    first = {record["identity"] for record in case.events("done", attempt=1)}
    equal(first & set(marks), set(), "kills that missed")


def a_sweep_that_is_stopped_between_rounds_goes_on(case):
    process = case.start()
    plan = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"]
    second = {stage["identity"] for stage in plan if stage["kind"] == "train" and stage["settings"].get("round") == 2}
    if not second:
        raise AssertionError("no stage of a second round")
    first = [stage["identity"] for stage in plan if stage["kind"] == "train" and stage["settings"].get("round") == 1]
    wait_for(lambda: any(case.events("done", identity=identity) for identity in first), "a stage of the first round", timeout=300)
    process.send_signal(signal.SIGTERM)
    equal(process.wait(120), 4, "exit code of a run that was stopped: " + case.said())
    left = second - set(case.digests())
    if not left:
        raise AssertionError("the second round was over before the run was stopped")
    code, text = case.run(timeout=600)
    equal(code, 0, "exit code: " + text)
    equal(case.digests(), digests_of_an_undisturbed_run(case), "result digests")


if __name__ == "__main__":
    each([every_kind_of_stage_survives_a_kill, a_sweep_that_is_stopped_between_rounds_goes_on], Rounds)
