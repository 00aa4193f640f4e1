"""launch/slurm.sbatch over two nodes of a real Slurm: both ways to start ranks, and what happens to jobs: they are preempted, told to stop,
cancelled, reach their time limit, lose a node, lose the node of their batch script. Several clusters at once, for most of the time is spent
waiting for Slurm. Trainers are tests/system/noop_trainer.cpp.

    launch/python tests/slurm/two_nodes.py --build build [NAME...]
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import h5py

from cluster import PROGRAMS, Cluster, missing
from work import SOURCE, Work

LAUNCHERS = ("srun", "mpirun")
CLIENTS = [name for name in PROGRAMS if not name.endswith("d") and name != "slurmctld"] + ["sacct", "sinfo", "sstat", "salloc", "sattach"]


class Place:
    """What tests of one cluster share. A test calls `work` for each job that it submits."""

    def __init__(self, cluster, build, folder):
        self.cluster, self.build, self.folder = cluster, build, folder
        self.programs = folder / "programs"              # of Slurm's: each notes that it was called, and is called
        self.programs.mkdir()
        for name in CLIENTS:
            self.program(self.programs, name, f'exec {shutil.which(name) or name} "$@"')
        self.count = 0

    def program(self, folder, name, does):
        file = folder / name
        file.write_text(f'#!/bin/bash\necho "{name} $1" >>"$SLURM_CALLS"\n{does}\n')
        file.chmod(0o755)

    def processes_with(self, word):
        """Those of gangs have no word of Slurm in their environment, by which the cluster would know them."""
        return subprocess.run(["pgrep", "-f", str(word)], capture_output=True, text=True).stdout.split()

    def work(self, *trainer, launcher=None, cores="--cpus-per-task=2", sbatch=(), programs=None, **more):
        self.count += 1
        if launcher:
            more["WINNOW_LAUNCHER"] = launcher
        return Work(self.cluster, self.build, self.folder / str(self.count), *trainer, sbatch=("--nodes=2", cores, *sbatch), programs=programs or self.programs, **more)


def check(what, work, *details):
    if not what:
        job = " ".join(f"{key}={value}" for key, value in work.cluster.job(work.job).items())
        raise AssertionError("\n".join(map(str, (*details, job, *work.events("failed"), work.log()))))


def completed(work, stages=5, restarts=0, seconds=120):
    job = work.ended(seconds)
    check((job["JobState"], job["ExitCode"]) == ("COMPLETED", "0:0"), work)
    check(len(work.done()) == stages and f"{stages} of {stages} stages done" in work.log(), work, work.done())
    check(job["Restarts"] == str(restarts) or restarts is None, work)
    check(not list(work.store.glob("slurm-*")), work, "state of a job that is done stays")


def hosts_of(work):
    return len({record["agent"] for record in work.events("joined")})


def untouched(work):
    """No trainer died of a signal that was meant for the coordinator, and what ran goes on from its checkpoint."""
    check(not work.events("failed"), work)
    check(work.events("resumed"), work)


# --- tests ----------------------------------------------------------------------------------------------------------

def both_nodes_compute_by_either_launcher(place):
    works = [place.work("--sleep", "1", launcher=launcher, seeds=range(4)) for launcher in LAUNCHERS]
    for work, launcher in zip(works, LAUNCHERS):
        completed(work, 9)
        check(f"nodes 2, cores of each 2, ranks by {launcher}, allocation 1" in work.log(), work)
        check(hosts_of(work) == 2, work)
        check({record["slots"] for record in work.events("joined")} == {2.0}, work, "a trainer for each core")
        check({record["agent"] for record in work.events("started")} == {0, 1}, work)


def a_gang_takes_slots_of_both_nodes(place):
    """Three processes, two slots a node. Both nodes have this machine's name: the run file says it once for each agent."""
    counts = [place.folder / f"count-{launcher}" for launcher in LAUNCHERS]
    works = [place.work("--sleep", "1", "--count", str(count), launcher=launcher, seeds=[0], options=["--set", "width=3"]) for launcher, count in zip(LAUNCHERS, counts)]
    for work, launcher, count in zip(works, LAUNCHERS, counts):
        completed(work, 3)
        check(f"ranks by {launcher}" in work.log() and not work.events("failed"), work)
        check({record["agent"]: record["slots"] for record in work.events("joined")} == {0: 2, 1: 2}, work, work.events("joined"))
        gangs = {}
        for file in work.store.glob("runs/??/*.h5"):
            with h5py.File(file) as run:
                gangs[file.stem] = (int(run.attrs["width"]), len(str(run.attrs["host"]).split(", ")))
        check(sorted(gangs.values()) == [(1, 1), (3, 2), (3, 2)], work, f"width and agents of each stage: {gangs}")
        folders = [folder for record in work.events("joined") for folder in Path("/dev/shm").glob(f"winnow-gang.*.{record['pid']}.*")]
        check(not folders, work, folders)
        work.wait(lambda: not place.processes_with(count), "the end of all processes of gangs")
    for node in place.cluster.names:
        place.cluster.wait(lambda: not place.cluster.processes(node), lambda: f"the end of all processes on {node}: {place.cluster.processes(node)}")


