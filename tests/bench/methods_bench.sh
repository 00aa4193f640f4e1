#!/usr/bin/env bash
# Steps per second of every partial-label method beside CC: nano-clip + AdaptFormer, 2,000 images of Fashion-MNIST, batch 64,
# fp32, one thread, after all warm-ups. Prints one line a method: steps per second of processor time (other load on the machine
# changes little of it), cost of a step relative to CC's, what of that its forwards explain (spec/pll.md 5: forwards with
# gradient, each three without; SoLar and HTC forward what they select, so at most), peak memory.
#   tests/bench/methods_bench.sh [METHOD...]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=build/bin
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
$bin/winnow data list | grep -q '^fashion-mnist .*not checked' && $bin/winnow data check fashion-mnist >/dev/null
$bin/winnow plan sweeps/gallery.toml --json >"$work/plan.json"
exec /usr/bin/python3 - "$work" "$bin/winnow-train" "$@" <<'P'
import json, os, resource, subprocess, sys
work, trainer, only = sys.argv[1], sys.argv[2], sys.argv[3:]
stages = {}
for stage in json.load(open(f"{work}/plan.json"))["stages"]:
    settings = stage["settings"]
    if "method" in settings and settings["labels.kind"] == "flip" and settings["data.long_tail"] == 1.0:
        stages[settings["method"]] = stage
batch, samples = 64, 2000
steps = -(-samples // batch)

def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

def seconds(stage, epochs):  # processor time of a stage, and peak MB of its process
    stage = {key: value for key, value in stage.items() if key != "identity"}
    settings = stage["settings"] = dict(stage["settings"])
    settings.update({"train.epochs": epochs, "train.batch": batch, "data.samples": samples, "data.test_samples": 10})
    if "warmup_epochs" in settings:
        settings["warmup_epochs"] = type(settings["warmup_epochs"])(0)
    json.dump(stage, open(f"{work}/stage.json", "w"))
    begin = spent()
    process = subprocess.Popen([trainer, "stage", f"{work}/stage.json", "--reference", "results/reference", "--output", f"{work}/run-{epochs}.h5"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, error = process.communicate()
    if process.returncode:
        sys.exit(f"{settings['method']}: {error.strip()}")
    used = spent() - begin
    os.remove(f"{work}/run-{epochs}.h5")
    return used, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

# Forwards of a batch, with gradient and without.
forwards = {"cc": (1, 0), "abs-mae": (1, 0), "abs-gce": (1, 0), "proden": (1, 1), "lws": (1, 1), "cavl": (1, 1), "pop": (1, 1), "pico": (1, 1),
            "idgp": (2, 0), "able": (2, 0), "crdpll": (2, 2), "solar": (3, 0), "records": (4, 0), "htc": (4, 0)}
base = None
for method in ["cc"] + [name for name in sorted(stages) if name != "cc" and (not only or name in only)]:
    # Two lengths of the same stage: their difference is whole epochs beyond the first, without start, evaluation and run file.
    short, _ = seconds(stages[method], 2)
    long, memory = seconds(stages[method], 4)
    rate = 2 * steps / (long - short)
    base = base or rate
    trained, plain = forwards[method]
    print(f"{method:<10} {rate:7.2f} steps/s  {base / rate:5.2f} x cc  (forwards: {trained + plain / 3:4.2f})  {memory:5.0f} MB so far", flush=True)
P
