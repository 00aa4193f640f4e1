#!/usr/bin/env python3
"""Features of frozen towers are computed once by all trainers of a machine, and no result depends on it.

    launch/python tests/system/kept_features.py --build build
"""
import json

from case import SOURCE, contains, equal, story

SWEEP = """
[base]
dataset = "fashion-mnist"
data    = { samples = 300, test_samples = 100 }
model   = "nano-clip"
adapt   = "linear-probe"
train   = { epochs = 2, batch = 50 }

[[grid]]
method = ["cc", "proden", "lws"]
labels = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.5 }]
seed   = [0, 1]
"""


def two_trainers_share_them(case):
    case.sweep.write_text(SWEEP)
    case.winnow("data", "check", "fashion-mnist")
    words = ["run", case.sweep, "--reference", SOURCE / "results/reference", "--device", "cpu", "--trainers", 2]
    case.winnow(*words, "--store", case.store)
    shared, read = case.digests(), features_read(case)
    equal(len(shared), 12, "cells")
    # Of each seed one cell alone computes what the others see. Two trainers may be at the same rows at the same time.
    rows = 2 * (300 + 100)                        # that a cell sees in two epochs
    equal(sum(own > rows / 2 for own in read) >= 8, True, f"cells that read most of their rows: {read}")
    contains(case.winnow("cache", "list"), "features")

    case.store = case.folder / "apart"
    case.winnow(*words, "--store", case.store, "--keep-features", 0)
    equal(features_read(case), [0] * 12, "rows read without kept features")
    equal(case.digests(), shared, "result digests")


def features_read(case):
    runs = [json.loads(case.winnow("show", file, "--json")) for file in sorted((case.store / "runs").glob("??/*.h5"))]
    return [run["provenance"]["features_read"] for run in runs]


story(two_trainers_share_them)
