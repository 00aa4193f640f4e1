#!/usr/bin/env python3
"""A fleet on GPUs, with real processes; the GPUs are lines of a file that stands in for a driver (tests/nvml/standin.cpp), which is loaded as
a driver's library is.

    tests/system/gpu_fleet.py --build build [NAME...]
"""
import json
import os
import shutil
import subprocess
import time

from case import SOURCE, SWEEP, Case, contains, each, equal, kill, wait_for

TWO = {"a": {}, "b": {}}
ONE_SMALL = """
name     = "small"
question = "Does the whole way of a stage lead over a device?"

[base]
dataset = "fashion-mnist"
data    = { samples = 100, test_samples = 40 }
model   = "nano-clip"
adapt   = "adaptformer"
train   = { epochs = 1, batch = 32 }

[[grid]]
method = ["cc", "proden"]
labels = { kind = "flip", rate = 0.3 }
seed   = [0, 1]
"""


class Machine(Case):
    def __init__(self, build):
        super().__init__(build)
        self.gpus = self.folder / "gpus"
        self.environment.update(WINNOW_TEST_GPUS=str(self.gpus), LD_LIBRARY_PATH=str(self.build / "nvml"))
        self.environment.pop("CUDA_VISIBLE_DEVICES", None)

    def has(self, gpus):
        lines = ["driver=580.65.06"] + [" ".join([f"uuid=GPU-{name}", "name=H200", "total=144000", *(f"{k}={v}" for k, v in words.items())])
                                        for name, words in gpus.items()]
        part = self.folder / "gpus.part"
        part.write_text("\n".join(lines) + "\n")
        os.replace(part, self.gpus)

    def command(self, *options, ranks=0, trainer=()):
        return super().command(*options, ranks=ranks, trainer=trainer)

    @staticmethod
    def has_gpus(answer):
        """Whether a trainer failed for another reason than that this machine has no GPU."""
        return "x.json" in answer.stderr

    def visible(self):
        """What the trainers of running stages see, by pid."""
        result = {}
        for record in self.running():
            try:
                words = open(f"/proc/{record['trainer']}/environ").read().split("\0")
            except OSError:
                continue
            result[record["trainer"]] = next((w.split("=", 1)[1] for w in words if w.startswith("CUDA_VISIBLE_DEVICES=")), None)
        return result

    def status(self):
        answer = subprocess.run([str(self.build / "bin/winnow"), "status", str(self.store), "--json"], capture_output=True, text=True)
        return json.loads(answer.stdout) if answer.returncode == 0 else None


def each_trainer_sees_its_gpu(case):
    case.has({"a": {"used": 500, "degrees": 51}, "sick": {"ecc": 4}, "b": {}})
    process = case.start(trainer=("--sleep", 0.5))
    seen = wait_for(lambda: len(case.visible()) == 2 and case.visible(), "two trainers")
    equal(sorted(seen.values()), ["GPU-a", "GPU-b"], "what trainers see")
    case.has({"a": {"used": 7000, "degrees": 77, "busy": 93}, "sick": {"ecc": 4}, "b": {}})
    hot = wait_for(lambda: (case.status() or {"agents": []})["agents"] and [g for g in case.status()["agents"][0]["gpus"] if g["temperature"] == 77], "a hot GPU")
    equal((hot[0]["name"], hot[0]["used"], hot[0]["utilisation"]), ("H200", 7000 << 20, 93), "the GPU in status.json")
    text = subprocess.run([str(case.build / "bin/winnow"), "status", str(case.store)], capture_output=True, text=True).stdout
    contains(text, "GPU 0 H200  93 %, 7.3 GB of 151.0 GB, 77 °C")
    equal(process.wait(60), 0, "exit code: " + case.said())
    contains(case.said(), "GPU 1 H200 (GPU-sick) is left out: 4 uncorrected memory errors")
    equal(len(case.digests()), 13, "run files")


def several_share_one(case):
    case.has(TWO)
    process = case.start("--per-gpu", 2, trainer=("--sleep", 0.5))
    seen = wait_for(lambda: len(case.visible()) == 4 and case.visible(), "four trainers")
    equal(sorted(seen.values()), ["GPU-a", "GPU-a", "GPU-b", "GPU-b"], "what trainers see")
    equal(process.wait(60), 0, "exit code: " + case.said())


