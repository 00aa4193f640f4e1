#!/bin/bash
# What one stage costs end to end with a trainer that does nothing: scheduler, journal, MPI, pipes, run file, syncs.
#   tests/bench/dispatch_bench.sh BUILD [STAGES [RANKS [STORE]]]      ranks 0: without mpirun
set -eu
build=$(readlink -f "$1") stages=${2:-10000} ranks=${3:-2}
folder=$(mktemp -d -p "${TMPDIR:-/tmp}")
store=${4:-$folder/results}
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/gaps"
export WINNOW_CACHE=${WINNOW_CACHE:-$folder/cache}
"$build/bin/winnow" data check fashion-mnist >/dev/null
seeds=$(seq -s, 0 $((stages / 2 - 1)))
cat > "$folder/sweep.toml" <<TOML
name     = "dispatch"
question = "What does a stage cost?"
[base]
dataset = "fashion-mnist"
data    = { samples = 1000 }
model   = "nano-clip"
adapt   = "adaptformer"
labels  = { kind = "flip", rate = 0.1 }
train   = { epochs = 1 }
[[grid]]
method = ["cc", "proden"]
seed   = [$seeds]
TOML
command=("$build/bin/winnow" run "$folder/sweep.toml" --from-scratch --store "$store" --trainer "$build/bin/noop-trainer --quiet --gaps $folder/gaps" --json)
[ "$ranks" = 0 ] || command=("$(dirname "$0")/../../launch/mpirun" -n "$ranks" "${command[@]}")
"${command[@]}" > "$folder/outcome.json" 2> "$folder/log" || { tail -5 "$folder/log"; exit 1; }
# From the first stage that started to the last that was done, by the journal; the data cache is made before.
cat "$store"/journal/*.log | cut -c34- | python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
start = sorted(r["time"] for r in records if r["event"] == "started")[1]     # the first is the backbone
done = [r["time"] for r in records if r["event"] == "done"]
print(f"{len(done)} stages in {max(done) - start:.2f} s: {(max(done) - start) / len(done) * 1e6:.0f} us a stage")'
sort -n "$folder"/gaps/* | awk '{ gap[NR] = $1 } END { printf "a slot that is freed has its next stage after %.2f ms (median), %.2f ms (99 %%)\n", gap[int((NR + 1) / 2)] / 1000, gap[int(NR * 0.99)] / 1000 }'
