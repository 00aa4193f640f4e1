#!/usr/bin/env python3
"""What images ahead of the step cost on CPUs: one stage (PRODEN on nano-clip, views with draws) with a loader and without, in turns, in processor seconds (user and
system), which other work on the machine does not count in. The medians and their ratio.

    launch/python tests/bench/loaders_bench.py [--build build] [--rounds 5]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SWEEP = """
name     = "loaders"
question = "What do images ahead of the step cost?"

[base]
dataset = "fashion-mnist"
data    = { samples = 3000, test_samples = 500 }
model   = "nano-clip"
adapt   = "adaptformer"
train   = { epochs = 2, batch = 64 }

[[grid]]
method = "crdpll"
labels = { kind = "flip", rate = 0.3 }
seed   = 0
"""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build")
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()
programs = arguments.build.resolve() / "bin"
used = {0: [], 1: []}
with tempfile.TemporaryDirectory(prefix="winnow-loaders-") as folder:
    folder = pathlib.Path(folder)
    (folder / "sweep.toml").write_text(SWEEP)
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    plan = json.loads(subprocess.run([programs / "winnow", "plan", folder / "sweep.toml", "--json"], cwd=SOURCE, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    stage, = (s for s in plan["stages"] if s["kind"] == "train")
    (folder / "stage.json").write_text(json.dumps(stage))
    digests = set()
    for number in range(2 * arguments.rounds + 2):     # the first turn of each only warms the machine
        loaders = number % 2
        words = [programs / "winnow-train", "stage", folder / "stage.json", "--output", folder / f"{number}.h5", "--reference", SOURCE / "results/reference", "--loaders", loaders]
        process = subprocess.Popen([str(word) for word in words], cwd=SOURCE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"winnow-train stage failed: {said}")
        digests.add(said.split()[-1])
        if number > 1:
            used[loaders].append(usage.ru_utime + usage.ru_stime)
if len(digests) != 1:
    raise SystemExit(f"results differ: {digests}")
without, with_one = (statistics.median(used[loaders]) for loaders in (0, 1))
print(f"without {without:.2f} s, with a loader {with_one:.2f} s, ratio {with_one / without:.3f}")