def nodes_may_differ(place):
    """Whole nodes, with their GPUs, of 8 and of 4 cores: as many trainers on each."""
    works = [place.work(launcher=launcher, cores="--exclusive", options=["--device", "cpu"]) for launcher in LAUNCHERS]
    for work in works:
        completed(work)
        check(sorted(record["slots"] for record in work.events("joined")) == [4, 8], work, work.events("joined"))


def slurm_is_called_a_few_times_whatever_the_stages(place):
    few, many = place.work(), place.work(seeds=range(60))
    completed(few)
    completed(many, 121)
    wanted = ["sbatch --parsable", "srun --mpi=list", "squeue --noheader", "srun --mpi=pmix", "srun --overlap"]
    for work in (few, many):
        check(sorted(work.slurm_calls()) == sorted(wanted), work, work.slurm_calls())


def a_request_to_stop_brings_the_job_back(place, launcher):
    """As --signal=B:USR1@60 does before the time limit. Two allocations: at most ten calls of Slurm, sbatch among them."""
    work = place.work("--sleep", "3", launcher=launcher, seeds=range(3))
    work.running(agents=2)
    work.cluster.said("scancel", "--batch", "--signal=USR1", work.job)
    completed(work, 7, restarts=1)
    untouched(work)
    check(len(work.events("drain")) == 1, work)
    check("allocation 2" in work.log(), work)
    check(len(work.slurm_calls()) <= 10, work, work.slurm_calls())


def by_srun(place):
    a_request_to_stop_brings_the_job_back(place, "srun")


def by_mpirun(place):
    a_request_to_stop_brings_the_job_back(place, "mpirun")


def preempted_jobs_come_back(place, partition, launcher):
    work = place.work("--sleep", "3", launcher=launcher, seeds=range(3), sbatch=["--partition", partition])
    work.running(agents=2)
    place.cluster.submit("--nodes=2", "--exclusive", "--partition=urgent", "--output=/dev/null", "--wrap=sleep 1", cwd=place.folder)
    completed(work, 7, restarts=1)
    untouched(work)


def preempted_by_requeue(place):
    preempted_jobs_come_back(place, "all", "srun")
    preempted_jobs_come_back(place, "all", "mpirun")


def preempted_by_cancel(place):
    preempted_jobs_come_back(place, "cancelled", "srun")
    preempted_jobs_come_back(place, "cancelled", "mpirun")


def a_cancelled_job_stays_cancelled(place):
    works = [place.work("--sleep", "3", launcher=launcher) for launcher in LAUNCHERS]
    for work in works:
        work.running(agents=2)
        work.cluster.said("scancel", work.job)
    for work in works:
        job = work.ended()
        check((job["JobState"], job["Restarts"]) == ("CANCELLED", "0"), work)
        check("the job was cancelled; the same sbatch command goes on" in work.log(), work)
        check(work.checkpoints() > 0 and not work.events("failed"), work)


def the_time_limit_is_in_time(place):
    """A minute is the shortest limit, and Slurm looks at limits every half minute."""
    work = place.work("--sleep", "14", sbatch=["--time=1", "--signal=B:USR1@30"])
    job = work.ended(200)
    check(job["JobState"] == "COMPLETED" and int(job["Restarts"]) >= 1, work)
    check(len(work.done()) == 5 and work.events("drain", signal=10), work)
    untouched(work)


def a_lost_node_ends_nothing(place, launcher):
    work = place.work("--sleep", "3", launcher=launcher, seeds=range(3))
    work.running(agents=2)
    place.cluster.lose("n2")
    try:
        completed(work, 7)
        lost = {record["identity"] for record in work.events("failed", **{"class": "lost"})}
        check(lost and lost <= {record["identity"] for record in work.events("done", agent=0)}, work, "its stages ran elsewhere")
    finally:
        place.cluster.restore("n2")
        place.cluster.wait_for_nodes()


