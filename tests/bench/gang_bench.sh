#!/usr/bin/env bash
# One stage by one process with two threads, by a gang of two with one thread each, and with a checkpoint every second: seconds
# of wall time, rounds interleaved because machines drift. Needs Fashion-MNIST and the committed nano-clip.
#   tests/bench/gang_bench.sh [BUILD] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build} rounds=${2:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
$build/bin/winnow plan sweeps/quickstart.toml --json |
  python3 -c 'import json, sys; print(json.dumps(next(s for s in json.load(sys.stdin)["stages"] if s["settings"].get("method") == "proden")))' > "$folder/stage.json"
root=(); [ "$(id -u)" = 0 ] && root=(--allow-run-as-root)
gang=(mpirun -n 2 --bind-to none --oversubscribe "${root[@]}")
stage() { # NAME THREADS COMMAND...
  local name=$1 threads=$2 begin; shift 2
  rm -rf "$folder/run.h5" "$folder/checkpoint"
  begin=$(date +%s.%N)
  OMP_NUM_THREADS=$threads "$@" stage "$folder/stage.json" --output "$folder/run.h5" --threads "$threads" --reference results/reference \
    --store "$folder/none" "${extra[@]}" > /dev/null 2>&1
  printf '%-34s %6.1f s\n' "$name" "$(awk -v a="$begin" -v b="$(date +%s.%N)" "BEGIN { print b - a }")"
}
for ((round = 0; round < rounds; ++round)); do
  extra=(); stage "one process, one thread" 1 $build/bin/winnow-train
  extra=(--checkpoint "$folder/checkpoint" --checkpoint-every 1); stage "the same, a checkpoint a second" 1 $build/bin/winnow-train
  extra=(); stage "one process, two threads" 2 $build/bin/winnow-train
  stage "two processes, one thread each" 1 "${gang[@]}" $build/bin/winnow-train
done
