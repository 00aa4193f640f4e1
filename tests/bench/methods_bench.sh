#!/usr/bin/env bash
# Where the steps of every partial-label method go, beside CC's: nano-clip + AdaptFormer, Fashion-MNIST, batch 64, fp32, one thread, after
# all warm-ups, through the real engine (methods_bench.cpp). Processor time; medians over the steps of ROUNDS rounds, in which the
# methods take turns. A line a method:
#   steps/s, x cc     the cost of a step is 1 / steps/s; relative to CC's
#   networks          what of that its networks explain: images, forwards and backwards of towers, optimisers, copies that follow
#   images ... other  shares of the step. heads: what follows the towers; gradient: from the loss to the outputs of towers
#   beyond            the step without its networks (goal: at most 5 %): heads, loss, its gradient, confidences, queues, transport, ...
#   ROUNDS=3 tests/bench/methods_bench.sh [METHOD...]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=build/bin
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
$bin/winnow data list | grep -q '^fashion-mnist .*not checked' && $bin/winnow data check fashion-mnist >/dev/null
$bin/winnow plan sweeps/gallery.toml --json >"$work/plan.json"
stages=$(/usr/bin/python3 - "$work" "$@" <<'P'
import json, sys
work, only = sys.argv[1], sys.argv[2:]
files = {}
for stage in json.load(open(f"{work}/plan.json"))["stages"]:
    settings = stage["settings"]
    if "method" not in settings or settings["labels.kind"] != "flip" or settings["data.long_tail"] != 1.0:
        continue
    stage.pop("identity")
    settings.update({"train.epochs": 3, "train.batch": 64, "data.samples": 640, "data.test_samples": 10})
    if "warmup_epochs" in settings:
        settings["warmup_epochs"] = type(settings["warmup_epochs"])(0)
    files[settings["method"]] = f"{work}/{settings['method']}.json"
    json.dump(stage, open(files[settings["method"]], "w"))
unknown = [name for name in only if name not in files]
if unknown:
    sys.exit(f"no method {unknown[0]}; there are: {', '.join(sorted(files))}")
print(files["cc"], *(files[name] for name in sorted(only or files) if name != "cc"))
P
)
exec $bin/bench-methods results/reference "${ROUNDS:-3}" $stages
