#!/usr/bin/env python3
"""Faults of a fleet, with real processes: launch/mpirun, coordinator, agents, trainers, kill -9.

    tests/system/fleet.py --build build [NAME...]

Each test gets a fresh folder. Trainers are tests/system/noop_trainer.cpp, so nothing here needs torch or data.
"""
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from case import SWEEP, Skip, children, contains, each, equal, kill, pid_of_agent, revision_of, strike, trainers_of, undisturbed, wait_for

# --- tests ----------------------------------------------------------------------------------------------------------

def runs_under_mpirun(case):
    code, text = case.run()
    equal(code, 0, "exit code: " + text)
    equal(len(case.digests()), 13, "run files")
    equal(case.executed(), 13, "executed stages")
    equal(len({r["agent"] for r in case.events("joined")}), 2, "agents")
    begin = time.time()
    code, text = case.run()
    equal(code, 0, "exit code of the second run")
    equal(case.executed(), 13, "executed stages after the second run")
    contains(text, "13 done, 0 to run")
    print(f"    a run with nothing to do took {time.time() - begin:.2f} s", flush=True)
    equal(json.loads((case.store / "exit.json").read_text())["code"], 0, "exit record")


def survives_kills(case):
    """kill -9 of a trainer, an agent, the coordinator, each while its stage runs and has a checkpoint; then everything is there,
    once, and each of the three stages went on from its place."""
    case.sweep.write_text(SWEEP.format(seeds=[0, 1]))
    wanted = undisturbed(case)
    process = case.start("--checkpoint-every", 0.2, trainer=("--sleep", 2))
    hits = []

    def running(agent=None):
        """A running attempt that has saved a checkpoint, far enough from its end (step 20) to be hit."""
        for attempt in case.running():
            steps = places(case, attempt["identity"])[0].get(attempt["attempt"])
            if steps and max(steps) <= 9 and agent in (None, attempt["agent"]):
                return attempt
        return None

    def hit(pid, attempt):
        kill(pid)
        hits.append(attempt)

    wait_for(lambda: len(case.digests()) >= 1, "the backbone")      # from here on there is work for both agents
    attempt = wait_for(running, "a running stage")
    hit(attempt["trainer"], attempt)
    wait_for(lambda: case.events("failed", identity=attempt["identity"]), "the failure of the killed trainer's stage")

    attempt = wait_for(lambda: running(1), "a stage on agent 1")
    hit(pid_of_agent(case, 1), attempt)
    wait_for(lambda: case.events("lost"), "the loss of agent 1")

    attempt = wait_for(running, "a running stage")
    hit(case.events("begin")[-1]["pid"], attempt)
    equal(process.wait(120), 0, "exit code of launch/mpirun: " + case.said())
    contains(case.said(), "it crashed; starting again")

    equal(case.digests(), wanted, "result digests")
    done = [r["identity"] for r in case.events("done")]
    equal(len(set(done)), len(done), "stages done twice")
    ended = {(r["identity"], r["attempt"]) for r in case.events("done")}
    for attempt in hits:
        if (attempt["identity"], attempt["attempt"]) in ended:
            raise AssertionError(f"the kill missed: {attempt} was done")
        checkpoints, resumed = places(case, attempt["identity"])
        later = [n for n in resumed if n > attempt["attempt"]]
        last = max(checkpoints[attempt["attempt"]])
        if not (later and 0 < last <= resumed[min(later)][0]):
            raise AssertionError(f"{attempt} had saved step {last}; later attempts went on at {resumed}")
    print(f"    3 kills hit running stages, which went on later; {case.executed()} executions of 9 stages", flush=True)


def survives_a_killed_mpirun(case):
    wanted = undisturbed(case)
    process = case.start(trainer=("--sleep", 0.5))
    wait_for(case.running, "a running stage")
    for child in children(process.pid):
        kill(child)
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests")


def a_run_that_lost_its_launcher_is_waited_for(case):
    """kill -9 of launch/mpirun itself: the run goes on. Started again it says so once, waits, and there is nothing left to do."""
    process = case.start(trainer=("--sleep", 0.3))
    wait_for(case.running, "a running stage")
    kill(process.pid)
    process.wait()
    code, text = case.run(trainer=("--sleep", 0.3))
    equal(code, 0, "exit code of the second start: " + text)
    equal(text.count("goes on without the launch/mpirun that started it; waiting for it"), 1, "lines that say so in: " + text)
    contains(text, "13 done, 0 to run")
    equal(case.executed(), 13, "executed stages")


def a_run_that_has_its_launcher_is_not_waited_for(case):
    process = case.start(trainer=("--sleep", 0.3))
    wait_for(case.running, "a running stage")
    code, text = case.run()
    equal(code, 2, "exit code of a second start: " + text)
    contains(text, f"another coordinator works on {case.store}: process ")
    contains(text, f"wait for it (winnow status {case.store})")
    equal(process.wait(60), 0, "exit code of the first")
    equal(case.executed(), 13, "executed stages")


