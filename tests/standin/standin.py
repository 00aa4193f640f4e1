"""The stand-in device in Python: a torch of the wheel that winnow was built with, and libstandin.so.

    import standin
    standin.load("build/lib/libstandin.so")
    x = torch.ones(3).to(standin.DEVICE)

What it counts and forbids is standin.h's business.
"""
import contextlib
import ctypes
import types

import torch

DEVICE = "standin:1"
_library = None


def load(path):
    """Once a process, before its first backward: torch's autograd makes its threads once."""
    global _library
    if _library:
        return
    torch.ops.load_library(str(path))
    torch._register_device_module("standin", types.ModuleType("torch.standin"))  # Tensor.to() looks for it
    _library = ctypes.CDLL(str(path))
    _library.standin_bytes_in.restype = _library.standin_uploads.restype = _library.standin_launches.restype = _library.standin_launches_of.restype = ctypes.c_int64
    _library.standin_launches_of.argtypes = [ctypes.c_char_p]


def counts():
    """Since the last reset(): operators on the device, bytes that went to it and in how many copies, and what the host waited for."""
    waits = (ctypes.c_int64 * 4)()
    _library.standin_waits(waits)
    return {"launches": _library.standin_launches(), "bytes": _library.standin_bytes_in(), "uploads": _library.standin_uploads(), "values": waits[0], "shapes": waits[1],
            "copies_out": waits[2], "copies_in": waits[3]}


def launches_of(operator):
    return _library.standin_launches_of(operator.encode())


def reset():
    _library.standin_reset()


@contextlib.contextmanager
def no_waiting():
    """Inside, whatever the host would wait for raises RuntimeError."""
    _library.standin_forbid_waiting()
    try:
        yield
    finally:
        _library.standin_allow_waiting()


def upload(tensor, device=DEVICE):
    """Without waiting: through pinned memory."""
    return tensor.pin_memory(device).to(device, non_blocking=True)
