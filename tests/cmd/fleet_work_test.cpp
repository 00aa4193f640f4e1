// Several sweeps as one work: whose data sets are whose.
#include "fleet_work.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/sweep/preset_folders.h"

namespace winnow::cmd {
namespace {

using testing::HasSubstr;

class FleetWork : public testing::Test {
 protected:
  // Two sweeps, and two descriptions of fashion-mnist beside them.
  UnitedPlans plans(const std::string& first, const std::string& second, bool done = false) {
    std::vector<sweep::Plan> plans;
    files_.clear(), catalogues_.clear();
    for (const auto& [name, dataset] : {std::pair("a", first), std::pair("b", second)}) {
      files_.push_back((folder_ / (std::string(name) + ".toml")).string());
      write_file_atomically(files_.back(), fmt::format("name = '{}'\n[base]\ndataset = '{}'\nmodel = 'clip-vit-b-16'\n"
                                                       "method = 'cc'\n",
                                                       name, dataset));
      catalogues_.push_back(
          sweep::Catalogue::built_in({{"fashion-mnist", "f"}, {"cifar-10", "c"}, {"clip-vit-b-16", "w"}}));
      sweep::Dataset& described = catalogues_.back().datasets.at("fashion-mnist");
      described.source = folder_ / name / "fashion-mnist.toml";
      described.digest = name;
      plans.push_back(sweep::Plan::read(files_.back(), catalogues_.back()));
    }
    return UnitedPlans(std::move(plans), [=](const Identity&) { return done; });
  }
  fleet::Work work_of(const UnitedPlans& plans) const { return cmd::work_of(plans, files_, catalogues_); }

  Folder folder_;
  std::vector<std::string> files_;
  std::vector<sweep::Catalogue> catalogues_;
};

TEST_F(FleetWork, ADataSetIsThatOfTheSweepThatUsesIt) {
  UnitedPlans all = plans("cifar-10", "fashion-mnist");
  fleet::Work work = work_of(all);
  EXPECT_EQ(work.datasets.size(), 2u);
  EXPECT_EQ(work.datasets.at("fashion-mnist").digest, "b") << "what a says of it is nothing to b";
}

TEST_F(FleetWork, TwoThatUseItMustDescribeItAlike) {
  UnitedPlans all = plans("fashion-mnist", "fashion-mnist");
  try {
    work_of(all);
    ADD_FAILURE() << "two descriptions of one data set, and nobody is told";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a/fashion-mnist.toml"));
    EXPECT_THAT(error.what(), HasSubstr("b/fashion-mnist.toml both describe data set fashion-mnist, differently"));
  }
  catalogues_[1].datasets.at("fashion-mnist").digest = "a";
  EXPECT_EQ(work_of(all).datasets.at("fashion-mnist").digest, "a");
}

TEST_F(FleetWork, WhatIsDoneNeedsNoData) {
  UnitedPlans all = plans("fashion-mnist", "fashion-mnist", true);
  EXPECT_TRUE(work_of(all).datasets.empty());
}

// Two presets of one program, each with what it wants.
TEST_F(FleetWork, WhatAProgramWantsIsItsPresets) {
  Path presets = folder_ / "presets/methods";
  make_folders(presets);
  write_file_atomically(presets / "mine.sh", "echo mine\n");
  for (const auto& [name, memory] : {std::pair("small", "2 GB"), std::pair("large", "64 GB"), std::pair("silent", "")})
    write_file_atomically(presets / fmt::format("{}.toml", name),
                          fmt::format("version = 1\nrecipe = 'train'\nlabels = 'given'\n[program]\ncommand = ['sh', "
                                      "'mine.sh']\nfiles = ['mine.sh']\n{}",
                                      *memory ? fmt::format("memory = '{}'\ndevice = 'gpu'\n", memory) : ""));
  catalogues_.push_back(sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}},
                                                   sweep::read_preset_folders({folder_ / "presets"})));
  files_.push_back((folder_ / "s.toml").string());
  write_file_atomically(files_.back(),
                        "name = 's'\n[base]\ndataset = 'fashion-mnist'\nmodel = 'nano-clip'\n"
                        "[[grid]]\nmethod = ['small', 'large', 'silent', 'ce']\n");
  std::vector<sweep::Plan> one;
  one.push_back(sweep::Plan::read(files_.back(), catalogues_.back()));
  UnitedPlans all(std::move(one), [](const Identity&) { return false; });
  fleet::Work work = work_of(all);
  std::map<std::string, std::int64_t> memory;
  for (std::uint32_t i = 0; i < work.identities.size(); ++i) {
    Value order = work.stage(i);
    std::string method = order.at("settings").value("method", "");
    memory[method] = work.memory.at(work.graph.classes[i]);
    if (method == "small" || method == "large") {
      EXPECT_EQ(order.at("program").at("memory"), memory[method]);
      EXPECT_EQ(order.at("program").at("device"), "gpu");
    }
    if (method == "silent") {
      EXPECT_FALSE(order.at("program").contains("memory"));
      EXPECT_FALSE(order.at("program").contains("device"));
    }
  }
  EXPECT_EQ(memory.at("small"), 2'000'000'000);
  EXPECT_EQ(memory.at("large"), 64'000'000'000);
  EXPECT_EQ(memory.at("silent"), 0);
  EXPECT_EQ(memory.at("ce"), 0);
}

}  // namespace
}  // namespace winnow::cmd
