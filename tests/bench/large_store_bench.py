#!/usr/bin/env python3
"""What every command costs on a store of very many run files.

    tests/bench/large_store_bench.py BUILD [STAGES [FOLDER]]

A real sweep of STAGES (100,000) stages that do nothing fills a store in FOLDER (a temporary one); then each command that goes through
a whole store is timed, `winnow pack` also while a second sweep runs on the same store, and what it packed is compared with the run
files. Exit code 1 if anything that a command says is wrong.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py

SWEEP = """
name     = "{name}"
question = "What does a large store cost?"
[base]
dataset = "fashion-mnist"
data    = {{ samples = 1000 }}
model   = "nano-clip"
adapt   = "adaptformer"
labels  = {{ kind = "flip", rate = {rate} }}
train   = {{ epochs = 1 }}
[[grid]]
method = ["cc", "proden"]
seed   = {seeds}
"""


def main():
    build, stages = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as folder:
        measure(build, stages, Path(folder))


def measure(build, stages, folder):
    store, winnow = folder / "results", build / "bin/winnow"
    environment = dict(os.environ, WINNOW_CACHE=str(folder / "cache"))
    trainer = f"{build}/bin/noop-trainer --quiet"
    subprocess.run([winnow, "data", "check", "fashion-mnist"], env=environment, check=True, stdout=subprocess.DEVNULL)
    first, second = folder / "first.toml", folder / "second.toml"
    first.write_text(SWEEP.format(name="first", rate=0.1, seeds=list(range((stages - 1) // 2))))
    second.write_text(SWEEP.format(name="second", rate=0.7, seeds=list(range(max(stages // 20, 10)))))

    def timed(what, *words, expect=0):
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        process = subprocess.run([winnow, *map(str, words)], env=environment, capture_output=True, text=True, cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode != expect:
            sys.exit(f"{what}: exit code {process.returncode}: {process.stderr[-500:]}")
        print(f"{what:46} {time.time() - begin:8.2f} s   {after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:8.2f} s of processor",
              flush=True)
        return process.stdout

    def right(found, wanted, what):
        if found != wanted:
            sys.exit(f"{what}: {found!r} instead of {wanted!r}")

    run = ["run", "--from-scratch", "--store", store, "--trainers", 2, "--trainer", trainer, "--json"]
    outcome = json.loads(timed("run: every stage", run[0], first, *run[1:]))
    count = sum(1 for _ in store.glob("runs/??/*.h5"))
    right(outcome["done"], count, "run files")
    right(count >= stages - 2, True, "as many run files as were asked for")
    timed("run: nothing to do", run[0], first, *run[1:])
    plan = json.loads(timed("plan", "plan", first, "--store", store, "--json"))
    right(sum(stage["done"] for stage in plan["stages"]), count, "done stages of the plan")
    timed("report: from run files", "report", first, "--store", store)
    timed("pack: the first time", "pack", "--store", store)
    timed("pack: nothing new", "pack", "--store", store)
    packed = timed("report: from what was packed", "report", first, "--store", store)
    timed("store", "store", "--store", store)
    timed("fsck", "fsck", "--store", store)
    timed("status", "status", store)

    beside = subprocess.Popen([winnow, run[0], second, *map(str, run[1:])], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder)
    packs = 0
    while beside.poll() is None:
        timed("pack: beside a run", "pack", "--store", store)
        packs += 1
    right(json.loads(beside.stdout.read())["failed"], 0, "failed stages of the run beside")
    timed("pack: what came since", "pack", "--store", store)
    with h5py.File(store / "table.h5") as table:
        packed_runs = sorted(identity.decode() for identity in table["scalars"]["identity"])
    files = sorted(store.glob("runs/??/*.h5"))
    right(packed_runs, sorted(f.stem for f in files), "packed runs")
    right(timed("report: after both", "report", first, "--store", store), packed, "the first sweep's table")
    print(f"{len(files)} run files, {sum(f.stat().st_size for f in files) / len(files) / 1024:.1f} KiB each; {packs} times packed beside the run")


if __name__ == "__main__":
    main()
