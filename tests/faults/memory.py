"""Control groups in which no memory is left: the kernel kills what asks for a further page. Needs root."""
import os
import subprocess
import time
from itertools import count
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
numbers = count()


def controller():
    """The folder under which groups with a limit can be made, and the limit's file, of either version of control groups."""
    first = ROOT / "memory"
    if (first / "memory.limit_in_bytes").exists():
        return first, "memory.limit_in_bytes"
    if "memory" in (ROOT / "cgroup.controllers").read_text().split():
        (ROOT / "cgroup.subtree_control").write_text("+memory")
        return ROOT, "memory.max"
    raise OSError("no control groups with a limit of memory")


class NoMemoryLeft:
    """A context; what it has taken in must have ended when it does."""

    def __enter__(self):
        root, limit = controller()
        self.folder = root / f"winnow-faults-{os.getpid()}-{next(numbers)}"
        self.folder.mkdir()
        (self.folder / limit).write_text("0")
        return self

    def take(self, pid):
        try:
            (self.folder / "cgroup.procs").write_text(str(pid))
            return True
        except ProcessLookupError:
            return False

    def __exit__(self, *ignored):
        for _ in range(100):
            try:
                return self.folder.rmdir()
            except OSError:                                       # what was killed is not gone yet
                time.sleep(0.1)


def none_can_be_used_up():
    """Why; nothing if it can."""
    try:
        with NoMemoryLeft() as group:
            greedy = subprocess.Popen(["sh", "-c", "while :; do sleep 0.01; done"])
            try:
                group.take(greedy.pid)
                return "" if greedy.wait(10) == -9 else "the kernel kills nothing in such a control group"
            except subprocess.TimeoutExpired:
                return "the kernel kills nothing in a control group without memory"
            finally:
                greedy.kill()
                greedy.wait()
    except OSError as error:
        return str(error)
