#!/usr/bin/env python3
"""A store on a network file system: nodes that see each other's files late, calls whose replies are lost, no locks.

    tests/system/network_file_system.py --build build [NAME...]

Each node mounts the same folder by itself (network_disk.cpp says what that mount does). Needs root, /dev/fuse and libfuse.
"""
import json
import os
import socket
import subprocess

import h5py
import own_presets
from case import Case, Skip, contains, each, equal, kill, pid_of_agent, undisturbed, wait_for

STALE = 6                        # seconds that names, absent names and listings are remembered


class Mount:
    def __init__(self, build, folder, point, stale, lose):
        if os.geteuid() != 0:
            raise Skip("mounting needs root")
        self.point = point
        point.mkdir(exist_ok=True)
        self.process = subprocess.Popen([str(build / "bin/network-disk"), str(folder), str(point), str(stale), str(lose)])
        wait_for(lambda: os.path.ismount(point) or self.process.poll() is not None, f"the mount {point}", 10)
        if self.process.poll() is not None:
            raise Skip("nothing can be mounted: is there /dev/fuse?")

    def close(self):
        subprocess.run(["umount", "--lazy", str(self.point)])
        self.process.kill()                               # whoever still uses it gets errors
        self.process.wait()


class Network(Case):
    """Two nodes: on the first one the store is `store`; on the second one, too, but through a mount of its own (`second`)."""

    def __init__(self, build):
        super().__init__(build)
        self.disk, self.point = self.folder / "disk", self.folder / "first"
        self.disk.mkdir()
        self.mounts = []
        try:
            self.mount(STALE, lose=0)
        except BaseException:
            self.close()
            raise
        self.store = self.point / "results"
        self.elsewhere = self.folder / "elsewhere"        # a command on the second node
        self.elsewhere.write_text(f"""#!/bin/sh
exec unshare --mount sh -c 'mount --bind {self.folder}/second {self.point} && exec "$@"' - "$@"
""")
        self.elsewhere.chmod(0o755)
        self.program = self.folder / "winnow"             # rank 0 runs on the first node, rank 1 on the second
        self.program.write_text(f"""#!/bin/sh
export NODE=${{OMPI_COMM_WORLD_RANK:-0}}
[ "$NODE" != 0 ] || [ -z "$SLOW_FIRST" ] || sleep 1
if [ -n "$SWAPPED" ]; then NODE=$((1 - NODE)); unset WINNOW_EXIT_RECORD; fi
if [ "$NODE" = 0 ]; then exec {self.build}/bin/winnow "$@"; fi
exec {self.elsewhere} {self.build}/bin/winnow "$@"
""")
        self.program.chmod(0o755)

    def mount(self, stale, lose):
        for mount in self.mounts:
            mount.close()
        self.mounts = []
        for point in (self.point, self.folder / "second"):
            self.mounts.append(Mount(self.build, self.disk, point, stale, lose))

    def lose_replies(self):
        """Every fifth answer about names is lost, every fifth open is stale. Names are not remembered: what was lost would be, wrongly."""
        self.mount(stale=0, lose=5)

    def close(self):
        for mount in self.mounts:
            mount.close()
        super().close()

    def command(self, *options, **arguments):
        return [str(self.program) if word == str(self.build / "bin/winnow") else word for word in super().command(*options, **arguments)]

    def on_second(self, *words, code=0):
        answer = subprocess.run([str(self.elsewhere), str(self.build / "bin/winnow"), *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=120)
        equal(answer.returncode, code, f"exit code of {words}: {answer.stdout}{answer.stderr}")
        return answer.stderr if code else answer.stdout

    def seen(self):
        """The store without any mount in between."""
        return self.disk / "results"


def nodes_see_each_other_late(case):
    """The mount itself: what the other one has made is absent here for a while, locks and renames that must not replace are refused."""
    first, second = case.point, case.folder / "second"
    equal((second / "x").exists(), False, "a name before it was made")
    (first / "x").write_text("here")
    equal((second / "x").exists(), False, "a name that was absent a moment ago")
    equal((first / "x").read_text(), "here", "what its maker sees")
    equal(subprocess.run(["flock", "-n", str(first / "x"), "true"], capture_output=True).returncode != 0, True, "a lock is refused")
    wait_for((second / "x").exists, "the name on the other node", STALE + 5)


def a_run_over_two_nodes(case):
    """All of it; and the end is no end with missing results, although the first node's listing of the store is old."""
    wanted = undisturbed(case)
    process = case.start("--trainers", 2, trainer=("--sleep", 0.5))
    wait_for(case.running, "a running stage")
    list((case.store / "runs").rglob("*"))
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "digests")
    equal(case.executed(), 13, "executed stages")
    equal({r["agent"] for r in case.events("started")}, {0, 1}, "agents that ran a stage")
    contains(case.winnow("fsck", "--store", case.seen()), "13 run files verified")


