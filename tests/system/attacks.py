#!/usr/bin/env python3
"""Input that is hostile or nonsense, met by whole programs: it is refused with one clear line, or does no harm.

    tests/system/attacks.py --build build [NAME...]

Elsewhere: a second coordinator, agents and trainers of another revision, trainers that write garbage (fleet.py); hosts with shell characters,
hosts that do not answer (hosts.py); an allocation without GPUs, a Slurm without PMIx (tests/slurm); links in what is pruned
(tests/store/prune_test.cpp).
"""
import json
import os
import shutil
import subprocess
from pathlib import Path

from case import SOURCE, SWEEP, Case, Skip, contains, each, equal, wait_for

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}
SECRET = "hunter2-6f1c9a"


def uncounted(case):
    """A trainer that writes nothing, as somebody else must."""
    return f"{case.build}/bin/noop-trainer --quiet"


def small(case):
    case.sweep.write_text(SWEEP.format(seeds=[0]))
    return 5                                                   # stages


def run(case, *words, **options):
    """Exit code and both outputs of a winnow in the case's folder."""
    answer = subprocess.run([str(case.build / "bin/winnow"), *map(str, words)], capture_output=True, text=True, timeout=120, cwd=case.folder,
                            **dict({"env": case.environment}, **options))
    return answer.returncode, answer.stdout, answer.stderr


def sweep_into(case, store, **options):
    return run(case, "run", case.sweep, "--from-scratch", "--trainer", uncounted(case), "--store", store, **options)


def one_line(answer, code, *parts):
    equal(answer[0], code, f"exit code: {answer[1]}{answer[2]}")
    equal(answer[2].count("\n"), 1, "lines of the complaint: " + answer[2])
    for part in parts:
        contains(answer[2], part)


def a_rank_that_is_no_winnow(case):
    """It takes part in MPI and sends what no agent says: nothing of it is believed, and the run goes on without it."""
    stages = small(case)
    words = {"bytes": "is too long to be one", "length": "is too long to be one", "stage": "it speaks of stage 4000000000 of 5", "held": "it holds stage 4000000000 of 5",
             "coordinator": "it speaks as a coordinator", "event": "a trainer's event is no JSON object", "class": "it does not know why a stage failed",
             "seconds": "a stage took nan s", "slots": "it has 1e+300 slots", "gpus": "it does not say its process and its GPUs", "call": "it calls a process that is none of a gang that it leads", "host": r"its host is called 'a\n[13/13] \u001b[31m'"}
    for what, says in words.items():
        store = case.folder / what
        words = [SOURCE / "launch/mpirun", "-n", 1, case.build / "bin/winnow", "run", case.sweep, "--from-scratch", "--store", store,
                 "--trainer", case.trainer("--sleep", 0.3, "--quiet"), ":", "-n", 1, case.build / "bin/babbling-agent", what]
        answer = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, env=case.environment)
        equal(answer.returncode, 0, f"exit code with {what}: {answer.stdout}{answer.stderr}")
        equal(len(list(store.glob("runs/??/*.h5"))), stages, f"run files with {what}")
        said = [line for line in (answer.stdout + answer.stderr).splitlines() if "sends nonsense" in line]
        equal(len(said), 1, f"lines about {what}: {answer.stdout}{answer.stderr}")
        contains(said[0], says)
        contains(said[0], "it is not listened to any more")


def a_result_that_is_not_there(case):
    """An agent says that a stage is done, and has written nothing: the run does not end well, and the next one computes the stage."""
    stages = small(case)
    words = [SOURCE / "launch/mpirun", "-n", 1, case.build / "bin/winnow", "run", case.sweep, "--from-scratch", "--store", case.store,
             "--trainer", case.trainer("--sleep", 0.3, "--quiet"), ":", "-n", 1, case.build / "bin/babbling-agent", "done"]
    answer = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, env=case.environment)
    equal(answer.returncode, 1, f"exit code: {answer.stdout}{answer.stderr}")
    contains(answer.stderr, f"winnow: 1 stage reported as done has no run file in {case.store}, the first is ")
    equal(json.loads((case.store / "exit.json").read_text())["code"], 1, "code in the exit record")
    equal(sweep_into(case, case.store)[0], 0, "exit code of the next run")
    equal(len(list(case.store.glob("runs/??/*.h5"))), stages, "run files")