def a_gang_sees_all_of_its_gpus(case):
    case.has(TWO)
    case.sweep.write_text(SWEEP.format(seeds=[0]).replace("[base]", "[base]\nwidth = 2"))
    process = case.start(trainer=("--sleep", 0.5))
    seen = wait_for(lambda: {p: v for p, v in case.visible().items() if v and "," in v}, "a gang")
    equal(list(seen.values())[0], "GPU-a,GPU-b", "what a gang sees")
    equal(process.wait(60), 0, "exit code: " + case.said())
    case.sweep.write_text(SWEEP.format(seeds=[1]).replace("[base]", "[base]\nwidth = 3"))
    code, text = case.run()
    equal(code, 2, "exit code of a width that is too large: " + text)
    contains(text, "width = 3 needs 3 GPUs on one node, this run has 2")
    code, text = case.run("--per-gpu", 2)
    equal(code, 2, "exit code of a gang on shared GPUs: " + text)
    contains(text, "the processes of a gang need a GPU each")


def instances_of_a_gpu_make_no_gang(case):
    case.has({"a": {"mig": "MIG-1:24000,MIG-2:24000"}})
    case.sweep.write_text(SWEEP.format(seeds=[0]).replace("[base]", "[base]\nwidth = 2"))
    code, text = case.run()
    equal(code, 2, "exit code: " + text)
    contains(text, "width = 2 needs 2 GPUs, and those of this machine are partitioned (MIG)")
    code, text = case.run("--time-scale", 0.1, ranks=1)        # under mpirun the agent says it
    equal(code, 3, "exit code under mpirun: " + text)
    contains(text, "its GPUs are partitioned (MIG)")
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    process = case.start(trainer=("--sleep", 0.5))
    seen = wait_for(lambda: len(case.visible()) == 2 and case.visible(), "two trainers")
    equal(sorted(seen.values()), ["MIG-1", "MIG-2"], "what trainers see")
    equal(process.wait(60), 0, "exit code: " + case.said())


def a_successor_waits_for_the_memory(case):
    case.has({"a": {"used": 100}})
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    process = case.start(trainer=("--sleep", 1.5))
    victim = list(wait_for(lambda: len(case.digests()) >= 1 and case.visible(), "a running stage"))[0]
    case.has({"a": {"used": 90000}})
    kill(victim)
    wait_for(lambda: case.events("failed"), "the failure")
    started = len(case.events("started"))
    time.sleep(3)
    equal(len(case.events("started")), started, "stages started while the memory was not free")
    case.has({"a": {"used": 300}})
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(len(case.digests()), 5, "run files")


def a_lost_gpu_takes_its_slot_with_it(case):
    case.has(TWO)
    process = case.start(trainer=("--sleep", 1.0))
    wait_for(lambda: len(case.digests()) >= 1 and len(case.visible()) == 2, "two running stages")
    case.has({"a": {}, "b": {"lost": 1}})
    wait_for(lambda: case.events("resized"), "the slot's end")
    equal(case.events("resized")[0]["slots"], 1, "slots that are left")
    wait_for(lambda: case.status()["agents"][0]["slots"] == 1, "the slots in status.json")
    wait_for(lambda: any(gpu["unusable"] for gpu in case.status()["agents"][0]["gpus"]), "the loss in status.json")
    text = subprocess.run([str(case.build / "bin/winnow"), "status", str(case.store)], capture_output=True, text=True).stdout
    contains(text, "lost: it has fallen off the bus")
    equal(process.wait(120), 0, "exit code: " + case.said())
    contains(case.said(), "is used no more: it has fallen off the bus")
    equal(len(case.digests()), 13, "run files")


def an_xid_takes_the_slot_like_a_loss(case):
    case.has(TWO)
    process = case.start(trainer=("--sleep", 1.0))
    wait_for(lambda: len(case.digests()) >= 1 and len(case.visible()) == 2, "two running stages")
    case.has({"a": {"xid": 13}, "b": {"xid": 79}})
    wait_for(lambda: case.events("resized"), "the slot's end")
    equal(process.wait(120), 0, "exit code: " + case.said())
    contains(case.said(), "(GPU-b) is used no more: the driver reported Xid 79")
    equal(case.events("resized")[-1]["slots"], 1, "slots that are left")
    equal(len(case.digests()), 13, "run files")


