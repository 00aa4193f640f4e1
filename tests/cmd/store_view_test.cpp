// Whose the files of a store are, in words and for scripts.
#include "store_view.h"

#include <gmock/gmock.h>

namespace winnow::cmd {
namespace {

using testing::HasSubstr;
using testing::Not;

Identity id(const std::string& name) { return hash_of(name); }

store::Inventory an_inventory() {
  store::Inventory all;
  all.runs = {{id("backbone"), 1'000'000, "pretrain", "", {{"weights", 900'000}}},
              {id("a1"), 2'000'000, "train", "", {{"weights", 1'500'000}, {"selection", 400'000}, {"labels", 5}}},
              {id("b1"), 3'000'000, "train", "", {}},
              {id("old"), 500'000, "detect", "", {}},
              {id("newer"), 70, "", "run file x has schema 2, this winnow reads 1: use a newer winnow", {}}};
  all.checkpoints = {{id("b2"), {2, 4'000'000}}};
  all.table = {1, 10};
  all.leftovers = {3, 30};
  all.links = {"/s/runs/ab"};
  return all;
}

std::vector<store::KnownSweep> two_sweeps() {
  return {{"a", "a.toml", {"seed=1", "model=\"x\""}, {"/p", "/my own/p"}, 86'400, {id("backbone"), id("a1"), id("a2")}},
          {"b", "b.toml", {}, {}, 0, {id("backbone"), id("b1"), id("b2"), id("b2")}}};
}

TEST(StoreView, TellsWhoseTheFilesAre) {
  StoreUse use = use_of("results", an_inventory(), two_sweeps());
  ASSERT_EQ(use.sweeps.size(), 2u);
  EXPECT_EQ(use.sweeps[0].here.bytes, 3'000'000u);
  EXPECT_EQ(use.sweeps[0].alone.bytes, 2'000'000u) << "the backbone is the other one's, too";
  EXPECT_EQ(use.sweeps[1].here.bytes, 8'000'000u) << "a stage that is listed twice counts once; its checkpoint counts";
  EXPECT_EQ(use.unplanned.bytes, 500'070u);
}

TEST(StoreView, InWords) {
  StoreUse use = use_of("results", an_inventory(), two_sweeps());
  use.notes = {"a note"};
  std::string text = store_text(use);
  EXPECT_THAT(text, HasSubstr("results: 10.5 MB in 11 files\n"));
  EXPECT_THAT(text, HasSubstr("  train               2     5.0 MB  weights 1.5 MB, selection 400.0 kB\n"));
  EXPECT_THAT(text, HasSubstr("  not readable        1       70 B\n"));
  EXPECT_THAT(text, HasSubstr("  leftovers           3       30 B  of killed processes: `winnow fsck` removes them\n"));
  EXPECT_THAT(text,
              HasSubstr("2.0 MB of it of no other sweep; a.toml --presets /p --presets '/my own/p' --set seed=1 --set "
                        "'model=\"x\"', ran 1970-01-02 00:00:00 UTC\n"));
  EXPECT_THAT(text, HasSubstr("no known sweep      2   500.1 kB\n"));
  EXPECT_THAT(text, HasSubstr("note: /s/runs/ab is a link"));
  EXPECT_THAT(text, HasSubstr("note: run file x has schema 2"));
  EXPECT_THAT(text, HasSubstr("note: a note\n"));
  EXPECT_THAT(text, Not(HasSubstr("damaged"))) << "what is not there has no line";
  EXPECT_THAT(store_text(use_of("results", an_inventory(), {})), HasSubstr("name sweeps with --sweep FILE"));
  EXPECT_EQ(store_text(use_of("results", {}, {})), "results: 0 B in 0 files\n\nwhat lies there\n");
}

TEST(StoreView, ForScripts) {
  Value all = store_json(use_of("results", an_inventory(), two_sweeps()));
  EXPECT_EQ(all["total"], Value({{"files", 11}, {"bytes", 10'500'110}}));
  EXPECT_EQ(all["kinds"]["train"]["arrays"]["weights"], 1'500'000);
  EXPECT_EQ(all["sweeps"][1]["alone"]["bytes"], 7'000'000);
  EXPECT_EQ(all["unreadable"][0]["bytes"], 70);
  EXPECT_FALSE(all["kinds"].contains(""));
}

TEST(StoreView, ControlCharactersOfNamesDoNotReachTheTerminal) {
  store::Inventory all = an_inventory();
  all.runs[0].kind = "tr\033[31main";
  all.links = {"/s/a\nb"};
  std::vector<store::KnownSweep> sweeps = two_sweeps();
  sweeps[0].file = "a\033[2J.toml";
  sweeps[1].name = "b\033[2J";
  EXPECT_THAT(store_text(use_of("results", all, sweeps)), Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace winnow::cmd