def a_lost_node_under_srun(place):
    a_lost_node_ends_nothing(place, "srun")


def a_lost_node_under_mpirun(place):
    a_lost_node_ends_nothing(place, "mpirun")


def a_crash_after_a_lost_node_brings_the_job_back(place):
    """The coordinator cannot be started again over nodes of which one is gone; another allocation has others."""
    work = place.work("--sleep", "3", launcher="mpirun", seeds=range(3))
    work.running(agents=2)
    place.cluster.lose("n2")
    os.kill(work.events("begin")[-1]["pid"], signal.SIGKILL)
    work.wait(lambda: work.cluster.job(work.job)["Restarts"] == "1", "the job in the queue")
    check("could not start it again" in work.log(), work)
    place.cluster.restore("n2")
    completed(work, 7, restarts=1)
    check(work.events("resumed"), work)


def the_node_of_the_batch_script_is_lost(place):
    """Slurm alone would keep such a job, with nothing in it, until its time limit."""
    work = place.work("--sleep", "3", seeds=range(3), WINNOW_BATCH_SILENCE="10")
    work.running(agents=2)
    place.cluster.lose("n1")
    work.wait(lambda: work.cluster.job(work.job)["Restarts"] == "1", "the job in the queue")
    place.cluster.restore("n1")
    completed(work, 7, restarts=1)
    check(work.events("resumed"), work)


def a_job_that_may_not_come_back_is_followed_by_another(place):
    """scontrol refuses; and --no-requeue is respected."""
    refusing = place.folder / "refusing"
    shutil.copytree(place.programs, refusing)
    place.program(refusing, "scontrol", f'[ "$1" != requeue ] || {{ echo "scontrol: Requested operation is presently disabled" >&2; exit 1; }}\nexec {shutil.which("scontrol")} "$@"')
    work = place.work("--sleep", "3", programs=refusing, sbatch=["--job-name=mine", "--time=7", "--gpus-per-node=1"], options=["--device", "cpu"])
    alone = place.work("--sleep", "3", sbatch=["--no-requeue"])
    for job in (work, alone):
        job.running(agents=2)
        job.cluster.said("scancel", "--batch", "--signal=USR1", job.job)
    job = alone.ended()
    check((job["JobState"], job["ExitCode"]) == ("FAILED", "4:0") and "--no-requeue was asked for" in alone.log(), alone)
    job = work.ended()
    check(job["JobState"] == "COMPLETED" and "the job could not" not in work.log() and " follows" in work.log(), work)
    work.job = work.log().split(" follows")[0].split()[-1]
    job = work.ended()
    wanted = {"JobName": "mine", "TimeLimit": "00:07:00", "NumNodes": "2", "CPUs/Task": "2", "Partition": "all", "StdOut": str(work.folder / "log")}
    check({key: job[key] for key in wanted} == wanted and "gpu" in job.get("TresPerNode", ""), work)
    completed(work)
    untouched(work)


def gpus_that_the_allocation_does_not_hold(place):
    """Asked for in vain: a line and exit code 2. Without a word: CPUs, although the driver shows GPUs of others."""
    gpus = place.folder / "gpus"
    gpus.write_text("driver=580.65.06\nuuid=GPU-a name=H200 total=144000\n")
    nvml = {"WINNOW_TEST_GPUS": str(gpus), "LD_LIBRARY_PATH": str(place.build / "nvml")}
    refused = place.work(options=["--device", "cuda"], **nvml)
    without = place.work(**nvml)
    holding = place.work(sbatch=["--gpus-per-node=1"], **nvml)
    job = refused.ended()
    check((job["JobState"], job["ExitCode"]) == ("FAILED", "2:0"), refused)
    check(refused.log().count("\n") == 1 and "--device cuda, but this allocation holds no GPU: sbatch --gpus-per-node=N" in refused.log(), refused)
    completed(without)
    check(all(record["gpus"] == [] and record["slots"] == 2 for record in without.events("joined")), without, without.events("joined"))
    completed(holding)
    check(all([gpu["uuid"] for gpu in record["gpus"]] == ["GPU-a"] and record["slots"] == 1 for record in holding.events("joined")), holding, holding.events("joined"))


