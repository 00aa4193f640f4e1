#!/usr/bin/env python3
"""launch/test-gpu's own logic, on a machine without a GPU: what passes and what does not, resuming, verdicts on the goals.

    tests/gpu/parts_test.py
"""
import pathlib
import sys
import tempfile

from parts import PARTS, SECONDS, Failure, Parts
from passed import run_parts


class Told(Parts):
    """Parts whose programs are words: `accuracies_of` by store, `ends` of large stages by MiB."""

    def __init__(self, folder, **told):
        super().__init__(folder, folder, folder, {}, 1, torch=([], {}))
        self.told, self.ran = told, []

    def run(self, name, *options):
        return name, 1

    def accuracies(self, store):
        return self.told["accuracies_of"][store]

    def large_stage_with(self, left):
        return self.told["ends"].get(left, ([], True))

    def piece(self, name):
        self.ran.append(name)
        if name in self.told.get("broken", ()):
            raise Failure("broken")
        self.figures["value"] = len(self.ran)
        return name


def equal(got, want, what):
    if got != want:
        raise SystemExit(f"{what}: {got!r}, expected {want!r}")


def refused(function):
    try:
        return f"passed: {function()}"
    except Failure as failure:
        return str(failure)


def contains(text, part):
    if part not in text:
        raise SystemExit(f"'{part}' is not in: {text}")


def accuracies_beside_the_cpu_have_a_tolerance(folder):
    def judged(gpu, cpu):
        return refused(Told(folder, accuracies_of={"gpu": gpu, "cpu": cpu}).beside_the_cpu)
    contains(judged([0.70, 0.60], [0.71, 0.59]), "passed: 2 accuracies, at most 1.00 points apart, their means 0.00")
    contains(judged([0.70, 0.60], [0.70, 0.65]), "at most 5.00 points apart, their means 2.50; 3 and 1 are allowed")
    contains(judged([0.72, 0.62], [0.70, 0.60]), "their means 2.00; 3 and 1 are allowed")
    contains(judged([0.7], [0.7, 0.6]), "2 accuracies on the CPU, 1 on the GPU")


def out_of_memory_passes_where_a_smaller_attempt_was_done_alone(folder):
    def judged(**ends):
        return refused(Told(folder, ends={int(key[1:]): end for key, end in ends.items()}).out_of_memory)
    contains(judged(m900=(["memory"], True)), "passed: with 900 MiB 1 attempts ran out of memory")
    contains(judged(m900=(["memory", "memory"], False), m1300=(["memory"], True)), "passed: with 1300 MiB")
    for failed, done in ((["memory", "memory", "memory"], False), ([], True), (["transient"], True)):
        contains(judged(m900=(failed, done), m1300=(failed, done), m1900=(failed, done)), "no stage ran out of memory and was then done: 900 MiB: ")


def what_passed_is_not_run_again(folder):
    known = {name: ("piece", (name,)) for name in "abc"}
    broken = Told(folder, broken="b")
    equal(run_parts(broken, list("abc"), known, "r1", again=False)[1], 1, "failed parts")
    whole = Told(folder)
    outcomes, failed = run_parts(whole, list("abc"), known, "r1", again=False)
    equal((whole.ran, failed, sorted(outcomes)), (["b"], 0, ["a", "b", "c"]), "what the second run ran")
    equal(whole.known_figures["a"], {"value": 1}, "figures of what passed before")
    for revision, again in (("r2", False), ("r2", True)):
        other = Told(folder)
        run_parts(other, list("abc"), known, revision, again)
        equal(other.ran, list("abc"), "what runs of another revision, or again")


def goals_are_judged_by_figures(folder):
    parts = Told(folder)
    contains(parts.goals(), "bf16 beside tuned PyTorch, the least of three adaptations: not known")
    parts.known_figures = {"bench-adaptformer-bf16": {"ratio": 1.3}, "bench-full-tuning-bf16": {"ratio": 1.25, "of_peak": 0.41}, "bench-linear-probe-bf16": {"ratio": 1.5},
                           "from_jpeg": {"ratio": 5.5}, "packing-1": {"per_hour": 100}, "packing-2": {"per_hour": 180}, "packing-4": {"per_hour": 320},
                           "packing-8": {"per_hour": 310}}
    equal(parts.goals(), "bf16 beside tuned PyTorch, the least of three adaptations: 1.25 of 1.2, reached; from JPEG beside PartialCLIP's way: 5.50 of 5, reached; "
          "share of the bf16 peak, full tuning: 0.41 of 0.5, missed; stages an hour of a GPU, the most of its trainers beside one: 3.20 of 3, reached", "verdicts")


def every_part_has_a_function_and_an_end(folder):
    for name, (function, _) in PARTS.items():
        if not getattr(Parts, function).__doc__:
            raise SystemExit(f"part {name} does not say what it is")
    parts = Told(folder)
    parts.deadline -= SECONDS - 1                  # a part that has a second left
    contains(refused(lambda: parts.call(sys.executable, "-c", "import time; time.sleep(60)")), f"the part took more than {SECONDS} s")


for test in (accuracies_beside_the_cpu_have_a_tolerance, out_of_memory_passes_where_a_smaller_attempt_was_done_alone, what_passed_is_not_run_again,
             goals_are_judged_by_figures, every_part_has_a_function_and_an_end):
    with tempfile.TemporaryDirectory() as place:
        test(pathlib.Path(place))
    print(f"{test.__name__}  ok")