def a_gpu_that_fails_everything_is_used_no_more(case):
    """It is the one that is always free: without an end to it each stage would come to it three times. What failed there does not count.
    The others have a result for each failure, and do not run out of stages before it has had enough."""
    case.has({"a": {}, "b": {}, "bad": {}})
    done, failed = case.folder / "done", case.folder / "failed"
    trainer = case.python_trainer(f"""
import os, sys, time
size = lambda file: os.path.getsize(file) if os.path.exists(file) else 0
def note(file):
    with open(file, "a") as notes: notes.write(".")
if os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-bad":
    note({str(failed)!r})
    sys.exit("CUDA error: unspecified launch failure")
while size({str(failed)!r}) < 3 and size({str(done)!r}) > 3 + size({str(failed)!r}):
    say(event="progress", identity=command["identity"], step=int(time.time() * 10))
    time.sleep(0.1)
if size({str(failed)!r}) >= 3: time.sleep(0.3)               # so that its status is seen
note({str(done)!r})
say(event="done", identity=command["identity"], metrics={{"accuracy": 0.5}})
""")
    case.sweep.write_text(SWEEP.format(seeds=list(range(6))))
    process = case.start(trainer=trainer)
    wait_for(lambda: "  GPU 2 H200 (GPU-bad) gets no stages for " in case.winnow("status", case.store, code=None), "word of it in the status")
    equal(process.wait(90), 0, "exit code: " + case.said())
    contains(case.said(), " different stages failed on GPU 2 H200 (GPU-bad) of ")
    contains(case.said(), "what failed there is tried elsewhere")
    records = case.events("quarantine")
    equal([r["device"] for r in records], ["GPU 2 H200 (GPU-bad)"], "records")
    equal(records[0]["stages"] >= 3, True, f"stages that failed there: {records}")   # more, where the other GPU is slow to show that it works
    equal(case.said().count("(attempt"), records[0]["stages"], "failures: " + case.said())
    equal(len(case.digests()), 25, "run files")


def counting_trainer(case, more):
    """A trainer that says this of its stages, and a function: how many ran at once at most, since it was last asked."""
    told = case.folder / "told"
    trainer = case.python_trainer(f"""
        import time
        tell = lambda sign: open({str(told)!r}, "a").write(sign)
        tell("+")
        time.sleep(0.4)
        tell("-")
        say(event="done", identity=command["identity"], metrics={{"accuracy": 0.5}}, {more})
        """)

    def most_at_once():
        running = most = 0
        for sign in told.read_text():
            running += 1 if sign == "+" else -1
            most = max(most, running)
        told.unlink()
        return most

    return trainer, most_at_once


def a_program_counts_for_the_memory_that_it_wants(case):
    """12 of 20 GB: nothing was measured yet, and two of them do not share the GPU; of a preset of the same program that wants 1 GB, two do."""
    case.has({"a": {"total": 22000}})
    trainer, most_at_once = counting_trainer(case, "")
    presets = case.sweep.parent / "presets" / "methods"
    presets.mkdir(parents=True)
    (presets / "mine.sh").write_text("echo mine\n")
    for name, memory in (("large", "12 GB"), ("small", "1 GB")):
        (presets / f"{name}.toml").write_text(f"""version = 1
recipe = "train"
labels = "given"
[program]
command = ["sh", "mine.sh"]
files = ["mine.sh"]
memory = "{memory}"
""")
    for name, most in (("large", 1), ("small", 2)):
        case.sweep.write_text(f"""name = "s"
[base]
dataset = "fashion-mnist"
model = "nano-clip"
labels = {{ kind = "symmetric", rate = 0.2 }}
[[grid]]
method = ["{name}"]
seed = [0, 1, 2, 3]
""")
        code, text = case.run("--per-gpu", 2, trainer=trainer)
        equal(code, 0, "exit code: " + text)
        equal(most_at_once(), most, f"stages of the program that ran at once, as its preset '{name}' wants")


