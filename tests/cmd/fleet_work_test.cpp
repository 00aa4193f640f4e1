// Several sweeps as one work: whose data sets are whose.
#include "fleet_work.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/sweep/preset_folders.h"

namespace winnow::cmd {
namespace {

using testing::HasSubstr;

class DataSetsOf : public testing::Test {
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
  FleetWork work_of(const UnitedPlans& plans) const { return FleetWork(plans, files_, catalogues_); }

  Folder folder_;
  std::vector<std::string> files_;
  std::vector<sweep::Catalogue> catalogues_;
};

TEST_F(DataSetsOf, ADataSetIsThatOfTheSweepThatUsesIt) {
  UnitedPlans all = plans("cifar-10", "fashion-mnist");
  const FleetWork work = work_of(all);
  EXPECT_EQ(work.work().datasets.size(), 2u);
  EXPECT_EQ(work.work().datasets.at("fashion-mnist").digest, "b") << "what a says of it is nothing to b";
}

TEST_F(DataSetsOf, TwoThatUseItMustDescribeItAlike) {
  UnitedPlans all = plans("fashion-mnist", "fashion-mnist");
  try {
    work_of(all);
    ADD_FAILURE() << "two descriptions of one data set, and nobody is told";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a/fashion-mnist.toml"));
    EXPECT_THAT(error.what(), HasSubstr("b/fashion-mnist.toml both describe data set fashion-mnist, differently"));
  }
  catalogues_[1].datasets.at("fashion-mnist").digest = "a";
  EXPECT_EQ(work_of(all).work().datasets.at("fashion-mnist").digest, "a");
}

TEST_F(DataSetsOf, WhatIsDoneNeedsNoData) {
  UnitedPlans all = plans("fashion-mnist", "fashion-mnist", true);
  EXPECT_TRUE(work_of(all).work().datasets.empty());
}

class Extended : public testing::Test {
 protected:
  Folder folder_;
  static constexpr const char* kMethods =
      "[base]\ndataset = 'cifar-10'\nmodel = 'clip-vit-b-16'\n[[grid]]\nseed = [0, 1]\nmethod = ";
  sweep::Plan plan(const std::string& name, const std::string& methods) {
    Path file = folder_ / (name + ".toml");
    write_file_atomically(file, "name = '" + name + "'\n" + kMethods + methods + "\n");
    return sweep::Plan::read(file, catalogue_);
  }
  UnitedPlans one(const std::string& name, const std::string& methods) {
    std::vector<sweep::Plan> plans;
    plans.push_back(plan(name, methods));
    return UnitedPlans(std::move(plans), [](const Identity&) { return false; });
  }
  static UnitedPlans::Stand open(std::uint32_t) { return UnitedPlans::Stand::open; }
  static bool never(const Identity&) { return false; }
  static std::vector<sched::Priority> distinct(const std::vector<sched::Priority>& all) {
    std::set<sched::Priority> values(all.begin(), all.end());
    return {values.begin(), values.end()};
  }

  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({{"cifar-10", "c"}, {"clip-vit-b-16", "w"}});
};

TEST_F(Extended, AFurtherSweepComesAfterTheOthersOrBeforeThem) {
  UnitedPlans all = one("a", "['cc', 'proden']"), b = one("b", "['proden', 'lws']"), c = one("c", "['cc', 'pop']");
  FleetWork work(all, {"a.toml"}, {catalogue_}), of_b(b, {"b.toml"}, {catalogue_}), of_c(c, {"c.toml"}, {catalogue_});
  const std::size_t before = work.work().identities.size();
  all.add(plan("b", "['proden', 'lws']"), never, open);
  fleet::Addition later = work.extend(of_b, false, std::nullopt);
  EXPECT_EQ(later.more.inputs.size(), 2u) << "lws, two seeds";
  EXPECT_THAT(distinct(later.more.priorities), testing::ElementsAre(1));
  EXPECT_TRUE(later.priorities.empty()) << "what a needs keeps its turn";
  all.add(plan("c", "['cc', 'pop']"), never, open);
  fleet::Addition urgent = work.extend(of_c, true, std::nullopt);
  EXPECT_THAT(distinct(urgent.more.priorities), testing::ElementsAre(-1));
  EXPECT_EQ(urgent.priorities.size(), 2u) << "cc comes earlier, too";
  for (const auto& [stage, priority] : urgent.priorities) {
    EXPECT_LT(stage, before);
    EXPECT_EQ(priority, -1);
  }
  EXPECT_EQ(work.work().sweeps.size(), 3u);
  EXPECT_EQ(work.work().name, "a, b, c");
  EXPECT_EQ(work.work().sweeps[2].file, "c.toml");
  for (const fleet::Wanted& sweep : work.work().sweeps) EXPECT_EQ(sweep.needed.size(), all.stages().size());
  EXPECT_EQ(work.work().graph.widths.size(), work.work().classes.size());
}

TEST_F(Extended, AnEditedSweepTakesTheTurnOfTheOldOne) {
  UnitedPlans all = one("a", "['cc']"), b = one("a", "['lws']");
  FleetWork work(all, {"a.toml"}, {catalogue_}), edited(b, {"a.toml"}, {catalogue_});
  all.add(plan("a", "['lws']"), never, open);
  fleet::Addition addition = work.extend(edited, false, 0);
  EXPECT_THAT(distinct(addition.more.priorities), testing::ElementsAre(0));
  EXPECT_TRUE(work.work().sweeps[0].replaced);
  EXPECT_EQ(addition.replaces, 0u);
}

// Whole rows first: of each method all columns and seeds, then the next.
TEST_F(Extended, RowsAreAnOrderOfWork) {
  UnitedPlans all = one("a", "['cc', 'proden']");
  const FleetWork work(all, {"a.toml"}, {catalogue_}, Order::by_rows);
  for (std::uint32_t stage = 0; stage < all.stages().size(); ++stage)
    EXPECT_EQ(work.work().graph.priorities[stage], all.regenerate(stage).settings.text("method") == "cc" ? 0 : 1);
}

// Two presets of one program, each with what it wants.
TEST_F(DataSetsOf, WhatAProgramWantsIsItsPresets) {
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
  const FleetWork whole = work_of(all);
  const fleet::Work& work = whole.work();
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