def a_first_run_into_a_new_store(case):
    """The second rank, which begins first, does not look for the folder that the first one is going to make."""
    case.environment["SLOW_FIRST"] = "1"
    run = [word for word in case.command(trainer=("--sleep", 0.1)) if word != "--from-scratch"]
    process = subprocess.run(run, env=case.environment, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(process.returncode, 0, "exit code: " + process.stdout)
    equal(len(case.digests()), 12, "run files, beside the reference's backbone")


def an_end_on_the_other_node(case):
    """launch/mpirun runs on the first node, the coordinator on the second: its exit record is seen in the store, which has none before."""
    case.store.mkdir()
    case.environment["SWAPPED"] = "1"
    code, text = case.run(trainer=("--sleep", 0.3))
    equal(code, 0, "exit code: " + text)
    equal("crashed" in text, False, "a crash in: " + text)
    equal(case.executed(), 13, "executed stages")


def backbone_of(case):
    stages = json.loads(case.winnow("plan", case.sweep, "--store", case.folder / "no-store", "--json"))["stages"]
    name = next(stage["identity"] for stage in stages if stage["kind"] == "pretrain")
    return f"runs/{name[:2]}/{name}.h5", name


def planning_looks_no_absent_name_up(case):
    """What another node makes after it is seen at once, in a folder that was there or not."""
    file, name = backbone_of(case)
    for folder in (f"runs/{'00' if name[:2] != '00' else '01'}", f"runs/{name[:2]}"):
        (case.seen() / folder).mkdir(parents=True)
        contains(case.winnow("plan", case.sweep, "--store", case.store), "13 stages")
        (case.seen() / file).parent.mkdir(exist_ok=True)
        (case.seen() / file).write_bytes(b"made elsewhere")
        equal((case.store / file).exists(), True, f"with {folder}, what another node has made")
        (case.store / file).unlink()
        if not folder.endswith(name[:2]):
            (case.store / file).parent.rmdir()


ONLY_ON_THE_SECOND = """
import os, time
if command["stage"]["kind"] == "pretrain" and os.environ["NODE"] == "0":
    say(event="failed", identity=command["identity"], **{"class": "transient"}, message="not here")
else:
    time.sleep(3 if command["stage"]["kind"] == "pretrain" else 0.7)
    say(event="done", identity=command["identity"], metrics={"accuracy": 0.5})
"""


def an_input_from_the_other_node(case):
    """The first node remembers that the backbone was absent, which the second one makes: its stages wait, and do not fail."""
    file, backbone = backbone_of(case)
    (case.store / file).parent.mkdir(parents=True)
    process = case.start("--trainers", 2, trainer=case.python_trainer(ONLY_ON_THE_SECOND))
    wait_for(case.running, "a running stage")
    equal((case.store / file).exists(), False, "the backbone is there already")
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal([r["agent"] for r in case.events("done", identity=backbone)], [1], "agents that have made the backbone")
    equal([r for r in case.events("failed") if r["identity"] != backbone], [], "stages that failed for it")
    equal({r["agent"] for r in case.events("done") if r["identity"] != backbone}, {0, 1}, "agents that have used it")


def a_run_that_sees_an_old_listing(case):
    """A second start on a node that remembers the store as it was: what it computes again is the same, and nothing is doubled."""
    wanted = undisturbed(case)
    contains(case.on_second("plan", case.sweep, "--store", case.store), "1 of 13 stages are done")   # the reference's backbone; the second node has looked
    equal(case.run(ranks=0)[0], 0, "exit code on the first node")
    contains(case.on_second("run", case.sweep, "--from-scratch", "--store", case.store, "--trainer", case.trainer()), "13 of 13 stages done")
    equal(case.digests(), wanted, "digests")
    equal(list(case.seen().glob("damaged/*")), [], "what was set aside")


def a_stage_that_moves_to_the_other_node(case):
    """kill -9 of the second node's agent: what ran there is done on the first, from a checkpoint that it may not see yet, or from the start."""
    wanted = undisturbed(case)
    process = case.start("--checkpoint-every", 0.2, "--time-scale", 0.3, trainer=("--sleep", 1))
    attempt = wait_for(lambda: next((r for r in case.running() if r["agent"] == 1 and case.events("checkpoint", identity=r["identity"])), None),
                       "a stage with a checkpoint on the second node")
    kill(pid_of_agent(case, 1))
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal([r["agent"] for r in case.events("done", identity=attempt["identity"])], [0], "agents that have done the stage")
    equal(case.digests(), wanted, "digests")


def requests_from_the_other_node(case):
    """`winnow retry` and `winnow cancel`: seen late, but answered, and the answer is seen at once."""
    process = case.start("--trainers", 1, "--grace", 0.1, trainer=("--sleep", 6))
    wait_for(case.running, "a running stage")
    contains(case.on_second("retry", case.store, code=2), "no stage has failed")
    contains(case.on_second("cancel", case.store), "nothing new starts")
    equal(process.wait(60), 5, "exit code: " + case.said())
    equal(list(case.seen().glob("requests/*")), [], "requests and answers that are left")


def packing_on_the_other_node(case):
    """Beside a run on the first: what it has seen once is in every later table, and at the end all of it."""
    process = case.start("--trainers", 2, trainer=("--sleep", 0.3))
    wait_for(lambda: len(case.digests()) >= 3, "three run files")
    rows = 0
    while process.poll() is None:
        case.on_second("pack", "--store", case.store)
        with h5py.File(case.seen() / "table.h5") as table:
            equal(len(table["scalars"]) >= rows, True, "a table that has lost rows")
            rows = len(table["scalars"])
    equal(rows > 0, True, "a table with rows")
    equal(process.returncode, 0, "exit code: " + case.said())
    case.winnow("pack", "--store", case.seen())
    equal(len(json.loads(case.winnow("report", case.sweep, "--store", case.seen(), "--format", "json"))), 12, "rows of the table")


def lost_replies(case):
    """Names that were made although the answer says that they were not: nothing is done twice for it, nothing is set aside."""
    case.lose_replies()
    wanted = undisturbed(case)
    process = case.start("--trainers", 2, trainer=("--sleep", 2))
    wait_for(case.running, "a running stage")
    contains(case.on_second("retry", case.store, code=2), "no stage has failed")
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "digests")
    equal(case.executed(), 13, "executed stages")
    equal(list(case.seen().glob("damaged/*")), [], "what was set aside")
    contains(case.winnow("fsck", "--store", case.store), "13 run files verified")
    equal(list(case.seen().rglob("*.part")), [], "files that were left half-way")
    code, text = case.run()
    equal((code, case.executed()), (0, 13), "exit code and executions of a second start: " + text)


