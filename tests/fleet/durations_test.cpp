#include "winnow/fleet/durations.h"

#include <gtest/gtest.h>

#include "../folder.h"
#include "winnow/core/hash.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {
namespace {

std::string line(const Value& record) { return hash_of(record.dump()).hex() + " " + record.dump() + "\n"; }

TEST(Durations, AreMeansByClassOverAllRuns) {
  Folder folder;
  std::filesystem::create_directories(folder / "journal");
  overwrite(folder / "journal/00000001.log",
            line({{"event", "done"}, {"class", "train/a"}, {"seconds", 10}}) +
                line({{"event", "failed"}, {"class", "user"}, {"seconds", 1000}}) + "damaged\n" +
                line({{"event", "done"}, {"class", "of \"quotes\""}, {"seconds", 7.5}}) +
                line({{"event", "done"}, {"seconds", 3}}) + line({{"event", "done"}, {"class", "untimed"}}));
  overwrite(folder / "journal/00000002.log", line({{"event", "done"}, {"class", "train/a"}, {"seconds", 30}}));
  auto found = durations(folder.path());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.at("train/a").seconds, 20);
  EXPECT_EQ(found.at("train/a").stages, 2u);
  EXPECT_EQ(found.at("of \"quotes\"").seconds, 7.5);
}

TEST(Durations, NothingRanIsNothingKnown) {
  Folder folder;
  EXPECT_TRUE(durations(folder.path()).empty());
}

}  // namespace
}  // namespace winnow::fleet