def stages_share_a_gpu_as_far_as_its_memory_goes(case):
    """12 of 20 GB a stage: unknown, two of them run beside each other; once that is known, one."""
    case.has({"a": {"total": 22000}})
    trainer, most_at_once = counting_trainer(case, "device_memory=12 << 30")
    case.sweep.write_text(SWEEP.format(seeds=[0]).replace('["cc", "proden"]', '["cc"]'))
    code, text = case.run("--per-gpu", 2, trainer=trainer)
    equal(code, 0, "exit code: " + text)
    equal({r.get("device_memory") for r in case.events("done")}, {12 << 30}, "peaks in the journal")
    equal({r.get("gpus") for r in case.events("started")}, {0.5}, "shares of the GPU in the journal")
    equal(most_at_once(), 2, "stages that ran at once, of a class that nothing was known of")
    case.sweep.write_text(SWEEP.format(seeds=[1, 2]).replace('["cc", "proden"]', '["cc"]'))
    code, text = case.run("--per-gpu", 2, trainer=trainer)
    equal(code, 0, "exit code of the next run: " + text)
    equal(most_at_once(), 1, "stages that ran at once, of a class that needs more than half of the GPU")
    report = case.winnow("report", case.sweep, "--store", case.store, "--metric", "accuracy")
    contains(report, "GPU-hours: 0.00")
    page = case.winnow("report", case.sweep, "--store", case.store, "--html").split("page: ")[1].split("\n")[0]
    contains(open(page).read(), "GPU-hours: 0.00")
    contains(open(page).read(), "Of its GPU a stage held at most 12.9 GB")
    contains(open(page).read(), "<td>0 H200</td>")


def a_gpu_with_less_memory_than_a_stage_is_known_to_hold_is_refused(case):
    case.has({"a": {}})
    case.sweep.write_text(SWEEP.format(seeds=[0]).replace('["cc", "proden"]', '["cc"]'))
    trainer = case.python_trainer("""
        say(event="done", identity=command["identity"], metrics={"accuracy": 0.5}, device_memory=30 << 30)
        """)
    code, text = case.run(trainer=trainer)
    equal(code, 0, "exit code on a large GPU: " + text)
    case.has({"a": {"mig": "MIG-1:80000,MIG-2:24000"}})
    case.sweep.write_text(SWEEP.format(seeds=[1]).replace('["cc", "proden"]', '["cc"]'))
    before = len(case.events("started"))
    for ranks in (0, 1):
        code, text = case.run(trainer=trainer, ranks=ranks)
        equal((code, len(case.events("started"))), (2, before), "exit code and attempts: " + text)
        contains(text, "GPU 0 H200 MIG 1g.24gb (MIG-2) has 25.2 GB, and a stage of class '")
        contains(text, "has held 32.2 GB of one: leave it out (CUDA_VISIBLE_DEVICES)")
    code, text = case.run("--small-gpus", trainer=trainer)
    equal(code, 0, "exit code with --small-gpus: " + text)


def the_whole_way_on_the_standin(case):
    """winnow's own trainer, on a device that is no CPU, by an agent that has GPUs: alone, two on a GPU, as a gang. The digests are a CPU's."""
    program = case.build / "bin/winnow-train-standin"
    if not program.exists():
        return
    text = ONE_SMALL
    trainer = f"{program} serve --device standin:1"

    def digests(*options, width=1, **arguments):
        other = Machine(case.build)
        other.has(TWO)
        other.sweep.write_text(text if width == 1 else text.replace("[base]", f"[base]\nwidth = {width}"))
        command = [str(case.build / "bin/winnow"), "run", str(other.sweep), "--store", str(other.store), *map(str, options)]
        answer = subprocess.run(command, env=other.environment, capture_output=True, text=True, timeout=300)
        equal(answer.returncode, 0, f"exit code of {' '.join(command)}: {answer.stdout}{answer.stderr}")
        found, done = other.digests(), other.events("done")
        other.close()
        return found, done

    here, _ = digests("--device", "cpu")
    equal(digests("--trainer", trainer)[0], here, "digests on the stand-in")
    shared, done = digests("--trainer", trainer, "--per-gpu", 2)
    equal(shared, here, "digests of two trainers on a GPU")
    if not all(record.get("device_memory", 0) > 0 for record in done if record["class"].startswith("train")):
        raise AssertionError(f"what stages held of the device is not known: {done}")
    equal(digests("--trainer", trainer, width=2)[0], digests("--device", "cpu", "--trainers", 2, width=2)[0], "digests of a gang of two")


