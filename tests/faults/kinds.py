"""The kinds of fault: each strikes once while a stage runs, and says whether it hit."""
import os
import signal
import struct
import time
from pathlib import Path

from memory import NoMemoryLeft, none_can_be_used_up
from nodes import run
from scenes import Gangs, Scripted, Training, disk_that_can_stand_still


def words_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def program(pid):
    return Path(words_of(pid)[0]).name


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def agent_above(pid):
    """The agent that has started it, of what a gang is made of; or 0."""
    for above in (parent(pid), parent(parent(pid))):
        if program(above) == "winnow":
            return above
    return 0


def kind_of(pid, node, first):
    """What a process is to winnow; nothing for helpers."""
    name = program(pid)
    if name in ("noop-trainer", "winnow-train"):
        above = program(parent(pid))
        return "gang's process there" if above == "orted" else "gang's process here" if above == "mpirun" else "trainer"
    if name == "orted":
        return "gang's daemon there" if agent_above(pid) else "orted"
    if name == "mpirun":
        return "gang's launch" if program(parent(pid)) == "winnow" else "mpirun"
    if name == "winnow":
        return "agent" if program(parent(pid)) == "winnow" else "coordinator" if node is first else "relay"
    if name == "bash" and any(word.endswith("launch/mpirun") for word in words_of(pid)):
        return "launcher"
    return ""


def all_of(nodes, kind):
    first = nodes.alive()[0]
    return sorted(pid for node in nodes.alive() for pid in node.processes() if kind_of(pid, node, first) == kind)


def not_ended(case):
    """Attempts that have not ended, as the journal and the store tell it; those of a run that is over are among them."""
    return {(r["identity"], r["attempt"]) for r in case.running()}


def attempts_on(case, node):
    """Those that run on this node: their processes are there. A gang has some on a node other than that of its record."""
    here = node.processes()
    lent = any(kind_of(pid, node, None) == "gang's process there" for pid in here)
    own = {inner(pid) for pid in here}
    return {(r["identity"], r["attempt"]) for r in case.running() if lent or r["host"] == node.name and r["trainer"] in own}


def attempts_anywhere(case, nodes):
    return set().union(*(attempts_on(case, node) for node in nodes.alive()))


def attempts_in(case, nodes, pid, kind):
    """Those that run in this process, or below it; the coordinator, its mpirun and its launcher have all of them below."""
    if kind not in ("trainer", "agent", "relay", "orted"):
        return attempts_anywhere(case, nodes)
    node = next((node for node in nodes.alive() if pid in node.processes()), None)
    if node is None:
        return set()
    running = attempts_on(case, node)
    return running if kind != "trainer" else {(r["identity"], r["attempt"]) for r in case.running() if r["trainer"] == inner(pid)} & running


