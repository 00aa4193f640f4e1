// Plan refuses what every stage would refuse for want of samples, with key, place and the number that there is.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Samples : public SweepTest {
 protected:
  Samples() { catalogue_ = whole_catalogue(); }
  // CIFAR-10: 50,000 training and 10,000 test samples of 10 classes.
  std::string with(const std::string& rest) const {
    return refusal("[base]\ndataset = \"cifar-10\"\nmodel = \"clip-vit-b-16\"\nmethod = \"cc\"\n" + rest);
  }
};

TEST_F(Samples, AsManyAsThereAre) {
  EXPECT_EQ(with("data.samples = 50000\ndata.test_samples = 10000\ntrain.batch = 50000"), "accepted");
  EXPECT_EQ(with("data.samples = 50001"), "s.toml:5: data.samples = 50001: cifar-10 has 50000 training samples");
  EXPECT_EQ(with("data.test_samples = 10001"), "s.toml:5: data.test_samples = 10001: cifar-10 has 10000 test samples");
  EXPECT_EQ(with("data.first = 20000\ndata.samples = 30000"), "accepted");
  EXPECT_THAT(with("data.first = 20000\ndata.samples = 30001"),
              HasSubstr("s.toml:6: data.samples = 30001: cifar-10 has 30000 training samples with data.first = 20000"));
  EXPECT_EQ(with("data.first = 50000"), "s.toml:5: data.first = 50000: cifar-10 has 50000 training samples");
  EXPECT_EQ(with("data.last = 50001"), "s.toml:5: data.last = 50001: cifar-10 has 50000 training samples");
  EXPECT_EQ(with("data.first = 7\ndata.last = 7"),
            "s.toml:5: data.first = 7: no sample lies between it and data.last = 7");
}

TEST_F(Samples, ABatchIsNoLargerThanWhatIsTrainedOn) {
  EXPECT_EQ(with("data.samples = 100\ntrain.batch = 101"),
            "s.toml:6: train.batch = 101: larger than the 100 training samples");
  EXPECT_EQ(with("data.samples = 100\ndata.validation = 0.5\ntrain.batch = 51"),
            "s.toml:7: train.batch = 51: larger than the 50 training samples");
  EXPECT_THAT(with("data.samples = 60"), HasSubstr("train.batch = 64: larger than the 60 training samples"))
      << "the default, too";
  EXPECT_THAT(with("[[grid]]\ntrain.batch = [64, 50001]\nseed = [0, 1]"), HasSubstr("s.toml:6: train.batch = 50001"))
      << "every row of an axis";
  EXPECT_THAT(refusal("[base]\ndataset = \"cifar-10\"\nmodel = \"clip-vit-b-16\"\nmethod = \"detect-train\"\nlabels = "
                      "{ kind = \"symmetric\", rate = 0.2 }\n"
                      "data.samples = 100\ndetect = { method = \"gmm\", train = { batch = 101 } }\n"),
              HasSubstr("s.toml:7: detect.train.batch = 101: larger than the 100 training samples"));
}

TEST_F(Samples, AValidationSplitHasOneAndLeavesOne) {
  EXPECT_EQ(with("data.samples = 100\ndata.validation = 0.005"),
            "s.toml:6: data.validation = 0.005: of 100 training samples that is not one");
  EXPECT_EQ(with("data.samples = 200\ndata.validation = 0.005"), "accepted");
}

TEST_F(Samples, ALongTailLeavesNoClassEmpty) {
  EXPECT_EQ(with("data.long_tail = 0.01"), "accepted");
  EXPECT_EQ(with("data.samples = 500\ndata.long_tail = 0.01"),
            "s.toml:6: data.long_tail = 0.01: 500 training samples of 10 classes: the last class keeps none");
  EXPECT_THAT(with("data.samples = 2000\ndata.long_tail = 0.01\ntrain.batch = 500"),
              HasSubstr("s.toml:7: train.batch = 500: larger than the"));
}

TEST_F(Samples, WhatIsNotKnownIsNotRefused) {
  catalogue_.datasets.at("cifar-10").train = catalogue_.datasets.at("cifar-10").test = 0;
  EXPECT_EQ(with("data.samples = 50000000\ndata.test_samples = 5000000"), "accepted");
  EXPECT_THAT(with("data.samples = 100\ntrain.batch = 101"), HasSubstr("larger than the 100"));
  EXPECT_EQ(with("data.last = 100\ndata.samples = 101"),
            "s.toml:6: data.samples = 101: from data.first = 0 to data.last = 100 there are 100");
}

