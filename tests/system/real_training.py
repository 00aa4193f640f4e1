#!/usr/bin/env python3
"""The whole way with the real trainer on the real Fashion-MNIST, small: mpirun, kill -9 of a real trainer, an agent and the
coordinator, restart, table, and the same stage by hand. Needs nano-clip's run file in results/reference.

    tests/system/real_training.py --build build
"""
import csv
import io
import json
import shutil
import signal
import subprocess
import sys
import time

from case import SOURCE, Case, children, contains, equal, kill, pid_of_agent, revision_of, story, strike, wait_for

SWEEP = """
name     = "real"
question = "Does the whole way hold?"

[base]
dataset = "fashion-mnist"
data    = { samples = 1500, test_samples = 300 }
model   = "nano-clip"
train   = { epochs = 2, batch = 64 }

[[grid]]
method = ["cc", "proden"]
labels = [{ kind = "flip", rate = 0.3 }]
seed   = [0, 1]

[[grid]]
method = ["crdpll", "ce"]
adapt  = "linear-probe"
labels = [{ kind = "symmetric", rate = 0.2 }]

[[grid]]
method = "lws"
adapt  = "linear-probe"
labels = [{ kind = "flip", rate = 0.7, keep_fraction = 0.5 }]

[[grid]]
method = "detect-train"
adapt  = "linear-probe"
detect = [{ method = "label-match" }, { method = "gmm" }]
labels = [{ kind = "symmetric", rate = 0.2 }]
"""
STAGES, EXPERIMENTS = 14, 9                       # nano-clip comes from results/reference


class Training(Case):
    def __init__(self, build):
        super().__init__(build)
        self.sweep.write_text(SWEEP)

    def command(self, *options, ranks=2, trainer=()):
        run = [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]
        return run if ranks == 0 else [str(SOURCE / "launch/mpirun"), "-n", str(ranks), *run]


def survives_kills(build, wanted):
    """Three kills hit running stages; afterwards every stage is there, once, with the digest of an undisturbed run."""
    case = Training(build)
    stages = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"]
    long = {stage["identity"] for stage in stages if stage["settings"].get("adapt") == "adaptformer"}
    process = case.start()

    def fresh(agent=None):
        """An attempt at one of the longer stages that began just now, so that a kill finds it running."""
        for attempt in case.running():
            if attempt["identity"] in long and time.time() - attempt["time"] < 0.5 and agent in (None, attempt["agent"]):
                return attempt, [attempt["trainer"]]
        return None

    first, _ = strike(case, fresh, lambda attempt, trainers: trainers[0], "a stage")
    second, _ = strike(case, lambda: fresh(1), lambda attempt, trainers: pid_of_agent(case, 1), "a stage on agent 1")
    wait_for(lambda: case.events("lost"), "the loss of agent 1")
    third, _ = wait_for(fresh, "a stage after that")
    kill(case.events("begin")[-1]["pid"])
    equal(process.wait(300), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests")
    done = {(r["identity"], r["attempt"]) for r in case.events("done")}
    equal([a for a in (first, second, third) if (a["identity"], a["attempt"]) in done], [], "kills that missed")
    case.close()


def table_is_the_run_files(case):
    """The CSV has one row an experiment; its values are those that h5py finds in the run files."""
    rows = list(csv.DictReader(io.StringIO(case.winnow("report", case.sweep, "--format", "csv", "--store", case.store))))
    equal(len(rows), EXPERIMENTS, "rows")
    means = subprocess.run([sys.executable, "-c", """
import h5py, sys
for path in sys.argv[1:]:
    with h5py.File(path) as file:
        last = file['metrics/final'][0]
        if 'accuracy' in last.dtype.names: print(path.split('/')[-1][:-3], last['accuracy'])
""", *map(str, (case.store / "runs").glob("??/*.h5"))], capture_output=True, text=True)
    found = dict(line.split() for line in means.stdout.splitlines())
    for row in rows:
        value = float(row["accuracy"]) if "accuracy" in row else float(row["value"])
        if abs(value - float(found[row["identity"]])) > 1e-12:
            raise AssertionError(f"{row} but the run file says {found[row['identity']]}")
    text = case.winnow("report", case.sweep, "--store", case.store)
    contains(text, "±")
    contains(text, "2/2")


def one_stage_by_hand(case):
    """winnow-train stage computes the same result, bit for bit."""
    plan = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))
    stage = next(s for s in plan["stages"] if s["kind"] == "train")
    file = case.folder / "stage.json"
    file.write_text(json.dumps(stage))
    said = case.winnow("stage", file, "--output", case.folder / "run.h5", "--store", case.store, "--reference",
                       SOURCE / "results/reference", program="winnow-train")
    contains(said, "result digest " + case.digests()[stage["identity"]])
    contains(case.winnow("show", case.folder / "run.h5"), stage["settings"]["method"])


