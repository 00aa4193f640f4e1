#!/usr/bin/env python3
"""launch/hosts: hosts of a file are asked by ssh, each by itself; what is wrong with one is a line, and nothing hangs; then a sweep runs over
them. Hosts are OpenSSH servers on ports of this machine, each in a mount namespace of its own, where this user is root and they are
installed; and everywhere a stand-in for ssh, which starts a shell here.

    launch/python tests/system/hosts.py --build build [NAME...]
"""
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from case import SOURCE, Case, Skip, contains, each, equal, wait_for

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])

STAND_IN = """#!/bin/bash
# ssh OPTIONS HOST WORDS...: runs the words here, as HOST would, or does what the host's name says.
while [ $# -gt 0 ]; do
  case $1 in -o | -p) shift 2 ;; -*) shift ;; *) break ;; esac
done
host=$1; shift
# Each host has temporary files of its own: Open MPI's daemons of one job would trip over each other's.
export OMPI_MCA_orte_tmpdir_base=$(dirname "$0")/tmp.$host
mkdir -p "$OMPI_MCA_orte_tmpdir_base"
case $host in
  hangs) sleep 600 ;;
  silent-later) echo "Welcome to the machine"; sleep 600 ;;
  away) echo "ssh: connect to host away port 22: Connection timed out" >&2; exit 255 ;;
  password) echo "me@password: Permission denied (publickey,password)." >&2; exit 255 ;;
  stranger) echo "Host key verification failed." >&2; exit 255 ;;
  nowhere) echo "ssh: Could not resolve hostname nowhere: Name or service not known" >&2; exit 255 ;;
  chatty) echo "Welcome to the machine"; exec setsid bash -c "$*" ;;
  n*) exec setsid bash -c "$*" ;;
esac
echo "what host is $host?" >&2; exit 255
"""


class Hosts(Case):
    """A checkout whose build is the one that is tested, a store, and a file of hosts."""

    def __init__(self, build):
        super().__init__(build, seeds=(0,))
        self.home = self.folder / "home"
        self.home.mkdir()
        shutil.copytree(SOURCE / "launch", self.home / "launch")
        (self.home / "build").symlink_to(self.build)
        self.ssh = self.folder / "ssh"
        self.ssh.write_text(STAND_IN)
        self.ssh.chmod(0o755)
        self.processes = []
        self.environment["WINNOW_SSH"] = str(self.ssh)
        self.environment["WINNOW_SSH_SECONDS"] = "2"

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait(10)
        super().close()

    def over(self, hosts, *words, options=(), check=False, **environment):
        """Exit code and both outputs of launch/hosts over a file of these lines."""
        file = self.folder / "hosts"
        file.write_text("".join(line + "\n" for line in hosts))
        run = [] if check else ["winnow", "run", str(self.sweep), "--from-scratch", "--trainer", self.trainer("--sleep", 0.3)]
        answer = subprocess.run([self.home / "launch/hosts", *options, file, *run, *([] if check else ["--store", str(self.store)]), *map(str, words)],
                                env=dict(self.environment, **environment), cwd=self.folder, capture_output=True, text=True, timeout=120)
        return answer.returncode, answer.stdout, answer.stderr

    def agents(self):
        return len({record["agent"] for record in self.events("joined")})


def runs_over_good_hosts(case):
    code, said, wrong = case.over(["# ours", "n1 slots=4   # the first", "", "chatty"])
    equal(code, 0, "exit code: " + said + wrong)
    contains(said, "launch/hosts: 2 of 2 hosts: n1 (")
    equal(len(case.digests()), 5, "run files")
    equal(case.agents(), 2, "agents")
    equal(list(case.store.glob(".hosts-*")), [], "marks in the store")


def names_what_is_wrong_with_each(case):
    """All of them at once, and none is waited for longer than the limit."""
    begin = time.time()
    code, said, wrong = case.over(["n1", "hangs", "silent-later", "away", "password", "stranger", "nowhere"])
    equal((code, said), (2, ""), "exit code and output")
    lines = wrong.splitlines()
    equal(len(lines), 7, "lines: " + wrong)
    for host, words in (("hangs", "does not answer within 12 s"), ("silent-later", "does not answer"), ("away", "does not answer within 2 s: is it up"),
                        ("password", "wants a password or another key: ssh-copy-id password"), ("stranger", "is not known to ssh"),
                        ("nowhere", "cannot be reached by ssh: ssh: Could not resolve hostname")):
        contains("\n".join(line for line in lines if line.startswith(f"launch/hosts: {host} ")), words)
    equal(lines[-1], "launch/hosts: 6 of 7 hosts cannot take part; --leave-out goes on without them", "the last line")
    print(f"    seven hosts were asked in {time.time() - begin:.1f} s", flush=True)
    equal(case.journal(), [], "what ran")


