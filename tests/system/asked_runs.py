"""What people ask of a run that goes on: `winnow cancel`, `winnow retry`, with real processes."""
import json

from several_sweeps import Sweeps
from case import SWEEP, contains, each, equal, trainers_of, undisturbed, wait_for

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


def nobody_answers_for_a_run_that_died(case):
    """A lease that is left behind is no run."""
    contains(case.winnow("retry", case.folder / "nowhere", code=2), "no run works on")
    (case.folder / "nowhere").mkdir()
    contains(case.winnow("cancel", case.folder / "nowhere", code=2), "winnow run SWEEP --store")
    equal(list((case.folder / "nowhere").iterdir()), [], "files that were left")


TESTS = [retry_of_what_failed, cancel_of_the_whole_run, cancel_of_one_sweep, nobody_answers_for_a_run_that_died]

if __name__ == "__main__":
    each(TESTS, Sweeps)
