#!/usr/bin/env python3
"""`winnow store` and `winnow store prune` on real stores: beside runs that work, die, or fill the disk.

    tests/system/store_command.py --build build [NAME...]
"""
import json
import shutil
import signal
import subprocess

from case import SWEEP, Case, Skip, contains, each, equal, trainers_of, wait_for

ALL = SWEEP.format(seeds=[0, 1])                                                    # cc and proden: 9 stages
ONE = ALL.replace('"system"', '"one"').replace('["cc", "proden"]', '["cc"]')              # 5 of them


class Store(Case):
    def __init__(self, build):
        super().__init__(build)
        self.one = self.folder / "one.toml"
        self.sweep.write_text(ALL)
        self.one.write_text(ONE)

    def prune(self, *words, code=0):
        return self.winnow("store", "prune", *words, "--store", self.store, code=code)

    def files(self):
        return sorted(str(p.relative_to(self.store)) for p in self.store.rglob("*") if p.is_file())

    def ran(self):
        equal(self.run(ranks=0)[0], 0, "exit code of the run")
        return self


def says_whose_the_files_are(case):
    case.ran()
    case.winnow("run", case.one, "--from-scratch", "--store", case.store, "--set", "train.epochs=2", "--trainer", case.trainer())
    use = json.loads(case.winnow("store", case.store, "--json"))
    equal({s["sweep"]: (s["planned"], s["here"]["files"], s["alone"]["files"]) for s in use["sweeps"]}, {"system": (9, 9, 8), "one": (5, 5, 4)}, "sweeps")
    equal((use["runs"]["files"], use["unplanned"]["files"]), (13, 0), "run files, and those of no known sweep")
    equal({kind: amount["files"] for kind, amount in use["kinds"].items()}, {"pretrain": 1, "train": 12}, "kinds")
    equal(use["total"]["bytes"], sum(f.stat().st_size for f in case.store.rglob("*") if f.is_file()), "bytes of all")
    text = case.winnow("store", case.store, "--sweep", case.one)       # as it is written: without its --set
    contains(text, "no known sweep")
    contains(text, str(case.one))
    case.winnow("store", "--store", case.folder / "gone", code=2)
    other = case.folder / "other.toml"
    other.write_text(ONE)
    contains(case.winnow("store", case.store, "--sweep", case.one, "--sweep", other, code=2), "are both called 'one'")
    for option in (("--set", "train.epochs=2"), ("--presets", case.folder)):
        contains(case.winnow("store", case.store, *option, code=2), f"{option[0]} is for the sweeps of --sweep")
    (case.store / "sweeps/one.txt").write_text("garbage")
    contains(case.winnow("store", case.store), "sweeps/one.txt has another format")


def removes_what_is_not_planned_and_only_that(case):
    wanted = case.ran().digests()
    before = case.files()
    said = case.prune(case.one)
    contains(said, "would remove 4 run files and 0 checkpoints")
    contains(said, "5 run files of the named sweeps stay")
    contains(said, "4 of them are stages of system which is not named")
    contains(said, "nothing was removed: say --remove")
    equal(case.files(), before, "files after a dry prune")
    result = json.loads(case.prune(case.one, "--json"))
    equal((result["removed"], len(result["runs"]), result["kept"]), (False, 4, 5), "--json")
    contains(case.prune(case.one, "--remove"), "removed 4 run files")
    gone = set(wanted) - set(case.digests())
    equal(gone, {r["identity"] for r in result["runs"]}, "what is gone")
    contains(case.prune(case.one, "--remove"), "removed 0 run files")
    executed = case.executed()
    equal(case.run(ranks=0)[0], 0, "exit code of the next run")
    equal((case.executed() - executed, case.digests()), (4, wanted), "executions and digests of the next run")
    equal(len(case.events("pruned")), 1, "the journal's word")
    contains(case.prune(case.sweep, case.one, "--remove"), "removed 0 run files")


