"""libstandin.so in a Python's torch: the CPU's bits, the prohibitions, the counters.

    PYTHONPATH=deps/site:deps/tests launch/python tests/standin/python_test.py build/lib/libstandin.so
"""
import sys

try:
    import torch
except ImportError as error:
    print(f"skipped: this Python cannot import the wheel's torch ({error}): launch/setup --tests unpacks what it needs")
    sys.exit(77)

import standin


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} instead of {wanted!r}")


def raises(part, action, what):
    try:
        action()
    except (RuntimeError, NotImplementedError) as error:
        if part not in str(error):
            raise AssertionError(f"{what}: {error} does not say {part!r}")
        return
    raise AssertionError(f"{what}: nothing was raised")


def numbers_are_the_cpus():
    x = torch.linspace(-1, 1, 12).view(3, 4)
    there = x.to(standin.DEVICE)
    equal(str(there.device), "standin:1", "device")
    for what, function in {"product": lambda t: t @ t.T, "softmax": lambda t: t.softmax(1), "gelu": torch.nn.functional.gelu}.items():
        equal(torch.equal(function(there).cpu(), function(x)), True, what)


def a_module_trains_on_it():
    def losses(device):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).to(device)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        x, y = torch.linspace(-1, 1, 24).view(6, 4).to(device), torch.tensor([0, 1, 0, 1, 1, 0]).to(device)
        result = []
        for _ in range(3):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimiser.step()
            result.append(loss.detach())
        return [loss.item() for loss in result]
    equal(losses(standin.DEVICE), losses("cpu"), "losses")


def a_wait_raises_where_it_is_forbidden():
    x = torch.ones(3).to(standin.DEVICE)
    with standin.no_waiting():
        y = x * 2
        raises("the host waits", lambda: y.sum().item(), "a planted .item()")
        raises("the host waits", lambda: x[y > 1], "a planted boolean index")
        raises("the host waits", lambda: y.cpu(), "a planted copy")
        standin.upload(torch.ones(3))  # pinned memory needs no wait
    equal(y.sum().item(), 6.0, "afterwards")


def tensors_of_two_devices_do_not_meet():
    x = torch.ones(3)
    raises("all tensors on one device", lambda: x.to(standin.DEVICE) + x, "a host tensor among the device's")
    raises("got tensors on", lambda: x.to("standin:0") + x.to("standin:1"), "two devices")


def everything_is_counted():
    x = torch.ones(100).to(standin.DEVICE)
    standin.reset()
    y = x + 1
    y = (y * y).view(10, 10).t()                   # views compute nothing
    equal(standin.counts(), {"launches": 2, "bytes": 0, "uploads": 0, "values": 0, "shapes": 0, "copies_out": 0, "copies_in": 0}, "two operators")
    equal((standin.launches_of("mul.Tensor"), standin.launches_of("add.Tensor"), standin.launches_of("sub.Tensor")), (1, 1, 0), "by name")
    standin.upload(torch.ones(100))
    equal((standin.counts()["bytes"], standin.counts()["uploads"]), (400, 1), "bytes")
    equal(standin.counts()["copies_in"], 0, "pinned memory")
    torch.ones(100).to(standin.DEVICE)
    equal((standin.counts()["bytes"], standin.counts()["copies_in"]), (800, 1), "other memory is waited for")
    y.sum().item()
    y.cpu()
    y.nonzero()
    counts = standin.counts()
    equal((counts["values"] + counts["copies_out"] >= 2, counts["shapes"]), (True, 1), "waits")
    standin.reset()
    equal(set(standin.counts().values()), {0}, "after a reset")


standin.load(sys.argv[1])
for test in (numbers_are_the_cpus, a_module_trains_on_it, a_wait_raises_where_it_is_forbidden, tensors_of_two_devices_do_not_meet, everything_is_counted):
    test()
print("ok")