def out_of_memory_on_any_process_of_a_gang_means_smaller_pieces(case):
    program = case.build / "bin/winnow-train-standin"
    if not program.exists():
        return
    large = ONE_SMALL.replace("samples = 100", "samples = 2000").replace("batch = 32", "batch = 2000").replace('["cc", "proden"]', '["cc"]').replace("[0, 1]", "[0]")
    for rank in (0, 1):
        other = Machine(case.build)
        other.has(TWO)
        other.environment["STANDIN_ROOM"] = f"{rank}:2000000"   # a process's 1,000 images of a step are 3.1 MB in fp32
        other.sweep.write_text(large.replace("[base]", "[base]\nwidth = 2"))
        command = [str(case.build / "bin/winnow"), "run", str(other.sweep), "--store", str(other.store), "--time-scale", "0.2", "--device-images", "0",
                   "--trainer", f"{program} serve --device standin:1"]
        answer = subprocess.run(command, env=other.environment, capture_output=True, text=True, timeout=300)
        failed, done = other.events("failed"), other.events("done")
        equal({record["class"] for record in failed}, {"memory"}, f"failures where process {rank} has no room: {answer.stdout}{answer.stderr}")
        contains(failed[0]["text"], "process 1 of 2: CUDA out of memory. Tried to allocate" if rank else "CUDA out of memory. Tried to allocate")
        equal((answer.returncode, len(done)), (0, 1), f"exit code and finished stages of {' '.join(command)}: {answer.stdout}{answer.stderr}")
        other.close()


def without_a_gpu_left_the_run_ends_and_resumes(case):
    case.has({"a": {}})
    process = case.start(trainer=("--sleep", 0.7))
    wait_for(lambda: len(case.digests()) >= 1 and case.visible(), "a running stage")
    case.has({"a": {"lost": 1}})
    code = process.wait(120)
    if code == 0:
        raise AssertionError("a run without a GPU ended well: " + case.said())
    contains(case.said(), "has no GPU for this run: ")
    contains(case.said(), "it has fallen off the bus")
    before = case.digests()
    case.has({"a": {}})
    code, text = case.run()
    equal(code, 0, "exit code of the next run: " + text)
    equal({k: v for k, v in case.digests().items() if k in before}, before, "results of before")


def a_run_that_wants_gpus_says_why_there_are_none(case):
    case.gpus.write_text("init=9\n")
    code, text = case.run("--device", "cuda")
    equal(code, 2, "exit code: " + text)
    contains(text, "has no GPU for this run: the NVIDIA driver is installed, but not loaded; --device cpu computes on CPUs")
    code, text = case.run("--device", "cude")
    equal(code, 2, "exit code: " + text)
    contains(text, "cude")
    contains(text, "cuda")
    code, text = case.run(trainer=("--sleep", 0.01))   # auto computes on the CPU, and says why
    equal(code, 0, "exit code of auto: " + text)
    contains(text, "the NVIDIA driver is installed, but not loaded: stages are computed on CPUs")
    case.environment["LD_LIBRARY_PATH"] = ""
    case.gpus.unlink()
    code, text = case.run()                        # auto: a machine without a driver computes on its CPU
    equal(code, 0, "exit code of auto: " + text)


