#!/usr/bin/env bash
# Steps of nano-clip + AdaptFormer under PRODEN, CRDPLL and SoLar, one thread, batch 128, fp32: winnow's engine (bench-methods) beside the
# same steps in plain PyTorch (train_step.py), in turns of half a second (in_turns.py). A step's cost is the median of its processor time. Prints
# steps per second of both, their ratio (goal: at least 1.0, median over rounds) and peak memory.
#   tests/bench/train_bench.sh [ROUNDS [METHOD...]]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
methods=("${@:2}"); [ $# -gt 1 ] || methods=(proden crdpll solar)
bin=build/bin
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
$bin/winnow data list | grep -q '^fashion-mnist .*not checked' && $bin/winnow data check fashion-mnist >/dev/null
$bin/winnow plan sweeps/gallery.toml --json >"$work/plan.json"
run=$(/usr/bin/python3 -c 'import glob, json, sys; inputs = [s["inputs"].get("backbone") for s in json.load(open(sys.argv[1]))["stages"]]
print(*glob.glob("results/reference/runs/*/%s.h5" % next(i["stage"] for i in inputs if i)))' "$work/plan.json")
$bin/winnow-train snapshot "$run" "$work/nano-clip" >/dev/null
python=python3
if ! PYTHONPATH=deps/site $python -c 'import torch' 2>/dev/null; then
  python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q sympy networkx jinja2 fsspec filelock typing_extensions numpy
  python=$work/venv/bin/python
fi
/usr/bin/python3 - "$work" "${methods[@]}" <<'P'
import json, sys
work = sys.argv[1]
for method in sys.argv[2:]:
    stage = next(s for s in json.load(open(f"{work}/plan.json"))["stages"]
                 if s["settings"].get("method") == method and s["settings"]["labels.kind"] == "flip" and s["settings"]["data.long_tail"] == 1.0)
    stage.pop("identity")
    stage["settings"].update({"train.epochs": 5, "train.batch": 128, "data.samples": 1280, "data.test_samples": 10})
    if "warmup_epochs" in stage["settings"]:
        stage["settings"]["warmup_epochs"] = 0.0
    json.dump(stage, open(f"{work}/{method}.json", "w"))
P
for ((i = 0; i < rounds; ++i)); do
  for method in "${methods[@]}"; do
    both=$(PYTHONPATH=deps/site /usr/bin/python3 tests/bench/in_turns.py "$bin/bench-methods results/reference 1 $work/$method.json" \
                                                 "$python tests/bench/train_step.py $work/nano-clip $method 45")
    /usr/bin/python3 - "$method" "$both" <<'P' | tee -a "$work/ratios"
import json, sys
method, (own, torch) = sys.argv[1], json.loads(sys.argv[2])
rate, other = float(own["output"].splitlines()[-1].split()[1]), float(torch["output"])
print(f"{method:<7} winnow {rate:.2f} steps/s, {own['peak_mb']:.0f} MB   PyTorch {other:.2f} steps/s, {torch['peak_mb']:.0f} MB   ratio {rate / other:.2f}")
P
  done
done
/usr/bin/python3 - "$work/ratios" <<'P'
import statistics, sys
ratios = {}
for line in open(sys.argv[1]):
    ratios.setdefault(line.split()[0], []).append(float(line.split()[-1]))
print("median ratio  " + "   ".join(f"{method} {statistics.median(values):.2f}" for method, values in ratios.items()))
P
