#!/usr/bin/python3
"""The commands that start nothing: what they print, and how they refuse (one line, exit code 2, nothing written)."""
import argparse
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SWEEP = """
[base]
dataset = "fashion-mnist"
model = "nano-clip"
[[grid]]
method = ["cc", "proden"]
seed = [0, 1]
"""

REFUSALS = [
    (["plann"], "winnow: unknown command 'plann' (did you mean 'plan'?); see winnow --help"),
    (["plan", "absent.toml"], "winnow: cannot open absent.toml: No such file or directory"),
    (["plan", "s.toml", "--jsn"], "winnow: winnow plan: not understood: --jsn (did you mean '--json'?); see winnow plan --help"),
    (["plan", "s.toml", "--set", "seed"], "winnow: --set seed: expected KEY=VALUE"),
    (["plan", "s.toml", "--explain", "sed"], "winnow: --explain: no experiment has a setting 'sed' (did you mean 'seed'?)"),
    (["plan", "s.toml", "--store", "s.toml"], "winnow: --store s.toml is no folder"),
    (["plan", "utf16.toml"], "winnow: utf16.toml: a text in UTF-16; save it in UTF-8"),
    (["report", "s.toml", "--format", "pdf"], "winnow: report: unknown format 'pdf': expected terminal, markdown, latex, csv, json"),
    (["report", "s.toml", "--table", "absent.toml"], "winnow: cannot open absent.toml: No such file or directory"),
    (["report", "s.toml", "--metric", "detct.selection_f1"], "winnow: the sweep s has no stage 'detct': it has backbone, train"),
    (["status"], "winnow: no run has written into results yet: start one with `winnow run SWEEP --store results`"),
    (["status", "--watch", "--json"], "winnow: --watch is for a terminal and --json for scripts: choose one of them"),
    (["status", "--watch"], "winnow: --watch redraws a terminal, and standard output is none: leave it out, or say --json"),
    (["report", "s.toml", "--rule", "lst"], "winnow: unknown rule 'lst' (did you mean 'last'?); known: last, best, validation"),
    (["report", "s.toml", "--store", "typo"], "winnow: --store typo: there is no such folder"),
    (["report", "s.toml", "--store", "cahe"], "winnow: --store cahe: there is no such folder (did you mean 'cache'?)"),
    (["report", "s.toml", "--store", "s.toml"], "winnow: --store s.toml is no folder"),
    (["report", "s.toml", "--reference", "typo"], "winnow: --reference typo: there is no such folder"),
    (["show", "s.toml", "--store", "typo"], "winnow: --store typo: there is no such folder"),
    (["show", "00ff", "--store", "typo"], "winnow: --store typo: there is no such folder"),
    (["status", "typo"], "winnow: no run has written into typo yet: start one with `winnow run SWEEP --store typo`"),
    (["fsck", "--store", "typo"], "winnow: --store typo: there is no such folder"),
    (["store", "cahe"], "winnow: --store cahe: there is no such folder (did you mean 'cache'?)"),
    (["store", "prune"], "winnow: winnow store: SWEEP is required; see winnow store --help"),
    (["pack", "--store", "cahe"], "winnow: --store cahe: there is no such folder (did you mean 'cache'?)"),
    (["report", "a\x1b[31m\nb.toml"], "winnow: cannot open a\\u001b[31m b.toml: No such file or directory"),
    (["show", "00ff"], "winnow: show: 00ff is neither a file nor the beginning of an identity in results"),
    (["data", "check", "fashion-mnst"], "winnow: unknown data set 'fashion-mnst' (did you mean 'fashion-mnist'?); known: caltech101, caltech101-val"),
    (["data", "templates", "a", "s.toml", "--dataset", "fashion-mnist", "--json"], "winnow: winnow data: not understood: --json; see winnow data --help"),
    (["data", "templates", "plain", "s.toml", "--dataset", "fashion-mnist"], "winnow: name of templates: plain means each data set's own prompt"),
    (["cancel", "--sweep", ""], "winnow: winnow cancel: --sweep: its value is empty; see winnow cancel --help"),
    (["show", ""], "winnow: winnow show: RUN|SWEEP: its value is empty; see winnow show --help"),
    (["run", "s.toml", "--grace", "nan"], "winnow: winnow run: --grace: nan is no finite number; see winnow run --help"),
    (["doctor", "data", "cub"], "winnow: unknown data set 'cub'"),
    (["data", "check", "cub-200", "--root", "nowhere"], "winnow: data set cub-200: no folder nowhere; download it from https://www.vision.caltech.edu"),
]


