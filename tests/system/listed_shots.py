#!/usr/bin/env python3
"""Few labelled images of a semi-supervised run, out and in again: CoFT draws them, `winnow show --shots` writes them from the cell and from every stage
that was told of them, `winnow data shots` records the list, and a sweep that names it computes the same; of other images it does not. Real training, small.
Needs nano-clip's run file in results/reference.

    tests/system/listed_shots.py --build build
"""
import json

from case import Case, contains, equal, story

SWEEP = """
name     = "listed"
question = "Are the labelled images of a run those of its list?"

[base]
dataset = "fashion-mnist"
data    = { samples = 300, test_samples = 200 }
model   = "nano-clip"
seed    = 0
method  = "coft"
k       = 4
p1      = { vpt_len = 2, context_length = 2, train = { epochs = 2, batch = 16 } }
train   = { epochs = 1, min_steps = 0 }
labelled_shots = 2
"""


class Listed(Case):
    def __init__(self, build):
        super().__init__(build)
        self.sweep.write_text(SWEEP)
        self.lists = 0

    def command(self, *options, ranks=0, trainer=()):
        return [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]

    def computed(self, *options):
        """The stages of the sweep that learn or are told something, after a run."""
        code, text = self.run(*options, timeout=300)
        equal(code, 0, "exit code: " + text)
        stages = json.loads(self.winnow("plan", self.sweep, "--store", self.store, "--json", *options))["stages"]
        return [stage for stage in stages if stage["kind"] in ("select", "cross-filter", "train", "ensemble")]

    def tables(self, stage):
        """All figures of a stage: losses of its steps, selections, accuracies."""
        return json.loads(self.winnow("show", stage["identity"], "--store", self.store, "--json"))["tables"]

    def shots(self, identity):
        self.lists += 1
        file = self.folder / f"{self.lists}.json"
        self.winnow("show", identity, "--store", self.store, "--shots", file)
        return json.loads(file.read_text())

    def record(self, name, places):
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(places))
        contains(self.winnow("data", "shots", name, file, "--dataset", "fashion-mnist"), f"{len(places)} labelled images")


def out_and_in_again(case):
    case.winnow("data", "check", "fashion-mnist")
    drawn = case.computed()
    equal(len(drawn), 8, "stages that learn or are told something")
    lists = [case.shots(stage["identity"]) for stage in drawn]
    places = lists[0]
    equal([places] * len(lists), lists, "lists of all stages")
    equal(len(places), 20, "two images of each class")
    select = next(stage for stage in drawn if stage["kind"] == "select")
    scores = select["inputs"]["scores"]["stage"]
    contains(case.winnow("show", scores, "--store", case.store, "--shots", case.folder / "none.json", code=2),
             "was told the labels of few images (data.shots, labelled_shots)")

    case.record("mine", places)
    listed = case.computed("--set", 'data.shot_list="mine"')
    equal([stage["kind"] for stage in listed], [stage["kind"] for stage in drawn], "stages")
    for mine, theirs in zip(listed, drawn):
        equal(case.tables(mine), case.tables(theirs), f"figures of a {mine['kind']}")
        if mine["identity"] == theirs["identity"]:
            raise AssertionError("a listed choice and a drawn one are one stage")
    equal(case.shots(listed[-1]["identity"]), places, "images of the cell of the list")

    case.record("half", places[:10])
    contains(case.winnow("plan", case.sweep, "--store", case.store, "--set", 'data.shot_list="hlf"'), "did you mean 'half'")
    contains(case.winnow("plan", case.sweep, "--store", case.store, "--set", 'data.shot_list="half"', code=2), "it has 10 images, and labelled_shots = 2 of 10 classes are 20")
    case.record("other", places[1:] + [next(place for place in range(20_000, 60_000) if place not in places)])
    code, text = case.run("--set", 'data.shot_list="other"', "--max-failures", 1, timeout=300)
    equal(code != 0, True, "a list of an image that is none of the samples computes")
    contains(text, "data.shot_list: 1 of its 20 images are none of the 300 training samples")
    case.close()


if __name__ == "__main__":
    story(out_and_in_again, Listed)
