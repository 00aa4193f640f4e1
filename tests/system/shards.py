#!/usr/bin/env python3
"""A sweep computed by allocations that know nothing of each other (`winnow run --shard I/N`), with a store each: every cell is computed
once, and a report reads the stores together.

    tests/system/shards.py --build build [NAME...]
"""
import json

from case import SWEEP, Case, contains, each, equal


def part(case, text):
    """Computes one shard in a store of its own. Returns its result digests and how many stages were executed."""
    case.store = case.folder / ("part-" + text.replace("/", "-of-"))
    before = case.executed()
    code, said = case.run("--shard", text, ranks=0)
    equal(code, 0, f"exit code of shard {text}: {said}")
    return case.digests(), case.executed() - before


def cells(case, *stores):
    """The samples of a report: which experiment, and its value, whatever store it lies in."""
    words = [word for store in stores[1:] for word in ("--reference", store)]
    return [line.rpartition(",")[0] for line in case.winnow("report", case.sweep, "--store", stores[0], *words, "--format", "csv").splitlines()]


def every_cell_is_computed_once(case):
    case.sweep.write_text(SWEEP.format(seeds=[0, 1]))
    whole = Case(case.build)
    try:
        whole.sweep.write_text(case.sweep.read_text())
        equal(whole.run(ranks=0)[0], 0, "exit code without shards")
        wanted, table = whole.digests(), cells(case, whole.store)
    finally:
        whole.close()
    plan = json.loads(case.winnow("plan", case.sweep, "--store", case.folder / "none", "--json"))
    backbone = {stage["identity"] for stage in plan["stages"] if stage["kind"] == "pretrain"}
    for count in (2, 3):
        shards = [part(case, f"{index}/{count}") for index in range(1, count + 1)]
        stores = [case.folder / f"part-{index}-of-{count}" for index in range(1, count + 1)]
        equal({identity: digest for found, _ in shards for identity, digest in found.items()}, wanted, "result digests of all shards")
        equal(sorted(identity for found, _ in shards for identity in found.keys() - backbone), sorted(wanted.keys() - backbone), "stages, each in one shard")
        equal([executed for _, executed in shards], [len(found) for found, _ in shards], "executed stages: the backbone by each, all else once")
        sizes = [len(found) for found, _ in shards]
        equal(max(sizes) - min(sizes) <= 1, True, f"shards of {sizes} stages are of one size")
        equal(cells(case, *stores), table, "a report over all stores")
        equal(cells(case, *reversed(stores)), table, "whichever of them is named first")
    equal(part(case, "1/2")[1], 0, "stages that are executed again")
    contains(case.winnow("report", case.sweep, "--store", case.folder / "part-1-of-2"), "4 of 8 experiments are missing")


def what_is_no_shard_is_refused(case):
    for text in ("3/2", "0/2", "x", "1", "1/0", "-1/2", "1/2/3", "1/2x", ""):
        complaint = case.winnow("run", case.sweep, "--store", case.store, "--shard", text, "--trainer", case.trainer(), code=2)
        equal(complaint.strip().splitlines()[1:], [], f"further lines about --shard '{text}'")
        contains(complaint, "--shard")
    equal(case.executed(), 0, "executed stages")
    equal(case.store.exists(), False, "a store was made")


if __name__ == "__main__":
    each([every_cell_is_computed_once, what_is_no_shard_is_refused])
