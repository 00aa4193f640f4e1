"""launch/slurm.sbatch under a real Slurm: a sweep is done, a job that is told to stop goes back into the queue and resumes, and a job that
gets nowhere ends. Trainers are tests/system/noop_trainer.cpp.

    launch/python tests/slurm/one_node.py --build build
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import Cluster, missing
from work import SOURCE, Work

def a_sweep_is_done(cluster, build, folder):
    work = Work(cluster, build, folder / "plain")
    job = work.ended()
    assert (job["JobState"], job["ExitCode"]) == ("COMPLETED", "0:0"), (job, work.log())
    assert len(work.done()) == 5, work.log()
    assert "5 of 5 stages done" in work.log() and "nodes 1, cores of each 2, ranks by mpirun, allocation 1" in work.log(), work.log()
    record = json.loads((work.store / "exit.json").read_text())
    assert record["code"] == 0, record
    assert not list(work.store.glob("slurm-*")), "state of a job that is done stays"


def a_stopped_job_is_queued_again_and_resumes(cluster, build, folder):
    work = Work(cluster, build, folder / "stopped", "--sleep", "3")
    cluster.wait(lambda: len(work.done()) >= 1 and work.checkpoints() >= 1, "a stage with a checkpoint: " + work.log())
    cluster.said("scancel", "--batch", "--signal=USR1", work.job)          # as --signal=B:USR1@60 does before the time limit
    cluster.wait(lambda: "back into the queue" in work.log(), "the stop", 40)
    first = work.done()
    job = work.ended()
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1"), (job, work.log())
    assert len(work.done()) == 5 and set(first) < set(work.done()), work.log()
    assert "allocation 2" in work.log() and "at step" in work.log(), "it did not resume from the checkpoint: " + work.log()


def a_job_that_gets_nowhere_ends(cluster, build, folder):
    work = Work(cluster, build, folder / "nowhere", "--hang", "settings", options=("--time-scale", "0.2"))
    for _ in range(3):
        seen = work.log().count("allocation ")
        cluster.wait(lambda: work.log().count("allocation ") > 0 and "0 of 5 done" in work.log()[work.log().rfind("allocation "):] or
                     cluster.state(work.job) in ("FAILED", "COMPLETED"), "a running job: " + work.log(), 90)
        if cluster.state(work.job) in ("FAILED", "COMPLETED"):
            break
        cluster.said("scancel", "--batch", "--signal=TERM", work.job)
        cluster.wait(lambda: work.log().count("allocation ") > seen or cluster.state(work.job) == "FAILED", "the next allocation: " + work.log(), 90)
    job = work.ended()
    assert (job["JobState"], job["ExitCode"], job["Restarts"]) == ("FAILED", "4:0", "1"), (job, work.log())
    assert "two allocations finished no stage and brought no checkpoint further" in work.log(), work.log()


# Its first run of a stage takes three steps and no later one any; every stop saves a checkpoint anew.
STUCK = """
import json, os, pathlib, select, sys
say = lambda **event: print(json.dumps(event), flush=True)
say(event="ready", protocol=1, device="cpu", version="stuck-1")
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "quit": break
    if command["do"] != "run": continue
    identity, folder = command["identity"], pathlib.Path(command["checkpoint"])
    folder.mkdir(parents=True, exist_ok=True)
    step = int((folder / "step").read_text()) if (folder / "step").exists() else 0
    if step: say(event="resumed", identity=identity, epoch=0, step=step)
    step = max(step, 3)
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        say(event="progress", identity=identity, epoch=0, epochs=1, step=step, steps=9, metrics={})
    (folder / "part").write_text(str(step))
    os.rename(folder / "part", folder / "step")
    say(event="checkpoint", identity=identity, step=step, bytes=1, seconds=0)
    say(event="stopped", identity=identity)
"""


def a_checkpoint_that_gets_no_further_is_no_progress(cluster, build, folder):
    """The first allocation saves one, the second and third save it again, which is a new file."""
    trainer = folder / "stuck.py"
    trainer.write_text(STUCK)
    work = Work(cluster, build, folder / "stuck", program=f"{sys.executable} {trainer}")
    for allocation in range(1, 6):
        cluster.wait(lambda: len({record["epoch"] for record in work.events("started")}) >= allocation or cluster.state(work.job) == "FAILED",
                     lambda: "a running stage: " + work.log(), 90)
        if cluster.state(work.job) == "FAILED":
            break
        cluster.said("scancel", "--batch", "--signal=USR1", work.job)
    job = work.ended()
    assert (job["JobState"], job["ExitCode"], job["Restarts"]) == ("FAILED", "4:0", "2"), (job, work.log())
    assert {record["step"] for record in work.events("checkpoint")} == {3}, work.events("checkpoint")
    assert "two allocations finished no stage and brought no checkpoint further" in work.log(), work.log()


def refusals(folder):
    """Without Slurm, and from a folder that is no checkout: one line, exit code 2."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("SLURM")}
    cases = [(plain, ["x.toml"], "submit it: sbatch"),
             (dict(plain, SLURM_JOB_ID="1", SLURM_SUBMIT_DIR=str(folder)), [], "name a sweep"),
             (dict(plain, SLURM_JOB_ID="1", SLURM_SUBMIT_DIR=str(folder)), ["x.toml"], "is no checkout of winnow")]
    for environment, words, message in cases:
        answer = subprocess.run([SOURCE / "launch/slurm.sbatch", *words], env=environment, capture_output=True, text=True)
        assert answer.returncode == 2 and message in answer.stderr and answer.stderr.count("\n") == 1, answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    build = Path(parser.parse_args().build).resolve()
    folder = Path(tempfile.mkdtemp(prefix="winnow-slurm-test-"))
    try:
        refusals(folder)
        if lacking := missing():
            print(f"skipped: a real Slurm needs {', '.join(lacking)}: as root, launch/setup --tests installs slurm-wlm and munge")
            sys.exit(77)
        os.environ["WINNOW_CACHE"] = str(folder / "cache")
        subprocess.run([build / "bin/winnow", "data", "check", "fashion-mnist"], check=True, capture_output=True)
        with Cluster() as cluster:
            for test in (a_sweep_is_done, a_stopped_job_is_queued_again_and_resumes, a_job_that_gets_nowhere_ends,
                         a_checkpoint_that_gets_no_further_is_no_progress):
                begin = time.time()
                test(cluster, build, folder)
                print(f"{test.__name__:46} {time.time() - begin:5.1f} s  ok", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