def a_start_that_waits_for_a_lost_host_ends(case):
    """A daemon that never answers: mpirun alone would wait without end."""
    deaf = case.folder / "deaf"
    deaf.write_text("#!/bin/sh\nexit 0\n")
    deaf.chmod(0o755)
    run = case.command()
    options = ["-H", "localhost:1,10.255.255.1:1", "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", str(deaf)]
    process = subprocess.run([*run[:3], *options, *run[3:]], env=dict(case.environment, WINNOW_START_SECONDS="2"), timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(process.returncode, 1, "exit code: " + process.stdout)
    contains(process.stdout, "no rank has started within 2 s (WINNOW_START_SECONDS): one of the hosts does not answer")
    process = subprocess.run(run, env=dict(case.environment, WINNOW_START_SECONDS="soon"), timeout=60, capture_output=True, text=True)
    equal((process.returncode, process.stderr), (2, "launch/mpirun: WINNOW_START_SECONDS is 'soon': whole seconds, 1 or more\n"), "exit code and complaint")


def a_death_while_mpi_starts(case, rank, after, seconds, complaint):
    """Once; the next start has all ranks."""
    begun, program = case.folder / "begun", case.folder / "winnow"
    program.write_text(f"""#!/bin/sh
if [ "$OMPI_COMM_WORLD_RANK" = {rank} ] && [ ! -e {begun} ]; then touch {begun}; sleep {after}; kill -9 $$; fi
exec {case.build}/bin/winnow "$@"
""")
    program.chmod(0o755)
    run = [str(program) if word.endswith("bin/winnow") else word for word in case.command(ranks=3)]
    process = subprocess.run(run, env=dict(case.environment, WINNOW_START_SECONDS=str(seconds)), timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(process.returncode, 0, "exit code: " + process.stdout)
    contains(process.stdout, f"winnow: MPI has not started on all 3 ranks within {complaint}: one of them has died")
    contains(process.stdout, "starting again")
    equal(len(case.digests()), 13, "run files")


def a_rank_that_dies_while_mpi_starts_is_not_waited_for(case):
    """MPI waits for it without end; the coordinator does not."""
    a_death_while_mpi_starts(case, 1, 0, 4, "4 s (WINNOW_START_SECONDS)")


def a_coordinator_that_dies_while_mpi_starts_is_not_waited_for(case):
    """Its agents are in MPI's start by then and hear nothing; they wait longer, for it plans before it comes."""
    a_death_while_mpi_starts(case, 0, 2, 3, "12 s (4 x WINNOW_START_SECONDS)")


def agents_that_never_came_are_not_waited_for_when_the_others_are_lost(case):
    """A node that is lost before it has said a word: with the other one lost, too, the run is started again."""
    wanted = undisturbed(case)
    silent = case.folder / "silent"                       # the process id of the rank that says nothing, at the first start
    program = case.folder / "winnow"
    program.write_text(f"""#!/bin/sh
if [ "$OMPI_COMM_WORLD_RANK" = 1 ] && [ ! -e {silent} ]; then echo $$ > {silent}; exec {case.build}/bin/babbling-agent nothing; fi
exec {case.build}/bin/winnow "$@"
""")
    program.chmod(0o755)
    run = [str(program) if word.endswith("bin/winnow") else word for word in case.command("--time-scale", 0.2, trainer=("--sleep", 0.5))]
    with open(case.output, "a") as output:
        process = subprocess.Popen(run, stdout=output, stderr=subprocess.STDOUT, env=case.environment)
    wait_for(case.running, "a running stage")
    equal(case.events("joined", agent=1), [], "words of the silent agent")
    kill(pid_of_agent(case, 0))
    equal(process.wait(120), 0, "exit code: " + case.said())
    contains(case.said(), "every agent was lost")
    equal(case.digests(), wanted, "digests")
    equal(Path("/proc", silent.read_text().strip()).exists(), False, "the silent agent is still there")


def a_coordinator_that_gave_up_is_started_again(case):
    """It has lost every agent, let the store go and left no record; its mpirun waits for a daemon without end. A stand-in of mpirun does so once."""
    mark, store = case.folder / "once", case.store
    store.mkdir()
    (case.folder / "bin").mkdir()
    fake = case.folder / "bin/mpirun"
    fake.write_text(f"""#!/bin/bash
case $1 in --version | -V) exec /usr/bin/mpirun "$@" ;; esac
if [ -e {mark} ]; then
  echo '{{"code":0,"run":"'"$WINNOW_RUN_ID"'"}}' > "$WINNOW_EXIT_RECORD"
  exit 0
fi
touch {mark}
sleep 3 &
echo '{{"host":"'"$(hostname)"'","pid":'$!',"run":"'"$WINNOW_RUN_ID"'"}}' > {store}/coordinator.json
wait
rm {store}/coordinator.json
exec sleep 1000
""")
    fake.chmod(0o755)
    process = subprocess.run(case.command(), env=dict(case.environment, PATH=f"{case.folder}/bin:{os.environ['PATH']}"), timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal((process.returncode, mark.exists()), (0, True), "exit code: " + process.stdout)


def a_lone_agent_is_replaced(case):
    process = case.start(ranks=0, trainer=("--sleep", 0.3))
    running = wait_for(case.running, "a running stage")[0]
    kill(pid_of_agent(case, running["agent"]))
    equal(process.wait(60), 0, "exit code: " + case.said())
    contains(case.said(), "started again")
    equal(len(case.digests()), 13, "run files")


def drains_on_sigterm(case):
    process = case.start("--grace", 0.2, trainer=("--sleep", 1.0))
    wait_for(lambda: len(case.digests()) >= 1 and case.running(), "a running stage after the first")
    process.send_signal(signal.SIGTERM)
    equal(process.wait(30), 4, "exit code: " + case.said())
    contains(case.said(), "stopped on request")
    done = len(case.digests())
    if not 1 <= done < 13:
        raise AssertionError(f"{done} stages done after a drain")
    code, text = case.run(trainer=("--sleep", 0.05))
    equal(code, 0, "exit code of the next run: " + text)
    equal(len(case.digests()), 13, "run files")
    equal(len(case.events("done")), 13, "stages done")


def refuses_a_second_coordinator(case):
    process = case.start(ranks=0, trainer=("--sleep", 1.0))
    wait_for(case.running, "a running stage")
    code, text = case.run(ranks=0)
    equal(code, 2, "exit code")
    contains(text, f"another coordinator works on {case.store}: process {process.pid} on host")
    code, text = case.run(ranks=2)
    equal(code, 2, "exit code under mpirun: " + text)
    equal(process.wait(60), 0, "exit code of the first")
    equal(len(case.digests()), 13, "run files")


def refuses_ranks_that_see_another_folder(case):
    elsewhere = case.folder / "elsewhere"
    elsewhere.mkdir()
    run = case.command()
    wrapper = case.folder / "rank"
    # Rank 1 starts in another folder, and the store is named relative to it.
    wrapper.write_text('#!/bin/bash\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && cd "$ELSEWHERE"\nexec "$@"\n')
    wrapper.chmod(0o755)
    run = [run[0], *run[1:3], "-x", "ELSEWHERE", str(wrapper), *run[3:]]
    run[run.index("--store") + 1] = "results"
    process = subprocess.run(run, env=dict(case.environment, ELSEWHERE=str(elsewhere)), cwd=case.folder, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(process.returncode, 2, "exit code: " + process.stdout)
    contains(process.stdout, f"does not see the coordinator's results folder at {elsewhere}/results")


def refuses_an_agent_of_another_revision(case):
    """Rank 1 is a winnow that was built from other code."""
    other = case.build / "bin/winnow-of-another-revision"
    revisions = revision_of(case.build / "bin/winnow"), revision_of(other)
    if revisions[0] == revisions[1]:
        raise AssertionError(f"both are of {revisions[0]}")
    wrapper = case.folder / "rank"
    wrapper.write_text(f'#!/bin/bash\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && shift && exec {other} "$@"\nexec "$@"\n')
    wrapper.chmod(0o755)
    run = case.command()
    process = subprocess.run([run[0], *run[1:3], str(wrapper), *run[3:]], env=case.environment, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(process.returncode, 2, "exit code: " + process.stdout)
    host = os.uname().nodename
    contains(process.stdout, f"winnow on host {host} is of revision {revisions[1]}, the coordinator on host {host} of {revisions[0]}")
    contains(process.stdout, "install one build on all hosts")
    if "lost the agent" in process.stdout:
        raise AssertionError(process.stdout)


def refuses_its_own_trainer_of_another_revision(case):
    version = revision_of(case.build / "bin/winnow")
    begin = time.time()
    code, text = case.run(ranks=0, trainer=("--program", "winnow-train", "--version", "0.1.0+g000000000000"))
    equal(code, 2, "exit code: " + text)
    contains(text, f"winnow-train on host {os.uname().nodename} is of revision 0.1.0+g000000000000, winnow is of {version}: build both from the same sources")
    equal(len(case.digests()), 0, "run files")
    if time.time() - begin > 20:
        raise AssertionError("it took longer than a refusal may")
    code, text = case.run(ranks=2, trainer=("--program", "winnow-train", "--version", "0.1.0+g000000000000"))
    equal(code, 2, "exit code under mpirun: " + text)
    equal(case.run(ranks=0, trainer=("--program", "winnow-train", "--version", version))[0], 0, "exit code with the trainer that belongs to it")
    equal(len(case.digests()), 13, "run files")


def foreign_trainers_call_themselves_what_they_like(case):
    code, text = case.run(ranks=0, trainer=("--program", "theirs", "--version", "7"))
    equal(code, 0, "exit code: " + text)
    equal({record["code_version"] for record in case.events("started")}, {"7"}, "code of the attempts")
    revision = revision_of(case.build / "bin/winnow")
    equal({record["revision"] for record in case.events("begin")}, {revision}, "revision of the coordinator")
    equal(json.loads((case.store / "exit.json").read_text())["revision"], revision, "revision in exit.json")
    shown = subprocess.run([str(case.build / "bin/winnow"), "show", next(iter(case.digests())), "--store", str(case.store)], capture_output=True, text=True).stdout
    contains(shown, "\ncode      7\n")


def bad_trainer(case, option, reason):
    code, text = case.run("--time-scale", 0.1, ranks=0, trainer=(option, '"seed":1'), timeout=90)
    equal(code, 3, "exit code: " + text)
    contains(text, reason)
    equal(len(case.digests()), 9, "run files of the other stages")
    contains(text, "9 of 13 stages done, 4 failed")


def survives_garbage(case):
    bad_trainer(case, "--garbage", "the trainer wrote a line that is no event: 'Epoch 1: loss=0.7'")


def survives_a_flood(case):
    bad_trainer(case, "--flood", "the trainer was killed because it")


def survives_a_hang(case):
    # The 600 s that a stage has before its first progress are 3 s here; a hang is tried three times.
    code, text = case.run("--time-scale", 0.005, ranks=0, trainer=("--hang", '"kind":"pretrain"'))
    equal(code, 3, "exit code: " + text)
    contains(text, "the trainer was killed because it made no progress for too long")


def reports_failures_and_goes_on(case):
    code, text = case.run(ranks=0, trainer=("--fail", '"seed":1'))
    equal(code, 3, "exit code")
    contains(text, "the stage asks for the impossible")
    contains(text, "    executing ")                                # the trainer's last lines, indented
    equal(len(case.digests()), 9, "run files")
    code, text = case.run("--max-failures", 1, ranks=0, trainer=("--fail", '"seed":1'))
    equal(code, 3, "exit code with --max-failures")
    contains(text, "ended by --max-failures 1, run it again to go on")
    contains(text, "not run")


def retries_crashes(case):
    code, text = case.run("--time-scale", 0.1, ranks=0, trainer=("--crash-once", case.folder / "mark"))
    equal(code, 0, "exit code: " + text)
    contains(text, "was killed by signal 6 (Aborted)")
    equal(len(case.digests()), 13, "run files")
    equal(case.executed(), 26, "executions")


def a_failed_backbone_blocks(case):
    code, text = case.run(ranks=0, trainer=("--fail", '"kind":"pretrain"'))
    equal(code, 3, "exit code")
    contains(text, "which failed")
    equal(len(case.digests()), 0, "run files")


def says_when_the_disk_is_full(case):
    case.store.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(case.store)], stderr=subprocess.DEVNULL).returncode:
        raise Skip("needs the right to mount a small tmpfs")
    try:
        code, text = case.run("--time-scale", 0.1, ranks=0)
        if code not in (1, 3):
            raise AssertionError(f"exit code {code}: {text}")
        contains(text, "No space left on device")
        parts = list(case.store.rglob("*.part"))
        equal(parts, [], "half-written files")
        for file in case.digests():
            assert file
        check = subprocess.run([str(case.build / "bin/winnow"), "fsck", "--store", str(case.store)], capture_output=True, text=True)
        equal(check.returncode, 0, "fsck: " + check.stdout)
    finally:
        subprocess.run(["umount", str(case.store)])


def says_when_the_folder_is_not_writable(case):
    case.store.write_text("a file, no folder")
    code, text = case.run(ranks=0)
    equal(code, 1, "exit code: " + text)
    contains(text, f"cannot make folder {case.store}")
    code, text = case.run(ranks=2)
    equal(code, 1, "exit code under mpirun: " + text)


def recomputes_exactly_what_was_damaged(case):
    equal(case.run(ranks=0)[0], 0, "exit code")
    wanted = case.digests()
    victim = sorted((case.store / "runs").glob("??/*.h5"))[5]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    check = subprocess.run([str(case.build / "bin/winnow"), "fsck", "--store", str(case.store)], capture_output=True, text=True)
    equal(check.returncode, 3, "exit code of fsck")
    contains(check.stdout, f"run file {victim} is damaged")
    contains(check.stdout, "12 run files verified, 1 damaged")
    before = case.executed()
    equal(case.run(ranks=0)[0], 0, "exit code of the next run")
    equal(case.executed() - before, 1, "stages computed again")
    equal(case.digests(), wanted, "result digests")


def recomputes_an_earlier_stage_for_who_waits_for_it(case):
    """As winnow fsck --help says: a damaged backbone is nothing to do where all experiments are done, and is computed with the first one that is not."""
    equal(case.run(ranks=0)[0], 0, "exit code")
    wanted, stages = case.digests(), json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"]
    file = lambda kind: next(case.store / "runs" / s["identity"][:2] / f"{s['identity']}.h5" for s in stages if s["kind"] == kind)

    def damaged(*files):
        for victim in files:
            victim.write_bytes(victim.read_bytes()[:-1])
        check = subprocess.run([str(case.build / "bin/winnow"), "fsck", "--store", str(case.store)], capture_output=True, text=True)
        equal((check.returncode, [victim.exists() for victim in files]), (3, [False] * len(files)), "fsck: " + check.stdout + check.stderr)
        before = case.executed()
        code, text = case.run(ranks=0)
        equal(code, 0, "exit code of the next run: " + text)
        return case.executed() - before

    equal(damaged(file("pretrain")), 0, "stages computed for experiments that are done")
    equal(file("pretrain").exists(), False, "the backbone is back")
    equal(damaged(file("train")), 2, "stages computed for one that is not: itself and the backbone")
    equal(case.digests(), wanted, "result digests")


def a_damaged_journal_loses_no_result(case):
    """A zeroed block in its middle, a torn end, and then none at all: each time exactly the new stages are executed."""
    equal(case.run(ranks=0)[0], 0, "exit code")
    wanted, [journal] = case.digests(), (case.store / "journal").glob("*.log")
    content = bytearray(journal.read_bytes())
    content[1000:3000] = bytes(2000)
    journal.write_bytes(content + bytes(4096))
    case.sweep.write_text(SWEEP.format(seeds=[0, 1, 2, 3]))
    code, text = case.run(ranks=0)
    equal((code, case.executed()), (0, 17), "exit code and executions: " + text)
    contains(text, "1 damaged records of the journal")
    contains(text, "was torn: 4096 bytes were cut off; no result depends on them")
    shutil.rmtree(case.store / "journal")
    case.sweep.write_text(SWEEP.format(seeds=[0, 1, 2, 3, 4]))
    code, text = case.run(ranks=0)
    equal((code, case.executed()), (0, 21), "exit code and executions without a journal: " + text)
    equal({k: v for k, v in case.digests().items() if k in wanted}, wanted, "result digests")


def warns_when_the_sweep_changes(case):
    process = case.start(ranks=0, trainer=("--sleep", 0.2))
    wait_for(case.running, "a running stage")
    case.sweep.write_text(case.sweep.read_text() + "\n# edited\n")
    equal(process.wait(60), 0, "exit code")
    contains(case.said(), "sweep.toml: it has changed since this run began")


def tells_trainers_what_to_keep(case):
    heard, script = case.folder / "heard", case.folder / "trainer.sh"
    script.write_text(f"tee -a {heard} | {case.trainer()}\n")
    run = [str(case.build / "bin/winnow"), "run", str(case.sweep), "--from-scratch", "--store", str(case.store), "--trainer", f"bash {script}", "--keep-images", "--keep-features", "2"]
    subprocess.run(run, capture_output=True, text=True, env=case.environment, check=True)
    stages = heard.read_text().count('"do":"run"')
    equal(stages > 0 and heard.read_text().count('"keep_images":true'), stages, "stages with keep_images")
    equal(heard.read_text().count(f'"keep_features":{2 << 30}'), stages, "stages with keep_features")


def names_a_missing_trainer(case):
    run = [str(case.build / "bin/winnow"), "run", str(case.sweep), "--from-scratch", "--store", str(case.store), "--trainer", "/nowhere/trainer"]
    process = subprocess.run(run, env=case.environment, capture_output=True, text=True)
    equal(process.returncode, 2, "exit code")
    contains(process.stderr, "no trainer at /nowhere/trainer")
    equal(case.store.exists() and any(case.store.rglob("*.h5")), False, "run files")


def left_by_gangs(case):
    """Folders of gangs of this case's agents, those that were killed too."""
    return [str(f) for r in case.events("joined") for f in Path("/dev/shm").glob(f"winnow-gang.*.{r['pid']}.*")]


def gangs_run_under_mpirun(case):
    """An mpirun within an mpirun, and within what looks like a batch job that holds other nodes."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    run = case.command("--set", "width=2", "--trainers", 2)
    job = ["env", "SLURM_JOB_ID=77", "SLURM_JOBID=77", "SLURM_NODELIST=nowhere[1-2]", "SLURM_TASKS_PER_NODE=1(x2)", "SLURM_NNODES=2"]
    process = subprocess.run([*run[:3], *job, *run[3:]], env=case.environment, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal(process.returncode, 0, "exit code: " + process.stdout)
    equal(len(case.digests()), 5, "run files")
    equal(case.events("failed"), [], "failures")
    equal(trainers_of(case), [], "trainers that are still there")
    equal(left_by_gangs(case), [], "session files and shared memory that are still there")


def a_gang_lives_and_dies_together(case):
    """width = 2: two processes behind one mpirun. kill -9 of its second process, of its mpirun, of the agent: each time the
    whole gang goes, the stage is tried again, and nothing of it survives."""
    case.sweep.write_text(SWEEP.format(seeds=[0, 1, 2]))
    process = case.start("--set", "width=2", "--trainers", 2, "--time-scale", 0.2, ranks=0, trainer=("--sleep", 0.8))
    wait_for(lambda: len(case.digests()) >= 1, "the backbone, which is no gang's")

    def gang():
        """The newest running attempt with all its processes up."""
        for attempt in case.running():
            ranks = children(attempt["trainer"])
            if len(ranks) == 2:
                return attempt, ranks
        return None

    def gone(processes, what):
        wait_for(lambda: not any(Path(f"/proc/{p}").exists() for p in processes), what)

    _, ranks = strike(case, gang, lambda attempt, ranks: ranks[1], "a running gang")
    gone(ranks, "the end of the other process of a gang that lost one")
    _, ranks = strike(case, gang, lambda attempt, ranks: attempt["trainer"], "another gang")
    gone(ranks, "the end of a gang that lost its mpirun")
    _, ranks = strike(case, gang, lambda attempt, ranks: pid_of_agent(case, attempt["agent"]), "a third gang")
    gone(ranks, "the end of a gang without its agent")
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(len(case.digests()), 13, "run files")
    equal(trainers_of(case), [], "trainers that are still there")
    equal(left_by_gangs(case), [], "session files and shared memory that are still there")
    rows = subprocess.run([str(case.build / "bin/winnow"), "report", str(case.sweep), "--store", str(case.store), "--metric", "processes", "--format", "csv"],
                          env=case.environment, capture_output=True, text=True).stdout
    equal([row["processes"] for row in csv.DictReader(io.StringIO(rows))], ["2"] * 12, "processes of each stage")


def refuses_a_width_that_fits_nowhere(case):
    code, text = case.run("--set", "width=4", ranks=0)
    equal(code, 2, "exit code")
    contains(text, "--set width=4: width = 4 needs 4 trainers on one node, this run has 1: say --trainers 4 or lower it")
    case.sweep.write_text(case.sweep.read_text() + '[[override]]\nwhen = { method = "proden" }\nset = { width = 5 }\n')
    code, text = case.run("--trainers", 2, ranks=2)
    equal(code, 3, "exit code under mpirun: " + text)
    contains(text, "width 5 needs 5 trainers, all agents together have 4")
    equal(len(case.digests()), 7, "run files of the others")


def places(case, identity):
    """(checkpoints, resumptions) of a stage: attempt -> steps."""
    def of(event):
        result = {}
        for record in case.events(event, identity=identity):
            result.setdefault(record["attempt"], []).append(record["step"])
        return result
    return of("checkpoint"), of("resumed")


def goes_on_from_its_checkpoint(case):
    """kill -9 of a trainer, then of the coordinator's whole mpirun: the next attempt goes on where the last checkpoint was."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    wanted = undisturbed(case)
    process = case.start("--checkpoint-every", 0.3, "--time-scale", 0.2, trainer=("--sleep", 2))

    def saved():
        for attempt in case.running():
            steps = places(case, attempt["identity"])[0].get(attempt["attempt"], [])
            if steps and 3 <= max(steps) <= 9:     # of 20: far enough from the stage's end to be hit
                return attempt
        return None

    first = wait_for(saved, "a stage with a checkpoint")
    kill(first["trainer"])
    wait_for(lambda: places(case, first["identity"])[1], "its resumption")
    second = wait_for(saved, "another stage with a checkpoint")
    for child in children(process.pid):
        kill(child)
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests")
    for attempt in (first, second):
        checkpoints, resumed = places(case, attempt["identity"])
        later = min(n for n in resumed if n > attempt["attempt"])
        last = max(checkpoints[attempt["attempt"]])
        # A checkpoint may have been written in the moment of the kill, after the last that was told; then one of an interval.
        if not (resumed[later][0] > 0 and last <= resumed[later][0] <= last + 4):
            raise AssertionError(f"attempt {later} went on at step {resumed[later][0]}, the last checkpoint was at {last}")
    equal(list((case.store / "checkpoints").glob("*")), [], "checkpoints of stages that are done")


def a_drain_keeps_the_place(case):
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    process = case.start("--grace", 0, "--checkpoint-every", 0, ranks=0, trainer=("--sleep", 2))
    wait_for(lambda: len(case.digests()) >= 1 and case.running(), "a running stage after the first")
    running = case.running()[0]
    time.sleep(0.5)                                # some steps
    process.send_signal(signal.SIGUSR1)
    equal(process.wait(30), 4, "exit code: " + case.said())
    checkpoints, _ = places(case, running["identity"])
    kept = max(checkpoints[running["attempt"]])
    code, text = case.run(trainer=("--sleep", 0.6), ranks=0)
    equal(code, 0, "exit code of the next run: " + text)
    _, resumed = places(case, running["identity"])
    equal(max(resumed.items())[1], [kept], "where it went on")
    contains(text, f"resumes at step {kept}")
    equal(len(case.digests()), 5, "run files")
    equal(list((case.store / "checkpoints").glob("*")), [], "checkpoints of stages that are done")


def watch(case, leave, shows):
    """What `winnow status --watch` writes to a real terminal of 60 columns until `leave` is done after it wrote `shows` twice, and
    the exit code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 60, 0, 0))
    before = termios.tcgetattr(slave)
    process = subprocess.Popen([str(case.build / "bin/winnow"), "status", str(case.store), "--watch"], stdin=slave, stdout=slave, stderr=slave)
    text, left = b"", False
    while process.poll() is None:
        if not left and text.count(shows.encode()) >= 2:
            left = True
            leave(process, master)
        if select.select([master], [], [], 0.1)[0]:
            text += os.read(master, 65536)
    while select.select([master], [], [], 0.1)[0]:
        text += os.read(master, 65536)
    equal(termios.tcgetattr(slave), before, "the terminal's settings afterwards")
    os.close(master)
    os.close(slave)
    return text.decode(), process.returncode


def shows_its_status(case):
    process = case.start("--trainers", 2, ranks=0, trainer=("--sleep", 1.0, "--fail", '"seed":1'))
    status = [str(case.build / "bin/winnow"), "status", "--store", str(case.store)]

    def running():
        answer = subprocess.run([*status, "--json"], capture_output=True, text=True)
        now = json.loads(answer.stdout) if answer.returncode == 0 else None
        return now if now and any("step" in r for r in now["running"]) and now["counts"]["done"] > 0 else None

    now = wait_for(running, "a status with a running stage")
    equal((now["sweep"], now["state"]), ("system", "running"), "sweep and state")
    equal(now["agents"][0]["slots"], 2, "slots")
    for leave in (lambda process, terminal: os.write(terminal, b"q"), lambda process, terminal: process.send_signal(signal.SIGINT)):
        screen, code = watch(case, leave, "of 13 stages")
        equal(code, 0, "exit code of --watch")
        for part in ("\x1b[?1049h", "\x1b[?25l", "of 13 stages", "of 2 slots busy", "q leaves"):
            contains(screen, part)
        contains(screen[screen.rindex("q leaves"):], "\x1b[?25h\x1b[?1049l")
    equal(process.wait(60), 3, "exit code of the run")
    text = subprocess.run(status, capture_output=True, text=True).stdout
    contains(text, "ended after")
    contains(text, "failed ")
    contains(text, "the stage asks for the impossible")
    if "\x1b" in text:
        raise AssertionError("colours where there is no terminal")
    (case.store / "status.json").write_text('{"sweep": 3}')
    answer = subprocess.run(status, capture_output=True, text=True)
    equal(answer.returncode, 2, "exit code for garbage")
    contains(answer.stderr, f"{case.store}/status.json is no status of a run")


def waiting_on_the_page(case):
    """What the section says, as (how many, why)."""
    case.winnow("report", case.sweep, "--store", case.store, "--html")
    page = (case.store / "reports/system/index.html").read_text()
    section = page.split('<section id="waiting">')[1].split("</section>")[0] if '<section id="waiting">' in page else ""
    return re.findall("<li><b>([^<]*)</b> ([^<]*)</li>", section)


def the_page_says_why_stages_wait(case):
    """In the words of `winnow status`, while a run goes on; afterwards, what has failed that they need, or that no run is there."""
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 2))

    def in_both(words):
        said = case.winnow("status", case.store) if (case.store / "status.json").exists() else ""
        shown = "waiting: " + ", ".join(f"{what.split()[0]} {why}" for what, why in waiting_on_the_page(case)) if said else ""
        return words in shown and shown in said.splitlines()

    wait_for(lambda: in_both(" for what other stages compute"), "stages that wait for the backbone, in both")
    wait_for(lambda: case.digests() and in_both(" for a free slot"), "stages that wait for a slot, in both")
    process.kill()
    process.wait()
    wait_for(lambda: not trainers_of(case), "the end of its trainers")
    equal(waiting_on_the_page(case), [(f"{13 - len(case.digests())} experiments", "for a run: none works on system in this store now")], "what waits after a kill")
    shutil.rmtree(case.store)
    equal(case.run(ranks=0, trainer=("--fail", '"kind":"pretrain"'))[0], 3, "exit code")
    equal(waiting_on_the_page(case), [("12 stages", "for backbone, which failed"), ("12 experiments", "for a run: none works on system in this store now")],
          "what waits after a failure")
    equal(case.run(ranks=0)[0], 0, "exit code of the next run")
    equal(waiting_on_the_page(case), [], "what waits when all is done")


def a_dead_coordinator_shows(case):
    process = case.start(ranks=0, trainer=("--sleep", 0.5))
    wait_for(lambda: (case.store / "status.json").exists(), "a status")
    status = [str(case.build / "bin/winnow"), "status", str(case.store)]
    contains(subprocess.run(status, capture_output=True, text=True).stdout, "running for")
    process.kill()
    process.wait()
    contains(subprocess.run(status, capture_output=True, text=True).stdout, "its coordinator died after")
    screen, code = watch(case, lambda process, terminal: None, "nothing")
    equal(code, 0, "exit code of --watch")
    contains(screen, "run it again to resume")


def a_nan_in_python_is_said_once(case):
    """Python's json writes NaN, which JSON does not have. Another attempt would write it again."""
    case.sweep.write_text(SWEEP.format(seeds=[0]).replace('["cc", "proden"]', '["cc"]').replace(', { kind = "flip", rate = 0.7 }', ""))
    code, text = case.run(ranks=0, trainer=case.python_trainer("""
        value = float("nan") if command["stage"]["kind"] == "train" else 0.5
        say(event="done", identity=command["identity"], metrics={"accuracy": value})
        """))
    equal(code, 3, "exit code: " + text)
    contains(text, "write null")
    contains(text, '"metrics": {"accuracy": NaN}')
    equal(len(case.events("failed")), 1, "failures")
    equal(case.events("failed")[0]["class"], "protocol", "class of the failure")


def a_closed_pipe_ends_no_run(case):
    """`winnow run SWEEP | head -1`: the reader goes, the stages are computed all the same."""
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    reading, writing = os.pipe()
    process = subprocess.Popen(case.command(ranks=0, trainer=("--sleep", 0.2)), stdout=writing, stderr=subprocess.PIPE, env=case.environment, text=True)
    os.close(writing)
    wait_for(lambda: case.events("started"), "the first stage")
    os.close(reading)
    equal(process.communicate(timeout=60)[1], "", "standard error")
    equal(process.returncode, 0, "exit code")
    equal(len(case.digests()), 5, "run files")


def says_in_words_what_runs(case):
    case.sweep.write_text(SWEEP.format(seeds=[0, 1]).replace('"cc", "proden"', '"detect-train"').replace("flip", "symmetric")
                          + '\ndetect = [{ method = "gmm" }, { method = "small-loss" }]\n')
    code, text = case.run(ranks=0)
    equal(code, 0, "exit code: " + text)
    contains(text, "] detect gmm, symmetric 0.1, seed 1  ")
    contains(text, "] detect-train, symmetric 0.7, seed 0, detect small-loss  ")
    contains(text, "backbone nano-clip, seed 0")


TESTS = [a_nan_in_python_is_said_once, a_closed_pipe_ends_no_run, says_in_words_what_runs, runs_under_mpirun, shows_its_status, the_page_says_why_stages_wait, a_dead_coordinator_shows, a_gang_lives_and_dies_together, gangs_run_under_mpirun, refuses_a_width_that_fits_nowhere, goes_on_from_its_checkpoint, a_drain_keeps_the_place, survives_kills, survives_a_killed_mpirun, a_run_that_lost_its_launcher_is_waited_for, a_run_that_has_its_launcher_is_not_waited_for, a_start_that_waits_for_a_lost_host_ends, a_rank_that_dies_while_mpi_starts_is_not_waited_for, a_coordinator_that_dies_while_mpi_starts_is_not_waited_for, agents_that_never_came_are_not_waited_for_when_the_others_are_lost, a_coordinator_that_gave_up_is_started_again, a_lone_agent_is_replaced, drains_on_sigterm,
         refuses_a_second_coordinator, refuses_ranks_that_see_another_folder, refuses_an_agent_of_another_revision, refuses_its_own_trainer_of_another_revision,
         foreign_trainers_call_themselves_what_they_like, survives_garbage, survives_a_flood, survives_a_hang,
         reports_failures_and_goes_on, retries_crashes, a_failed_backbone_blocks, says_when_the_disk_is_full,
         says_when_the_folder_is_not_writable, recomputes_exactly_what_was_damaged, recomputes_an_earlier_stage_for_who_waits_for_it, warns_when_the_sweep_changes, a_damaged_journal_loses_no_result,
         tells_trainers_what_to_keep, names_a_missing_trainer]

if __name__ == "__main__":
    each(TESTS)