def inner(pid):
    """The PID that a process has on its node."""
    try:
        return next(int(line.split()[-1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("NSpid:"))
    except OSError:
        return 0


def busy(case, nodes, draw):
    """A node on which a stage runs, of those given, and its attempts."""
    found = [(node, running) for node in nodes if (running := attempts_on(case, node))]
    return draw.choice(found) if found else (None, set())


def find_busy(case, nodes, kind, draw):
    """A process of this kind with a stage, and its attempts."""
    found = [(pid, running) for pid in all_of(nodes, kind) if (running := attempts_in(case, nodes, pid, kind))]
    return draw.choice(found) if found else (None, set())


def find(nodes, kind, draw):
    found = all_of(nodes, kind)
    return draw.choice(found) if found else None


def send(number, pid):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def failed_by(case, strike):
    """Strikes, and waits for an attempt that ran then to have failed: what was hit may have been a trainer without a stage."""
    running = {(r["identity"], r["attempt"]) for r in case.running()}
    if not strike():
        return False
    end = time.monotonic() + 20
    while time.monotonic() < end:
        ended = {(r["identity"], r["attempt"]): r["event"] for r in case.journal() if r["event"] in ("done", "failed")}
        if any(ended.get(attempt) == "failed" for attempt in running):
            return True
        if all(attempt in ended for attempt in running):
            return False
        time.sleep(0.1)
    return False


def killed(kind):
    """What a stage runs in."""
    def strike(case, nodes, draw):
        pid = find(nodes, kind, draw)
        return pid is not None and failed_by(case, lambda: send(signal.SIGKILL, pid))
    return strike


def killed_around(kind):
    """What stages do not fail by: the next start goes on with them."""
    def strike(case, nodes, draw):
        pid, before = find_busy(case, nodes, kind, draw)
        return pid is not None and send(signal.SIGKILL, pid) and bool(before & not_ended(case))
    return strike


def leader_killed(case, nodes, draw):
    """The agent whose gang has a process on another node."""
    leaders = {agent_above(pid) for pid in all_of(nodes, "gang's launch") if all_of(nodes, "gang's process there")}
    return bool(leaders) and failed_by(case, lambda: send(signal.SIGKILL, draw.choice(sorted(leaders))))


def follower_killed(case, nodes, draw):
    """The agent that has lent its slots to a gang of another."""
    followers = {agent_above(pid) for pid in all_of(nodes, "gang's daemon there")}
    return bool(followers) and failed_by(case, lambda: send(signal.SIGKILL, draw.choice(sorted(followers))))


def stopped(kind, longest=20):
    """SIGSTOP for long enough to be taken for dead; what is then gone for winnow wakes up and must do no harm. `longest`: seconds of an unscaled run."""
    def strike(case, nodes, draw):
        pid, before = find_busy(case, nodes, kind, draw)
        if pid is None or not send(signal.SIGSTOP, pid):
            return False
        hit = bool(before & not_ended(case))
        time.sleep(draw.uniform(1, longest) * case.scale)
        send(signal.SIGCONT, pid)
        if program(above := parent(pid)) == "nsenter":            # it stops with its child
            send(signal.SIGCONT, above)
        return hit
    return strike


def out_of_memory(case, nodes, draw):
    """The kernel kills a trainer; its stage must have failed as `memory`, by which it is tried again in smaller pieces."""
    pid, _ = find_busy(case, nodes, "trainer", draw)
    if pid is None:
        return False
    with NoMemoryLeft() as group:
        if not failed_by(case, lambda: group.take(pid)):
            return False
    classes = {r["class"] for r in case.journal() if r["event"] == "failed"}
    if "memory" not in classes:
        raise AssertionError(f"a trainer was killed for want of memory, and stages failed as {sorted(classes)}")
    return True


def busy_other(case, nodes, draw):
    """Not the coordinator's, where there is another."""
    return busy(case, nodes.alive()[1:] or nodes.alive(), draw)


def link_down(case, nodes, draw):
    node, before = busy_other(case, nodes, draw)
    if node is None:
        return False
    node.cut()
    hit = bool(before & not_ended(case))
    time.sleep(draw.uniform(1, 15) * case.scale)
    node.heal()
    return hit


def link_disturbed(delay, loss):
    def strike(case, nodes, draw):
        node, before = busy_other(case, nodes, draw)
        if node is None:
            return False
        node.disturb(delay, loss, draw.randrange(1 << 30))
        hit = bool(before & not_ended(case))
        time.sleep(draw.uniform(5, 20) * case.scale)
        relay = node.calm()
        return hit and relay.carried > 0 and (loss == 0 or relay.lost > 0)
    return strike


def node_lost(case, nodes, draw):
    if len(nodes.alive()) < 3:
        return False
    node, before = busy(case, nodes.alive()[1:], draw)
    if node is None:
        return False
    node.lose()
    return bool(before & not_ended(case))


def clock_jumps(case, nodes, draw):
    """An hour or a day, forwards or back; half of the time it is set right again while stages run."""
    node, before = busy(case, nodes.alive(), draw)
    if node is None:
        return False
    clock = case.clocks / node.name
    jump = draw.choice([-86400, -3600, 3600, 86400])
    with open(clock, "r+b") as file:                              # in place: processes have it mapped
        file.write(struct.pack("<q", jump))
    hit = bool(before & not_ended(case))
    time.sleep(draw.uniform(1, 8) * case.scale)
    if draw.random() < 0.5:
        with open(clock, "r+b") as file:
            file.write(bytes(8))
    return hit


def full_disk(case, nodes, draw):
    """Of all nodes, as the two that follow: it is the store's."""
    before = attempts_anywhere(case, nodes)
    filler = case.store / "filler"
    try:
        with open(filler, "wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
    except OSError:
        pass
    hit = bool(before & not_ended(case))
    time.sleep(draw.uniform(0.5, 2))
    filler.unlink()
    return hit


def frozen(case, nodes, seconds):
    """Whether a stage ran when it began."""
    run("fsfreeze", "--freeze", case.store)
    try:
        hit = bool(attempts_anywhere(case, nodes))
        time.sleep(seconds)
        return hit
    finally:
        run("fsfreeze", "--unfreeze", case.store)


def disk_stands_still(case, nodes, draw):
    """Longer than an agent may be silent, now and then: what waits for the disk then cannot even be killed."""
    return frozen(case, nodes, draw.uniform(1, 12) * case.scale)


def slow_disk(case, nodes, draw):
    """It works a fifth of the time."""
    hit = False
    for _ in range(draw.randrange(5, 15)):
        hit |= frozen(case, nodes, 0.2)
        time.sleep(0.05)
    return hit


def damaged(change):
    def strike(case, nodes, draw):
        files = sorted((case.store / "runs").glob("??/*.h5"))
        if not files:
            return False
        file = draw.choice(files)
        content = bytearray(file.read_bytes())
        before = bytes(content)
        change(content, draw)
        if bytes(content) == before:
            return False
        copy = file.with_suffix(".damaged")                       # in place a reader would see half of each
        copy.write_bytes(content)
        case.damages[file.stem] += 1
        os.replace(copy, file)
        return True
    return strike


def flip(content, draw):
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def zero(content, draw):
    at = draw.randrange(0, len(content), 4096)
    content[at:at + 4096] = bytes(len(content[at:at + 4096]))


def torn_journal(case, nodes, draw):
    files = sorted((case.store / "journal").glob("*.log"))
    if not files:
        return False
    file = files[-1]
    size = file.stat().st_size
    if size < 200:
        return False
    with open(file, "r+b") as journal:
        journal.truncate(size - draw.randrange(1, 40))
    return True


def zeroed_journal(case, nodes, draw):
    """A block in its middle, as network file systems leave behind."""
    files = [file for file in sorted((case.store / "journal").glob("*.log")) if file.stat().st_size > 1024]
    if not files:
        return False
    file = draw.choice(files)
    with open(file, "r+b") as journal:
        journal.seek(draw.randrange(0, file.stat().st_size - 512, 512))
        journal.write(bytes(512))
    return True


KINDS = {
    Scripted: {
        **{f"kill -9 of the {kind}": killed(kind) for kind in ("trainer", "agent")},
        **{f"kill -9 of the {kind}": killed_around(kind) for kind in ("relay", "orted", "coordinator", "mpirun", "launcher")},
        **{f"SIGSTOP of the {kind}": stopped(kind) for kind in ("trainer", "agent", "relay", "coordinator")},
        # No one takes these for dead: stages go on, and the run may end meanwhile.
        **{f"SIGSTOP of the {kind}": stopped(kind, longest=60) for kind in ("orted", "mpirun", "launcher")},
        "memory used up under a trainer": out_of_memory,
        "link down": link_down, "link delays by 50 to 400 ms": link_disturbed((0.05, 0.4), 0), "link loses a tenth": link_disturbed((0.0, 0.002), 0.1),
        "node lost": node_lost, "clock jumps": clock_jumps, "full disk": full_disk, "disk stands still": disk_stands_still, "slow disk": slow_disk,
        "bit flipped in a run file": damaged(flip), "block of a run file zeroed": damaged(zero), "journal torn": torn_journal, "block of the journal zeroed": zeroed_journal,
    },
    Gangs: {
        **{f"kill -9 of a {kind}": killed(kind) for kind in ("gang's process there", "gang's process here", "gang's daemon there", "gang's launch")},
        # Its leader takes it for hanging, after six seconds here; what is stopped on another node must go, too.
        **{f"SIGSTOP of a {kind}": stopped(kind, longest=80) for kind in ("gang's process there", "gang's process here", "gang's daemon there", "gang's launch")},
        "kill -9 of a gang's leading agent": leader_killed, "kill -9 of a gang's other agent": follower_killed, "node lost under gangs": node_lost,
        "link down under gangs": link_down,
    },
    Training: {
        **{f"kill -9 of the {kind} in real training": killed(kind) for kind in ("trainer", "agent")},
        "kill -9 of the coordinator in real training": killed_around("coordinator"),
        "SIGSTOP of the trainer in real training": stopped("trainer"), "node lost in real training": node_lost,
    },
}

NEVER = {"memory that lies": "nothing on this machine makes any"}


def not_possible():
    """Kinds that this machine cannot make, with the reason."""
    reasons = dict(NEVER)
    if why := disk_that_can_stand_still():
        reasons.update({"disk stands still": why, "slow disk": why})
    if why := none_can_be_used_up():
        reasons["memory used up under a trainer"] = why
    return reasons
