#!/usr/bin/env python3
"""What happens to methods that are programs when something is short: time, disk, memory, a device, the program itself. Each is one clear line, of the right class.

    tests/system/program_faults.py --build build [NAME...]
"""
import json
import os
import subprocess
import time
from pathlib import Path

from case import SOURCE, Skip, contains, each, equal, kill, pid_of_agent, wait_for
from program_case import MEANS, Own, programs

BEGIN = "from winnow import trainer\nimport numpy\n@trainer.main\ndef train(stage):\n    "
PREDICT = "stage.predict(test=numpy.zeros(len(stage.test), int){figures})"


def one_line_with(text, part):
    """The line of a text that says it; others do not."""
    lines = [line for line in text.splitlines() if part in line]
    equal(len(lines) >= 1, True, f"a line with {part!r} in:\n{text}")
    return lines[0]


def a_hang_is_found_and_ended(case):
    case.method(MEANS, inside="time.sleep(3600 if epoch == 1 and stage.attempt < 2 else 0)")
    case.plan(epochs=3)
    # The minute without progress that makes a hang is 3 s here.
    text = case.go("--trainers", "1", "--time-scale", "0.05")
    failed = case.events("failed")
    equal([record["class"] for record in failed], ["hang"], f"classes of failures: {failed}: {text}")
    contains(failed[0]["text"], "it made no progress for too long")
    equal([event["epoch"] for event in case.events("resumed")], [1], "the next attempt goes on behind the last epoch")
    wait_for(lambda: not programs(), "programs end")


def it_dies_with_its_agent(case):
    case.method(MEANS, inside="time.sleep(0.3)")
    case.plan(epochs=8)
    case.go()
    undisturbed = case.digests()
    stage, file = case.runs()["mine"][0]
    Path(file.filename).unlink()
    process = case.background("--trainers", "1")
    wait_for(lambda: any((case.store / "checkpoints").glob("*/program/epochs.json")) and programs(), "epochs")
    before = set(programs())
    kill(pid_of_agent(case, case.events("joined")[-1]["agent"]))
    wait_for(lambda: not before & set(programs()), "the program ends with its agent")
    equal(process.wait(120), 0, f"exit code of a run whose agent is started again: {case.said()[-1000:]}")
    contains(case.said(), "lost the agent")
    equal(case.digests(), undisturbed, "results of a run that goes on")
    equal(len(case.events("resumed")) > 0, True, "it went on instead of starting over")


def a_full_disk_is_no_mistake_of_the_program(case):
    case.method(MEANS, inside="stage.save(numpy.zeros(4 << 20, 'u1'), epoch)")
    case.plan(epochs=2)
    checkpoints = case.store / "checkpoints"
    checkpoints.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(checkpoints)], stderr=subprocess.DEVNULL).returncode:
        raise Skip("needs the right to mount a small tmpfs")
    try:
        text = case.go("--trainers", "1", "--time-scale", "0.05", code=3)
        contains(one_line_with(text, "No space left on device"), "the program: OSError: [Errno 28] No space left on device (mine.py:")
        equal({record["class"] for record in case.events("failed")}, {"transient"}, "classes of failures")
    finally:
        subprocess.run(["umount", str(checkpoints)])
    contains(case.go("--trainers", "1"), "done")


def memory_is_asked_for_again_in_smaller_pieces(case):
    case.method(BEGIN + "if stage.out_of_memory == 0: numpy.ones(1 << 50)\n    " + PREDICT.format(figures=", pieces=stage.out_of_memory"))
    case.plan()
    case.go("--trainers", "1", "--time-scale", "0.05")
    failed = case.events("failed")
    equal([record["class"] for record in failed], ["memory"], f"classes of failures: {failed}")
    contains(failed[0]["text"], "MemoryError: Unable to allocate 8.00 PiB")
    equal(float(case.runs()["mine"][0][1]["metrics/final"]["pieces"][0]), 1.0, "what the second attempt was told")


