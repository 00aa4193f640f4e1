"""What tests of whole programs share: a folder with a sweep and a store, the processes that work on it, and how such tests are run."""
import argparse
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

SWEEP = """
name     = "system"
question = "Does a sweep survive what happens to its processes?"

[base]
dataset = "fashion-mnist"
data    = {{ samples = 1000 }}
model   = "nano-clip"
adapt   = "adaptformer"
train   = {{ epochs = 1 }}

[[grid]]
method = ["cc", "proden"]
labels = [{{ kind = "flip", rate = 0.1 }}, {{ kind = "flip", rate = 0.7 }}]
seed   = {seeds}
"""


class Skip(Exception):
    pass


class Case:
    """A folder with a sweep and a store, and the processes that work on it."""

    cache = None                                  # shared by all cases: images are decoded once

    def __init__(self, build, seeds=(0, 1, 2)):
        self.build = Path(build).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="winnow-system-"))
        self.store = self.folder / "results"
        self.sweep = self.folder / "sweep.toml"
        self.sweep.write_text(SWEEP.format(seeds=list(seeds)))
        self.counter = self.folder / "executed"
        self.output = self.folder / "output.txt"
        self.environment = dict(os.environ, WINNOW_CACHE=Case.cache)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def trainer(self, *options):
        return " ".join([str(self.build / "bin/noop-trainer"), "--count", str(self.counter), *map(str, options)])

    def python_trainer(self, answer):
        """The words of a trainer in Python. `answer`: statements that `say` something of a `command` to run."""
        file = self.folder / "trainer.py"
        file.write_text(f"""
import json, sys
say = lambda **event: print(json.dumps(event), flush=True)
say(event="ready", protocol=1, device="cpu", version="1")
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "quit": break
{textwrap.indent(textwrap.dedent(answer), "    ")}
""")
        return f"{sys.executable} {file}"

    def command(self, *options, ranks=2, trainer=()):
        run = [str(self.build / "bin/winnow"), "run", str(self.sweep), "--from-scratch", "--store", str(self.store),
               "--trainer", trainer if isinstance(trainer, str) else self.trainer(*trainer), *map(str, options)]
        return run if ranks == 0 else [str(SOURCE / "launch/mpirun"), "-n", str(ranks), *run]

    def start(self, *options, **arguments):
        with open(self.output, "a") as output:
            return subprocess.Popen(self.command(*options, **arguments), stdout=output, stderr=subprocess.STDOUT, env=self.environment)

    def run(self, *options, timeout=120, **arguments):
        process = subprocess.run(self.command(*options, **arguments), env=self.environment, timeout=timeout,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return process.returncode, process.stdout

    def winnow(self, *arguments, program="winnow", code=0, **environment):
        """What a command prints; of one that must fail, its complaint."""
        process = subprocess.run([str(self.build / "bin" / program), *map(str, arguments)], env=dict(self.environment, **environment), text=True,
                                 capture_output=True, timeout=300, cwd=self.folder)
        if code is not None:
            equal(process.returncode, code, f"exit code of {' '.join(map(str, arguments))}: {process.stdout}{process.stderr}")
        return process.stderr if code else process.stdout

    def said(self):
        return self.output.read_text()

    def seen(self):
        """The folder in which a test looks at what lies in the store."""
        return self.store

    def journal(self):
        records = []
        for file in sorted((self.seen() / "journal").glob("*.log")):
            records += [json.loads(line[33:]) for line in file.read_text().splitlines() if len(line) > 33]
        return records

    def events(self, event, **wanted):
        return [r for r in self.journal() if r["event"] == event and all(r.get(k) == v for k, v in wanted.items())]

    def executed(self):
        return self.counter.stat().st_size if self.counter.exists() else 0

    def digests(self):
        """identity -> result digest, from the user blocks."""
        result = {}
        for file in (self.seen() / "runs").glob("??/*.h5"):
            block = file.read_bytes()[:512]
            result[file.stem] = "%016x%016x" % struct.unpack("<QQ", block[56:72])
        return result

    def running(self):
        """Attempts that have started and not ended, newest first. A stage whose run file is there has ended, even if the
        journal does not say so yet."""
        ended = {(r["identity"], r["attempt"]) for r in self.journal() if r["event"] in ("done", "failed")}
        finished = self.digests()
        return [r for r in reversed(self.events("started"))
                if (r["identity"], r["attempt"]) not in ended and r["identity"] not in finished]


def wait_for(condition, what, timeout=60):
    end = time.time() + timeout
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout} s for {what}")


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} instead of {wanted!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in:\n{text}")


def pid_of_agent(case, number):
    return case.events("joined", agent=number)[-1]["pid"]


def kill(pid):
    """kill -9. A process that is gone already is no mistake of the test: stages end when they like."""
    try:
        os.kill(int(pid), signal.SIGKILL)
    except ProcessLookupError:
        pass


def children(pid):
    return [int(p) for p in subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()]


def trainers_of(case):
    """Processes of this case's trainers, gangs' included."""
    found = subprocess.run(["pgrep", "-f", f"noop-trainer --count {case.counter}"], capture_output=True, text=True).stdout.split()
    return [int(p) for p in found if Path(f"/proc/{p}/comm").exists() and Path(f"/proc/{p}/comm").read_text().startswith("noop")]


def revision_of(program):
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def outcome(case, attempt):
    """"done" or "failed" once the attempt has ended, as the journal tells it."""
    for record in case.journal():
        if record["event"] in ("done", "failed") and (record["identity"], record["attempt"]) == (attempt["identity"], attempt["attempt"]):
            return record["event"]
    return None


def strike(case, choose, victim, what):
    """kill -9 of a process that belongs to a running attempt, again until the attempt failed by it: one that ended in the moment
    of the kill proves nothing. `choose` gives (attempt, processes) or None, `victim` one process of them."""
    while True:
        attempt, processes = wait_for(choose, what)
        kill(victim(attempt, processes))
        if wait_for(lambda: outcome(case, attempt), f"the end of {what}") == "failed":
            return attempt, processes


def undisturbed(case, *options):
    """Result digests of the same sweep without faults."""
    other = Case(case.build)
    other.sweep.write_text(case.sweep.read_text())
    try:
        code, text = other.run(*options, ranks=0)
        equal(code, 0, "exit code of the undisturbed run: " + text)
        return other.digests()
    finally:
        other.close()


def each(tests, make=Case):
    """Runs tests that are independent of each other, each with a case of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="every N-th test from the I-th on")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    Case.cache = tempfile.mkdtemp(prefix="winnow-cache-")
    check = subprocess.run([str(Path(arguments.build) / "bin/winnow"), "data", "check", "fashion-mnist"], capture_output=True, text=True,
                           env=dict(os.environ, WINNOW_CACHE=Case.cache))
    if check.returncode:
        print("skipped: " + check.stderr.strip())
        sys.exit(77)
    failed, skipped, ran = [], 0, 0
    first, step = map(int, arguments.shard.split("/"))
    for test in tests[first - 1::step]:
        if arguments.names and test.__name__ not in arguments.names:
            continue
        begin = time.time()
        case = None
        try:
            case = make(arguments.build)
            test(case)
            outcome = "ok"
        except Skip as reason:
            outcome = f"skipped: {reason}"
            skipped += 1
        except (AssertionError, subprocess.SubprocessError, OSError) as error:
            outcome = f"FAILED: {error}"
            failed.append(test.__name__)
        ran += 1
        print(f"{test.__name__:42} {time.time() - begin:5.1f} s  {outcome}", flush=True)
        if case and not arguments.keep:
            case.close()
    shutil.rmtree(Case.cache, ignore_errors=True)
    sys.exit(1 if failed else 77 if 0 < ran == skipped else 0)


def story(tell, make=Case):
    """Runs one test of many steps, which share a case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    Case.cache = tempfile.mkdtemp(prefix="winnow-cache-")
    case = make(parser.parse_args().build)
    try:
        tell(case)
        print("ok")
    except AssertionError as error:
        sys.exit(f"FAILED: {error}")
    finally:
        case.close()
        shutil.rmtree(Case.cache, ignore_errors=True)
