#!/usr/bin/env bash
# DeFT's first phase on the CPU, CLIP ViT-B/16 + VPT-deep (20), random weights: a step of winnow's engine (bench-dual-prompts) beside the reference's
# way in plain PyTorch (dual_prompts_step.py: two forwards over 77 tokens). One thread, processor time, median. Goals: the text part 2 times as
# fast, the whole step 1.2 times, memory not above.
#   tests/bench/dual_prompts_bench.sh [ROWS [STEPS [CLASSES...]]]        default 8 images, 2 steps, 100 and 196 classes
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-8} steps=${2:-2}
classes=("${@:3}"); [ $# -gt 2 ] || classes=(100 196)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
python=python3
if ! PYTHONPATH=deps/site $python -c 'import torch' 2>/dev/null; then
  python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q sympy networkx jinja2 fsspec filelock typing_extensions numpy
  python=$work/venv/bin/python
fi
echo "classes    text, s   PyTorch   times    step, s   PyTorch   times    peak, MB   PyTorch"
for C in "${classes[@]}"; do
  build/bin/bench-dual-prompts "$work" "$C" "$rows" "$steps" >"$work/own"
  PYTHONPATH=deps/site $python tests/bench/dual_prompts_step.py "$work/clip" "$C" "$rows" "$steps" >"$work/torch"
  /usr/bin/python3 - "$C" "$work/own" "$work/torch" <<'P'
import json, sys
own, torch = (json.load(open(path)) for path in sys.argv[2:])
print(f"{sys.argv[1]:>7}{own['text']:>11.2f}{torch['text']:>10.2f}{torch['text'] / own['text']:>8.2f}{own['step']:>11.2f}{torch['step']:>10.2f}"
      f"{torch['step'] / own['step']:>8.2f}{own['peak_mb']:>12}{torch['peak_mb']:>10}")
P
done
