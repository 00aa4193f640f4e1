// A method that runs twice: the second run, from scratch, is told what the first one selected.
#include "graph.h"

namespace winnow::train {
namespace {

class RunsTwiceTest : public Graph {};

TEST_F(RunsTwiceTest, TheSecondRunIsHandedTheFirstOnesSelection) {
  std::vector<Done> all = graph(
      "method = \"longremix\"\nlabels = { kind = \"symmetric\", rate = 0.4 }\nwarmup_epochs = 1\n"
      "train = { epochs = 3, batch = 16 }\n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].content().arrays.count("selection/mask"));
  EXPECT_TRUE(all[1].stage.inputs.count("confident"));
  EXPECT_TRUE(all[1].content().tables.count("metrics/final"));
}

}  // namespace
}  // namespace winnow::train
