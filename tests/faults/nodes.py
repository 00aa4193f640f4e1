"""Several simulated nodes on one machine: process trees that share no PID, network, IPC or mount namespace, no /tmp and no /dev/shm;
only files elsewhere, as on a cluster with a shared file system. Needs root and iproute2."""
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from relay import Relay

# Frames of a node as they are on a wire, each within 1,500 bytes and with its checksum: a relay in between could not carry others on.
PLAIN = """
import fcntl, socket, struct, array
interface = struct.pack("16s", b"eth0")
for what in (0x17, 0x1f, 0x24, 0x2c):              # ETHTOOL_STXCSUM, _STSO, _SGSO, _SGRO
    value = array.array("B", struct.pack("II", what, 0))
    request = interface + struct.pack("P", value.buffer_info()[0])
    try: fcntl.ioctl(socket.socket(), 0x8946, request)
    except OSError: pass
"""

# The first process of a node: it takes over what loses its parent, as init does.
INIT = "import os, time\nwhile True:\n    try: os.wait()\n    except ChildProcessError: time.sleep(0.05)\n"


def run(*words, check=True, **options):
    return subprocess.run([str(word) for word in words], check=check, capture_output=True, text=True, **options)


def possible():
    """Why not; nothing if it is."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for program in ("ip", "nsenter", "unshare"):
        if not shutil.which(program):
            return f"there is no {program}"
    tried = subprocess.run(["unshare", "--pid", "--fork", "--net", "--ipc", "--mount", "--uts", "true"], capture_output=True, text=True)
    return tried.stderr.strip()


class Node:
    def __init__(self, nodes, index):
        self.nodes, self.name, self.address = nodes, f"node{index}", f"10.77.{nodes.subnet}.{index + 1}"
        self.link = f"wf{nodes.subnet}n{index}"
        self.lost = False
        self.process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts", "--mount", "--mount-proc",
                                         sys.executable, "-c", INIT], stderr=subprocess.DEVNULL)
        self.init = self.first()
        for folder in ("/tmp", "/dev/shm"):
            self.enter("mount", "-t", "tmpfs", "tmpfs", folder)
        self.enter("mount", "--bind", nodes.hosts, "/etc/hosts")
        self.enter("hostname", self.name)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.init)
        run("ip", "link", "set", self.link, "master", nodes.bridge, "up")
        self.enter("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.relay = None
        self.enter(sys.executable, "-c", PLAIN)
        for device in ("lo", "eth0"):
            self.enter("ip", "link", "set", device, "up")

    def first(self):
        for _ in range(200):
            found = run("pgrep", "-P", self.process.pid, check=False).stdout.split()
            if found and self.inside(found[0]):
                return int(found[0])
            time.sleep(0.02)
        raise AssertionError(f"{self.name} does not start")

    @staticmethod
    def inside(pid):
        try:
            return os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid")
        except OSError:
            return False

    def words(self, *words):
        return ["nsenter", "-t", str(self.init), "--pid", "--net", "--ipc", "--uts", "--mount", "--", *map(str, words)]

    def enter(self, *words):
        return run(*self.words(*words))

    def start(self, *words, **options):
        return subprocess.Popen(self.words(*words), start_new_session=True, **options)

    def processes(self):
        """PIDs, as this machine sees them, of all but the first; those that are dead and not yet reaped do not count."""
        own, found = os.readlink(f"/proc/{self.init}/ns/pid") if not self.lost else None, []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self.init:
                continue
            try:
                if os.readlink(entry / "ns/pid") == own and (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def cut(self):
        run("ip", "link", "set", self.link, "down")

    def heal(self):
        run("ip", "link", "set", self.link, "up")

    def disturb(self, delay, loss, seed):
        """From now on what it sends and gets goes through a relay."""
        near, far = f"{self.link}a", f"{self.link}b"
        run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        for device in (near, far):
            run("ip", "link", "set", device, "up")
        run("ip", "link", "set", far, "master", self.nodes.bridge)
        run("ip", "link", "set", self.link, "nomaster")
        self.relay = Relay(self.link, near, delay, loss, seed)

    def calm(self):
        run("ip", "link", "set", self.link, "master", self.nodes.bridge)
        relay, self.relay = self.relay, None
        relay.close()
        run("ip", "link", "del", f"{self.link}a")
        return relay

    def lose(self):
        """Power off: everything on it is gone at once, and says nothing."""
        self.lost = True
        run("ip", "link", "set", self.link, "down", check=False)
        os.kill(self.init, signal.SIGKILL)
        self.process.wait()


class Nodes:
    """A context. `shared`: a folder that all nodes see, outside of /tmp."""

    def __init__(self, count, shared):
        self.shared = Path(shared)
        self.take_subnet()
        self.hosts = self.shared / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(f"10.77.{self.subnet}.{i + 1} node{i}\n" for i in range(count)))
        self.calls = self.shared / "calls"
        self.calls.mkdir()
        self.agent = self.shared / "agent"             # what mpirun takes for ssh
        self.agent.write_text(f"""#!/bin/sh
host=$1; shift
file={self.calls}/$host.$$
printf '%s' "$*" >"$file.part" && mv "$file.part" "$file.call"
""")
        self.agent.chmod(0o755)
        run("ip", "link", "set", self.bridge, "up")
        self.all, self.ending = [], False
        try:
            for index in range(count):
                self.all.append(Node(self, index))
        except BaseException:
            self.close()
            raise
        self.thread = threading.Thread(target=self.answer_calls)
        self.thread.start()

    def take_subnet(self):
        """One that nobody else on this machine has: a bridge of its name could be made."""
        for _ in range(200):
            self.subnet = random.randrange(20, 220)
            self.bridge = f"wf{self.subnet}"
            made = run("ip", "link", "add", self.bridge, "type", "bridge", check=False)
            if made.returncode == 0:
                return
            if "File exists" not in made.stderr:
                break
        raise AssertionError(f"no bridge for the nodes: {made.stderr.strip()}")

    def answer_calls(self):
        started = []
        while not self.ending:
            for call in self.calls.glob("*.call"):
                node = next(n for n in self.all if n.name == call.name.split(".")[0])
                command = call.read_text()
                call.unlink()
                if not node.lost:
                    started.append(node.start("sh", "-c", command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            for process in started:
                process.poll()
            time.sleep(0.02)

    def alive(self):
        return [node for node in self.all if not node.lost]

    def close(self):
        self.ending = True
        if hasattr(self, "thread"):
            self.thread.join()
        for node in self.alive():
            node.lose()
        for node in self.all:
            run("ip", "link", "del", node.link, check=False)
        run("ip", "link", "del", self.bridge, check=False)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()