TEST_F(Samples, TheNumbersOfThisMachineCount) {
  catalogue_.datasets.at("cifar-10").train = 49;
  EXPECT_THAT(with("train.batch = 50"), HasSubstr("larger than the 49 training samples"));
}

// The generator of the law numpy-legacy takes 32 bits: a larger seed would be another's.
TEST_F(Samples, SeedsOfTheLegacyLawHave32Bits) {
  std::string legacy = "labels = { kind = \"flip\", rate = 0.3, law = \"numpy-legacy\", seed = ";
  EXPECT_EQ(with(legacy + "4294967295 }"), "accepted");
  EXPECT_EQ(with(legacy + "4294967296 }"),
            "s.toml:5: labels.seed = 4294967296: labels.law = numpy-legacy takes seeds from 0 to 4294967295");
  EXPECT_THAT(with(legacy + "\"=seed\" }\n[[grid]]\nseed = [0, 4294967296]"),
              HasSubstr("takes seeds from 0 to 4294967295"));
  EXPECT_THAT(with("data = { long_tail = 0.1, law = \"numpy-legacy\", seed = 4294967296, validation_seed = 0 }"),
              HasSubstr("data.seed = 4294967296: data.law"));
  EXPECT_EQ(with("labels = { kind = \"flip\", rate = 0.3, seed = 4294967296 }"), "accepted") << "streams take 64";
}

// nano-clip was trained on the first 20,000 images of Fashion-MNIST; of other data sets it has seen nothing.
TEST_F(Samples, AModelKeepsBackWhatItHasSeenOfThatDataSetOnly) {
  auto first = [&](const std::string& dataset) {
    return plan("[base]\ndataset = \"" + dataset + "\"\nmodel = \"nano-clip\"\nmethod = \"cc\"\n")
        .settings(0)
        .integer("data.first");
  };
  EXPECT_EQ(first("fashion-mnist"), 20000);
  EXPECT_EQ(first("cifar-10"), 0);
  for (const auto& [name, model] : catalogue_.models) {
    for (const auto& [key, value] : model.settings) EXPECT_FALSE(key.starts_with("data.")) << name;
    for (const auto& [dataset, values] : model.datasets) EXPECT_TRUE(catalogue_.datasets.count(dataset)) << name;
  }
}

TEST_F(Samples, ZeroHasOneSign) {
  auto identity = [&](const std::string& rest) {
    Plan p = plan("[base]\ndataset = \"cifar-10\"\nmodel = \"clip-vit-b-16\"\nmethod = \"cc\"\n" + rest);
    return p.nodes()[p.cell_node(0)].identity;
  };
  EXPECT_EQ(identity("train.weight_decay = -0.0"), identity("train.weight_decay = 0"));
  EXPECT_EQ(identity("train.betas = [-0.0, 0]"), identity("train.betas = [0, 0.0]"));
  EXPECT_THAT(with("[[grid]]\ntrain.weight_decay = [0.0, -0.0]"), HasSubstr("are equal"));
}

// Numbers compare as numbers wherever a sweep names a value.
TEST_F(Samples, OneAndOnePointZeroAreOneValue) {
  std::string text =
      "[base]\ndataset = \"cifar-10\"\nmodel = \"clip-vit-b-16\"\nmethod = \"cc\"\n[[grid]]\ntrain.lr = [1.0, "
      "0.5]\nseed = [0, 1]\n";
  EXPECT_EQ(plan(text + "[[exclude]]\ntrain.lr = 1\n").experiments(), 2u);
  EXPECT_EQ(plan(text + "[[override]]\nwhen = { train.lr = 1 }\nset = { train.epochs = 3 }\n").notes(),
            std::vector<std::string>());
  EXPECT_EQ(plan(text + "[[exclude]]\ntrain.lr = [1, 5e-1]\nseed = 1\n").experiments(), 2u);
  std::string claim =
      text + "[[claim]]\nstatement = \"s\"\nbetter = { seed = 0 }\nworse = { seed = 1 }\nwhere = { train.lr = ";
  EXPECT_EQ(plan(claim + "[1, 0.5] }\n").notes(), std::vector<std::string>());
  EXPECT_EQ(
      plan(claim + "[1, 0.4] }\n").notes(),
      std::vector<std::string>{"s.toml:12: no experiment has train.lr = 0.4 (did you mean 0.5?): there are 1.0, 0.5"});
}

}  // namespace
}  // namespace winnow::sweep
