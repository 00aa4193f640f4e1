"""What runs on the simulated nodes while things break: a sweep, its trainers, and the store that all nodes see."""
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from case import SOURCE, SWEEP, Case, equal
from nodes import run

REAL = """
name     = "system"
question = "Does training survive what happens to its processes?"

[base]
dataset = "fashion-mnist"
data    = { samples = 1000, test_samples = 200 }
model   = "nano-clip"
train   = { epochs = 3, batch = 64 }

[[grid]]
method = ["cc", "proden"]
labels = [{ kind = "flip", rate = 0.3 }]
seed   = [0, 1]
"""


def disk_that_can_stand_still():
    """Why there is none; nothing if there is one: a file as a disk, and a file system that can be frozen."""
    for program in ("mke2fs", "losetup", "fsfreeze"):
        if not shutil.which(program):
            return f"there is no {program}"
    return run("losetup", "--find", check=False).stderr.strip()


class Scene(Case):
    """Its store is a file system of its own, so that it can be full and stand still."""

    name, seeds, width, trainers, scale = "", (0, 1), 1, 2, 0.1
    side_by_side = 4                                              # schedules: most of the time they wait

    def __init__(self, build):
        super().__init__(build, self.seeds)
        shutil.rmtree(self.folder)
        self.folder = Path(tempfile.mkdtemp(prefix="winnow-faults-", dir="/var/tmp"))
        self.store, self.sweep = self.folder / "results", self.folder / "sweep.toml"
        self.sweep.write_text(self.text())
        self.counter, self.output = self.folder / "executed", self.folder / "output.txt"
        self.store.mkdir()
        if disk_that_can_stand_still():
            run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", self.store)
        else:
            disk = self.folder / "disk"
            with open(disk, "wb") as file:
                file.truncate(24 << 20)
            run("mke2fs", "-q", "-t", "ext4", "-m", "0", "-O", "^has_journal", disk)
            run("mount", "-o", "loop,noatime", disk, self.store)
            (self.store / "lost+found").rmdir()
        self.clocks = self.folder / "clocks"
        self.clocks.mkdir()
        self.damages = Counter()                                  # of run files, by identity

    def text(self):
        return SWEEP.format(seeds=list(self.seeds))

    def words(self):
        """Of `winnow run`, without where and how long."""
        return ["--from-scratch", "--device", "cpu", "--trainer", self.trainer("--sleep", 1.5), "--set", f"width={self.width}"]

    def begin(self, nodes):
        """`winnow run` on all nodes that are there, started on the first."""
        for node in nodes.alive():
            clock = self.clocks / node.name
            if not clock.exists():
                clock.write_bytes(bytes(8))
        alive = nodes.alive()
        words = [SOURCE / "launch/mpirun", "-n", len(alive), "-H", ",".join(f"{n.name}:1" for n in alive), "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", nodes.agent,
                 "--mca", "plm_rsh_no_tree_spawn", "1", "--leave-session-attached", "-x", "WINNOW_CACHE", "-x", "LD_PRELOAD", "-x", "WINNOW_CLOCKS",
                 self.build / "bin/winnow", "run", self.sweep, "--store", self.store, "--trainers", self.trainers, "--time-scale", self.scale,
                 "--checkpoint-every", 0.2, *self.words()]
        with open(self.output, "a") as output:
            return alive[0].start(*words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
                                  env=dict(self.environment, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", WINNOW_START_SECONDS="40",
                                           LD_PRELOAD=str(self.build / "lib/libjumping-clock.so"), WINNOW_CLOCKS=str(self.clocks)))

    def wanted(self):
        """Result digests without faults, of one process after the other."""
        elsewhere = self.folder / "undisturbed"
        words = ["run", self.sweep, "--store", elsewhere, "--trainers", max(self.trainers, self.width), *self.words()]
        words = [str(word if word != self.trainer("--sleep", 1.5) else self.trainer()) for word in words]
        process = subprocess.run([str(self.build / "bin/winnow"), *words], capture_output=True, text=True, env=self.environment)
        equal(process.returncode, 0, f"exit code of the undisturbed run: {process.stdout}{process.stderr}")
        store, self.store = self.store, elsewhere
        try:
            return self.digests()
        finally:
            self.store = store

    def journal(self):
        """Without what is torn."""
        records = []
        for file in sorted((self.store / "journal").glob("*.log")):
            for line in file.read_text(errors="replace").splitlines():
                try:
                    records.append(json.loads(line[33:]))
                except ValueError:
                    continue
        return records

    def check(self):
        """Sets aside what is damaged, which the next run computes again."""
        process = subprocess.run([str(self.build / "bin/winnow"), "fsck", "--store", str(self.store)], capture_output=True, text=True, env=self.environment)
        if process.returncode not in (0, 3):
            raise AssertionError(f"fsck ended with {process.returncode}: {process.stdout}{process.stderr}")
        return process.returncode == 0

    def backbones(self):
        plan = json.loads(self.winnow("plan", self.sweep, "--store", self.store, "--json"))
        return {stage["identity"] for stage in plan["stages"] if stage["kind"] == "pretrain"}

    def close(self):
        run("umount", "-l", self.store, check=False)
        super().close()


class Scripted(Scene):
    """Trainers that train nothing: their results are known, and a stage takes as long as it is told."""

    name = "scripted"


class Gangs(Scene):
    """Each stage by three processes; no node has room for as many."""

    name, width = "gangs", 3


class Training(Scene):
    """winnow-train on nano-clip."""

    name, trainers, scale = "training", 1, 0.5
    side_by_side = 2

    def text(self):
        return REAL

    def words(self):
        return ["--reference", SOURCE / "results/reference", "--device", "cpu", "--threads", 1]


def undisturbed(scene, build):
    case = scene(build)
    try:
        return case.wanted()
    finally:
        case.close()
