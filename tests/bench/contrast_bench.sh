#!/usr/bin/env bash
# What momentum contrast adds to a step of CoFT+'s second phase at a queue of 4,096 keys: nano-clip, all of it tuned, batch 64, one thread, through
# the real engine (methods_bench.cpp, whose columns methods_bench.sh explains), beside the same step without contrast. Goal: `beyond` of
# coft-contrast at most 10 %, of which the key tower's forward is no part.
#   ROUNDS=3 tests/bench/contrast_bench.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=build/bin
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
$bin/winnow data list | grep -q '^fashion-mnist .*not checked' && $bin/winnow data check fashion-mnist >/dev/null
cat >"$work/s.toml" <<'T'
name     = "contrast"
question = "What does momentum contrast cost?"
[base]
dataset = "fashion-mnist"
data    = { samples = 9000, test_samples = 10 }
model   = "nano-clip"
[[grid]]
method       = ["coft-plus"]
queue_length = [4096]
train        = { epochs = 2, min_steps = 0, batch = 64 }
[[grid]]
method = ["ce"]
adapt  = "full-tuning"
train  = { epochs = 2, batch = 64 }
T
$bin/winnow plan "$work/s.toml" --json >"$work/plan.json"
stages=$(/usr/bin/python3 - "$work" <<'P'
import json, sys
work = sys.argv[1]
stages = json.load(open(f"{work}/plan.json"))["stages"]
ce, contrast = (next(s for s in stages if s["settings"].get("method") == name) for name in ("ce", "coft-contrast"))
contrast["settings"].update({key: value for key, value in ce["settings"].items() if key.startswith("labels.")})
contrast["inputs"].pop("selection")                       # the true labels of all images: what is learned does not matter
plain = {**contrast, "version": ce["version"], "settings": {**ce["settings"], **contrast["settings"], "method": "ce"}}
for key in ("mu", "tau_prime", "queue_length", "mask_same_image", "gamma", "views.key"):
    plain["settings"].pop(key)
for name, stage in (("plain", plain), ("contrast", contrast)):
    stage.pop("identity")
    json.dump(stage, open(f"{work}/{name}.json", "w"))
print(f"{work}/plain.json", f"{work}/contrast.json")
P
)
$bin/bench-methods results/reference "${ROUNDS:-3}" $stages
