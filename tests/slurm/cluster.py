"""A real Slurm on one machine, for tests: munge, a controller and one node, all in a folder of its own, gone when it is left."""
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel")

CONFIGURATION = """
ClusterName=winnow
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SchedulerParameters=batch_sched_delay=1,sched_interval=1
KillWait=10
JobRequeue=1
NodeName={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={cores} RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
"""


def missing():
    """Programs that are not installed, whether this user may start daemons, and what slurmd does not start without."""
    found = [name for name in PROGRAMS if not shutil.which(name)]
    if os.geteuid() != 0:
        found.append("root")
    if not any(" /sys/fs/cgroup" in line for line in Path("/proc/mounts").read_text().splitlines()):
        found.append("a cgroup file system at /sys/fs/cgroup (a plain chroot has none)")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="winnow-slurm-"))
        self.folder.chmod(0o755)
        self.host = socket.gethostname().split(".")[0]
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(folder=self.folder, host=self.host, port=free_port(), node_port=free_port(),
                                                                     cores=os.cpu_count()))
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.daemons = []
        try:
            self.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid",
                       f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munged.seed")
            self.wait(lambda: (self.folder / "munge.socket").exists(), "munged")
            self.start("slurmctld", "-D", "-i")
            self.start("slurmd", "-D", "-N", self.host)
            self.wait(lambda: "idle" in self.said("sinfo", "-h", "-o", "%T"), "an idle node")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *words):
        with open(self.folder / "daemons.log", "a") as log:
            self.daemons.append(subprocess.Popen(words, env=self.environment, stdout=log, stderr=log))

    def said(self, *words):
        answer = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        return answer.stdout + answer.stderr

    def wait(self, condition, what, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if value := condition():
                return value
            time.sleep(0.1)
        logs = "".join((self.folder / name).read_text(errors="replace")[-1500:] for name in ("daemons.log", "slurmctld.log", "slurmd.log") if (self.folder / name).exists())
        raise AssertionError(f"waited {seconds} s for {what}\n{logs}")

    def submit(self, *words, cwd, **environment):
        answer = subprocess.run(["sbatch", "--parsable", *map(str, words)], cwd=cwd, env=dict(self.environment, **environment), capture_output=True, text=True)
        assert answer.returncode == 0, answer
        return answer.stdout.strip()

    def job(self, number):
        """What the controller knows of a job: JobState, Restarts, ExitCode, ..."""
        return dict(word.split("=", 1) for word in self.said("scontrol", "show", "job", number).split() if "=" in word)

    def state(self, number):
        return self.job(number).get("JobState", "")
