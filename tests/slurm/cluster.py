"""A real Slurm on one machine, for tests: munge, a controller and one daemon for each node, all in a folder of its own, gone when it is left."""
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")

PLUGINS = Path("/usr/lib/x86_64-linux-gnu/slurm-wlm")

# Jobs of `all` and `cancelled` give way to those of `urgent`; the first go back into the queue, the second are cancelled. A requeued job may
# begin again after cred_expire and a second. Nodes may say that they have more cores than the machine.
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
GresTypes=gpu
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n/spool
TmpFS={folder}/%n/tmp
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n/slurmd.log
SchedulerParameters=batch_sched_delay=1,sched_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=12
JobRequeue=1
SlurmdParameters=config_overrides
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=cancelled Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=CANCEL
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""


def missing():
    """Programs that are not installed, whether this user may start daemons, and what slurmd does not start without."""
    found = [name for name in PROGRAMS if not shutil.which(name)]
    if os.geteuid() != 0:
        found.append("root")
    if not any(" /sys/fs/cgroup" in line for line in Path("/proc/mounts").read_text().splitlines()):
        found.append("a cgroup file system at /sys/fs/cgroup (a plain chroot has none)")
    return found


taken, taking = set(), threading.Lock()


def free_port():
    """Below those that the kernel gives to outgoing connections, of which there are many while clusters start side by side."""
    while True:
        port = random.randrange(17000, 32000)
        with taking, socket.socket() as probe:
            if port not in taken and probe.connect_ex(("127.0.0.1", port)) != 0:
                taken.add(port)
                return port


class Cluster:
    """Nodes n1, n2, ...; each believes that it has `cores` cores (a number, or one for each), and one GPU (/dev/null). `pmix`: whether this Slurm has PMIx."""

    def __init__(self, nodes=1, cores=None, pmix=True):
        self.names = [f"n{number}" for number in range(1, nodes + 1)]
        self.cores = cores if isinstance(cores, tuple) else (cores or os.cpu_count(),) * nodes
        self.pmix = pmix

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="winnow-slurm-"))
        self.folder.chmod(0o755)
        for name in ("state", *(f"{node}/{part}" for node in self.names for part in ("spool", "tmp"))):
            (self.folder / name).mkdir(parents=True)
        nodes = "\n".join(f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={free_port()} CPUs={cores} RealMemory=1000 Gres=gpu:1 "
                          "State=UNKNOWN" for node, cores in zip(self.names, self.cores))
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(folder=self.folder, host=socket.gethostname().split(".")[0], port=free_port(), nodes=nodes))
        if not self.pmix:
            (self.folder / "plugins").mkdir()
            for plugin in PLUGINS.glob("*.so"):
                if "pmix" not in plugin.name:
                    (self.folder / "plugins" / plugin.name).symlink_to(plugin)
            with open(self.folder / "slurm.conf", "a") as file:
                file.write(f"PluginDir={self.folder}/plugins\n")
        (self.folder / "gres.conf").write_text("".join(f"NodeName={node} Name=gpu File=/dev/null\n" for node in self.names))
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.daemons, self.slurmd = [], {}
        try:
            self.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid",
                       f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munged.seed")
            self.wait(lambda: (self.folder / "munge.socket").exists(), "munged")
            self.start("slurmctld", "-D", "-i")
            for node in self.names:
                self.start_node(node)
            self.wait_for_nodes()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.said("scancel", "--user=root")
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        for node in self.names:
            self.kill_processes(node)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *words):
        with open(self.folder / "daemons.log", "a") as log:
            self.daemons.append(subprocess.Popen(words, env=self.environment, stdout=log, stderr=log))
        return self.daemons[-1]

    def start_node(self, node):
        self.slurmd[node] = self.start("slurmd", "-D", "-N", node)

    def wait_for_nodes(self):
        self.wait(lambda: self.said("sinfo", "-h", "-p", "all", "-N", "-o", "%T").split() == ["idle"] * len(self.names), "idle nodes", 60)

    def processes(self, node):
        """What runs in jobs on this node: processes that slurmd's environment marks, and those that started them. First every srun's own
        child, which waits for its srun to die and then cancels the step; then parents before children: none tells of a child's death."""
        mark = f"\0SLURMD_NODENAME={node}\0".encode()
        conf = f"\0SLURM_CONF={self.folder}/slurm.conf\0".encode()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = b"\0" + (entry / "environ").read_bytes()
                if mark not in environment or conf not in environment:
                    continue
                program, parent, began = self.told(entry)
                parents_program, _, parent_began = self.told(Path("/proc") / str(parent))
                found[int(entry.name)] = (not program == parents_program == "srun", began)
                if parents_program.startswith("slurmstepd"):
                    found[parent] = (True, parent_began)
            except (OSError, ValueError):
                pass
        return sorted(found, key=lambda process: (*found[process], process))

    def told(self, entry):
        """The program (launch/srun is a bash), the parent and the time of birth of a process, by its folder in /proc."""
        numbers = (entry / "stat").read_text().rpartition(")")[2].split()
        return Path(os.readlink(entry / "exe")).name, int(numbers[1]), int(numbers[19])

    def kill_processes(self, node):
        """One by one, in an order in which none can tell of another's death. (Nor are they stopped first: orphans that are stopped get SIGHUP, and
        srun says it.)"""
        for _ in range(2):
            for process in self.processes(node):
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def lose(self, node):
        """The node is gone from one moment to the next, and the controller notices at once."""
        self.slurmd[node].kill()
        self.kill_processes(node)
        self.said("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")

    def restore(self, node):
        self.slurmd[node].wait()
        self.start_node(node)
        self.said("scontrol", "update", f"nodename={node}", "state=resume")

    def said(self, *words):
        answer = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        return answer.stdout + answer.stderr

    def wait(self, condition, what, seconds=60):
        """`what`: words, or a function that gives them when the wait was in vain."""
        end = time.time() + seconds
        while time.time() < end:
            if value := condition():
                return value
            time.sleep(0.1)
        logs = "".join(file.read_text(errors="replace")[-1500:] for name in ("daemons.log", "slurmctld.log", "*/slurmd.log") for file in sorted(self.folder.glob(name)))
        raise AssertionError(f"waited {seconds} s for {what() if callable(what) else what}\n{logs}")

    def submit(self, *words, cwd, **environment):
        answer = subprocess.run(["sbatch", "--parsable", *map(str, words)], cwd=cwd, env=dict(self.environment, **environment), capture_output=True, text=True)
        assert answer.returncode == 0, answer
        return answer.stdout.strip()

    def job(self, number):
        """What the controller knows of a job: JobState, Restarts, ExitCode, ..."""
        return dict(word.split("=", 1) for word in self.said("scontrol", "show", "job", number).split() if "=" in word)

    def state(self, number):
        return self.job(number).get("JobState", "")
