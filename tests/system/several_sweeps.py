#!/usr/bin/env python3
"""Several sweeps in one run, with real processes: what they share runs once, the first goes first, one bad file refuses all.

    tests/system/several_sweeps.py --build build [NAME...]
"""
import json
import shutil
import signal
import subprocess

from case import SWEEP, Case, contains, each, equal, kill, wait_for

A = SWEEP.format(seeds=[0, 1]).replace('"system"', '"a"')                                     # cc, proden: 9 stages
B = A.replace('"a"', '"b"').replace('"cc", "proden"', '"proden", "lws"')                            # 4 + backbone shared


class Sweeps(Case):
    def __init__(self, build):
        super().__init__(build)
        self.a, self.b = self.folder / "a.toml", self.folder / "b.toml"
        self.a.write_text(A)
        self.b.write_text(B)
        self.files = [self.a, self.b]

    def command(self, *options, **arguments):
        run = super().command(*options, **arguments)
        at = run.index(str(self.sweep))
        return run[:at] + [str(file) for file in self.files] + run[at + 1:]

    def record(self):
        return json.loads((self.store / "exit.json").read_text())

    def status(self):
        answer = subprocess.run([str(self.build / "bin/winnow"), "status", "--store", str(self.store), "--json"], capture_output=True, text=True)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def labels(self, word="] "):
        return [line.split(word, 1)[1] for line in self.said().splitlines() if word in line]


def alone(case, file):
    """Result digests of one sweep in a store of its own."""
    other = Sweeps(case.build)
    other.files = [file]
    try:
        code, text = other.run(ranks=0)
        equal(code, 0, "exit code: " + text)
        return other.digests()
    finally:
        other.close()