def gpus_that_no_stage_could_use_are_refused_before_anything_starts(case):
    """A driver that is too old for the toolkit, and a build without libwinnow-cuda.so: one line, for auto as for cuda."""
    if not (case.build / "bin/winnow-train").exists():
        return
    programs = case.folder / "bin"                 # of a build without the module
    programs.mkdir()
    shutil.copy(case.build / "bin/winnow", programs / "winnow")
    (programs / "winnow-train").symlink_to(case.build / "bin/winnow-train")

    def refused(program, *words):
        for more in ([], ["--device", "cuda"]):
            command = [str(program), *map(str, words), *more]
            answer = subprocess.run(command, env=case.environment, capture_output=True, text=True, timeout=60)
            equal((answer.returncode, answer.stderr.count("\n")), (2, 1), f"exit code and lines of {command}: {answer.stdout}{answer.stderr}")
            yield answer.stderr

    run = ["run", case.sweep, "--store", case.store]
    case.gpus.write_text("driver=470.1 cuda=11040\nuuid=GPU-a name=K80 total=12000\n")
    for text in [*refused(case.build / "bin/winnow", *run), *refused(case.build / "bin/winnow", "try", case.sweep, "--store", case.store)]:
        contains(text, "has GPUs, but its driver 470.1 serves CUDA 11.4, and CUDA 13.0 is needed: install a newer driver, or compute on CPUs (--device cpu)")
    case.has({"a": {}})
    for text in refused(programs / "winnow", *run):
        contains(text, "lib/libwinnow-cuda.so is not built: install a CUDA 13 toolkit with NCCL and cuDNN, then launch/setup and launch/build, or compute on CPUs")
    equal((case.digests(), case.events("started")), ({}, []), "run files and started stages")
    # Under mpirun an agent says it, and nothing is tried again.
    case.gpus.write_text("driver=470.1 cuda=11040\nuuid=GPU-a name=K80 total=12000\n")
    mpirun = ["mpirun", "--oversubscribe", "--bind-to", "none", *(["--allow-run-as-root"] if os.geteuid() == 0 else []), "-n", "1"]
    answer = subprocess.run([*mpirun, str(case.build / "bin/winnow"), *map(str, run)], env=case.environment, capture_output=True, text=True, timeout=120)
    contains(answer.stdout + answer.stderr, "serves CUDA 11.4")
    equal(case.events("started"), [], "stages that were started under mpirun")
    if answer.returncode == 0:
        raise AssertionError("a run that computed nothing ended well: " + answer.stdout + answer.stderr)


def a_precision_that_a_device_lacks_is_refused_before_anything_starts(case):
    if not (case.build / "bin/winnow-train").exists():
        return
    case.sweep.write_text(ONE_SMALL.replace("batch = 32", 'batch = 32, precision = "tf32"'))
    answer = subprocess.run([str(case.build / "bin/winnow"), "run", str(case.sweep), "--store", str(case.store), "--device", "cpu"], env=case.environment,
                            capture_output=True, text=True)
    equal(answer.returncode, 2, "exit code: " + answer.stdout + answer.stderr)
    contains(answer.stderr, "sweep.toml:10: train.precision = tf32: this run computes on CPUs, which have no such products")
    case.has({"new": {"capability": 90}, "old": {"capability": 75}})     # a T4: it would compute, and not what was asked for
    for precision in ("tf32", "bf16"):
        case.sweep.write_text(ONE_SMALL.replace("batch = 32", f'batch = 32, precision = "{precision}"'))
        answer = subprocess.run([str(case.build / "bin/winnow"), "run", str(case.sweep), "--store", str(case.store)], env=case.environment, capture_output=True, text=True)
        if not (case.build / "lib/libwinnow-cuda.so").exists():
            contains(answer.stderr, "libwinnow-cuda.so is not built")
            continue
        equal((answer.returncode, answer.stderr.count("\n")), (2, 1), "exit code and lines: " + answer.stdout + answer.stderr)
        contains(answer.stderr, f"sweep.toml:10: train.precision = {precision}: a GPU of this run has no such products (compute capability 7.5, they come with 8.0): take fp32, or fp16")
    equal(case.digests(), {}, "run files")