def a_machine_with_less_memory_refuses(case):
    case.method(BEGIN + PREDICT.format(figures=""), more='memory = "900 TB"')
    case.plan()
    text = case.go("--trainers", "1", "--time-scale", "0.05", code=3)
    contains(one_line_with(text, "900 TB"), "out of memory: the program wants a machine with 900 TB (its preset: memory), ")
    equal({record["class"] for record in case.events("failed")}, {"memory"}, "classes of failures")
    equal(case.runs(), {}, "run files")
    case.method(BEGIN + PREDICT.format(figures=""), more='memory = "1 MB"')
    contains(case.go(), "done")


def a_gpu_that_is_wanted_and_not_there(case):
    case.method(BEGIN + PREDICT.format(figures=""), more='device = "gpu"')
    case.plan()
    refused = case.go(code=2)
    contains(refused, "presets/methods/mine.toml:")
    contains(refused, "device = gpu: method mine wants a GPU, and this run computes on CPUs")
    equal([case.events("started"), case.runs()], [[], {}], "nothing began")
    stage = case.folder / "stage.json"
    stage.write_text(json.dumps(json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json"))["stages"][-1]))
    contains(case.winnow("stage", stage, "--output", case.folder / "run.h5", program="winnow-train", code=2), "the program wants a GPU (its preset: device = \"gpu\")")
    contains(case.winnow("method", "show", "mine", "--presets", case.folder / "presets"), "device: gpu")
    # One that wants the CPU sees nothing else, whatever the machine has.
    case.method("import os\n" + BEGIN + "assert stage.device == 'cpu' and os.environ['CUDA_VISIBLE_DEVICES'] == ''\n    " + PREDICT.format(figures=""), more='device = "cpu"')
    case.environment["CUDA_VISIBLE_DEVICES"] = "0"
    case.go()


def the_time_that_is_left(case):
    case.method(BEGIN + PREDICT.format(figures=", left=stage.time_left if stage.time_left is not None else -1"))
    case.plan(seeds=(0,))
    case.go()
    case.environment["SLURM_JOB_END_TIME"] = str(int(time.time()) + 50_000)
    case.plan(seeds=(1,))
    case.go()
    left = {stage["settings"]["seed"]: float(file["metrics/final"]["left"][0]) for stage, file in case.runs()["mine"]}
    equal(left[0], -1, "no batch system says when this ends")
    equal(40_000 < left[1] <= 50_000, True, f"seconds until the job ends: {left[1]}")


def a_command_that_is_gone_when_it_is_wanted(case):
    tools = case.folder / "tools"
    tools.mkdir()
    (tools / "my-python").symlink_to("/usr/bin/python3")
    case.method(BEGIN + PREDICT.format(figures=""))
    preset = case.methods / "mine.toml"
    preset.write_text(preset.read_text().replace(f'"{SOURCE / "launch/python"}"', '"my-python"'))
    case.plan()
    refused = case.go(code=2)
    contains(refused, "command: 'my-python' is no program that can be started: there is none of that name in PATH")
    stage = case.folder / "stage.json"
    here = f"{tools}:{os.environ['PATH']}"
    stage.write_text(json.dumps(json.loads(case.winnow("plan", case.sweep, "--store", case.store, "--json", PATH=here))["stages"][-1]))
    (tools / "my-python").unlink()                    # or another machine of the cluster has none
    said = case.winnow("stage", stage, "--output", case.folder / "run.h5", program="winnow-train", code=2)
    contains(one_line_with(said, "cannot start"), "cannot start program my-python: No such file or directory")
    (tools / "my-python").write_text("#!/nowhere/python\n")
    said = case.winnow("stage", stage, "--output", case.folder / "run.h5", program="winnow-train", code=2, PATH=here)
    contains(one_line_with(said, "cannot start"), "cannot start program my-python: Permission denied")
    equal((case.folder / "run.h5").exists(), False, "a run file")


TESTS = [a_hang_is_found_and_ended, it_dies_with_its_agent, a_full_disk_is_no_mistake_of_the_program, memory_is_asked_for_again_in_smaller_pieces, a_machine_with_less_memory_refuses,
         a_gpu_that_is_wanted_and_not_there, the_time_that_is_left, a_command_that_is_gone_when_it_is_wanted]

if __name__ == "__main__":
    each(TESTS, Own)