def names_that_would_be_folders_elsewhere(case):
    text = SWEEP.format(seeds=[0])
    before = set(case.folder.iterdir())
    for name, says in (("$(touch pwned)", "must consist of letters"), ("a; touch pwned", "must consist of letters"), ("../../evil", "must consist of letters"),
                       ("a\\nb", "must consist of letters"), ("..", "must consist of letters"), (".", "must consist of letters"), ("a/b", "must consist of letters"),
                       ("\\u001b[31m", "must consist of letters"), ("x" * 300, "has 300 letters")):
        case.sweep.write_text(text.replace('"system"', f'"{name}"'))
        one_line(sweep_into(case, case.store), 2, f"{case.sweep.name}: the sweep's name ", says)
        equal(set(case.folder.iterdir()), before, f"what is in the folder after a sweep called {name}")


def odd_paths_of_stores(case):
    """A path is a path, whatever is in it; launch/mpirun and the fleet hand it on as it is."""
    stages = small(case)
    names = ["two words", "$(touch pwned)", "a;touch pwned", "`touch pwned`", "q'uote\"s", "line\nbreak", "-x", "up/../side"]
    for number, name in enumerate(names):
        if number % 2:
            answer = sweep_into(case, name)
        else:
            words = [SOURCE / "launch/mpirun", "-n", 2, case.build / "bin/winnow", "run", case.sweep, "--from-scratch", "--trainer", case.trainer("--quiet"), "--store", name]
            process = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, cwd=case.folder, env=case.environment)
            answer = process.returncode, process.stdout, process.stderr
        equal(answer[0], 0, f"exit code with the store {name!r}: {answer[1]}{answer[2]}")
        equal(len(list((case.folder / name / "runs").glob("??/*.h5"))), stages, f"run files in {name!r}")
        for words in (["status", "--store", name], ["report", case.sweep, "--store", name], ["fsck", "--store", name]):
            equal(run(case, *words)[0], 0, f"exit code of {words}")
    equal(list(case.folder.rglob("pwned")), [], "what a shell would have made of them")
    one_line(sweep_into(case, "x" * 300), 1, "x: File name too long")
    if os.geteuid() == 0:                                      # one that may not be looked at
        shut = case.folder / "shut"
        shut.mkdir(mode=0o700)
        for_everyone(case)
        shut.chmod(0o700)
        one_line(sweep_into(case, shut / "results", **NOBODY), 1, f"{shut}/results", "Permission denied")


def for_everyone(case):
    """Others than root can see the case, and its caches."""
    if os.geteuid() != 0:
        raise Skip("only root can be somebody else")
    for folder in (case.folder, Path(Case.cache), *Path(Case.cache).rglob("*")):
        folder.chmod(folder.stat().st_mode | (0o755 if folder.is_dir() else 0o644))


def reading_works_and_writing_is_refused(case, store, why, **options):
    """Of a store with a sweep of five stages that are done, and four more that are not."""
    larger = case.folder / "larger.toml"
    larger.write_text(SWEEP.format(seeds=[0, 1]))
    before = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    for words in (["status", store], ["report", case.sweep, "--store", store], ["plan", larger, "--store", store], ["store", store], ["fsck", "--store", store]):
        equal(run(case, *words, **options)[0], 0, f"exit code of {words}")
    code, said, wrong = sweep_into(case, store, **options)
    equal(code, 0, "exit code of a run with nothing to do: " + wrong)
    contains(said, "5 done, 0 to run")
    more = ["run", larger, "--from-scratch", "--trainer", uncounted(case), "--store", store]
    one_line(run(case, *more, **options), 1, f"cannot write into {store}: {why}; choose another folder with --store")
    one_line(run(case, "pack", "--store", store, **options), 1, str(store), why)
    one_line(run(case, "report", case.sweep, "--store", store, "--html", **options), 1, str(store), why)
    equal({file: file.read_bytes() for file in store.rglob("*") if file.is_file()}, before, "the store afterwards")
    own = case.folder / "own"
    own.mkdir(exist_ok=True)
    os.chown(own, options.get("user", 0), options.get("group", 0))
    code, said, wrong = run(case, "run", larger, "--reference", store, "--trainer", uncounted(case), "--store", own, **options)
    equal(code, 0, "exit code of a run that reads it: " + wrong)
    equal(len(list(own.glob("runs/??/*.h5"))), 4, "run files of that run")