def nodes_with_and_without_gpus_are_no_accident(case):
    case.has(TWO)
    one = [*case.command(trainer=("--sleep", 0.05))]
    mpirun = ["mpirun", "--oversubscribe", "--bind-to", "none", *(["--allow-run-as-root"] if os.geteuid() == 0 else [])]
    command = [*mpirun, "-n", "1", *one, ":", "-n", "1", "env", "CUDA_VISIBLE_DEVICES=", *one]
    answer = subprocess.run(command, env=case.environment, capture_output=True, text=True, timeout=120)
    contains(answer.stdout + answer.stderr, "has GPUs for this run and host")
    contains(answer.stdout + answer.stderr, "--mixed-devices")
    if len(case.digests()) == 13:                  # the node that came first may have computed something: it counts
        raise AssertionError("the sweep was computed all the same")
    command = [*mpirun, "-n", "1", *one, "--mixed-devices", ":", "-n", "1", "env", "CUDA_VISIBLE_DEVICES=", *one, "--mixed-devices"]
    answer = subprocess.run(command, env=case.environment, capture_output=True, text=True, timeout=120)
    equal(answer.returncode, 0, "exit code: " + answer.stdout + answer.stderr)
    equal(len(case.digests()), 13, "run files")


def out_of_memory_means_smaller_pieces(case):
    case.has({"a": {}})
    case.sweep.write_text(SWEEP.format(seeds=[0]).replace('["cc", "proden"]', '["cc"]').replace(', { kind = "flip", rate = 0.7 }', ""))
    code, text = case.run("--time-scale", 0.1, trainer=case.python_trainer("""
        times = command["context"].get("out_of_memory", 0)
        if command["stage"]["kind"] == "train" and times < 2:
            say(event="failed", identity=command["identity"], **{"class": "memory"}, message=f"CUDA out of memory, {times}")
        else:
            say(event="done", identity=command["identity"], metrics={"accuracy": times})
        """))
    equal(code, 0, "exit code: " + text)
    equal([(r["class"], r["text"]) for r in case.events("failed")], [("memory", "CUDA out of memory, 0"), ("memory", "CUDA out of memory, 1")], "failures")


