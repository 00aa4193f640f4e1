"""Two commands in turns of half a second, the other one stopped meanwhile: what else the machine does meets both alike. The second one's
first line of output is "ready": its start is no part of the turns. Prints a JSON list of both outputs and peak memories (MB).

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
os.kill(second.pid, signal.SIGSTOP)
first = subprocess.Popen(own, stdout=subprocess.PIPE, text=True)
os.kill(first.pid, signal.SIGSTOP)         # not Popen.send_signal, which takes the status of a process that has ended
usage, turn = {}, 0
while len(usage) < 2:
    process = (first, second)[turn % 2]
    turn += 1
    if process.pid in usage:
        continue
    os.kill(process.pid, signal.SIGCONT)
    end = time.monotonic() + 0.5
    while time.monotonic() < end and process.pid not in usage:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            if status:
                for left in {first, second} - {process}:
                    left.kill()
                sys.exit(f"{process.args}: failed with status {status}")
            usage[pid] = used.ru_maxrss / 1024
        else:
            time.sleep(0.01)
    if process.pid not in usage:
        os.kill(process.pid, signal.SIGSTOP)
print(json.dumps([{"output": process.stdout.read(), "peak_mb": usage[process.pid]} for process in (first, second)]))