def shared_stages_run_once(case):
    wanted = {**alone(case, case.a), **alone(case, case.b)}
    process = case.start("--trainers", 2)
    equal(process.wait(60), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests")
    equal((len(wanted), case.executed()), (13, 13), "stages and executions")
    contains(case.said(), "together 13 stages, 5 of them in more than one sweep: 0 done, 13 to run")
    contains(case.said(), "] a, b: backbone nano-clip")
    contains(case.said(), "a is complete: 9 of 9 stages done\nb is complete: 9 of 9 stages done\ntogether 13 of 13 stages done")
    equal(case.events("begin")[-1]["sweeps"], ["a", "b"], "sweeps in the journal")
    equal([(s["sweep"], s["complete"]) for s in case.record()["sweeps"]], [("a", True), ("b", True)], "exit record")
    code, text = case.run(ranks=0)
    equal((code, case.executed()), (0, 13), "exit code and executions of the second run: " + text)
    contains(text, "b is complete: 9 of 9")
    for file in case.files:
        report = subprocess.run([str(case.build / "bin/winnow"), "report", str(file), "--store", str(case.store), "--html"],
                                env=case.environment, capture_output=True, text=True)
        equal(report.returncode, 0, "report: " + report.stderr)
        contains(report.stdout, "2/2")
        page = (case.store / "reports" / file.stem / "index.html").read_text()
        contains(page, "A run of this sweep worked on other sweeps, too: " + ("b" if file is case.a else "a"))


def the_first_sweep_goes_first(case):
    """With one trainer the stages that only b needs start after all of a's, in whichever order the files are given."""
    for order in ([case.a, case.b], [case.b, case.a]):
        case.files = order
        names = [file.stem for file in order]
        case.output.write_text("")
        equal(case.start(ranks=0).wait(60), 0, "exit code: " + case.said())
        owners = [label.split(": ")[0] for label in case.labels() if ": " in label]
        equal(len(owners), 13, "stages")
        later = owners.index(names[1])
        equal(set(owners[later:]), {names[1]}, "what runs after the second sweep's first own stage, of " + str(owners))
        shutil.rmtree(case.store)


def a_failure_keeps_the_other_sweep_from_nothing(case):
    process = case.start(ranks=0, trainer=("--fail", '"method":"lws"'))
    equal(process.wait(60), 3, "exit code")
    contains(case.said(), "FAILED b: lws, flip 0.1, seed 0")
    contains(case.said(), "a is complete: 9 of 9 stages done\nb is not complete: 5 of 9 stages done, 4 failed\ntogether 9 of 13 stages done, 4 failed")
    equal([(s["sweep"], s["complete"]) for s in case.record()["sweeps"]], [("a", True), ("b", False)], "exit record")
    now = case.status()
    equal([(s["sweep"], s["complete"], s["counts"]["failed"]) for s in now["sweeps"]], [("a", True, 0), ("b", False, 4)], "status")
    equal({tuple(f["sweeps"]) for f in now["failures"]}, {("b",)}, "whose the failures are")
    answer = subprocess.run(case.command("--json", ranks=0, trainer=("--fail", '"method":"lws"')), env=case.environment, capture_output=True, text=True)
    result = json.loads(answer.stdout)
    equal([(s["sweep"], s["file"], s["complete"], s["done"], s["failed"]) for s in result["sweeps"]],
          [("a", str(case.a), True, 9, 0), ("b", str(case.b), False, 5, 4)], "--json")
    case.files = [case.a]
    equal(case.run(ranks=0)[0], 0, "exit code of the complete one alone")


def a_shared_failure_is_of_both(case):
    process = case.start(ranks=0, trainer=("--fail", '"kind":"pretrain"'))
    equal(process.wait(60), 3, "exit code")
    contains(case.said(), "FAILED a, b: backbone")
    contains(case.said(), "a is not complete: 0 of 9 stages done, 1 failed, 8 blocked by failed ones")
    contains(case.said(), "b is not complete: 0 of 9 stages done, 1 failed, 8 blocked by failed ones")
    contains(case.said(), "together 0 of 13 stages done, 1 failed, 12 blocked")


def one_bad_file_refuses_all(case):
    bad = case.folder / "bad.toml"
    for content, said in ((A.replace('"a"', '"bad"').replace("proden", "prodem"), f"{bad}:13: "), ("name = ", f"{bad}:"),
                          (A, f"{case.a} and {bad} are both called 'a'"),
                          (A.replace('"a"', '"bad"').replace("fashion-mnist", "cifar-10"), f"{bad}:6: ")):
        bad.write_text(content)
        case.files = [case.a, bad]
        code, text = case.run(ranks=0)
        equal(code, 2, "exit code: " + text)
        contains(text, said)
        equal(len(text.strip().splitlines()), 1, "lines of " + text)
    for files, options, said in (([case.a, case.folder / "none.toml"], (), "none.toml: No such file"),
                                 ([case.a, case.a], (), f"{case.a} is named twice"),
                                 (case.files[:1] + [case.b], ("--set", "conf_source=pre-step"), f"{case.b}: "),
                                 ([case.a, case.b], ("--set", "train.epoch=2"), f"{case.a}: --set train.epoch=2")):
        if options[1:] == ("conf_source=pre-step",):                     # a has proden, this one has not
            case.b.write_text(B.replace('"proden", "lws"', '"cc"'))
        case.files = files
        code, text = case.run(*options, ranks=0)
        equal(code, 2, "exit code: " + text)
        contains(text, said)
    case.files = [case.a, bad]
    code, text = case.run(ranks=2)
    equal(code, 2, "exit code under mpirun: " + text)
    equal(case.store.exists(), False, "a store after all these refusals")
    equal(case.executed(), 0, "executions")


def a_reference_swallows_no_sweep(case):
    """`run a.toml --reference FOLDER b.toml`: b.toml is a sweep."""
    run = case.command(ranks=0)
    at = run.index(str(case.b))
    run[at:at] = ["--reference", str(case.folder)]
    answer = subprocess.run([word for word in run if word != "--from-scratch"], env=case.environment, capture_output=True, text=True)
    equal(answer.returncode, 0, "exit code: " + answer.stderr)
    contains(answer.stdout, "b is complete: 9 of 9")


def settings_hold_in_all(case):
    code, text = case.run("--set", "train.epochs=2", ranks=0)
    equal(code, 0, "exit code: " + text)
    code, text = case.run(ranks=0)
    equal(code, 0, "exit code without it: " + text)
    contains(text, "together 13 stages, 5 of them in more than one sweep: 1 done, 12 to run")      # the backbone has epochs of its own


def survives_a_killed_coordinator(case):
    wanted = {**alone(case, case.a), **alone(case, case.b)}
    process = case.start(trainer=("--sleep", 0.5))
    wait_for(lambda: len(case.digests()) >= 3 and case.running(), "stages that are done and one that runs")
    kill(case.events("begin")[-1]["pid"])
    equal(process.wait(120), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests")
    done = [r["identity"] for r in case.events("done")]
    equal(len(set(done)), len(done), "stages done twice")


def a_drain_says_which_sweep_is_not_complete(case):
    process = case.start("--grace", 0, ranks=0, trainer=("--sleep", 0.3))
    wait_for(lambda: len(case.digests()) >= 2, "some stages")
    now = case.status()
    equal(now["sweep"], "a, b", "sweep in the status")
    process.send_signal(signal.SIGTERM)
    equal(process.wait(60), 4, "exit code: " + case.said())
    contains(case.said(), "b is not complete: ")
    contains(case.said(), "stopped on request, run it again to resume")
    equal(case.run(ranks=0, trainer=())[0], 0, "exit code of the next run")
    equal(len(case.digests()), 13, "run files")


def names_the_file_that_changed(case):
    preset = case.folder / "presets/methods/soft.toml"
    preset.parent.mkdir(parents=True)
    preset.write_text('like = "ce"\n[settings]\nlabel_smoothing = 0.1\n')
    process = case.start(ranks=0, trainer=("--sleep", 0.2))
    wait_for(case.running, "a running stage")
    case.b.write_text(B + "\n# edited\n")
    preset.write_text(preset.read_text() + "\n# edited\n")
    equal(process.wait(60), 0, "exit code")
    contains(case.said(), f"{preset}: it has changed since this run began")
    contains(case.said(), f"{case.b}: it has changed since this run began")
    if f"{case.a}: it has changed" in case.said():
        raise AssertionError(case.said())


TESTS = [shared_stages_run_once, the_first_sweep_goes_first, a_failure_keeps_the_other_sweep_from_nothing, a_shared_failure_is_of_both,
         one_bad_file_refuses_all, a_reference_swallows_no_sweep, settings_hold_in_all, survives_a_killed_coordinator,
         a_drain_says_which_sweep_is_not_complete, names_the_file_that_changed]

if __name__ == "__main__":
    each(TESTS, Sweeps)