def goes_on_without_bad_ones_when_told(case):
    code, said, wrong = case.over(["away", "n1", "password", "n2"], options=["--leave-out"])
    equal(code, 0, "exit code: " + said + wrong)
    contains(said, "2 of 4 hosts")
    equal(case.agents(), 2, "agents")
    code, said, wrong = case.over(["away"], options=["--leave-out"])
    equal(code, 2, "exit code of no host")
    contains(wrong, "no host is left")


def finds_hosts_that_differ(case):
    """The checks themselves, run in mount namespaces and with programs that differ."""
    other = case.folder / "another-winnow"
    other.write_text("#!/bin/sh\necho winnow 0.1.0+gfeedfeedfeed\n")
    broken = case.folder / "broken-winnow"
    broken.write_text("#!/bin/sh\necho 'winnow: error while loading shared libraries: libhdf5.so.103' >&2\necho more >&2\nexit 127\n")
    mpi = case.folder / "another-mpirun"
    mpi.write_text("#!/bin/sh\necho 'mpirun (Open MPI) 5.0.1'\n")
    for file in (other, broken, mpi):
        file.chmod(0o755)
    store, home = case.store, case.home
    mpirun = shutil.which("mpirun")
    differences = {
        "n-lost-home": (f"mount -t tmpfs none {home}", f"sees no {home}/build/bin/winnow"),
        "n-no-home": (f"mount -t tmpfs none {case.folder}", f"does not see the checkout {home}"),
        "n-revision": (f"mount --bind {other} {home}/build/bin/winnow", "has winnow 0.1.0+gfeedfeedfeed in"),
        "n-broken": (f"mount --bind {broken} {home}/build/bin/winnow", "error while loading shared libraries: libhdf5.so.103"),
        "n-mpi": (f"mount --bind {mpi} $(readlink -f {mpirun})", "has Open MPI 5.0.1, this host has 4.1"),
        "n-other-store": (f"mount -t tmpfs none {store}", f"has another folder at {store} than this host"),
        "n-read-only": (f"mount --bind {store} {store}; mount -o remount,bind,ro {store}", f"cannot write to the results folder {store}"),
    }
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        raise Skip("mount namespaces need root")
    script = STAND_IN
    for host, (mount, _) in differences.items():
        script = script.replace("  n*)", f"  {host}) exec unshare -m bash -c '{mount}; exec bash -c \"$1\"' _ \"$*\" ;;\n  n*)", 1)
    case.ssh.write_text(script)
    store.mkdir()
    code, said, wrong = case.over(list(differences) + ["n1"])
    equal(code, 2, "exit code: " + said + wrong)
    for host, (_, words) in differences.items():
        line = [line for line in wrong.splitlines() if line.startswith(f"launch/hosts: {host} ")]
        equal(len(line), 1, f"lines about {host}: {wrong}")
        contains(line[0], words)
    equal(list(store.glob(".hosts-*")), [], "marks in the store")


def refuses_wrong_words(case):
    for hosts, words, options, message in ((["n1", "n1"], (), (), "n1 stands there twice"), (["# none"], (), (), "names no host"), (["n1;reboot"], (), (), "is no name of a host"),
                                           (["-oProxyCommand=x"], (), (), "is no name of a host"), (["n1"], (), ["--leaveout"], "there is no option --leaveout")):
        code, said, wrong = case.over(hosts, *words, options=options)
        equal((code, said), (2, ""), f"exit code and output of {hosts} {options}: {wrong}")
        contains(wrong, message)
        equal(wrong.count("\n"), 1, "lines: " + wrong)
    answer = subprocess.run([case.home / "launch/hosts", case.folder / "absent", "winnow"], capture_output=True, text=True, env=case.environment)
    equal((answer.returncode, answer.stderr), (2, f"launch/hosts: cannot read the host file {case.folder}/absent\n"), "an absent file")
    code, said, wrong = case.over(["n1"], check=True, WINNOW_SSH_SECONDS="soon")
    equal((code, said), (2, ""), "a wrong number of seconds: " + wrong)
    code, said, wrong = case.over(["n1"], check=True)
    equal(code, 0, "a check alone: " + wrong)
    contains(said, "1 of 1 hosts: n1 (")


