"""A sweep with a store of its own, submitted to a cluster with launch/slurm.sbatch. Trainers are tests/system/noop_trainer.cpp."""
import json
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "PREEMPTED", "NODE_FAIL")

SWEEP = """
name     = "slurm"
question = "Does a sweep survive its allocations?"

[base]
dataset = "fashion-mnist"
data    = {{ samples = 1000 }}
model   = "nano-clip"
adapt   = "adaptformer"
labels  = {{ kind = "flip", rate = 0.1 }}
train   = {{ epochs = 1 }}

[[grid]]
method = ["cc", "proden"]
seed   = {seeds}
"""


class Work:
    """One stage, and two for each seed after it. `trainer`: options of the no-op trainer; `options`: of winnow run; `sbatch`: of sbatch.
    `program`: another trainer in its place. `programs`: a folder of programs that stand before those of the machine in the job's PATH."""

    def __init__(self, cluster, build, folder, *trainer, seeds=(0, 1), options=(), sbatch=("--cpus-per-task=2",), program=None, programs=None, **environment):
        self.cluster, self.folder = cluster, folder
        self.folder.mkdir()
        self.store = self.folder / "results"
        self.calls = self.folder / "calls"
        (self.folder / "sweep.toml").write_text(SWEEP.format(seeds=list(seeds)))
        home = self.folder / "home"                 # a checkout whose build is the one that is tested
        home.mkdir()
        (home / "launch").symlink_to(SOURCE / "launch")
        (home / "build").symlink_to(build)
        words = program or " ".join([str(build / "bin/noop-trainer"), *trainer])
        if programs:
            environment = dict(environment, PATH=f"{programs}:{os.environ['PATH']}", SLURM_CALLS=str(self.calls))
        self.job = cluster.submit("--time=10", f"--output={self.folder}/log", *sbatch, SOURCE / "launch/slurm.sbatch", self.folder / "sweep.toml",
                                  "--from-scratch", "--store", self.store, "--checkpoint-every", "0.2", "--grace", "0", "--trainer", words, *options, cwd=home, **environment)

    def log(self):
        file = self.folder / "log"
        return file.read_text() if file.exists() else ""

    def done(self):
        return sorted(file.stem for file in self.store.glob("runs/??/*.h5"))

    def checkpoints(self):
        return sum(len(list(folder.iterdir())) for folder in self.store.glob("checkpoints/*") if folder.is_dir())

    def events(self, event, **wanted):
        records = [json.loads(line[33:]) for file in sorted((self.store / "journal").glob("*.log")) for line in file.read_text().splitlines() if len(line) > 33]
        return [record for record in records if record["event"] == event and all(record.get(key) == value for key, value in wanted.items())]

    def slurm_calls(self):
        return self.calls.read_text().split("\n")[:-1]

    def wait(self, condition, what, seconds=60):
        return self.cluster.wait(condition, lambda: f"{what}: {self.log()}", seconds)

    def running(self, agents, done=1):
        """Waits until so many stages are done and every agent has a stage that saved a checkpoint."""
        def now():
            saved = {record["identity"] for record in self.events("checkpoint")} - set(self.done())
            return len(self.done()) >= done and len({record["agent"] for record in self.events("started") if record["identity"] in saved}) == agents
        self.wait(now, f"stages with checkpoints on {agents} agents")

    def ended(self, seconds=90):
        return self.wait(lambda: self.cluster.state(self.job) in ENDED and self.cluster.job(self.job), f"the end of job {self.job}", seconds)