OUT_OF_MEMORY = """
import json, subprocess, sys, threading
# winnow-train, of which every first attempt at a training stage says that it ran out of memory before it has begun.
trainer = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, text=True)
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "run" and command["stage"]["kind"] == "train" and not command["context"].get("out_of_memory"):
        print(json.dumps({"event": "failed", "identity": command["identity"], "class": "memory", "message": "CUDA out of memory"}), flush=True)
    else:
        print(line, end="", file=trainer.stdin, flush=True)
"""


def goes_on_in_smaller_pieces(case):
    """Rows are computed a quarter of the batch at a time after an attempt that ran out of memory, which is said and recorded."""
    small = Training(case.build)
    small.sweep.write_text(SWEEP.split("[[grid]]")[0] + '[[grid]]\nmethod = "proden"\nlabels = { kind = "flip", rate = 0.3 }\n')
    wrapper = small.folder / "trainer.py"
    wrapper.write_text(OUT_OF_MEMORY)
    code, text = small.run("--trainer", f"{sys.executable} {wrapper} {small.build / 'bin/winnow-train'} serve", "--time-scale", 0.1, ranks=0)
    equal(code, 0, "exit code: " + text)
    contains(text, "rows are computed 16 at a time: the attempt before ran out of memory")
    said = subprocess.run([str(SOURCE / "launch/python"), "-c", "import h5py, sys; print(*(h5py.File(p).attrs.get('chunk', 0) for p in sys.argv[1:]))",
                           *map(str, (small.store / "runs").glob("??/*.h5"))], capture_output=True, text=True, check=True).stdout
    equal(sorted(said.split())[-1], "16", "rows at a time in run files")
    small.close()


def pretraining_goes_on_after_a_kill(case):
    """By hand, on a small part of the data: killed where it has a checkpoint, it ends with an undisturbed one's digest."""
    stages = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"]
    stage = next(s for s in stages if s["kind"] == "pretrain")
    del stage["identity"]
    stage["settings"].update({"data.last": 2000, "train.epochs": 2})
    file = case.folder / "pretrain.json"
    file.write_text(json.dumps(stage))
    digest = lambda said: said.split("result digest ")[1].split()[0]
    alone = digest(case.winnow("stage", file, "--output", case.folder / "alone.h5", program="winnow-train"))
    folder = case.folder / "kept"
    command = ["stage", file, "--output", case.folder / "again.h5", "--checkpoint", folder, "--checkpoint-every", "0.1"]
    process = subprocess.Popen([str(case.build / "bin/winnow-train"), *map(str, command)], env=case.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: (folder / "state.safetensors").exists(), "a checkpoint")
    process.kill()
    if process.wait() == 0:
        raise AssertionError("the kill missed")
    copy = case.folder / "copy"
    shutil.copytree(folder, copy)
    again = subprocess.run([str(case.build / "bin/winnow-train"), *map(str, command)], env=case.environment, text=True, capture_output=True, timeout=300)
    # The same checkpoint is of no use to other code.
    other = subprocess.run([str(case.build / "bin/winnow-train-of-another-revision"), "stage", file, "--output", case.folder / "other.h5", "--checkpoint", copy,
                            "--checkpoint-every", "0"], env=case.environment, text=True, capture_output=True, timeout=300)
    equal(other.returncode, 0, "exit code of other code: " + other.stderr)
    contains(other.stderr, f"was written by winnow-train of revision {revision_of(case.build / 'bin/winnow-train')}, this is 0.1.0+g000000000000")
    contains(other.stderr, "the stage starts over")
    equal(digest(other.stdout), alone, "result digest of other code, from the beginning")
    equal(again.returncode, 0, "exit code: " + again.stderr)
    equal(digest(again.stdout), alone, "result digest of a pretraining that was killed")
    contains(again.stderr, "resumed at epoch")


