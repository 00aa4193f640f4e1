// What a sweep is refused for, and in which words: what, where, what is allowed, the nearest name.
#include "fixture.h"

namespace winnow::sweep {
namespace {

struct Case {
  const char* rest;  // after [base], dataset and model: line 4 on
  const char* message;
};

class Refusals : public SweepTest {
 protected:
  void expect(std::initializer_list<Case> cases) {
    for (const Case& bad : cases) EXPECT_EQ(refusal(sweep(bad.rest)), bad.message) << bad.rest;
  }
};

TEST_F(Refusals, UnknownKeysComeWithTheNearestOne) {
  expect({
      {"method = \"cc\"\ntrian = 3", "s.toml:5: unknown key 'trian' (did you mean 'train'?)"},
      {"method = \"cc\"\ntrain.epoch = 3", "s.toml:5: unknown key 'train.epoch' (did you mean 'train.epochs'?)"},
      {"method = \"cc\"\ndetect = { model = \"nano-clip\" }",
       "s.toml:5: unknown key 'detect.model': there is neither a group of settings nor an earlier stage of a recipe "
       "called 'detect'"},
      {"method = \"cc\"\nlabels = 5",
       "s.toml:5: unknown key 'labels': it is a table, with labels.balanced, labels.block, labels.count, "
       "labels.include_true, "
       "labels.keep_fraction, labels.kind, labels.law, labels.map, labels.pixels, "
       "labels.rate, labels.scorer.chunk, labels.scorer.epochs, labels.scorer.mode, labels.scorer.model, "
       "labels.scorer.seed, "
       "labels.scorer.template, labels.scorer.view, labels.scores, labels.seed, labels.set, labels.sigma, "
       "labels.size_law, labels.superclasses, labels.target"},
      {"[[override]]\nwhen = { methd = \"cc\" }\nset = { seed = 1 }",
       "s.toml:5: unknown key 'methd' (did you mean 'method'?)"},
      {"[[exclude]]\nsede = 1", "s.toml:5: unknown key 'sede' (did you mean 'seed'?)"},
      {"[[grids]]\nseed = [1]",
       "s.toml:4: unknown entry 'grids' (did you mean 'grid'?): a sweep has name, question, [base], [[grid]], "
       "[[override]], "
       "[[exclude]], [[claim]]; settings stand in [base] or a [[grid]]"},
  });
}

TEST_F(Refusals, ValuesOfTheWrongTypeOrOutOfRange) {
  expect({
      {"train.epochs = \"3\"", "s.toml:4: train.epochs: expected an integer of at least 1, got \"3\""},
      {"train.epochs = 0", "s.toml:4: train.epochs: expected an integer of at least 1, got 0"},
      {"train.epochs = 2.5", "s.toml:4: train.epochs: expected an integer of at least 1, got 2.5"},
      {"train.lr = -1", "s.toml:4: train.lr: expected a number of at least 0, got -1"},
      {"train.betas = 0.9", "s.toml:4: train.betas: expected an array of numbers in [0, 1), got 0.9"},
      {"labels.kind = \"flp\"",
       "s.toml:4: labels.kind: expected one of clean, flip, uniform, instance-candidates, symmetric, "
       "asymmetric, pairflip, structured, instance, annotated, got "
       "\"flp\" (did you mean 'flip'?)"},
      {"method = \"prodn\"",
       "s.toml:4: method: expected one of cc, ce, crdpll, proden, got \"prodn\" (did you mean 'proden'?)"},
      {"[[grid]]\nmodel = [\"nano-clop\"]",
       "s.toml:5: model: expected nano-clip, got \"nano-clop\" (did you mean 'nano-clip'?)"},
      {"[[grid]]\ndataset = [\"svhn\"]", "s.toml:5: dataset: expected fashion-mnist, got \"svhn\""},
      {"seed = 2020-01-01", "s.toml:4: dates and times are no settings"},
      {"[[override]]\nwhen = { method = \"dd\" }\nset = { seed = 1 }",
       "s.toml:5: method: expected one of cc, ce, crdpll, proden, got \"dd\" (did you mean 'cc'?)"},
      {"[[grid]]\ntrain.lr = [0.1]\ntrain.batch = [64, \"x\"]",
       "s.toml:6: train.batch: expected an integer of at least 1, got \"x\""},
  });
}

TEST_F(Refusals, AxesWhereNoAxisMayStandAndTheOtherWayRound) {
  expect({
      {"seed = [0, 1]",
       "s.toml:4: seed: expected an integer of at least 0, got [0,1]; an array of values is an axis and belongs in a "
       "[[grid]]"},
      {"labels = [{ kind = \"flip\" }]", "s.toml:4: base: labels is an array of values: an axis belongs in a [[grid]]"},
      {"[[grid]]\ntrain.betas = [0.9, 0.99]",
       "s.toml:5: train.betas: expected an array of numbers in [0, 1), got 0.9; in a grid an array-valued setting is "
       "nested "
       "once: [[...], [...]]"},
      {"[[grid]]\nmethod = []", "s.toml:5: grid 1: method has no values, so the grid has no experiments"},
      {"[[grid]]", "s.toml:4: grid 1 is empty: give it at least one setting"},
      {"[grid]\nseed = [1]", "s.toml:4: grid must be an array of tables, [[grid]]"},
      {"[[grid]]\nzip = [1, 2]", "s.toml:5: grid 1: zip is an array of tables"},
      {"[[grid]]\nlabels = [{ rate = 0.5 }]\nzip = [{ \"labels.rate\" = 0.1 }]",
       "s.toml:6: grid 1: labels.rate is set twice (also in line 5)"},
      {"\"labels.kind\" = \"flip\"\n[base.labels]\nkind = \"clean\"",
       "s.toml:6: base: labels.kind is set twice (also in line 4)"},
      {"[[override]]\nset = { seed = 1 }",
       "s.toml:4: override 1 has no condition, so it would match every experiment: use [base]"},
      {"[[override]]\nwhen = { seed = 1 }", "s.toml:4: override 1 sets nothing"},
      {"[[override]]\nwhen = { seed = 1 }\nalso = 1",
       "s.toml:6: override 1: unknown entry 'also': an override has when = {...} and set = {...}"},
      {"[[exclude]]", "s.toml:4: exclude 1 has no condition, so it would match every experiment"},
  });
}

TEST_F(Refusals, EqualExperimentsAreNamed) {
  expect({
      {"method = \"cc\"\n[[grid]]\nseed = [0, 1, 0]", "s.toml:5: experiments 0 (s.toml:5) and 2 are equal: seed = 0"},
      {"[[grid]]\nmethod = [\"cc\", \"proden\"]\n[[grid]]\nmethod = [\"crdpll\", \"cc\"]",
       "s.toml:6: experiments 0 (s.toml:4) and 3 are equal: method = \"cc\""},
      {"method = \"cc\"\n[[grid]]\nprofile = [\"intended\", \"reference\", \"reference\"]",
       "s.toml:5: experiments 1 (s.toml:5) and 2 are equal: profile = \"reference\""},
      // An integer where a real is declared is that real.
      {"method = \"cc\"\n[[grid]]\nscale = [25, 25.0]", "s.toml:5: experiments 0 (s.toml:5) and 1 are equal"},
  });
  EXPECT_EQ(refusal(sweep("method = \"cc\"\n[[grid]]\nseed = [0, 1]"), {"seed=3"}),
            "s.toml:5: experiments 0 (s.toml:5) and 1 are equal; the axis seed is overruled by --set (--set seed=3)");
}

TEST_F(Refusals, KeysThatDoNotApply) {
  expect({
      {"[[grid]]\nmethod = [\"cc\", \"proden\"]\nconf_source = [\"pre-step\", \"post-step\"]",
       "s.toml:6: conf_source = \"pre-step\" cannot be an axis here: method cc has no such key (crdpll, proden have)"},
      {"method = \"cc\"\nconf_source = \"pre-step\"",
       "s.toml:5: conf_source applies to no experiment of the sweep: it is a key of crdpll, proden"},
      {"method = \"cc\"\nlabels.rate = 0.5",
       "s.toml:5: labels.rate applies to no experiment of the sweep: it exists only where labels.kind = flip or "
       "instance-candidates or symmetric or asymmetric or pairflip or structured or instance"},
      {"[[grid]]\nmethod = [\"cc\"]\nlabels = [{ kind = \"clean\", rate = 0.5 }]",
       "s.toml:6: labels.rate = 0.5 cannot be an axis here: it exists only where labels.kind = flip or "
       "instance-candidates or symmetric or asymmetric or pairflip or structured or instance"},
  });
}

TEST_F(Refusals, WhatAnExperimentNeeds) {
  expect({
      {"seed = 1", "s.toml: method is not set"},
      {"[[grid]]\nmethod = [\"cc\"]\nlabels.kind = \"flip\"",
       "s.toml:4: labels.rate is not set, needed where labels.kind = flip or instance-candidates or symmetric or "
       "asymmetric "
       "or pairflip or structured or instance: "
       "expected a number in [0, 1]"},
      {"[[grid]]\nmethod = [\"cc\", \"ce\"]\nlabels = [{ kind = \"flip\", rate = 0.5 }]",
       "s.toml:5: method ce learns from one given label, labels.kind = flip gives candidate sets; able to: cc, crdpll, "
       "proden"},
      {"method = \"cc\"\n[[exclude]]\nmethod = \"cc\"", "s.toml: every experiment is excluded"},
  });
  catalogue_.fingerprints.clear();
  EXPECT_EQ(refusal(sweep("method = \"cc\"")),
            "s.toml:2: no fingerprint of fashion-mnist on this machine: run `winnow data check fashion-mnist` once");
}

TEST_F(Refusals, ReferencesThatLeadNowhere) {
  expect({
      {"method = \"cc\"\ndata.seed = \"=sed\"", "s.toml:5: unknown key 'sed' (did you mean 'seed'?)"},
      {"method = \"cc\"\ndata.seed = \"=labels.rate\"",
       "s.toml:5: data.seed = \"=labels.rate\", but labels.rate has no value in this experiment"},
      {"method = \"cc\"\ndata.seed = \"=labels.seed\"\nlabels = { kind = \"flip\", rate = 0.5, seed = \"=data.seed\" }",
       "s.toml:5: data.seed refers to itself"},
      {"method = \"cc\"\ndata.seed = \"=train.lr\"",
       "s.toml:5: data.seed: expected an integer of at least 0, got 0.0005"},
      {"method = \"=model\"", "s.toml:4: method: a reference (\"=model\") cannot stand here"},
  });
}

TEST_F(Refusals, OnTheCommandLine) {
  std::string good = sweep("method = \"cc\"");
  EXPECT_EQ(refusal(good), "accepted");
  EXPECT_EQ(refusal(good, {"train.epochs"}), "--set train.epochs: expected KEY=VALUE");
  EXPECT_EQ(refusal(good, {"train.epoch=1"}),
            "--set train.epoch=1: unknown key 'train.epoch' (did you mean 'train.epochs'?)");
  EXPECT_EQ(refusal(good, {"train.epochs=x y"}), "--set train.epochs=x y: 'x y' is no TOML value");
  EXPECT_EQ(refusal(good, {"train.epochs=many"}),
            "--set train.epochs=many: train.epochs: expected an integer of at least 1, got \"many\"");
  EXPECT_EQ(refusal(good, {"labels.rate=0.5"}),
            "--set labels.rate=0.5: labels.rate applies to no experiment of the sweep: it exists only where "
            "labels.kind = flip "
            "or instance-candidates or symmetric or asymmetric or pairflip or structured or instance");
}

TEST_F(Refusals, OfTheFileAsAWhole) {
  EXPECT_EQ(
      refusal("name = \"a b\"\n" + sweep("method = \"cc\"")),
      "s.toml: the sweep's name 'a b' must consist of letters, digits, '-', '_' and '.': folders are called after it");
  EXPECT_EQ(refusal("x = ["), "s.toml:1: not TOML: Error while parsing array: encountered end-of-file");
  std::string wide = sweep("method = \"cc\"\n[[grid]]\n");
  for (const char* key : {"seed", "data.seed", "train.epochs", "train.batch", "data.samples"}) {
    wide += "\"" + std::string(key) + "\" = [1";
    for (int i = 2; i <= 100; ++i) wide += ", " + std::to_string(i);
    wide += "]\n";
  }
  EXPECT_EQ(refusal(wide), "s.toml:5: with this grid the sweep has more than 4294967294 combinations");
  EXPECT_THROW(Plan::read("absent.toml", catalogue_), DataError);
}

// nan compares with nothing, and -0 is shown as if it were something.
TEST_F(Refusals, AClaimsThresholdIsANumber) {
  auto claim = [&](const std::string& rest) {
    return refusal(
        sweep("labels = { kind = \"clean\" }\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n[[claim]]\nstatement = \"s\"\n" +
              rest));
  };
  const std::string sides = "better = { method = \"proden\" }\nworse = { method = \"cc\" }\n";
  EXPECT_EQ(claim(sides + "effect = 0.5"), "accepted");
  EXPECT_EQ(claim(sides + "effect = nan"), "s.toml:11: claim 1: effect: expected a number in [-1e+09, 1e+09], got nan");
  EXPECT_EQ(claim(sides + "alpha = inf"), "s.toml:11: claim 1: alpha: expected a number in [1e-06, 0.5], got inf");
  EXPECT_EQ(claim("better = { method = \"cc\" }\nworse = { method = \"cc\" }\n"),
            "s.toml:7: claim 1 compares experiments with themselves: better and worse are the same");
  plan(sweep("labels = { kind = \"clean\" }\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n[[claim]]\nstatement = \"s\"\n" +
             sides + "effect = -0.0"));
  EXPECT_FALSE(std::signbit(
      plan(
          sweep(
              "labels = { kind = \"clean\" }\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n[[claim]]\nstatement = \"s\"\n" +
              sides + "effect = -0.0"))
          .claims()
          .at(0)
          .effect));
}

}  // namespace
}  // namespace winnow::sweep