def a_results_folder_of_someone_else(case):
    for_everyone(case)
    small(case)
    equal(sweep_into(case, case.store)[0], 0, "exit code of its owner")
    environment = {"env": dict(case.environment, HOME=str(case.folder))}
    reading_works_and_writing_is_refused(case, case.store, "Permission denied", **NOBODY, **environment)
    # Its owner may have let us make a run file, and no more; or own a file within a folder of ours.
    theirs = sorted(case.store.glob("runs/??/*.h5"))[0]
    shutil.copytree(case.store, case.folder / "mixed")
    mixed = case.folder / "mixed" / theirs.relative_to(case.store)
    subprocess.run(["chown", "-R", "65534:65534", str(case.folder / "mixed")], check=True)
    os.chown(mixed, 0, 0)
    mixed.chmod(0o600)
    code, said, wrong = sweep_into(case, case.folder / "mixed", **NOBODY, **environment)
    equal(code, 0, f"exit code with a run file that cannot be read: {said}{wrong}")
    contains(said, "4 done, 1 to run")


def a_read_only_store(case):
    small(case)
    equal(sweep_into(case, case.store)[0], 0, "exit code")
    store = case.folder / "read-only"
    store.mkdir()
    if subprocess.run(["mount", "--bind", str(case.store), str(store)], stderr=subprocess.DEVNULL).returncode:
        raise Skip("needs the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(store)], check=True)
        reading_works_and_writing_is_refused(case, store, "Read-only file system")
    finally:
        subprocess.run(["umount", str(store)], check=True)


def links_out_of_the_store(case):
    """What a link names elsewhere is never overwritten and never removed."""
    stages = small(case)
    outside = case.folder / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    plan = json.loads(run(case, "plan", case.sweep, "--json", "--store", case.store)[1])
    identities = [stage["identity"] for stage in plan["stages"]]
    for folder in ("checkpoints", "runs"):
        (case.store / folder).mkdir(parents=True)
    for identity in identities:
        (case.store / "checkpoints" / identity).symlink_to(outside)
    victim = case.store / "runs" / identities[0][:2]
    victim.mkdir()
    (victim / f"{identities[0]}.h5").symlink_to(outside / "precious")
    for file in ("status.json", "exit.json"):
        (case.store / file).symlink_to(outside / "precious")
    code, said, wrong = sweep_into(case, case.store)
    equal(code, 0, f"exit code: {said}{wrong}")
    equal(len(case.digests()), stages, "run files")
    equal(run(case, "fsck", "--store", case.store)[0], 0, "exit code of fsck")
    equal(run(case, "store", "prune", case.sweep, "--store", case.store, "--remove")[0], 0, "exit code of prune")
    shutil.copy(outside / "precious", case.folder / "copy")
    (case.store / "coordinator.json").symlink_to(outside / "precious")
    larger = case.folder / "larger.toml"
    larger.write_text(SWEEP.format(seeds=[0, 1]))
    one_line(run(case, "run", larger, "--from-scratch", "--trainer", case.trainer(), "--store", case.store), 2, f"{case.store}/coordinator.json is damaged")
    equal({file.name: file.read_text() for file in outside.iterdir()}, {"precious": "kept"}, "what is outside of the store")


def folders_of_the_store_that_are_links(case):
    """Requests are removed and journals cut where they lie: not in a folder of somebody else that a link leads to, nor through a link to a file."""
    small(case)
    outside = case.folder / "outside"
    outside.mkdir()
    precious = {name: "kept" for name in ("precious", "00000001.log", "old.request")}
    for name, text in precious.items():
        (outside / name).write_text(text)
    for folder in ("requests", "journal"):
        store = case.folder / f"linked-{folder}"
        store.mkdir()
        (store / folder).symlink_to(outside)
        one_line(sweep_into(case, store), 2, f"{store}/{folder} is a link: ")
        equal([file.name for file in store.iterdir() if file.name not in ("exit.json", folder)], [], "what was made in a store that is refused")
        one_line(run(case, "store", "prune", case.sweep, "--store", store, "--remove"), 2, f"{store}/{folder} is a link: ")
    (case.store / "journal").mkdir(parents=True)
    (case.store / "journal/00000003.log").symlink_to(outside / "00000001.log")
    (case.store / "requests").mkdir()
    (case.store / "requests/x.request").symlink_to(outside / "old.request")
    (case.store / "requests/notes").mkdir()
    (case.store / "requests/notes/mine").write_text("kept")
    code, said, wrong = sweep_into(case, case.store)
    equal(code, 0, f"exit code: {said}{wrong}")
    equal((case.store / "requests/notes/mine").read_text(), "kept", "what lies beside requests")
    equal({file.name: file.read_text() for file in outside.iterdir()}, precious, "what is outside of the store")
    process = case.start("--set", "seed=7", "--trainers", 1, ranks=0, trainer=("--sleep", 2))
    wait_for(lambda: case.running(), "a running stage")
    shutil.move(case.store / "requests", case.folder / "aside")
    (case.store / "requests").symlink_to(outside)
    for words in (["cancel", case.store], ["retry", case.store], ["add", case.sweep, "--store", case.store]):
        one_line(run(case, *words), 2, f"{case.store}/requests is a link: ")
    equal(process.wait(60), 0, "exit code: " + case.said())
    equal({file.name: file.read_text() for file in outside.iterdir()}, precious, "what is outside of the store")


def secrets_stay_out(case):
    """Of an environment with secrets nothing is in the store, in what is printed, in the page."""
    small(case)
    environment = {"env": dict(case.environment, SECRET_TOKEN=SECRET, WANDB_API_KEY=SECRET, AWS_SECRET_ACCESS_KEY=SECRET)}
    printed = []
    for ranks, store in ((0, "alone"), (2, "ranks")):
        words = [case.build / "bin/winnow", "run", case.sweep, "--from-scratch", "--trainer", case.trainer("--fail", '"labels.rate":0.7'), "--store", store]
        if ranks:
            words = [SOURCE / "launch/mpirun", "-n", ranks, *words]
        process = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, cwd=case.folder, **environment)
        equal(process.returncode, 3, f"exit code: {process.stdout}{process.stderr}")
        printed.append(process.stdout + process.stderr)
    if (case.build / "bin/winnow-train").exists():
        words = ["run", case.sweep, "--store", "real", "--device", "cpu", "--set", "data.samples=200", "--set", "data.test_samples=50"]
        code, *said = run(case, *words, **environment)
        equal(code, 0, f"exit code of real training: {said}")
        printed += said
    for store in ("alone", "ranks", "real"):
        if (case.folder / store).exists():
            for words in (["status", store], ["status", store, "--json"], ["report", case.sweep, "--store", store, "--html"], ["plan", case.sweep, "--store", store, "--json"]):
                printed += run(case, *words, **environment)[1:]
    printed += run(case, "doctor", **environment)[1:]
    if any(SECRET in text for text in printed):
        raise AssertionError("a secret was printed: " + next(text for text in printed if SECRET in text))
    holding = [str(file) for file in case.folder.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    equal(holding, [], "files that hold a secret")
    if not list(case.folder.glob("alone/reports/**/*.html")):
        raise AssertionError("there is no page")


TESTS = [a_rank_that_is_no_winnow, a_result_that_is_not_there, names_that_would_be_folders_elsewhere, odd_paths_of_stores, a_results_folder_of_someone_else, a_read_only_store,
         links_out_of_the_store, folders_of_the_store_that_are_links, secrets_stay_out]

if __name__ == "__main__":
    each(TESTS)