def lives_through_signals_to_all(case):
    """Slurm's of a preempted job: the trainer waits for its agent's words, and has a checkpoint by then."""
    with subprocess.Popen([str(case.build / "bin/winnow-train"), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=case.environment, text=True) as trainer:
        equal(json.loads(trainer.stdout.readline())["event"], "ready", "its first word")
        for sent in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            trainer.send_signal(sent)
        trainer.stdin.write('{"do":"quit"}\n')
        trainer.stdin.flush()
        equal(trainer.wait(30), 0, "exit code")


def finals(case):
    """identity -> last loss and accuracy, of stages that train."""
    text = subprocess.run([sys.executable, "-c", """
import h5py, json, sys
result = {}
for path in sys.argv[1:]:
    with h5py.File(path) as file:
        last = file['metrics/final']
        if 'loss' in last.dtype.names:
            result[path.split('/')[-1][:-3]] = [float(last[0]['loss']), float(last[0]['accuracy']), int(file.attrs['width'])]
print(json.dumps(result))
""", *map(str, (case.store / "runs").glob("??/*.h5"))], capture_output=True, text=True, check=True).stdout
    return json.loads(text)


def gangs_go_on_from_their_checkpoints(build, alone):
    """Two processes a stage: the same numbers as one within a tolerance, and bit for bit the same on one agent or two, and
    whatever was killed."""
    def gang(*options, agents=1):
        case = Training(build)
        case.sweep.write_text(SWEEP.replace("seed   = [0, 1]", "seed   = [0]"))
        return case, case.start("--set", "width=2", "--trainers", 2 // agents, *options, ranks=agents if agents > 1 else 0)

    case, process = gang()
    equal(process.wait(300), 0, "exit code: " + case.said())
    wanted, one, two = case.digests(), finals(alone), finals(case)
    for identity, (loss, accuracy, width) in two.items():
        equal(width, 2, "width")
        if abs(loss - one[identity][0]) > 1e-3 * max(1, abs(loss)) or abs(accuracy - one[identity][1]) > 0.02:
            raise AssertionError(f"{identity}: loss and accuracy {loss}, {accuracy} by two processes, {one[identity]} by one")
    case.close()

    case, process = gang(agents=2)
    equal(process.wait(300), 0, "exit code over two agents: " + case.said())
    equal(case.digests(), wanted, "result digests of gangs over two agents")
    case.close()

    case, process = gang("--checkpoint-every", 0.1)

    def saved():
        for attempt in case.running():
            ranks = children(attempt["trainer"])
            if len(ranks) == 2 and case.events("checkpoint", identity=attempt["identity"], attempt=attempt["attempt"]):
                return attempt, ranks
        return None

    attempt, _ = strike(case, saved, lambda attempt, ranks: ranks[1], "a gang with a checkpoint")
    equal(process.wait(300), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests of gangs")
    resumed = case.events("resumed", identity=attempt["identity"])
    last = max(r["step"] for r in case.events("checkpoint", identity=attempt["identity"], attempt=attempt["attempt"]))
    if not (resumed and 0 < last <= resumed[0]["step"]):
        raise AssertionError(f"the gang went on at {resumed}, its last checkpoint was at {last}")
    print(f"a killed gang went on at step {resumed[0]['step']}", flush=True)
    case.close()


def the_whole_way(case):
    case.winnow("data", "check", "fashion-mnist")
    begin = time.time()
    code, text = case.run(timeout=400)
    equal(code, 0, "exit code: " + text)
    equal(len(case.digests()), STAGES, "run files")
    print(f"{STAGES} stages took {time.time() - begin:.0f} s", flush=True)
    before = len(case.events("started"))
    equal(case.run()[0], 0, "exit code of the second run")
    equal(len(case.events("started")), before, "stages started by the second run")
    table_is_the_run_files(case)
    one_stage_by_hand(case)
    goes_on_in_smaller_pieces(case)
    pretraining_goes_on_after_a_kill(case)
    lives_through_signals_to_all(case)
    survives_kills(case.build, case.digests())
    gangs_go_on_from_their_checkpoints(case.build, case)


if __name__ == "__main__":
    story(the_whole_way, Training)