def never_while_a_run_works(case):
    process = case.start(ranks=0, trainer=("--sleep", 1))
    wait_for(lambda: len(case.digests()) >= 2 and case.running(), "stages that are done and one that runs")
    before = case.digests()
    for words in ((), ("--remove",)):
        contains(case.prune(case.one, *words, code=2), f"a run works on {case.store}: wait for its end")
    process.send_signal(signal.SIGSTOP)                                # one that hangs still lives
    contains(case.prune(case.one, "--remove", code=2), "a run works on")
    process.send_signal(signal.SIGCONT)
    case.winnow("store", case.store)
    process.kill()
    process.wait()
    equal({k: v for k, v in case.digests().items() if k in before}, before, "results")
    wait_for(lambda: not trainers_of(case), "the end of its trainers")
    left = list((case.store / "checkpoints").glob("*"))
    said = case.prune(case.one, "--remove")                            # it is dead: its lease is no more
    contains(said, "removed ")
    equal(case.run(ranks=0)[0], 0, "exit code of the next run, with " + str(left))
    equal(len(case.digests()), 9, "run files")


def refuses_what_it_cannot_plan(case):
    case.ran()
    before = case.files()
    bad = case.folder / "bad.toml"
    for text, said in (("name = ", f"{bad}:"), (ONE.replace("fashion-mnist", "cifar-10"), "cifar-10"), (ONE.replace('"cc"', '"cd"'), "cd")):
        bad.write_text(text)
        contains(case.prune(case.sweep, bad, "--remove", code=2), said)
    contains(case.prune(code=2), "SWEEP is required")
    contains(case.prune(case.one, "--set", "train.epoch=3", "--remove", code=2), "did you mean 'train.epochs'?")
    equal(case.files(), before, "files after all these refusals")


def empties_no_store(case):
    case.ran()
    backbone = [f for f in (case.store / "runs").glob("??/*.h5") if b"pretrain" in f.read_bytes()]
    equal(len(backbone), 1, "backbones")
    backbone[0].unlink()                                               # so that nothing of the sweep below is here
    before = case.digests()
    contains(case.prune(case.one, "--set", "train.epochs=9", "--remove", code=2), "this would remove every result of it")
    equal(case.digests(), before, "results")
    equal((case.store / "coordinator.json").exists(), False, "a lease that was left")


def makes_room_on_a_full_disk(case):
    """Where not even the lease can be written, the first file that goes makes room for it."""
    case.ran()
    small = case.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)], stderr=subprocess.DEVNULL).returncode:
        raise Skip("needs the right to mount a small tmpfs")
    try:
        shutil.copytree(case.store / "runs", small / "runs")
        with open(small / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        case.store = small
        contains(case.prune(case.one, "--remove"), "removed 4 run files")
        equal(len(case.digests()), 5, "run files")
        equal([f for f in case.files() if not f.startswith(("runs/", "journal/"))], ["ballast"], "files beside them")
    finally:
        subprocess.run(["umount", str(small)])


def estimates_the_disk(case):
    contains(case.winnow("plan", case.sweep, "--store", case.store, "--reference", case.folder), "disk for the 9 stages to run: not known")
    case.winnow("run", case.one, "--from-scratch", "--store", case.store, "--trainer", case.trainer())
    plan = json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--reference", case.folder, "--json"))
    equal(plan["disk"]["to_run"], 4, "stages to run")
    case.sweep.write_text(ALL.replace("[0, 1]", "[0, 1, 2]"))
    said = case.winnow("plan", case.sweep, "--store", case.store, "--reference", case.folder)
    contains(said, "disk for 2 of the 8 to run: about ")               # cc of the new seed; proden is not known
    contains(said, "none like the others is done yet; ")
    contains(said, " are free")


TESTS = [says_whose_the_files_are, removes_what_is_not_planned_and_only_that, never_while_a_run_works, refuses_what_it_cannot_plan, empties_no_store,
         makes_room_on_a_full_disk, estimates_the_disk]

if __name__ == "__main__":
    each(TESTS, Store)
