"""Two commands in turns of half a second, the other one stopped meanwhile: what else the machine does meets both alike. Each line of
the second one's output before it is ready is a "ready". Prints a JSON list of both outputs and peak memories (MB).

    python3 in_turns.py 'COMMAND' 'COMMAND'
"""
import json
import os
import shlex
import signal
import subprocess
import sys
import time

own, other = (shlex.split(command) for command in sys.argv[1:3])
second = subprocess.Popen(other, stdout=subprocess.PIPE, text=True)
if second.stdout.readline() != "ready\n":
    sys.exit(f"{other}: failed")
second.send_signal(signal.SIGSTOP)
first = subprocess.Popen(own, stdout=subprocess.PIPE, text=True)
first.send_signal(signal.SIGSTOP)
usage, turn = {}, 0
while len(usage) < 2:
    process = (first, second)[turn % 2]
    turn += 1
    if process.pid in usage:
        continue
    process.send_signal(signal.SIGCONT)
    end = time.monotonic() + 0.5
    while time.monotonic() < end and process.pid not in usage:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            if status:
                sys.exit(f"{process.args}: failed")
            usage[pid] = used.ru_maxrss / 1024
        else:
            time.sleep(0.01)
    if process.pid not in usage:
        process.send_signal(signal.SIGSTOP)
print(json.dumps([{"output": process.stdout.read(), "peak_mb": usage[process.pid]} for process in (first, second)]))
