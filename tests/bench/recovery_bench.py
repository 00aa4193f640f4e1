"""How long a fault keeps slots idle, with real processes: from the fault to the next attempt of what was lost, or to the first stage of the
next coordinator, while slots are free: fewer stages run than have room on one agent. Goals: a lost node 8 s, a killed coordinator 5 s. And how long the rest of a gang over two agents
outlives one of its processes. Goal: 1 s.

    launch/python tests/bench/recovery_bench.py --build build [ROUNDS]
"""
import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from case import SWEEP, Case, children, kill, pid_of_agent, wait_for  # noqa: E402
from gangs_over_agents import whole_gang  # noqa: E402


def started_anew(case, lost, since):
    """The record of the next attempt of a stage that was lost."""
    return next((r for r in case.events("started") if r["time"] > since and r["identity"] == lost["identity"] and r["attempt"] > lost["attempt"]), None)


def an_agent(case, blow):
    """The agent of the second rank, hit by `blow` while it runs a stage, and one agent has room for all."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    process = case.start("--trainers", 4, trainer=("--sleep", 2))
    lost = wait_for(lambda: next((r for r in case.running() if r["agent"] == 1), None), "a stage of the second agent")
    since = time.time()
    pid = pid_of_agent(case, 1)
    blow(pid)
    again = wait_for(lambda: started_anew(case, lost, since), "its next attempt", 120)
    os.kill(pid, signal.SIGCONT) if Path(f"/proc/{pid}").exists() else None
    process.wait(120)
    return again["time"] - since


def the_coordinator(case):
    process = case.start("--trainers", 4, trainer=("--sleep", 2))
    wait_for(case.running, "a running stage")
    since = time.time()
    kill(case.events("begin")[-1]["pid"])
    again = wait_for(lambda: next((r for r in case.events("started") if r["time"] > since and case.events("begin")[-1]["time"] > since), None), "a stage", 120)
    process.wait(120)
    return again["time"] - since


def gone(pid):
    """Dead, whether or not it was waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def a_member(case, where):
    """A process of a gang of three, on the agent that leads it or on the other one."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    process = case.start("--set", "width=3", "--trainers", 2, trainer=("--sleep", 3))
    _, gang = wait_for(lambda: whole_gang(case), "a gang")
    all_of_it = {gang["launch"], gang["daemon"], *children(gang["launch"]), *children(gang["daemon"])}
    since = time.monotonic()
    kill(gang[where])
    while not all(gone(pid) for pid in all_of_it):
        time.sleep(0.002)
    passed = time.monotonic() - since
    process.wait(120)
    return passed


NEXT, END = "to the next stage", "until all of the gang is gone"
FAULTS = {"an agent is killed": (NEXT, lambda case: an_agent(case, kill)),
          "a node falls silent": (NEXT, lambda case: an_agent(case, lambda pid: os.kill(pid, signal.SIGSTOP))),
          "the coordinator is killed": (NEXT, the_coordinator),
          "a gang's process on the leading agent is killed": (END, lambda case: a_member(case, "here")),
          "a gang's process on the other agent is killed": (END, lambda case: a_member(case, "there"))}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", required=True)
parser.add_argument("rounds", nargs="?", type=int, default=3)
arguments = parser.parse_args()
Case.cache = tempfile.mkdtemp(prefix="winnow-cache-")
for name, (until, fault) in FAULTS.items():
    times = []
    for _ in range(arguments.rounds):
        case = Case(arguments.build)
        try:
            case.winnow("data", "check", "fashion-mnist")
            times.append(fault(case))
        finally:
            case.close()
    print(f"{name}: {statistics.median(times):.2f} s {until} (median of {len(times)}, longest {max(times):.2f})", flush=True)