def a_request_to_stop_reaches_the_coordinator(case):
    file = case.folder / "hosts"
    file.write_text("n1\nn2\n")
    with open(case.output, "w") as output:
        process = subprocess.Popen([case.home / "launch/hosts", file, "winnow", "run", str(case.sweep), "--from-scratch", "--store", str(case.store), "--grace", "0", "--trainer",
                                    case.trainer("--sleep", 5)], env=case.environment, stdout=output, stderr=output)
    wait_for(case.running, "a running stage")
    process.terminate()
    equal(process.wait(30), 4, "exit code: " + case.said())
    contains(case.said(), "stopped on request")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def real_ssh(case):
    """OpenSSH's own servers and client, with what goes wrong between them, and a sweep over two of them."""
    if not SSHD or os.geteuid() != 0:
        raise Skip("no real ssh: needs root and openssh-server, which launch/setup --tests installs under CI=true alone; the other tests have a stand-in for ssh")
    folder = case.folder / "sshd"
    folder.mkdir(mode=0o700)
    Path("/run/sshd").mkdir(exist_ok=True)
    for key in ("host", "user", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    (folder / "nobody").write_text("")
    case.store.mkdir()
    config, known = "", ""

    def server(name, keys="authorized", before="true"):
        nonlocal config, known
        port = free_port()
        (folder / f"tmp.{name}").mkdir()
        (folder / f"{name}.conf").write_text(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/{keys}\nStrictModes no\nUsePAM no\n"
                                             f"PermitRootLogin yes\nPasswordAuthentication yes\nPidFile none\n"
                                             f"SetEnv OMPI_MCA_orte_tmpdir_base={folder}/tmp.{name}\n")
        case.processes.append(subprocess.Popen(["unshare", "-m", "bash", "-c", f"{before}; exec {SSHD} -D -f {folder}/{name}.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        config += f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n"
        known += f"[127.0.0.1]:{port} {(folder / ('other.pub' if name == 'impostor' else 'host.pub')).read_text()}"
        return port

    ports = [server("n1"), server("n2"), server("locked", keys="nobody"), server("impostor"), server("elsewhere", before=f"mount -t tmpfs none {case.store}")]
    with socket.socket() as deaf:                    # takes connections and says nothing
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(5)
        config += f"Host deaf\n  HostName 127.0.0.1\n  Port {deaf.getsockname()[1]}\nHost closed\n  HostName 127.0.0.1\n  Port {free_port()}\n"
        config += f"Host *\n  User root\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known\n  StrictHostKeyChecking yes\n"
        (folder / "config").write_text(config)
        (folder / "known").write_text(known)
        for port in ports:
            wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "an ssh server")
        case.environment["WINNOW_SSH"] = f"ssh -F {folder}/config"
        code, said, wrong = case.over(["n1", "locked", "impostor", "elsewhere", "deaf", "closed", "n2"])
        equal(code, 2, "exit code: " + said + wrong)
        for host, words in (("locked", "wants a password or another key"), ("impostor", "is not known to ssh, or has another key"), ("elsewhere", "has another folder at"),
                            ("deaf", "does not answer"), ("closed", "Connection refused")):
            contains("\n".join(line for line in wrong.splitlines() if line.startswith(f"launch/hosts: {host} ")), words)
        equal(len(wrong.splitlines()), 6, "lines: " + wrong)
    code, said, wrong = case.over(["n1", "n2"])
    equal(code, 0, "exit code: " + said + wrong)
    equal(len(case.digests()), 5, "run files")
    equal(case.agents(), 2, "agents")


if __name__ == "__main__":
    each([runs_over_good_hosts, names_what_is_wrong_with_each, goes_on_without_bad_ones_when_told, finds_hosts_that_differ, refuses_wrong_words,
          a_request_to_stop_reaches_the_coordinator, real_ssh], make=Hosts)
