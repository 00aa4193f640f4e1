#!/usr/bin/env bash
# CLIP ViT-B/16 at random, fp32: winnow's image tower and AdaptFormer step beside the same in plain PyTorch (model_step.py), in turns, on
# this machine, at one and two threads; and how long a 600 MB snapshot takes to open when it is in the page cache (goal: 0.3 s).
#   tests/bench/model_bench.sh [ROWS] [REPEATS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-8} repeats=${2:-5}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
bench=build/bin/bench-model
python=python3
if ! PYTHONPATH=deps/site $python -c 'import torch' 2>/dev/null; then
  python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q sympy networkx jinja2 fsspec filelock typing_extensions numpy
  python=$work/venv/bin/python
fi
$bench write "$work/clip"
cat "$work"/clip/* >/dev/null
for ((i = 0; i < 3; ++i)); do echo "open: $($bench open "$work/clip")"; done
for what in forward step; do
  for threads in 1 2; do
    export OMP_NUM_THREADS=$threads
    own=$($bench $what "$work/clip" "$rows" "$repeats" $threads)
    torch=$(PYTHONPATH=deps/site $python tests/bench/model_step.py $what "$work/clip" "$rows" "$repeats" $threads)
    $python - "$what" "$threads" "$own" "$torch" <<'P'
import json, sys
own, torch = json.loads(sys.argv[3]), json.loads(sys.argv[4])
print(f"{sys.argv[1]}, {sys.argv[2]} threads: winnow {own['seconds']:.3f} s, {own['peak_mb']:.0f} MB   PyTorch {torch['seconds']:.3f} s, "
      f"{torch['peak_mb']:.0f} MB   ratio {torch['seconds'] / own['seconds']:.2f}")
P
  done
done