def winnows_own_trainer_is_told_its_device(case):
    """Without a GPU it says in one line what is missing; with one this test computes there."""
    trainer = case.build / "bin/winnow-train"
    if not trainer.exists():
        return
    module = (case.build / "lib/libwinnow-cuda.so").exists()
    environment = {k: v for k, v in case.environment.items() if k != "LD_LIBRARY_PATH"}
    for words in (["golden", str(SOURCE / "tests/golden")], ["stage", "x.json", "--output", "x.h5"], ["serve"]):
        answer = subprocess.run([str(trainer), *words, "--device", "cuda"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if answer.returncode == 0 or case.has_gpus(answer):
            continue
        equal((answer.stdout, answer.stderr.strip().count("\n")), ("", 0), f"output and lines of the message of {words[0]}: {answer.stdout}{answer.stderr}")
        contains(answer.stderr, "--device cuda: no NVIDIA driver is here (libcuda.so.1 is not found); " if module else "libwinnow-cuda.so is not built: install")
    if module:
        answer = subprocess.run([str(trainer), "serve", "--device", "cuda"], env=environment | {"LD_LIBRARY_PATH": str(case.build / "old-driver")}, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True)
        equal((answer.returncode, answer.stderr.count("\n")), (1, 1), "exit code and lines on an old driver: " + answer.stderr)
        contains(answer.stderr, "--device cuda: the NVIDIA driver serves CUDA 11.4, CUDA 13.0 is needed: install a newer driver; ")
    case.has({"a": {}})
    command = [str(case.build / "bin/winnow"), "run", str(case.sweep), "--from-scratch", "--store", str(case.store), "--time-scale", "0.01"]
    if answer.returncode != 0 and module:          # the fleet believes in a GPU that torch does not find
        answer = subprocess.run(command, env=case.environment, capture_output=True, text=True, timeout=120)
        equal(answer.returncode, 3, "exit code: " + answer.stdout + answer.stderr)
        contains(case.events("failed")[0].get("lines", "") + case.events("failed")[0]["text"], "cuda")


def the_test_on_gpus_says_that_there_are_none(case):
    environment = {k: v for k, v in case.environment.items() if k != "WINNOW_TEST_GPUS"}
    case.gpus.write_text("init=9\n")
    environment["WINNOW_TEST_GPUS"] = str(case.gpus)
    answer = subprocess.run([str(SOURCE / "launch/test-gpu"), "--no-build", "--build", str(case.build)], env=environment, capture_output=True, text=True)
    equal((answer.returncode, answer.stdout), (77, ""), "exit code and standard output")
    equal(answer.stderr, "launch/test-gpu: no GPU here: the NVIDIA driver is installed, but not loaded\n", "standard error")


def the_doctor_lists_them(case):
    case.has({"a": {"used": 500}, "b": {"ecc": 1}, "c": {"pids": 4711}})
    answer = subprocess.run([str(case.build / "bin/winnow"), "doctor", "--json"], env=case.environment, capture_output=True, text=True)
    checks = {check["name"]: check for check in json.loads(answer.stdout)}
    contains(checks["GPU driver"]["found"], "580.65.06, serves CUDA 13.0")
    equal(checks["GPU 0"]["state"], "ok", "state of a healthy GPU")
    equal(checks["GPU 1"]["state"], "broken", "state of a sick GPU")
    contains(checks["GPU 1"]["advice"], "1 uncorrected memory error")
    contains(checks["GPU 2"]["advice"], "process 4711")
    case.gpus.write_text("driver=470.1 cuda=11040\nuuid=GPU-a\n")
    answer = subprocess.run([str(case.build / "bin/winnow"), "doctor"], env=case.environment, capture_output=True, text=True)
    contains(answer.stdout, "winnow-train needs CUDA 13.0: a newer driver")
    # Also without a driver: what there is, and what is missing for each.
    case.gpus.write_text("init=9\n")
    answer = subprocess.run([str(case.build / "bin/winnow"), "doctor", "--json"], env=case.environment, capture_output=True, text=True)
    checks = {check["name"]: check for check in json.loads(answer.stdout)}
    equal((checks["GPUs"]["state"], checks["GPUs"]["found"]), ("missing", "the NVIDIA driver is installed, but not loaded"), "GPUs without a driver")
    for name in ("CUDA toolkit", "NCCL", "cuDNN", "CUDA module"):
        if (checks[name]["state"] == "ok") == bool(checks[name]["advice"]):
            raise AssertionError(f"{name}: {checks[name]}")
    if (case.build / "lib/libwinnow-cuda.so").exists():
        equal({name: checks[name]["state"] for name in ("CUDA toolkit", "NCCL", "cuDNN", "CUDA module")}, dict.fromkeys(("CUDA toolkit", "NCCL", "cuDNN", "CUDA module"), "ok"), "states")
        module = case.folder / "lib/libwinnow-cuda.so"          # one that does not load
        module.parent.mkdir()
        module.write_bytes(b"no library")
        (case.folder / "bin").mkdir()
        for program in ("winnow", "winnow-train"):
            shutil.copy(case.build / "bin" / program, case.folder / "bin" / program)
        answer = subprocess.run([str(case.folder / "bin/winnow"), "doctor", "--json"], env=case.environment, capture_output=True, text=True)
        broken = {check["name"]: check for check in json.loads(answer.stdout)}["CUDA module"]
        equal((answer.returncode, broken["state"]), (1, "broken"), "exit code and state of a module that does not load")
        contains(broken["found"], "cannot load")


TESTS = [each_trainer_sees_its_gpu, several_share_one, a_program_counts_for_the_memory_that_it_wants, stages_share_a_gpu_as_far_as_its_memory_goes, a_gpu_with_less_memory_than_a_stage_is_known_to_hold_is_refused,
         the_whole_way_on_the_standin,
         out_of_memory_on_any_process_of_a_gang_means_smaller_pieces,
         an_xid_takes_the_slot_like_a_loss,
         a_gpu_that_fails_everything_is_used_no_more, a_gang_sees_all_of_its_gpus, instances_of_a_gpu_make_no_gang, a_successor_waits_for_the_memory, a_lost_gpu_takes_its_slot_with_it,
         without_a_gpu_left_the_run_ends_and_resumes, a_run_that_wants_gpus_says_why_there_are_none, nodes_with_and_without_gpus_are_no_accident, a_precision_that_a_device_lacks_is_refused_before_anything_starts,
         gpus_that_no_stage_could_use_are_refused_before_anything_starts,
         out_of_memory_means_smaller_pieces, winnows_own_trainer_is_told_its_device, the_test_on_gpus_says_that_there_are_none, the_doctor_lists_them]


if __name__ == "__main__":
    each(TESTS, Machine)
