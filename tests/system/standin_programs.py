#!/usr/bin/env python3
"""The programs on the stand-in device: the quickstart in small by `winnow run` with winnow-train-standin as its trainer, and a stage that is
killed with kill -9 and resumes there. Result digests are those of an undisturbed run on the CPU.

    tests/system/standin_programs.py --build build
"""
import json
import subprocess
import sys

from case import SOURCE, Case, contains, equal, story, strike

SMALLER = {"samples = 6000, test_samples = 2000": "samples = 200, test_samples = 60", "epochs = 3": "epochs = 2", "batch = 128": "batch = 64",
           "seed   = [0, 1, 2]": "seed   = [0]"}

ONE_STAGE = """
name     = "one"
question = "Does a stage on a device survive a kill?"

[base]
dataset = "fashion-mnist"
data    = { samples = 1200, test_samples = 60 }
model   = "nano-clip"
adapt   = "adaptformer"
train   = { epochs = 2, batch = 32, lr = 1e-3 }

[[grid]]
method = "proden"
labels = { kind = "flip", rate = 0.3 }
"""


class Programs(Case):
    def __init__(self, build, sweep):
        super().__init__(build)
        self.sweep.write_text(sweep)

    def command(self, *options, ranks=0, trainer=()):
        return [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]

    def on_device(self):
        return ["--trainer", f"{self.build / 'bin/winnow-train-standin'} serve --device standin:1"]

    def devices(self):
        """The kinds of devices that run files say, of the stages that look at images."""
        text = subprocess.run([sys.executable, "-c", """
import h5py, json, sys
print(json.dumps(sorted({str(h5py.File(path).attrs['device'].decode()) for path in sys.argv[1:]})))
""", *map(str, (self.store / "runs").glob("??/*.h5"))], capture_output=True, text=True, check=True).stdout
        return json.loads(text)


def quickstart_in_small(build):
    text = (SOURCE / "sweeps/quickstart.toml").read_text()
    for old, new in SMALLER.items():
        if old not in text:
            raise AssertionError(f"the quickstart has no '{old}' any more: this test makes it smaller by replacing it")
        text = text.replace(old, new)
    here, there = Programs(build, text), Programs(build, text)
    code, said = here.run()
    equal(code, 0, "exit code on the CPU: " + said)
    code, said = there.run(*there.on_device())
    equal(code, 0, "exit code on the stand-in: " + said)
    wanted = here.digests()
    if len(wanted) < 9:
        raise AssertionError(f"the quickstart in small has only {len(wanted)} stages")
    equal(there.digests(), wanted, "result digests")
    equal(there.devices(), ["standin"], "devices of the run files")
    table = subprocess.run([str(here.build / "bin/winnow"), "report", str(there.sweep), "--store", str(there.store)], env=there.environment, capture_output=True, text=True)
    equal(table.returncode, 0, "exit code of the report: " + table.stderr)
    contains(table.stdout, "1/1")
    code, said = there.run()                      # on the CPU, in the store of the device: everything is there
    equal(code, 0, "exit code of the second run: " + said)
    contains(said, "0 to run")
    for case in (here, there):
        case.close()
    return len(wanted)


def resumes_after_a_kill(build):
    here, there = Programs(build, ONE_STAGE), Programs(build, ONE_STAGE)
    code, said = here.run()
    equal(code, 0, "exit code on the CPU: " + said)
    process = there.start("--checkpoint-every", 0.1, *there.on_device())

    def saved():
        for attempt in there.running():
            if there.events("checkpoint", identity=attempt["identity"], attempt=attempt["attempt"]):
                return attempt, [attempt["trainer"]]
        return None

    attempt, _ = strike(there, saved, lambda attempt, trainers: trainers[0], "a stage with a checkpoint")
    equal(process.wait(120), 0, "exit code on the stand-in: " + there.said())
    resumed = there.events("resumed", identity=attempt["identity"])
    if not resumed or resumed[0]["step"] <= 0:
        raise AssertionError(f"the stage did not resume: {resumed}")
    equal(there.digests(), here.digests(), "result digests after a kill")
    for case in (here, there):
        case.close()
    return resumed[0]["step"]


def programs_on_the_standin(case):
    case.winnow("data", "check", "fashion-mnist")
    print(f"{quickstart_in_small(case.build)} stages have the CPU's digests", flush=True)
    print(f"a killed stage resumed at step {resumes_after_a_kill(case.build)}", flush=True)


if __name__ == "__main__":
    story(programs_on_the_standin)
