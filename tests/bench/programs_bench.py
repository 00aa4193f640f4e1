#!/usr/bin/env python3
"""Methods that are programs: what a hand-over costs, and what a warm trainer saves against a shell loop of the same method.

    tests/bench/programs_bench.py [--build build] [--stages 8]      needs launch/setup --tests, and `winnow data check fashion-mnist`
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "python"))

LOOP = """
import json, sys
import h5py, numpy
sys.argv, (features, given, seed) = sys.argv[:1], sys.argv[1:]

class Stage:                                         # the same method on the same arrays, without winnow
    classes, device, threads, seed, settings = 10, "cpu", 1, int(seed), {"train.epochs": 5, "train.batch": 64, "train.lr": 1e-2, "train.weight_decay": 0.0, "smoothing": 0.0}
    def __init__(self):
        with h5py.File(features, "r") as file:
            self.of = {"train": file["features/mean"][()], "test": file["features/test"][()]}
        with h5py.File(given, "r") as file:
            self.given = file["labels/given"][()].astype("i8")
    def __getitem__(self, key): return self.settings[key]
    def features(self, split): return self.of[split]
    def load(self): return None
    def epochs(self): return range(5)
    def progress(self, *_, **__): pass
    def epoch(self, *_, **__): pass
    def save(self, *_): pass

import my_ce
my_ce.train(Stage())
"""


def timed(words, **arguments):
    start = time.perf_counter()
    process = subprocess.run(list(map(str, words)), capture_output=True, text=True, **arguments)
    if process.returncode:
        sys.exit(f"{words[0]}: {process.stdout}{process.stderr}")
    return time.perf_counter() - start


def hand_over(folder):
    import numpy
    from winnow import _tensors
    file = folder / "images.safetensors"
    _tensors.write(file, {"train.pixels": numpy.zeros((50_000, 32, 32, 3), "u1"), "given": numpy.zeros(50_000, "i8")}, {})
    start = time.perf_counter()
    arrays, _ = _tensors.read(file)
    int(arrays["given"].sum()), int(arrays["train.pixels"][::1000].sum())
    print(f"hand-over of 50,000 images of 32 x 32 and their labels, mapped: {1000 * (time.perf_counter() - start):.1f} ms")


def warm(folder, build, stages, environment):
    shutil.copytree(SOURCE / "examples/own-method", folder / "own")
    sweep = folder / "own/sweep.toml"
    text = sweep.read_text().replace(', seed = "=seed"', "")
    sweep.write_text(text.split("[[grid]]")[0].replace('adapt     = "linear-probe"             # of ce; my-ce does not read it\nhead      = "linear"\nhead_init = "random"\n', "")
                     + f'[[grid]]\nmethod = ["my-ce"]\nlabels.seed = [0]\nseed = {list(range(stages + 1))}\n')
    run = [build / "bin/winnow", "run", sweep, "--store", folder / "store", "--reference", SOURCE / "results/reference", "--device", "cpu", "--trainers", "1"]
    timed([*run, "--set", "train.epochs=4"], env=environment)             # caches and features are there; another stage
    kinds = {}
    import h5py
    for path in (folder / "store/runs").glob("??/*.h5"):
        with h5py.File(path, "r") as opened:
            kinds["given" if "labels" in opened else "features"] = path
    own = timed(run, env=environment)
    (folder / "loop.py").write_text(LOOP)
    loop = sum(timed(["python3", folder / "loop.py", kinds["features"], kinds["given"], seed], env=dict(environment, PYTHONPATH=f"{environment['PYTHONPATH']}:{SOURCE}/python:{folder}/own/presets/methods"))
               for seed in range(stages + 1))
    print(f"{stages + 1} stages of examples/own-method: winnow run {own:.1f} s, a shell loop {loop:.1f} s: {loop / own:.1f} times")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build")
    parser.add_argument("--stages", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "bin").mkdir()
        (folder / "bin/python3").symlink_to("/usr/bin/python3")
        environment = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}", PYTHONPATH=f"{SOURCE}/deps/site:{SOURCE}/deps/tests", OMP_NUM_THREADS="1")
        hand_over(folder)
        warm(folder, arguments.build.resolve(), arguments.stages, environment)


if __name__ == "__main__":
    main()
