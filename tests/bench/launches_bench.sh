#!/usr/bin/env bash
# Operators, bytes, copies to the device and waits of a step on the stand-in device, CLIP ViT-B/16 + AdaptFormer, random weights: winnow's engine (bench-launches) beside
# plain PyTorch (launches_step.py) on the same device. Goals: launches at most 1.0 times; bytes those of the images and a little; waits as declared
# (SoLar 1, others 0). No clock: the figures are the same on every machine.
#   tests/bench/launches_bench.sh [ROWS [METHOD...]]
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-4}
methods=("${@:2}"); [ $# -gt 1 ] || methods=(proden crdpll solar dual-prompts)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
build/bin/bench-launches "$work" "$rows" "${methods[@]}" >"$work/own"
for method in "${methods[@]}"; do
  PYTHONPATH=deps/site:deps/tests launch/python tests/bench/launches_step.py build/lib/libstandin.so "$work/clip" "$rows" "$method" >>"$work/torch" 2>>"$work/errors" ||
    { cat "$work/errors" >&2; exit 1; }
done
/usr/bin/python3 - "$work/own" "$work/torch" <<'P'
import json, sys
own, torch = [[json.loads(line) for line in open(path)] for path in sys.argv[1:]]
print(f"{'method':<14}{'launches':>10}{'PyTorch':>9}{'ratio':>7}{'bytes':>11}{'PyTorch':>11}{'kept':>9}{'copies':>8}{'PyTorch':>9}{'kept':>6}{'waits':>7}{'PyTorch':>9}")
for other in torch:
    mine, kept = (next(o for o in own if o["method"] == other["method"] and o["images_on_device"] == there) for there in (False, True))
    print(f"{other['method']:<14}{mine['launches']:>10}{other['launches']:>9}{mine['launches'] / other['launches']:>7.2f}{mine['bytes']:>11}{other['bytes']:>11}"
          f"{kept['bytes']:>9}{mine['uploads']:>8}{other['uploads']:>9}{kept['uploads']:>6}{mine['waits']:>7}{other['waits']:>9}")
P
