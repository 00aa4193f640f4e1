#!/usr/bin/env bash
# DeFT's first phase on the CPU, CLIP ViT-B/16 + VPT-deep (20), random weights: a step of winnow's engine (bench-dual-prompts) beside the reference's
# way in plain PyTorch (dual_prompts_step.py: two forwards over 77 tokens). One thread, processor time, median of the steps after the first. Goals: the
# text part 2 times as fast, the whole step 1.2 times, memory not above.
#   tests/bench/dual_prompts_bench.sh [ROWS [STEPS [CLASSES...]]]        default 4 images, 1 step, 100 and 196 classes
# PyTorch's side takes 60 MB a class, 12.3 GB of memory at 196, and a minute of processor for each of its passes there: two a step and two more.
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-4} steps=${2:-1}
classes=("${@:3}"); [ $# -gt 2 ] || classes=(100 196)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
python=python3
if ! PYTHONPATH=deps/site $python -c 'import torch' 2>/dev/null; then
  python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q sympy networkx jinja2 fsspec filelock typing_extensions numpy
  python=$work/venv/bin/python
fi

# A machine without room for it does not say so: it throws programs out of memory and reads them again, for ever, or kills somebody.
for C in "${classes[@]}"; do
  needed=$((1500 + 60 * C)) free=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
  [ "$free" -ge "$needed" ] || { echo "dual_prompts_bench.sh: $C classes take $needed MB in PyTorch, and $free MB are free: fewer classes, or a machine with less to do" >&2; exit 2; }
done

# side NAME FILE COMMAND...: one process; its end is told where it ends otherwise than by itself.
side() {
  local name=$1 file=$2 code=0; shift 2
  echo "$(date +%T) $name, $C classes" >&2
  "$@" >"$file" || code=$?
  [ $code -eq 0 ] || { echo "dual_prompts_bench.sh: $name at $C classes ended with code $code" >&2; exit 1; }
}
echo "classes    text, s   PyTorch   times    step, s   PyTorch   times    peak, MB   PyTorch"
for C in "${classes[@]}"; do
  side winnow "$work/own" build/bin/bench-dual-prompts "$work" "$C" "$rows" "$steps"
  side PyTorch "$work/torch" env PYTHONPATH=deps/site "$python" tests/bench/dual_prompts_step.py "$work/clip" "$C" "$rows" "$steps"
  /usr/bin/python3 - "$C" "$work/own" "$work/torch" <<'P'
import json, sys
own, torch = (json.load(open(path)) for path in sys.argv[2:])
print(f"{sys.argv[1]:>7}{own['text']:>11.2f}{torch['text']:>10.2f}{torch['text'] / own['text']:>8.2f}{own['step']:>11.2f}{torch['step']:>10.2f}"
      f"{torch['step'] / own['step']:>8.2f}{own['peak_mb']:>12}{torch['peak_mb']:>10}")
P
done
