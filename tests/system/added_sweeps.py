#!/usr/bin/env python3
"""`winnow add`: a further sweep, or one that was edited, for a run that goes on, with real processes.

    tests/system/added_sweeps.py --build build [NAME...]
"""
from case import contains, each, equal, kill, trainers_of, wait_for
from several_sweeps import A, B, Sweeps, alone

EDITED = A.replace('"cc", "proden"', '"proden", "lws"')                                    # cc is planned no more, lws is new

SLOW_PRODEN = """
import time
time.sleep(60 if command["stage"]["settings"].get("method") == "proden" else 0)
say(event="done", identity=command["identity"], metrics={"accuracy": 0.5})
"""


PRODEN_FAILS = """
import os, time
if command["stage"]["settings"].get("method") == "proden":
    say(event="failed", identity=command["identity"], **{"class": "user"}, message="it cannot be computed")
else:
    while command["stage"]["settings"].get("method") == "cc" and not os.path.exists(os.path.dirname(sys.argv[0]) + "/go"): time.sleep(0.05)
    say(event="done", identity=command["identity"], metrics={"accuracy": 0.5})
"""


def started(case, count):
    wait_for(lambda: case.executed() >= count, f"{count} stages that have started")


def a_further_sweep_joins_the_run(case):
    """What both plan is computed once, and the run ends when both are complete."""
    wanted = {**alone(case, case.a), **alone(case, case.b)}
    case.files = [case.a]
    process = case.start("--trainers", 2, trainer=("--sleep", 0.8))
    started(case, 2)
    answer = case.winnow("add", case.b, "--store", case.store)
    contains(answer, "b: 9 stages, ")
    contains(answer, "of them known to this run")
    equal(process.wait(60), 0, "exit code: " + case.said())
    contains(case.said(), "a is complete: 9 of 9 stages done")
    contains(case.said(), "b is complete: 9 of 9 stages done")
    contains(case.said(), "together 13 of 13 stages done")
    equal(case.digests(), wanted, "result digests")
    equal(case.executed(), 13, "executions")
    contains(case.winnow("store", "--store", case.store), "b ")


def one_after_the_last_stage_of_the_run(case):
    """A run that has nothing left to do waits as long as a sweep for it is being planned."""
    case.files = [case.a]
    process = case.start("--trainers", 4, ranks=0, trainer=("--sleep", 0.2))
    started(case, 7)
    for _ in range(3):
        case.winnow("add", case.b, "--store", case.store, code=None)
    code = process.wait(60)
    equal(code, 0, "exit code: " + case.said())
    equal(len(case.digests()), 13 if "b is complete" in case.said() else 9, "run files")


def the_first_of_all(case):
    case.files = [case.a]
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.5))
    started(case, 2)
    case.winnow("add", case.b, "--first", "--store", case.store)
    equal(process.wait(60), 0, "exit code: " + case.said())
    order = [label for label in case.labels() if "backbone" not in label]
    last_of_b = max(i for i, label in enumerate(order) if label.startswith(("b: ", "a, b: ")))
    behind = [label for label in order[last_of_b + 1:] if label.startswith("a: ")]
    equal(len(behind) >= 2, True, f"stages of a alone that waited for b's: {order}")


def an_edited_sweep_is_replaced(case):
    """The methods that it no longer names are left out, unless they are done; the new ones are computed."""
    case.files = [case.a]
    wanted = alone(case, case.a)
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 1.2))
    started(case, 1)
    case.a.write_text(EDITED)
    wait_for(lambda: f"`winnow add {case.a}` gives it the new one" in case.said(), "word of the edit")
    answer = case.winnow("add", case.a, "--store", case.store)
    contains(answer, "that it no longer plans left out")
    equal(process.wait(60), 0, "exit code: " + case.said())
    contains(case.said(), "a is complete: 9 of 9 stages done")
    edited = alone(case, case.a)
    digests = case.digests()
    equal({k: digests.get(k) for k in edited}, edited, "digests of the edited sweep")
    equal(len(set(wanted) - set(edited) - set(digests)) > 0, True, "stages of the old version that were not computed")
    equal(case.said().count("it has changed since"), 1, "words of the edit")


def what_failed_and_is_planned_no_more_is_forgotten(case):
    """The method that fails is taken out of the sweep: nothing tries it again, and the run ends well."""
    case.files = [case.a]
    process = case.start("--trainers", 5, ranks=0, trainer=case.python_trainer(PRODEN_FAILS))      # one more than stages of cc
    wait_for(lambda: len([r for r in case.events("failed") if r["final"]]) == 4, "four stages that failed for good")
    case.a.write_text(A.replace('"cc", "proden"', '"cc"'))
    contains(case.winnow("add", case.a, "--store", case.store), "a: 5 stages, ")
    contains(case.winnow("retry", case.store, code=2), "no stage has failed")
    (case.folder / "go").touch()
    equal(process.wait(60), 0, "exit code: " + case.said())
    contains(case.said(), "a is complete: 5 of 5 stages done")
    equal(case.record()["sweeps"], [{"sweep": "a", "complete": True}], "sweeps of the exit record")


def what_was_cancelled_can_be_added_again(case):
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.4))
    started(case, 2)
    equal(case.winnow("cancel", case.store, "--sweep", "b"), "4 stages of b left out\n", "answer")
    contains(case.winnow("add", case.b, "--store", case.store), "b: 9 stages, ")
    equal(process.wait(90), 0, "exit code: " + case.said())
    contains(case.said(), "b is complete: 9 of 9 stages done")
    equal(len(case.digests()), 13, "run files")


