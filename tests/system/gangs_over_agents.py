"""Gangs whose processes are on several agents: real mpirun, real processes, kill -9 of each kind of them. The agents share this
machine; to the launch of a gang it makes no difference, for it knows hosts by invented names and reaches them through the fleet alone."""
import json
import os
import re
import subprocess
import time
from pathlib import Path

import h5py

from case import SWEEP, children, contains, each, equal, kill, pid_of_agent, strike, trainers_of, undisturbed, wait_for


def daemons(case):
    """Processes of Open MPI that gangs of this case's agents have called to other agents."""
    agents = {r["pid"] for r in case.events("joined")}
    found = subprocess.run(["pgrep", "-x", "orted"], capture_output=True, text=True).stdout.split()
    return [int(p) for p in found if parent(parent(p)) in agents or parent(p) in agents]


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def gang_of(pid):
    """The name that Open MPI gave the launch of which this is a process: two gangs at a time would look like one."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return next((v for v in variables if v.startswith(b"PMIX_NAMESPACE=")), None)


def whole_gang(case):
    """The newest running gang with all its processes up: those here, the daemon, those there. Of a stage that was never hit: the
    third time would be its last. One that began a moment ago: an agent that is killed when its gang has just ended is missed later."""
    for attempt in (a for a in case.running() if a["attempt"] == 1 and time.time() - a["time"] < 1):
        here = [p for p in children(attempt["trainer"]) if p in trainers_of(case)]
        for daemon in daemons(case):
            there = [p for p in children(daemon) if p in trainers_of(case)]
            if len(here) + len(there) == 3 and here and there and len({gang_of(p) for p in here + there}) == 1:
                return attempt, {"here": here[0], "there": there[0], "launch": attempt["trainer"], "daemon": daemon,
                                 "leading agent": pid_of_agent(case, attempt["agent"]), "other agent": parent(parent(daemon)) or parent(daemon)}
    return None


def left(case):
    return [str(f) for r in case.events("joined") for f in Path("/dev/shm").glob(f"winnow-gang.*.{r['pid']}.*")]


def nothing_is_left(case):
    equal(trainers_of(case), [], "trainers that are still there")
    equal(daemons(case), [], "daemons that are still there")
    equal(left(case), [], "folders of gangs that are still there")


def run_on_slots_of_several(case):
    """Two agents of two slots each, width 3: two processes on one, one on the other."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    wanted = undisturbed(case, "--set", "width=3", "--trainers", 3)
    code, text = case.run("--set", "width=3", "--trainers", 2)
    equal(code, 0, "exit code: " + text)
    equal(case.digests(), wanted, "digests")
    equal(case.events("failed"), [], "failures")
    processes, hosts = set(), set()
    for file in (case.store / "runs").glob("??/*.h5"):
        with h5py.File(file) as run:
            if run.attrs["width"] > 1:
                processes.add(int(run.attrs["width"]))
                hosts.add(len(str(run.attrs["host"]).split(", ")))
    equal((processes, hosts), ({3}, {2}), "processes and hosts in the run files")
    gangs = [r for r in case.events("started") if "hosts" in r]
    equal({(len(r["hosts"]), r["hosts"][0] == r["host"]) for r in gangs}, {(2, True)}, "hosts of gangs in the journal")
    nothing_is_left(case)


def live_and_die_together(case):
    """kill -9 of a process here and one there, of the launch, of the daemon, of either agent: the whole gang goes, the stage is
    tried again, nothing survives, and the results are those of an undisturbed run."""
    case.sweep.write_text(SWEEP.format(seeds=[0, 1, 2, 3, 4]))
    wanted = undisturbed(case, "--set", "width=3", "--trainers", 3)
    process = case.start("--set", "width=3", "--trainers", 2, "--time-scale", 0.4, ranks=4, trainer=("--sleep", 1.5))
    wait_for(lambda: len(case.digests()) >= 1, "the backbone, which is no gang's")

    for what in ("other agent", "leading agent", "there", "daemon", "here", "launch"):   # agents first: they may take two gangs with them
        _, processes = strike(case, lambda: whole_gang(case), lambda attempt, processes: processes[what], f"a gang, to kill its {what}")
        wait_for(lambda: not any(Path(f"/proc/{processes[p]}").exists() for p in ("here", "there", "launch", "daemon")), f"the end of a gang that lost its {what}")
        done = len(case.digests())
        wait_for(lambda: len(case.digests()) > done, "a result: three failures in a row would be taken for the agent's fault")
    equal(process.wait(180), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "digests")
    nothing_is_left(case)


def too_few_slots_are_left(case):
    """Three agents of one slot, width 3, kill -9 of one: nothing has failed by it; the run is started again and has all three."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    wanted = undisturbed(case, "--set", "width=3", "--trainers", 3)
    process = case.start("--set", "width=3", "--trainers", 1, "--time-scale", 0.4, ranks=3, trainer=("--sleep", 1.5))
    begun = wait_for(lambda: [a for a in case.running() if len(trainers_of(case)) == 3], "a gang of all three")
    kill(next(r["pid"] for r in case.events("joined") if r["agent"] != begun[0]["agent"] and r["agent"] != 0))
    equal(process.wait(120), 0, "exit code: " + case.said())
    contains(case.said(), "stages that are left need 3 slots at a time, more than there are now; run it again, no finished stage is lost")
    equal([r for r in case.events("failed") if r["final"]], [], "stages that failed for good")
    equal(case.digests(), wanted, "digests")
    nothing_is_left(case)


def a_drain_keeps_their_place(case):
    """SIGTERM while a gang over two agents runs: it saves its place, everything ends, and the next run goes on from there."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    wanted = undisturbed(case, "--set", "width=3", "--trainers", 3)
    options = ["--set", "width=3", "--trainers", 2, "--grace", 0.2]
    process = case.start(*options, trainer=("--sleep", 3))
    wait_for(lambda: any(daemons(case)) and case.running() and case.events("checkpoint") or any(daemons(case)) and len(case.running()) == 1 and len(trainers_of(case)) >= 3, "a running gang")
    os.kill(process.pid, 15)
    equal(process.wait(60), 4, "exit code: " + case.said())
    nothing_is_left(case)
    code, text = case.run(*options)
    equal(code, 0, "exit code of the next run: " + text)
    equal(case.digests(), wanted, "digests")


def narrow_stages_run_beside_them(case):
    """Stages of width 1 take what a gang leaves; nothing waits for ever."""
    case.sweep.write_text(SWEEP.format(seeds=[0, 1]) + '\n[[override]]\nwhen = { method = "proden" }\nset = { width = 3 }\n')
    code, text = case.run("--trainers", 2, trainer=("--sleep", 0.2))
    equal(code, 0, "exit code: " + text)
    equal(len(case.digests()), 9, "run files")


def a_gang_wider_than_all_agents_is_refused(case):
    case.sweep.write_text(SWEEP.format(seeds=[0]) + '\n[[override]]\nwhen = { method = "proden" }\nset = { width = 5 }\n')
    code, text = case.run("--trainers", 2)
    equal(code, 3, "exit code: " + text)
    contains(text, "width 5 needs 5 trainers, all agents together have 4")


TESTS = [run_on_slots_of_several, live_and_die_together, too_few_slots_are_left, a_drain_keeps_their_place, narrow_stages_run_beside_them,
         a_gang_wider_than_all_agents_is_refused]

if __name__ == "__main__":
    each(TESTS)
