#!/usr/bin/env python3
"""A sweep on three simulated nodes while things break, by a schedule drawn from a seed: afterwards every stage has exactly one result, the
results are those of an undisturbed run, and nothing is left running.

    tests/faults/faults.py --build build                     a few schedules in which every kind of fault is due
    tests/faults/faults.py --build build --schedules 50 --record     and writes what happened into results/reference/faults.md
    tests/faults/faults.py --build build --seed 7 --keep     one of them again, with its folder kept
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from case import SOURCE, SWEEP, Case, equal, undisturbed
from nodes import Nodes, possible, run

SCALE = 0.2                                                    # of the fleet's timers
SEEDS = (0, 1)                                                 # nine stages
MOST = 15                                                      # schedules, where as few as make every kind hit are wanted
FAULTS = 3                                                     # due in a schedule
RUNS = 12                                                      # until all is done; every schedule so far took at most 5
NOT_MADE = ["a slow disk and a network that delays (this kernel has neither dm-delay nor netem)", "a clock that jumps", "memory that lies"]


class Cluster(Case):
    """The sweep's store is a file system of its own that all nodes see, so that it can be full."""

    def __init__(self, build, seeds):
        super().__init__(build, seeds)
        shutil.rmtree(self.folder)
        self.folder = Path(tempfile.mkdtemp(prefix="winnow-faults-", dir="/var/tmp"))
        self.store, self.sweep = self.folder / "results", self.folder / "sweep.toml"
        self.sweep.write_text(SWEEP.format(seeds=list(seeds)))
        self.counter, self.output = self.folder / "executed", self.folder / "output.txt"
        self.store.mkdir()
        run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", self.store)

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

    def close(self):
        run("umount", "-l", self.store, check=False)
        super().close()

    def begin(self, nodes):
        """`winnow run` on all nodes that are there, started on the first."""
        alive = nodes.alive()
        words = [SOURCE / "launch/mpirun", "-n", len(alive), "-H", ",".join(f"{n.name}:1" for n in alive), "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", nodes.agent,
                 "--mca", "plm_rsh_no_tree_spawn", "1", "--leave-session-attached", "-x", "WINNOW_CACHE",
                 self.build / "bin/winnow", "run", self.sweep, "--from-scratch", "--store", self.store, "--device", "cpu", "--trainers", 2, "--time-scale", SCALE,
                 "--checkpoint-every", 0.2, "--trainer", self.trainer("--sleep", 1.5), "--set", "width=1"]
        with open(self.output, "a") as output:
            return alive[0].start(*words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
                                  env=dict(self.environment, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1"))


def words_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def kind_of(pid, node, first):
    """What a process is to winnow; nothing for helpers."""
    name, above = Path(words_of(pid)[0]).name, Path(words_of(parent(pid))[0]).name
    if name == "noop-trainer":
        return "trainer"
    if name in ("orted", "mpirun"):
        return name
    if name == "winnow":
        return "agent" if above == "winnow" else "coordinator" if node is first else "relay"
    if name == "bash" and any(word.endswith("launch/mpirun") for word in words_of(pid)):
        return "launcher"
    return ""


def find(nodes, kind, draw):
    first = nodes.alive()[0]
    found = [pid for node in nodes.alive() for pid in node.processes() if kind_of(pid, node, first) == kind]
    return draw.choice(sorted(found)) if found else None


def send(number, pid):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def killed(kind):
    def strike(case, nodes, draw):
        pid = find(nodes, kind, draw)
        return pid is not None and send(signal.SIGKILL, pid)
    return strike


def stopped(kind):
    """SIGSTOP for long enough to be taken for dead; what is then gone for winnow wakes up and must do no harm."""
    def strike(case, nodes, draw):
        pid = find(nodes, kind, draw)
        if pid is None or not send(signal.SIGSTOP, pid):
            return False
        time.sleep(draw.uniform(1, 20) * SCALE)
        send(signal.SIGCONT, pid)
        return True
    return strike


def link_down(case, nodes, draw):
    node = draw.choice(nodes.alive()[1:] or nodes.alive())
    node.cut()
    time.sleep(draw.uniform(1, 15) * SCALE)
    node.heal()
    return True


def node_lost(case, nodes, draw):
    if len(nodes.alive()) < 3:
        return False
    draw.choice(nodes.alive()[1:]).lose()
    return True


def full_disk(case, nodes, draw):
    filler = case.store / "filler"
    try:
        with open(filler, "wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
    except OSError:
        pass
    time.sleep(draw.uniform(0.5, 2))
    filler.unlink()
    return True


def damaged(change):
    def strike(case, nodes, draw):
        files = sorted((case.store / "runs").glob("??/*.h5"))
        if not files:
            return False
        file = draw.choice(files)
        content = bytearray(file.read_bytes())
        before = bytes(content)
        change(content, draw)
        if bytes(content) == before:
            return False
        copy = file.with_suffix(".damaged")                       # in place a reader would see half of each
        copy.write_bytes(content)
        os.replace(copy, file)
        return True
    return strike


def flip(content, draw):
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def zero(content, draw):
    at = draw.randrange(0, len(content), 4096)
    content[at:at + 4096] = bytes(len(content[at:at + 4096]))


def torn_journal(case, nodes, draw):
    files = sorted((case.store / "journal").glob("*.log"))
    if not files:
        return False
    file = files[-1]
    size = file.stat().st_size
    if size < 200:
        return False
    with open(file, "r+b") as journal:
        journal.truncate(size - draw.randrange(1, 40))
    return True


KINDS = {
    **{f"kill -9 of the {kind}": killed(kind) for kind in ("trainer", "agent", "relay", "orted", "coordinator", "mpirun", "launcher")},
    **{f"SIGSTOP of the {kind}": stopped(kind) for kind in ("trainer", "agent", "relay", "coordinator")},
    "link down": link_down, "node lost": node_lost, "full disk": full_disk, "bit flipped in a run file": damaged(flip),
    "block of a run file zeroed": damaged(zero), "journal torn": torn_journal,
}


def schedule(build, seed, kinds, wanted, hits, keep):
    """Runs until all is done, with the kinds of fault that are due. What hit while a stage ran counts in `hits`."""
    draw = random.Random(seed)
    case = Cluster(build, SEEDS)
    due = list(kinds)
    happened = []
    try:
        with Nodes(3, case.folder) as nodes:
            for attempt in range(RUNS):
                process = case.begin(nodes)
                while process.poll() is None:
                    time.sleep(draw.uniform(0.3, 0.9))
                    if due and case.running() and process.poll() is None:
                        kind = due[0]
                        if KINDS[kind](case, nodes, draw):
                            happened.append(kind)
                            hits[kind] += 1
                            due.pop(0)
                case.winnow("fsck", case.store, code=None)          # what was damaged is set aside, and computed again
                if process.returncode == 0 and case.digests().keys() == wanted.keys():
                    break
            else:
                raise AssertionError(f"{RUNS} runs did not complete it; the last one ended with {process.returncode}")
            equal(case.digests(), wanted, "result digests")
            time.sleep(2)                                            # parent-death signals, last words
            left = [(node.name, words_of(pid)) for node in nodes.alive() for pid in node.processes()]
            equal(left, [], "processes that are left")
            equal([str(f) for f in case.store.rglob("*.part*")], [], "files that are half written")
    except AssertionError as error:
        raise AssertionError(f"schedule {seed} ({', '.join(happened) or 'nothing'} happened, {', '.join(due) or 'nothing'} was still due): {error}\n"
                             + "\n".join(case.said().splitlines()[-30:])) from None
    finally:
        if keep:
            print(f"kept: {case.folder}")
        else:
            case.close()
    return happened, attempt + 1


def record(outcomes, hits, seconds):
    lines = ["# Faults", "", f"Written by `tests/faults/faults.py --schedules {len(outcomes)} --record`, {time.strftime('%Y-%m-%d', time.gmtime())}, in {seconds:.0f} s: a sweep of nine "
             "stages on three simulated nodes, while things break. Every schedule ended with the results of an undisturbed run, each once, and nothing left running.", "",
             "| fault | hit a running stage |", "|---|---|"]
    lines += [f"| {kind} | {count} |" for kind, count in hits.items()]
    lines += ["", f"Runs until all was done: {max(runs for _, runs in outcomes)} at most, {sum(runs for _, runs in outcomes) / len(outcomes):.1f} on average.", "",
              "Not made here: " + "; ".join(NOT_MADE) + "."]
    (SOURCE / "results/reference/faults.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    parser.add_argument("--schedules", type=int, default=0, help="so many; 0: as few as make every kind due once")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    if why := possible():
        print(f"skipped: no simulated nodes on this machine: {why}")
        sys.exit(77)
    os.environ.pop("TMPDIR", None)
    Case.cache = tempfile.mkdtemp(prefix="winnow-cache-", dir="/var/tmp")
    checked = subprocess.run([str(Path(arguments.build) / "bin/winnow"), "data", "check", "fashion-mnist"], capture_output=True, text=True,
                             env=dict(os.environ, WINNOW_CACHE=Case.cache))
    if checked.returncode:
        print("skipped: " + checked.stderr.strip())
        sys.exit(77)
    begin = time.time()
    hits = dict.fromkeys(KINDS, 0)
    outcomes = []
    try:
        plain = Case(arguments.build, SEEDS)
        wanted = undisturbed(plain)
        plain.close()
        order, due = list(KINDS), list(KINDS)                  # due: those that have hit nothing yet; a sweep may be done before it was their turn
        while len(outcomes) < (arguments.schedules or MOST) and (arguments.schedules or due):
            seed = arguments.seed + len(outcomes)
            kinds = random.Random(seed).sample(order, FAULTS) if arguments.schedules else due[:FAULTS]
            started = time.time()
            outcomes.append(schedule(arguments.build, seed, kinds, wanted, hits, arguments.keep))
            due = [kind for kind in due if hits[kind] == 0]
            print(f"schedule {seed:3} {time.time() - started:5.1f} s  {outcomes[-1][1]} runs  {', '.join(outcomes[-1][0])}", flush=True)
    except AssertionError as error:
        print(f"FAILED: {error}")
        sys.exit(1)
    finally:
        shutil.rmtree(Case.cache, ignore_errors=True)
    for kind, count in hits.items():
        print(f"{count:4} {kind}")
    print("not made: " + "; ".join(NOT_MADE))
    if missing := [kind for kind, count in hits.items() if count == 0]:
        sys.exit("FAILED: these never hit a running stage: " + ", ".join(missing))
    if arguments.record:
        record(outcomes, hits, time.time() - begin)


if __name__ == "__main__":
    main()
