#!/usr/bin/env bash
# Training nano-clip + AdaptFormer + PRODEN, one thread, batch 128, fp32: winnow-train beside the same job in plain PyTorch
# (train_step.py), in turns, on this machine. Prints steps/s of both, their ratio (goal: at least 1.0) and peak memory.
#   tests/bench/train_bench.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
bin=build/bin
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
run=$(ls results/reference/runs/*/*.h5 | head -n 1)
$bin/winnow-train snapshot "$run" "$work/nano-clip" >/dev/null
python=python3
if ! PYTHONPATH=deps/site $python -c 'import torch' 2>/dev/null; then
  python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q sympy networkx jinja2 fsspec filelock typing_extensions numpy
  python=$work/venv/bin/python
fi
$bin/winnow data list | grep -q '^fashion-mnist .*not checked' && $bin/winnow data check fashion-mnist >/dev/null
$bin/winnow plan sweeps/quickstart.toml --json >"$work/plan.json"
# Two lengths of the same stage: their difference is steps alone, without start, evaluation and run file.
for epochs in 1 4; do
  $python - "$work/plan.json" $epochs >"$work/stage-$epochs.json" <<'P'
import json, sys
stage = next(s for s in json.load(open(sys.argv[1]))["stages"] if s["settings"].get("method") == "proden")
stage.pop("identity")
stage["settings"].update({"train.epochs": int(sys.argv[2]), "data.test_samples": 10})
print(json.dumps(stage))
P
done
seconds() {  # EPOCHS: wall seconds and peak MB of a stage
  rm -f "$work/run.h5"
  /usr/bin/python3 - $bin/winnow-train stage "$work/stage-$1.json" --reference results/reference --output "$work/run.h5" <<'P'
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
P
}
for ((i = 0; i < rounds; ++i)); do
  read -r short _ < <(seconds 1)
  read -r long memory < <(seconds 4)
  torch=$(PYTHONPATH=deps/site $python tests/bench/train_step.py "$work/nano-clip" 100)
  $python - "$short" "$long" "$memory" "$torch" <<'P'
import json, sys
short, long, memory = map(float, sys.argv[1:4])
torch = json.loads(sys.argv[4])
own = 3 * 47 / (long - short)
print(f"winnow {own:.2f} steps/s, {memory:.0f} MB   PyTorch {torch['steps_per_s']:.2f} steps/s, {torch['peak_mb']:.0f} MB   ratio {own / torch['steps_per_s']:.2f}")
P
done