def the_run_dies_after_it(case):
    """kill -9 of the coordinator: started again with the command line of before, it is given the sweep again, until both are complete."""
    wanted = {**alone(case, case.a), **alone(case, case.b)}
    case.files = [case.a]
    process = case.start("--trainers", 2, ranks=0, trainer=("--sleep", 0.3))
    started(case, 2)
    case.winnow("add", case.b, "--first", "--store", case.store)
    started(case, 6)
    kill(process.pid)
    process.wait(30)
    wait_for(lambda: not trainers_of(case), "the end of its trainers")
    code, text = case.run("--trainers", 2, ranks=0)
    equal(code, 0, "exit code: " + text)
    contains(text, "added to the run before, which did not end: b: 9 stages, ")
    contains(text, "b is complete: 9 of 9 stages done")
    equal(case.digests(), wanted, "result digests")
    code, text = case.run(ranks=0)
    equal("b: " in text, False, "a run that ended well leaves nothing behind: " + text)
    attempts = [(r["identity"], r["attempt"]) for r in case.events("started")]
    equal(len(attempts), len(set(attempts)), "numbers of attempts")


def a_stopped_run_goes_on_with_it(case):
    """SIGTERM, as before a batch job is queued again: the next run has the added sweep. Its own sweep may be done by then; cancelled, it is forgotten."""
    case.files = [case.a]
    process = case.start("--trainers", 1, "--grace", 0.1, ranks=0, trainer=("--sleep", 0.4))
    started(case, 7)
    case.winnow("add", case.b, "--store", case.store)
    started(case, 10)                                                                      # a is done
    process.terminate()
    equal(process.wait(60), 4, "exit code: " + case.said())
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.8))
    wait_for(lambda: "added to the run before" in case.said(), "word of the added sweep")
    case.winnow("cancel", case.store, "--sweep", "b")
    equal(process.wait(60), 5, "exit code: " + case.said())
    code, text = case.run(ranks=0)
    equal((code, "b: " in text), (0, False), "the run after that: " + text)


def what_was_added_and_is_gone_stops_nobody(case):
    case.files = [case.a]
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.4))
    started(case, 2)
    case.winnow("add", case.b, "--store", case.store)
    kill(process.pid)
    process.wait(30)
    wait_for(lambda: not trainers_of(case), "the end of its trainers")
    case.b.write_text("= nonsense")
    code, text = case.run("--trainers", 2, ranks=0)
    equal(code, 0, "exit code: " + text)
    contains(text, "b.toml had been added to the run before and cannot be again: ")
    contains(text, "9 of 9 stages done")


def what_cannot_be_added_changes_nothing(case):
    wanted = alone(case, case.a)
    case.files = [case.a]
    process = case.start("--trainers", 1, ranks=0, trainer=("--sleep", 0.5))
    started(case, 1)
    bad = case.folder / "bad.toml"
    bad.write_text(B.replace("proden", "prodden"))
    contains(case.winnow("add", bad, "--store", case.store, code=2), "prodden")
    bad.write_text("= nonsense")
    contains(case.winnow("add", bad, "--store", case.store, code=2), "bad.toml:1")
    bad.write_text(A)
    contains(case.winnow("add", bad, "--store", case.store, code=2), "is called 'a', as ")
    contains(case.winnow("add", case.folder / "none.toml", "--store", case.store, code=2), "no such sweep file")
    contains(case.winnow("add", case.b, "--set", "train.epoch=1", "--store", case.store, code=2), "train.epochs")
    contains(case.winnow("add", case.b, "--store", case.folder / "elsewhere", code=2), "no run works on")
    equal(process.wait(60), 0, "exit code: " + case.said())
    equal(case.digests(), wanted, "result digests")
    contains(case.winnow("add", case.b, "--store", case.store, code=2), "no run works on")


def whole_rows_before_a_deadline(case):
    """Of two methods the first is complete when the deadline comes; the run ends with code 5, and the next one goes on."""
    case.files = [case.a]
    code, text = case.run("--trainers", 1, "--deadline", "12s", "--grace", 0.1, "--time-scale", 0.1, ranks=0,
                          trainer=case.python_trainer(SLOW_PRODEN))
    equal(code, 5, "exit code at the deadline: " + text)
    contains(text, "whole rows first")
    contains(text, "the deadline is near: nothing new starts")
    contains(text, "the deadline came, what ran has saved its place")
    contains(text, "a: 1 of 2 rows complete: cc")
    code, text = case.run("--deadline", "2020-01-01T00:00", ranks=2)
    equal((code, text.count("has passed")), (2, 1), "a deadline of the past, said once by two ranks: " + text)
    code, text = case.run("--deadline", "1h", ranks=0)
    equal(code, 0, "exit code of the next run: " + text)
    contains(text, "a: 2 of 2 rows complete: cc, proden")


TESTS = [a_further_sweep_joins_the_run, one_after_the_last_stage_of_the_run, the_first_of_all, an_edited_sweep_is_replaced,
         what_failed_and_is_planned_no_more_is_forgotten,
         what_was_cancelled_can_be_added_again, the_run_dies_after_it, a_stopped_run_goes_on_with_it, what_was_added_and_is_gone_stops_nobody,
         what_cannot_be_added_changes_nothing, whole_rows_before_a_deadline]

if __name__ == "__main__":
    each(TESTS, Sweeps)
