"""A link that delays and loses frames, where the kernel has no netem: this process carries what two network devices send each other."""
import heapq
import random
import select
import socket
import threading
import time

ALL = 0x0003                                                   # every protocol
LARGEST = 1 << 17


def listen(device):
    bound = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    bound.bind((device, 0))
    return bound


class Relay:
    """`delay`: seconds, the shortest and the longest, of each frame; their order is kept. `loss`: the share of frames that never arrive."""

    def __init__(self, one, other, delay, loss, seed):
        self.sockets = [listen(one), listen(other)]
        self.delay, self.loss, self.draw = delay, loss, random.Random(seed)
        self.carried = self.lost = 0
        self.ending = False
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()

    def carry(self):
        waiting, last, count = [], [0.0, 0.0], 0
        while not self.ending:
            left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.05
            for ready in select.select(self.sockets, [], [], min(left, 0.05))[0]:
                side = self.sockets.index(ready)
                frame, origin = ready.recvfrom(LARGEST)
                if origin[2] == socket.PACKET_OUTGOING:         # our own
                    continue
                if self.draw.random() < self.loss:
                    self.lost += 1
                    continue
                last[side] = max(last[side], time.monotonic() + self.draw.uniform(*self.delay))
                heapq.heappush(waiting, (last[side], count := count + 1, 1 - side, frame))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, side, frame = heapq.heappop(waiting)
                try:
                    self.sockets[side].send(frame)
                    self.carried += 1
                except OSError:                                # the node is gone, or its link down
                    self.lost += 1

    def close(self):
        self.ending = True
        self.thread.join()
        for each in self.sockets:
            each.close()
