"""How long a fault keeps slots idle, with real processes: from the fault to the next attempt of what was lost, or to the first stage of the
next coordinator, while slots are free. Goals: a lost node 8 s, a killed coordinator 5 s.

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
from case import Case, kill, pid_of_agent, wait_for  # noqa: E402


def started_anew(case, lost, since):
    """The record of the next attempt of a stage that was lost."""
    return next((r for r in case.events("started") if r["time"] > since and r["identity"] == lost["identity"] and r["attempt"] > lost["attempt"]), None)


def an_agent(case, blow):
    """The agent of the second rank, hit by `blow` while it runs a stage."""
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


FAULTS = {"an agent is killed": lambda case: an_agent(case, kill), "a node falls silent": lambda case: an_agent(case, lambda pid: os.kill(pid, signal.SIGSTOP)),
          "the coordinator is killed": the_coordinator}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", required=True)
parser.add_argument("rounds", nargs="?", type=int, default=3)
arguments = parser.parse_args()
Case.cache = tempfile.mkdtemp(prefix="winnow-cache-")
for name, fault in FAULTS.items():
    times = []
    for _ in range(arguments.rounds):
        case = Case(arguments.build)
        try:
            case.winnow("data", "check", "fashion-mnist")
            times.append(fault(case))
        finally:
            case.close()
    print(f"{name}: {statistics.median(times):.1f} s to the next stage (median of {len(times)}, longest {max(times):.1f})", flush=True)
