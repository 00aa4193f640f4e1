"""Exactly one result for each stage, whatever has happened: what lies in the store, and what the journal says."""
from collections import Counter

from case import equal


def one_for_each(case, wanted):
    """`wanted`: the result digests of all planned stages, by identity. A run file that was damaged is computed again."""
    found = case.digests()
    files = sorted(str(file.relative_to(case.store / "runs")) for file in (case.store / "runs").rglob("*") if file.is_file())
    equal(files, sorted(f"{identity[:2]}/{identity}.h5" for identity in found), "files in runs/")
    equal(found.keys() - wanted.keys(), set(), "results of stages that nobody planned")
    equal(found, {identity: wanted[identity] for identity in found}, "result digests")
    # A backbone that was damaged when all that began with it was done is needed for nothing, and not computed again.
    if missing := wanted.keys() - found.keys():
        equal(missing - (case.backbones() & case.damages.keys()), set(), "stages without a result")
    aside = Counter(file.name.split(".")[0] for file in (case.store / "damaged").glob("*"))
    equal({name: count for name, count in aside.items() if count > case.damages[name]}, {}, "files in damaged/ that nobody has damaged")
    # A journal that was torn or zeroed says less, never more.
    done = Counter(record["identity"] for record in case.journal() if record["event"] == "done")
    equal({name: count for name, count in done.items() if count > 1 + case.damages[name]}, {}, "results that were accepted more than once")