def words_that_are_wrong(place):
    for environment, message in (({"WINNOW_LAUNCHER": "mpiexec"}, "WINNOW_LAUNCHER is 'mpiexec': srun or mpirun"), ({"WINNOW_THREADS": "many"}, "is 'many': a number of cores")):
        work = place.work(**environment)
        job = work.ended()
        check(job["ExitCode"] == "2:0" and work.log().count("\n") == 1 and message in work.log(), work)


def slurm_without_pmix(place):
    fallen = place.work()
    asked = place.work(launcher="srun")
    completed(fallen)
    check("this Slurm has no PMIx (srun --mpi=list): ranks are started by mpirun" in fallen.log() and hosts_of(fallen) == 2, fallen)
    job = asked.ended()
    check((job["JobState"], job["ExitCode"]) == ("FAILED", "2:0"), asked)
    check(asked.log().count("launch/srun: this Slurm has no PMIx") == 1 and "WINNOW_LAUNCHER=mpirun" in asked.log(), asked)


def ranks_in_a_container(place):
    """WINNOW_WRAP: what starts a container's programs, here one that tells what they see: how long the job may run, too."""
    wrap = place.folder / "contain"
    wrap.write_text('#!/bin/bash\necho "contained $*" | cut -d" " -f1-3\necho "seconds left: $((SLURM_JOB_END_TIME - $(date +%s)))"\n[ "$1 $2" = "exec image.sif" ] || exit 9\nshift 2\nexec env INSIDE=yes "$@"\n')
    wrap.chmod(0o755)
    work = place.work(WINNOW_WRAP=f"{wrap} exec image.sif")
    completed(work)
    check(work.log().count("contained exec image.sif") == 2, work)
    left = [int(line.split()[-1]) for line in work.log().splitlines() if line.startswith("seconds left: ")]
    check(len(left) == 2 and all(0 < seconds <= 600 for seconds in left), work)


# Those that run one after the other share a cluster; where nodes are lost or jobs preempted, nothing else runs.
GROUPS = [
    ({}, [both_nodes_compute_by_either_launcher, slurm_is_called_a_few_times_whatever_the_stages, gpus_that_the_allocation_does_not_hold, words_that_are_wrong,
          ranks_in_a_container, a_cancelled_job_stays_cancelled, by_srun, by_mpirun]),
    ({"cores": (8, 4)}, [nodes_may_differ, the_time_limit_is_in_time, a_job_that_may_not_come_back_is_followed_by_another]),
    ({}, [preempted_by_requeue]),
    ({}, [preempted_by_cancel]),
    ({}, [a_lost_node_under_srun, a_lost_node_under_mpirun, the_node_of_the_batch_script_is_lost]),
    ({}, [a_gang_takes_slots_of_both_nodes, a_crash_after_a_lost_node_brings_the_job_back]),
    ({"pmix": False}, [slurm_without_pmix]),
]


def run_group(settings, tests, build, folder, failed):
    folder.mkdir()
    try:
        with Cluster(nodes=2, **{"cores": 8, **settings}) as cluster:
            place = Place(cluster, build, folder)
            for test in tests:
                begin = time.time()
                try:
                    test(place)
                    print(f"{test.__name__:55} {time.time() - begin:5.1f} s  ok", flush=True)
                except Exception:
                    failed.append(test.__name__)
                    print(f"{test.__name__:55} {time.time() - begin:5.1f} s  FAILED: {traceback.format_exc()}", flush=True)
                    cluster.said("scancel", "--user=root")
    except Exception:
        failed.append(str(settings))
        print(f"FAILED: {traceback.format_exc()}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    build = Path(arguments.build).resolve()
    if lacking := missing():
        print(f"skipped: a real Slurm needs {', '.join(lacking)}: as root, launch/setup --tests installs slurm-wlm and munge")
        sys.exit(77)
    folder = Path(tempfile.mkdtemp(prefix="winnow-slurm-test-"))
    failed = []
    try:
        os.environ["WINNOW_CACHE"] = str(folder / "cache")
        subprocess.run([build / "bin/winnow", "data", "check", "fashion-mnist"], check=True, capture_output=True)
        threads = []
        for number, (settings, tests) in enumerate(GROUPS):
            tests = [test for test in tests if not arguments.names or test.__name__ in arguments.names]
            if tests:
                threads.append(threading.Thread(target=run_group, args=(settings, tests, build, folder / f"group-{number}", failed)))
                threads[-1].start()
        for thread in threads:
            thread.join()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