def stale_leases_with_lost_replies(case):
    """Of coordinators that were killed. Whichever call of the one that takes over is the one whose reply is lost, it does take over."""
    equal(case.run(ranks=0)[0], 0, "exit code of a first run")
    _, backbone = backbone_of(case)
    for epoch in range(100, 105):
        next(file for file in sorted(case.seen().glob("runs/??/*.h5")) if file.stem != backbone).unlink()   # something to do
        case.lose_replies()                                    # counted anew
        lease = json.dumps({"run": "", "host": socket.gethostname(), "pid": 1, "start": "1", "epoch": epoch, "token": "dead"})
        (case.seen() / "coordinator.json").write_text(lease)
        for made in range(100, epoch):
            try:
                (case.point / f"{epoch}.{made}").mkdir()
            except FileExistsError:                            # so its reply was lost
                pass
        code, text = case.run(ranks=0)
        equal(code, 0, f"exit code beside the lease {epoch}: {text}")
        equal((case.seen() / f".coordinator.{epoch}.stale").read_text(), lease, "what was moved aside")
    equal(case.executed(), 18, "executed stages")


REAL = """
name     = "real"
question = "Does a training keep its results and its place here?"

[base]
dataset = "fashion-mnist"
data    = { samples = 500, test_samples = 200 }
model   = "nano-clip"
adapt   = "linear-probe"
train   = { epochs = 3, batch = 64 }
labels  = { kind = "flip", rate = 0.3 }

[[grid]]
method = ["cc", "proden"]
"""


def training_with_lost_replies(case):
    """The real trainer: run files, labels, checkpoints and what it reads of earlier stages."""
    case.lose_replies()
    case.sweep.write_text(REAL)
    words = ["run", case.sweep, "--checkpoint-every", 0.05]
    case.winnow(*words, "--store", case.folder / "plain")
    plain = {file.name: file.read_bytes()[56:72] for file in case.folder.glob("plain/runs/??/*.h5")}
    case.winnow(*words, "--store", case.store)
    equal({file.name: file.read_bytes()[56:72] for file in case.seen().glob("runs/??/*.h5")}, plain, "result digests")
    equal(len(plain) >= 2, True, "stages")
    contains(case.winnow("fsck", "--store", case.store), f"{len(plain)} run files verified")


def a_cache_without_locks_is_refused(case):
    """Several trainers write the machine's cache: where nobody can lock it, that is said before anything is computed."""
    own_presets.draw(case.folder / "images", 0)
    own_presets.write_presets(case.folder / "own/presets")
    case.environment["WINNOW_CACHE"] = str(case.point / "cache")
    said = case.winnow("data", "check", "colours", "--presets", case.folder / "own/presets", "--root", case.folder / "images", code=1)
    equal(len(said.splitlines()), 1, "lines: " + said)
    contains(said, "its file system has no locks: set WINNOW_CACHE to a local disk")


TESTS = [nodes_see_each_other_late, a_run_over_two_nodes, a_first_run_into_a_new_store, an_end_on_the_other_node, planning_looks_no_absent_name_up,
         an_input_from_the_other_node, a_run_that_sees_an_old_listing, a_stage_that_moves_to_the_other_node, requests_from_the_other_node, packing_on_the_other_node,
         a_cache_without_locks_is_refused, lost_replies, stale_leases_with_lost_replies, training_with_lost_replies]


if __name__ == "__main__":
    each(TESTS, Network)
