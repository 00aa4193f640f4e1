#!/usr/bin/env python3
"""winnow simulate as a program: what it knows of a store where stages ran, and what it says where nothing did.

    tests/system/simulate.py --build build [NAME...]
"""
import json
from html.parser import HTMLParser

from case import SWEEP, Case, contains, each, equal


class Bars(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.bars = 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.bars += tag == "rect" and dict(attributes).get("class", "").startswith("bar ")


def simulated(case, *options):
    return json.loads(case.winnow("simulate", case.sweep, "--store", case.store, "--from-scratch", *options, "--json"))


def where_nothing_ran_it_asks_for_a_duration(case):
    case.store.mkdir()
    contains(case.winnow("simulate", case.sweep, "--store", case.store, code=2), "say how long one takes (--seconds)")
    found = simulated(case, "--seconds", 600, "--slots", 4)
    equal(found["stages"]["done"], 13, "12 experiments and a backbone")
    equal(found["basis"], {"kinds": 3, "guessed": 3, "stages": 0}, "basis")


def what_ran_tells_how_long_the_rest_takes(case):
    code, text = case.run(ranks=0)
    equal(code, 0, text)
    case.sweep.write_text(SWEEP.format(seeds=list(range(100))))
    found = simulated(case, "--slots", 2)
    equal(found["stages"]["done"], 388, "seeds 3 to 99 of 4 experiments")
    equal(found["basis"], {"kinds": 2, "guessed": 0, "stages": 12}, "basis")
    assert found["makespan"] >= found["bound"] > 0


def a_page_shows_every_attempt(case):
    case.store.mkdir()
    page = case.folder / "forecast.html"
    text = case.winnow("simulate", case.sweep, "--store", case.store, "--seconds", 600, "--nodes", 2, "--crashes", 0.3, "--seed", 5, "--html", page)
    contains(text, "2 nodes of 1 slot")
    bars = Bars(page.read_text()).bars
    assert bars > 13, f"{bars} bars: crashes are attempts, too"


def a_page_takes_the_place_of_a_page_alone(case):
    case.store.mkdir()
    page, sweep = case.folder / "forecast.html", case.sweep.read_text()
    for _ in range(2):
        case.winnow("simulate", case.sweep, "--store", case.store, "--seconds", 600, "--html", page)
    for file in (case.sweep, case.store):
        contains(case.winnow("simulate", case.sweep, "--store", case.store, "--seconds", 600, "--html", file, code=2), "it is there already, and is no page")
    equal(case.sweep.read_text(), sweep, "the sweep")


def numbers_that_are_none_are_refused(case):
    case.store.mkdir()
    for words, said in ((("--node-life", "nan"), "--node-life: nan is no finite number"), (("--spread", "nan"), "--spread: nan is no finite number"),
                        (("--seconds", "0"), "--seconds: 0 is not above 0"), (("--seconds", "1e18"), "not in range"), (("--node-back", "-1"), "-1 is below 0"),
                        (("--html", ""), "--html: its value is empty"), (("--nodes", "100000", "--slots", "1024"), "at most 1000000 are allowed")):
        text = case.winnow("simulate", case.sweep, "--store", case.store, *(() if "--seconds" in words else ("--seconds", "600")), *words, code=2)
        contains(text, said)
        equal(text.strip().count("\n"), 0, "further lines: " + text)


def it_finds_how_many_nodes_are_enough(case):
    case.store.mkdir()
    found = simulated(case, "--seconds", 3600, "--slots", 2, "--within", 5, "--spread", 0)
    assert found["makespan"] <= 5 * 3600 and found["nodes"] == 2, found
    fewer = simulated(case, "--seconds", 3600, "--slots", 2, "--nodes", found["nodes"] - 1, "--spread", 0)
    assert fewer["makespan"] > 5 * 3600, fewer
    contains(case.winnow("simulate", case.sweep, "--store", case.store, "--seconds", 3600, "--within", 1, code=2), "its longest chain of stages, or what is lost on the way, takes longer")


def mistakes_are_one_line(case):
    case.store.mkdir()
    for options, said in [(["--nodes", 0], "--nodes"), (["--spread", -1], "--spread"), (["--within", 3, "--nodes", 2], "--within"),
                          (["--seconds", "soon"], "--seconds"), (["--seconds", 60, "--set", "width=4", "--slots", 2], "width = 4 needs 4 slots, and all nodes together have 2: say --slots or --nodes"), (["--store", case.folder / "gone"], "there is no such folder")]:
        text = case.winnow("simulate", case.sweep, *([] if "--store" in options else ["--store", case.store]), *options, code=2)
        contains(text, said)
        equal(len(text.strip().splitlines()), 1, text)


if __name__ == "__main__":
    each([where_nothing_ran_it_asks_for_a_duration, what_ran_tells_how_long_the_rest_takes, a_page_shows_every_attempt,
          a_page_takes_the_place_of_a_page_alone, numbers_that_are_none_are_refused, it_finds_how_many_nodes_are_enough, mistakes_are_one_line], Case)
