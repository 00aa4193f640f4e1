"""What people ask of a run that goes on: `winnow cancel`, `winnow retry`, with real processes."""
import json

from several_sweeps import Sweeps
from case import SWEEP, contains, each, equal, kill, trainers_of, undisturbed, wait_for

FAILS_WHILE = """
import os, time
if command["stage"]["settings"].get("method") == "proden" and os.path.exists({flag!r}):
    say(event="failed", identity=command["identity"], **{{"class": "user"}}, message="the weights are not there")
else:
    time.sleep(0.2 if command["stage"]["settings"].get("method") == "proden" else {slow})
    say(event="done", identity=command["identity"], metrics={{"accuracy": 0.5}})
"""


def retry_of_what_failed(case):
    """Four stages fail while something is missing; once it is there, the same run computes them."""
    flag = case.folder / "missing"
    flag.touch()
    case.files = [case.sweep]
    case.sweep.write_text(SWEEP.format(seeds=[0, 1]))
    process = case.start("--trainers", 8, ranks=0, trainer=case.python_trainer(FAILS_WHILE.format(flag=str(flag), slow=6)))
    wait_for(lambda: len([r for r in case.events("failed") if r["final"]]) == 4, "four stages that failed for good")
    contains(case.winnow("retry", "--stage", "zz", case.store, code=2), "no stage that failed is zz")
    flag.unlink()
    one = [r["identity"] for r in case.events("failed") if r["final"]][0]
    equal(case.winnow("retry", case.store, "--stage", one[:12]), "1 failed stage is tried again\n", "answer")
    equal(json.loads(case.winnow("retry", case.store, "--json")), {"answer": "3 failed stages are tried again"}, "answer")
    contains(case.winnow("retry", case.store, code=2), "no stage has failed")
    equal(process.wait(60), 0, "exit code: " + case.said())
    contains(case.said(), "9 of 9 stages done;")
    equal(len(case.digests()), 9, "run files")


def cancel_of_the_whole_run(case):
    """As a signal from any host, but a batch job does not queue itself again: exit code 5."""
    case.files = [case.sweep]
    process = case.start("--trainers", 2, "--grace", 0.1, trainer=("--sleep", 5))
    wait_for(lambda: case.running(), "a running stage")
    contains(case.winnow("cancel", case.store), "nothing new starts")
    equal(process.wait(60), 5, "exit code: " + case.said())
    contains(case.said(), "cancelled, what ran has saved its place")
    equal(trainers_of(case), [], "trainers that are still there")
    contains(case.winnow("cancel", case.store, code=2), "no run works on")
    wanted = undisturbed(case)
    code, text = case.run("--trainers", 2)
    equal(code, 0, "exit code of the next run: " + text)
    equal(case.digests(), wanted, "digests")


def cancel_of_one_sweep(case):
    """Of two sweeps the second is cancelled: what the first one shares with it is computed all the same."""
    process = case.start("--trainers", 2, ranks=0, trainer=("--sleep", 0.5))
    wait_for(lambda: case.running(), "a running stage")
    contains(case.winnow("cancel", case.store, "--sweep", "c", code=2), "this run has no sweep c (did you mean 'a'?); it has a, b")
    answer = case.winnow("cancel", case.store, "--sweep", "b")
    equal(answer, "4 stages of b left out\n", "answer")
    equal(process.wait(60), 5, "exit code: " + case.said())
    contains(case.said(), "a is complete: 9 of 9 stages done")
    contains(case.said(), "b is not complete: 5 of 9 stages done, 4 cancelled")
    equal(len(case.digests()), 9, "run files")
    code, text = case.run("--trainers", 2, ranks=0)
    equal((code, len(case.digests())), (0, 13), "what the next run computes: " + text)


def a_cancelled_sweep_stays_so(case):
    """kill -9 of the coordinator, then a drain: the same command leaves out what was cancelled, and says so. Once all else is done it is forgotten."""
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.4))
    wait_for(lambda: case.running(), "a running stage")
    equal(case.winnow("cancel", case.store, "--sweep", "b"), "4 stages of b left out\n", "answer")
    kill(process.pid)
    process.wait(30)
    wait_for(lambda: not trainers_of(case), "the end of its trainers")
    says = f"b was cancelled in the run before, which did not end: 4 stages of it left out; `winnow add {case.b} --store {case.store}` brings it back"
    process = case.start("--trainers", 1, "--grace", 0.1, ranks=0, trainer=("--sleep", 0.6))
    wait_for(lambda: says in case.said(), "word of the cancelled sweep")
    process.terminate()
    equal(process.wait(60), 4, "exit code: " + case.said())
    equal(case.said().count(says), 1, "lines that say so: " + case.said())
    code, text = case.run("--trainers", 2, ranks=0)
    equal((code, len(case.digests())), (5, 9), "exit code and run files: " + text)
    contains(text, says)
    contains(text, "b is not complete: 5 of 9 stages done, 4 cancelled")
    code, text = case.run("--trainers", 2, ranks=0)
    equal((code, len(case.digests()), "was cancelled" in text), (0, 13, False), "what the next run computes: " + text)


def a_cancelled_sweep_is_added_to_the_run_after(case):
    """The way back, as the run says it, also where the run after that dies. Named alone, the sweep is wanted without it."""
    def dies(*options):
        before = len(case.events("started"))
        process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.6))
        wait_for(lambda: len(case.events("started")) > before, "a running stage")
        for words in options:
            case.winnow(*words)
        kill(process.pid)
        process.wait(30)
        wait_for(lambda: not trainers_of(case), "the end of its trainers")
    cancel = ("cancel", case.store, "--sweep", "b")
    dies(cancel)
    case.output.write_text("")
    dies(("add", case.b, "--store", case.store))
    contains(case.said(), "b was cancelled in the run before")
    case.output.write_text("")
    dies(cancel)
    equal("b was cancelled" in case.said(), False, "what was added again is not cancelled: " + case.said())
    case.files = [case.b]
    code, text = case.run("--trainers", 2, ranks=0)
    equal((code, "b was cancelled" in text), (0, False), "a run of the cancelled sweep alone: " + text)
    contains(text, "9 of 9 stages done")


def nobody_answers_for_a_run_that_died(case):
    """A lease that is left behind is no run."""
    contains(case.winnow("retry", case.folder / "nowhere", code=2), "no run works on")
    (case.folder / "nowhere").mkdir()
    contains(case.winnow("cancel", case.folder / "nowhere", code=2), "winnow run SWEEP --store")
    equal(list((case.folder / "nowhere").iterdir()), [], "files that were left")


TESTS = [retry_of_what_failed, cancel_of_the_whole_run, cancel_of_one_sweep, a_cancelled_sweep_stays_so, a_cancelled_sweep_is_added_to_the_run_after,
         nobody_answers_for_a_run_that_died]

if __name__ == "__main__":
    each(TESTS, Sweeps)
