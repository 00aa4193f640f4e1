#!/usr/bin/env python3
"""Sweeps on three simulated nodes while things break, by schedules drawn from seeds: afterwards every stage has exactly one result, the
results are those of an undisturbed run, and nothing is left running.

    tests/faults/faults.py --build build                     as few schedules as make every kind of fault hit
    tests/faults/faults.py --build build --schedules 50 --record           and writes what happened into results/reference/faults.md
    tests/faults/faults.py --build build --seed 7 --schedules 1 --keep     one of them again, with its folder kept
    tests/faults/faults.py --build build --simulated 10000 --record        random clusters in virtual time instead (tests/simulate)
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from case import SOURCE, Case, equal, revision_of
from kinds import KINDS, attempts_anywhere, not_possible, words_of
from nodes import Nodes, possible
from results import one_for_each
from scenes import Gangs, Scripted, Training, undisturbed

MOST = 25                                                      # schedules, where as few as make every kind hit are wanted
DUE = {Scripted: 3, Gangs: 2, Training: 2}                     # faults in a schedule of a seed
AT_ONCE = {Scripted: 8, Gangs: 4, Training: 5}                 # and where all kinds are to hit soon
RUNS = 8                                                       # until all is done; every schedule so far took at most 3


def settle(case, nodes):
    """Waits until nothing runs any more: parent-death signals and last words take their moment. What then is left stays."""
    for _ in range(100):
        left = [(node.name, words_of(pid)) for node in nodes.alive() for pid in node.processes()]
        if not left:
            return []
        time.sleep(0.1)
    return left


def schedule(scene, build, seed, kinds, wanted, keep):
    """Runs until all is done, with the kinds of fault that are due. Returns those that hit while a stage ran, and how many runs it took."""
    draw = random.Random(seed)
    case = scene(build)
    due, happened = list(kinds), []
    try:
        with Nodes(3, case.folder) as nodes:
            for attempt in range(1, RUNS + 1):
                process = case.begin(nodes)
                while process.poll() is None:
                    time.sleep(draw.uniform(0.2, 0.6))
                    for kind in list(due):                     # the first one that finds what it strikes
                        if not attempts_anywhere(case, nodes) or process.poll() is not None:
                            break
                        if KINDS[scene][kind](case, nodes, draw):
                            happened.append(kind)
                            due.remove(kind)
                            break
                whole = case.check()
                if process.returncode == 0 and whole and wanted.keys() - case.digests().keys() <= case.backbones():
                    break
            else:
                raise AssertionError(f"{RUNS} runs did not complete it; the last one ended with {process.returncode}")
            one_for_each(case, wanted)
            equal(settle(case, nodes), [], "processes that are left")
            equal([str(f) for f in case.store.rglob("*.part*")], [], "files that are half written")
    except AssertionError as error:
        raise AssertionError(f"schedule {seed}, {scene.name} ({', '.join(happened) or 'nothing'} happened, {', '.join(due) or 'nothing'} was still due): {error}\n"
                             + "\n".join(case.said().splitlines()[-30:])) from None
    finally:
        if keep:
            print(f"kept: {case.folder}\n{case.said()}")
        else:
            case.close()
    return happened, attempt


def dealt(scene, kinds, turn):
    """The faults of a scene's schedule `turn`, as cards of shuffled decks: chance alone leaves a kind out of fifty schedules now and then."""
    cards = range(turn * DUE[scene], (turn + 1) * DUE[scene])
    decks = {card // len(kinds): random.Random(f"{scene.name} {card // len(kinds)}").sample(kinds, len(kinds)) for card in cards}
    return list(dict.fromkeys(decks[card // len(kinds)][card % len(kinds)] for card in cards))


def drawn(first, count, scene, kinds):
    """A scene's schedules among so many seeds: of ten six are scripted, two of gangs, two real training."""
    scenes = (Scripted, Gangs, Scripted, Training, Scripted)
    for seed in range(first, first + count):
        if scenes[seed % 5] is scene:
            turn = seed // 5 * scenes.count(scene) + scenes[:seed % 5].count(scene)
            yield seed, scene, dealt(scene, kinds, turn)


def until_all_hit(first, kinds, hits):
    seed = first
    for scene in kinds:
        while due := [kind for kind in kinds[scene] if hits[kind] == 0]:
            if seed - first >= MOST:
                return
            yield seed, scene, due[:AT_ONCE[scene]]
            seed += 1


def once_more(seed, missed):
    """A kind may have met no stage that runs where it strikes: each scene's get a schedule of their own."""
    for scene, due in missed.items():
        for at in range(0, len(due), AT_ONCE[scene]):
            yield seed, scene, due[at:at + AT_ONCE[scene]]
            seed += 1


def side_by_side(chosen, count, run):
    """Runs so many schedules at a time, and gives what became of each. The next one is chosen when there is room for it."""
    with ThreadPoolExecutor(count) as pool:
        begun = set()
        for each in chosen:
            begun.add(pool.submit(run, *each))
            if len(begun) == count:
                ended, begun = wait(begun, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in ended)
        yield from (each.result() for each in begun)


def written(title, lines):
    """A part of results/reference/faults.md; the other one stays."""
    file = SOURCE / "results/reference/faults.md"
    parts = {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in file.read_text().split("\n## ")[1:]} if file.exists() else {}
    parts[title] = "\n".join(lines).strip()
    text = "# Faults\n" + "".join(f"\n## {name}\n\n{parts[name]}\n" for name in sorted(parts))
    file.with_suffix(".part").write_text(text)
    file.with_suffix(".part").replace(file)


def made_by(words, build, seconds):
    return (f"Written by `tests/faults/faults.py {words} --record`, {time.strftime('%Y-%m-%d', time.gmtime())}, winnow {revision_of(Path(build) / 'bin/winnow')}, in {seconds:.0f} s on "
            f"{os.cpu_count()} cores")


def record(outcomes, hits, reasons, asked, words, build, seconds):
    runs = [runs for _, _, runs in outcomes]
    scenes = ", ".join(f"{sum(1 for s, _, _ in outcomes if s is scene)} {scene.name}" for scene in KINDS)
    short = f" (of {asked}: the time was over)" if len(outcomes) < asked else ""
    lines = [made_by(words, build, seconds) + f": {len(outcomes)} schedules{short} ({scenes}), each a sweep on three simulated nodes that share nothing but a disk, while things "
             "break. Every one ended with the result digests of an undisturbed run, one result for each stage that is still needed, nothing left running.", "",
             "| fault | hit a running stage |", "|---|---|"]
    lines += [f"| {kind} | {count} |" for kind, count in hits.items()]
    lines += ["", f"Starts of `launch/mpirun` until all was done: {max(runs)} at most, {sum(runs) / len(runs):.1f} on average.", "",
              "Not made here: " + "; ".join(f"{kind} ({why})" for kind, why in reasons.items()) + "."]
    written("Real faults", lines)


def simulated(build, asked, keep_record):
    """Half of them with gangs over several nodes. What is promised is checked by the test itself."""
    begin = time.time()
    process = subprocess.run([str(Path(build) / "bin/test-simulate"), "--gtest_filter=Cluster.WithFaults*:Cluster.Gangs*"], capture_output=True, text=True,
                             env=dict(os.environ, WINNOW_SIMULATED=str(asked // 2)))
    tolls = [line.removeprefix("simulated: ") for line in process.stdout.splitlines() if line.startswith("simulated: ")]
    if process.returncode or len(tolls) != 2:
        sys.exit(f"FAILED: {process.stdout[-2000:]}{process.stderr[-2000:]}")
    print("\n".join(tolls))
    if keep_record:
        written("Simulated faults", [made_by(f"--simulated {asked}", build, time.time() - begin) + ": the scheduler and the agents' state machines of a real run against each other in "
                                     "virtual time, on random graphs and clusters, by seeds. In every one each stage ended exactly once, no result was accepted twice or lost, and nothing ran "
                                     "before its inputs.", "", f"- {tolls[0]}", f"- with gangs, some of them over several nodes: {tolls[1]}"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    parser.add_argument("--schedules", type=int, default=0, help="so many; 0: as few as make every kind hit")
    parser.add_argument("--at-once", type=int, default=0, help="so many side by side; 0: what two cores have room for")
    parser.add_argument("--minutes", type=float, default=0, help="begin no further schedule after so many; the outcome says how many there were")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--scene", choices=[scene.name for scene in KINDS], action="append", help="only this one; may be repeated")
    parser.add_argument("--simulated", type=int, default=0, help="so many random clusters in virtual time instead")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    if arguments.simulated:
        return simulated(arguments.build, arguments.simulated, arguments.record)
    if why := possible():
        print(f"skipped: no simulated nodes on this machine: {why}")
        sys.exit(77)
    os.environ.pop("TMPDIR", None)
    Case.cache = tempfile.mkdtemp(prefix="winnow-cache-", dir="/var/tmp")
    checked = subprocess.run([str(Path(arguments.build) / "bin/winnow"), "data", "check", "fashion-mnist"], capture_output=True, text=True,
                             env=dict(os.environ, WINNOW_CACHE=Case.cache))
    if checked.returncode:
        print("skipped: " + checked.stderr.strip())
        sys.exit(77)
    begin = time.time()
    reasons = not_possible()
    if not (Path(arguments.build) / "bin/winnow-train").exists():
        reasons.update(dict.fromkeys(KINDS[Training], "built without torch"))
    kinds = {scene: [kind for kind in made if kind not in reasons] for scene, made in KINDS.items() if not arguments.scene or scene.name in arguments.scene}
    kinds = {scene: made for scene, made in kinds.items() if made}
    hits = {kind: 0 for made in kinds.values() for kind in made}
    outcomes, wanted = [], {}
    due_once = set() if arguments.schedules or arguments.minutes else set(hits)

    def one(seed, scene, due):
        started = time.time()
        happened, runs = schedule(scene, arguments.build, seed, due, wanted[scene], arguments.keep)
        print(f"schedule {seed:3} {scene.name:8} {time.time() - started:5.1f} s  {runs} starts  {', '.join(happened)}", flush=True)
        return scene, happened, runs

    def all_of(chosen, count):
        for scene, happened, runs in side_by_side(chosen, count, one):
            outcomes.append((scene, happened, runs))
            for kind in happened:
                hits[kind] += 1

    def in_time(chosen):
        for seed, scene, due in chosen:
            if arguments.minutes and time.time() - begin > 60 * arguments.minutes:
                return
            due_once.update(due)
            yield seed, scene, due

    def missed():
        return {scene: due for scene in kinds if (due := [kind for kind in kinds[scene] if kind in due_once and hits[kind] == 0])}

    try:
        for scene in kinds:
            wanted[scene] = undisturbed(scene, arguments.build)
        if not arguments.schedules:
            all_of(in_time(until_all_hit(arguments.seed, kinds, hits)), 1)
        else:
            for scene in kinds:
                all_of(in_time(drawn(arguments.seed, arguments.schedules, scene, kinds[scene])), arguments.at_once or scene.side_by_side)
            all_of(once_more(arguments.seed + arguments.schedules, missed()), 1)
    except AssertionError as error:
        print(f"FAILED: {error}")
        sys.exit(1)
    finally:
        shutil.rmtree(Case.cache, ignore_errors=True)
    for kind, count in hits.items():
        print(f"{count:4} {kind}")
    print("not made: " + "; ".join(f"{kind} ({why})" for kind, why in reasons.items()))
    print(f"{len(outcomes)} schedules in {time.time() - begin:.0f} s")
    if never := [kind for due in missed().values() for kind in due]:
        sys.exit("FAILED: these were dealt and never hit a running stage: " + ", ".join(never))
    if arguments.record:
        words = f"--schedules {arguments.schedules}" + (f" --minutes {arguments.minutes:g}" if arguments.minutes else "") + "".join(f" --scene {name}" for name in arguments.scene or [])
        reasons.update({f"what is struck in {scene.name}": "not asked for, this time" for scene in KINDS if scene not in kinds})
        record(outcomes, hits, reasons, arguments.schedules, words, arguments.build, time.time() - begin)


if __name__ == "__main__":
    main()
