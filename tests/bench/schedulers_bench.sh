#!/bin/bash
# What a stage costs end to end, beside HyperQueue and Ray from PyPI, in one run on this machine's cores. winnow's stage is a run file,
# verified and durable, under mpirun; HyperQueue's task is a process that does nothing, Ray's a function that does nothing, or, as
# "ray, results kept", one that writes its result durably, too.
#   tests/bench/schedulers_bench.sh BUILD [STAGES [ROUNDS]]
set -eu
here=$(readlink -f "$(dirname "$0")") build=$(readlink -f "$1") stages=${2:-10000} rounds=${3:-3}
folder=$(mktemp -d -p "${TMPDIR:-/tmp}")
trap 'rm -rf "$folder"' EXIT
python=${WINNOW_BENCH_PYTHON:-python3}
"$python" -m venv "$folder/python" || { echo "schedulers_bench: $python makes no environment: apt-get install python3-venv, or name another one (WINNOW_BENCH_PYTHON)" >&2; exit 77; }
"$folder/python/bin/pip" -q install hyperqueue ray || { echo "schedulers_bench: PyPI does not answer" >&2; exit 77; }
echo "$stages stages on $(nproc) cores, $rounds rounds in turns, us a stage; load before: $(cut -d' ' -f1 /proc/loadavg)"
for round in $(seq "$rounds"); do
  "$here/dispatch_bench.sh" "$build" "$stages" 2 | sed -n -E 's/.*: ([0-9]+) us a stage.*/winnow \1/p'
  for other in hyperqueue ray ray-kept; do
    (cd "$folder" && "$folder/python/bin/python" "$here/schedulers.py" "$other" "$stages" 2>/dev/null)
  done
done | grep --line-buffered -E '^(winnow|hyperqueue|ray|ray-kept) [0-9]+$' | tee /dev/stderr | "$here/../../launch/python" -c '
import statistics, sys
times = {}
for line in sys.stdin:
    name, us = line.split()
    times.setdefault(name, []).append(float(us))
own = statistics.median(times["winnow"])
for name, each in times.items():
    print(f"{name}: median {statistics.median(each):.0f} us a stage" + ("" if name == "winnow" else f", {statistics.median(each) / own:.2f} times winnow"))'