def class_texts(run, file):
    """A file of templates: refused by plan before it is recorded, then part of the identities by its content."""
    def trained(*words):
        """Identities of the cells; of what is missing here, none."""
        result = run("plan", "s.toml", "--json", *words)
        return [e["stage"] for e in json.loads(result.stdout)["experiments"]] if result.returncode == 0 else result.stderr
    def record(text):
        file.write_text(json.dumps({"format": "winnow-templates/1", "dataset": "Fashion-MNIST", "source": "by hand", "templates": ["a {}."], "classes": {"bag": [text]}}))
        return run("data", "templates", "mine", str(file), "--dataset", "fashion-mnist")

    chosen = ("--set", 'template="mine"')
    assert trained(*chosen) == [None] * 4, trained(*chosen)
    assert "winnow data templates mine FILE --dataset fashion-mnist" in run("plan", "s.toml", *chosen).stdout
    for command in ("run", "report", "show"):
        refused = run(command, "s.toml", *chosen)
        assert refused.returncode == 2 and refused.stderr.count("\n") == 1, (command, refused)
        assert "template: 'mine' has no {} for the class name, and is no set of templates of fashion-mnist" in refused.stderr, refused
    assert record("a hand bag").stdout.startswith("templates mine: 1 for every class, 11 texts of all classes"), record("a hand bag")
    first = trained(*chosen)
    assert len(first) == 4 and not set(first) & set(trained()), first
    assert "templates mine" in run("doctor", "data", "fashion-mnist").stdout
    record("a paper bag")
    assert not set(first) & set(trained(*chosen)), "other texts, the same stages"
    record("a hand bag")
    assert trained(*chosen) == first
    record("a bag of so many words that a small model has no room for all of them")
    refused = run("plan", "s.toml", *chosen)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "nano-clip takes 16" in refused.stderr, refused
    described = file.with_name("described.toml")
    described.write_text('name = "d"\n[base]\ndataset = "fashion-mnist"\nmodel = "nano-clip"\nmethod = "lafter"\ndescriptions = "llm"\n')
    refused = run("plan", described.name)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "nano-clip takes 16" in refused.stderr, refused
    described.unlink()
    file.write_text("{}")
    refused = run("data", "templates", "mine", str(file), "--dataset", "fashion-mnist")
    assert refused.returncode == 2 and "no file of templates" in refused.stderr, refused
    file.unlink()


