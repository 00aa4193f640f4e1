#include "table_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_plan.h"

namespace winnow::cmd {
namespace {

using testing::ElementsAre;

TEST(TableRows, AreMethodsWithAllTheirColumnsAndSeeds) {
  Folder folder;
  sweep::Plan plan =
      small_plan(folder,
                 "method = ['proden', 'cc']\nlabels = [{ kind = 'flip', rate = 0.1 }, { kind = 'flip', rate = 0.3 "
                 "}]\nseed = [0, 1]\n");
  TableRows rows = table_rows(plan);
  EXPECT_THAT(rows.names, ElementsAre("proden", "cc"));
  for (std::uint32_t row : {0, 1}) {
    EXPECT_EQ(rows.cells[row].size(), 4u);
    for (std::uint32_t cell : rows.cells[row]) EXPECT_EQ(plan.stage(cell).settings.text("method"), rows.names[row]);
  }
  for (std::uint32_t node = 0; node < plan.nodes().size(); ++node)
    if (plan.nodes()[node].label == "backbone") EXPECT_EQ(rows.of_node[node], 0u) << "what all need comes first";
}

TEST(TableRows, OfOneMethodAreWhatDiffersInNothingButTheSeed) {
  Folder folder;
  TableRows rows = table_rows(small_plan(folder,
                                         "method = 'cc'\nlabels = [{ kind = 'flip', rate = 0.1 }, { kind = "
                                         "'flip', rate = 0.3 }]\nseed = [0, 1]\n"));
  EXPECT_THAT(rows.names, ElementsAre("labels.rate 0.1", "labels.rate 0.3"));
  EXPECT_EQ(rows.cells[1].size(), 2u);
}

TEST(TableRows, ASweepOfOneExperimentIsOneRow) {
  Folder folder;
  TableRows rows = table_rows(small_plan(folder, "method = 'cc'\nlabels = { kind = 'flip', rate = 0.1 }\n"));
  EXPECT_EQ(rows.count, 1u);
  EXPECT_THAT(rows.names, ElementsAre("s"));
}

}  // namespace
}  // namespace winnow::cmd