def refused_once(winnow, folder, environment):
    """launch/mpirun starts a run that crashed again, and none that was refused: one line, at once."""
    for words, code in ((["nothing.toml"], 2), (["s.toml", "--slots", "1"], 2), (["--help"], 0)):
        result = subprocess.run([SOURCE / "launch/mpirun", "-n", "1", winnow, "run", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert result.returncode == code and result.stderr.count("\n") == (1 if code else 0), (words, result)


def empty_machine(winnow, folder):
    """Every sweep is planned where nothing was ever checked; nothing open is told as an identity, done, or run."""
    environment = dict(os.environ, WINNOW_CACHE=str(pathlib.Path(folder) / "nothing"))

    def run(*words):
        return subprocess.run([winnow, *words], cwd=folder, env=environment, capture_output=True, text=True)

    for sweep in sorted((SOURCE / "sweeps").rglob("*.toml")):
        if "presets" in sweep.parts:
            continue
        result = run("plan", sweep, "--json")
        assert result.returncode == 0, (sweep, result.stderr)
        plan = json.loads(result.stdout)
        assert plan["experiments"] and plan["missing"], sweep
        assert all(experiment["stage"] is None for experiment in plan["experiments"]), sweep
        for stage in plan["stages"]:
            assert stage["identity"] is None and stage["done"] is False, (sweep, stage)
            assert "open:" not in json.dumps(stage) and all(entry["stage"] is None for entry in stage["inputs"].values()), (sweep, stage)
        first = sweep.parent.name == "partialclip" and sweep.name == "table-1.toml"
        if first:
            assert len(plan["experiments"]) == 56, len(plan["experiments"])
            text = run("plan", sweep).stdout
            assert "winnow data check cifar-10 --root FOLDER" in text and "winnow model check clip-vit-b-16 --root FOLDER" in text, text
        for command in ("run", "report", "show") if first else ():
            refused = run(command, sweep)
            assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "winnow model check clip-vit-b-16" in refused.stderr, (command, refused)
    for left in ("results", "nothing"):             # `run` names its store before it reads the sweep
        shutil.rmtree(pathlib.Path(folder) / left, ignore_errors=True)


def methods(run):
    listed = run("method", "list").stdout
    for name in json.loads(run("method", "list", "--json").stdout):
        assert f"  {name['name']} " in listed and name["source"] in listed, name
        shown = run("method", "show", name["name"]).stdout
        assert name["source"] in shown and all(f"  {key['key']} = " in shown for key in name["keys"]), shown
        pathlib.Path(run.folder, "m.toml").write_text('[base]\ndataset = "fashion-mnist"\nmodel = "nano-clip"\n' + name["example"])
        planned = run("plan", "m.toml")
        assert planned.returncode == 0, (name, planned.stderr)
    pathlib.Path(run.folder, "m.toml").unlink()
    assert "method show: unknown method 'prodn' (did you mean 'proden'?); known: able," in run("method", "show", "prodn").stderr


def output(winnow, folder, environment):
    """What cannot be written is no success; a reader that has seen enough is; the page is there whatever becomes of the table."""
    def run(words, **how):
        return subprocess.run([winnow, *words], cwd=folder, env=environment, text=True, stderr=subprocess.PIPE, **how)

    listing = (["report", "s.toml", "--format", "csv"], ["report", "s.toml"], ["plan", "s.toml"], ["show", "s.toml"], ["method", "list"], ["--help"], ["--version"], ["doctor"])
    for words in listing:
        with open("/dev/full", "w") as full:
            result = run(words, stdout=full)
        assert result.returncode == 1 and "cannot write to standard output: No space left on device" in result.stderr, (words, result)
        closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", winnow, *words], cwd=folder, env=environment, text=True, stderr=subprocess.PIPE)
        assert closed.returncode == 1 and "cannot write" in closed.stderr, (words, closed)
    page = pathlib.Path(folder) / "results" / "reports" / "s" / "index.html"
    assert not page.exists()
    reader, writer = os.pipe()
    os.close(reader)
    result = run(["report", "s.toml", "--html"], stdout=writer)
    os.close(writer)
    assert result.returncode == 0 and page.exists(), result
    page.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    winnow = pathlib.Path(parser.parse_args().build) / "bin" / "winnow"
    with tempfile.TemporaryDirectory() as folder:
        cache = pathlib.Path(folder) / "cache" / "datasets"
        cache.mkdir(parents=True)
        environment = dict(os.environ, WINNOW_CACHE=str(cache.parent))
        (pathlib.Path(folder) / "s.toml").write_text(SWEEP)
        (pathlib.Path(folder) / "utf16.toml").write_bytes(SWEEP.encode("utf-16"))

        def run(*words):
            return subprocess.run([winnow, *words], cwd=folder, env=environment, capture_output=True, text=True)

        run.folder = folder
        if run("data", "check", "fashion-mnist").returncode != 0:
            print("skipped: needs the package dataset-fashion-mnist: run launch/setup")
            sys.exit(77)
        for words, message in REFUSALS:
            result = run(*words)
            assert result.returncode == 2, (words, result)
            assert result.stderr.splitlines()[0].startswith(message) and result.stderr.count("\n") == 1, (words, result.stderr)
        for command in ("plan", "run", "status", "report", "show", "store", "fsck", "data", "method", "model", "doctor"):
            text = run(command, "--help").stdout
            assert "Examples:" in text, command
            assert command in run("--help").stdout
        output(winnow, folder, environment)
        plan = json.loads(run("plan", "s.toml", "--json").stdout)
        assert len(plan["experiments"]) == 4 and len(plan["stages"]) == 5, plan
        assert plan["experiments"][3]["settings"]["method"] == "proden"
        assert plan["experiments"][3]["stage"] in [stage["identity"] for stage in plan["stages"]]
        assert len(run("report", "s.toml", "--format", "csv").stdout.splitlines()) == 5
        for name in sorted(path.stem for path in (SOURCE / "results/reference").glob("*.csv")):  # a committed outcome is of the stages that the sweep has today
            planned = [e["stage"] for e in json.loads(run("plan", SOURCE / f"sweeps/{name}.toml", "--json").stdout)["experiments"]]
            rows = list(csv.DictReader((SOURCE / f"results/reference/{name}.csv").read_text().splitlines()))
            assert [row["identity"] for row in rows] == planned, f"results/reference/{name}.csv is of other stages: run launch/reference {name}"
            assert all(len(row["digest"]) == 32 for row in rows), f"results/reference/{name}.csv has rows without a result digest: run launch/reference {name}"
        assert json.loads(run("show", "s.toml", "--json").stdout)[0]["done"] is False
        assert json.loads(run("doctor", "--json").stdout)
        known = {entry["name"]: entry for entry in json.loads(run("data", "list", "--json").stdout)}
        assert known["fashion-mnist"]["train"] == 60000 and known["cub-200"]["fingerprint"] is None, known
        shown = json.loads(run("doctor", "data", "fashion-mnist", "--json").stdout)
        assert len(shown["files"]) == 4 and all(file["there"] for file in shown["files"]), shown
        empty_machine(winnow, folder)
        refused_once(winnow, folder, environment)
        methods(run)
        record = cache / "fashion-mnist.json"     # what `data check` noted is said again where the data set is used
        kept = record.read_text()
        record.write_text(json.dumps(dict(json.loads(kept), notes=["class 3 (dress) has no training image"])))
        assert "note: fashion-mnist: class 3 (dress) has no training image" in run("plan", "s.toml").stdout
        assert json.loads(run("plan", "s.toml", "--json").stdout)["notes"] == ["fashion-mnist: class 3 (dress) has no training image"]
        record.write_text(kept)
        class_texts(run, pathlib.Path(folder) / "texts.json")
        (pathlib.Path(folder) / "cub").mkdir()
        (pathlib.Path(folder) / "cub" / "images.txt").write_text("1 a.jpg\n")
        text = run("doctor", "data", "cub-200", "--root", "cub").stdout
        assert "there    images.txt" in text and "missing  train_test_split.txt" in text and "5994 training" in text, text
        (pathlib.Path(folder) / "cub" / "images.txt").unlink()
        (pathlib.Path(folder) / "cub").rmdir()
        root = pathlib.Path(folder) / "own"  # what was checked, and then damaged
        shutil.copytree(shown["root"], root)
        assert run("data", "check", "fashion-mnist", "--root", "own").returncode == 0
        assert run("doctor", "data", "fashion-mnist").returncode == 0
        labels = next(root.glob("train-labels*"))
        labels.write_bytes(labels.read_bytes()[:-100])
        said = run("doctor", "data", "fashion-mnist")
        assert said.returncode == 1 and "\ncorrupt  " in said.stdout and labels.name in said.stdout, said
        shutil.rmtree(root)
        assert sorted(os.listdir(folder)) == ["cache", "s.toml", "utf16.toml"], "a command that starts nothing wrote something"


if __name__ == "__main__":
    main()
