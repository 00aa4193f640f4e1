#include "missing_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../folder.h"
#include "winnow/store/store.h"

namespace winnow::fleet {
namespace {

using namespace std::chrono_literals;
using sched::Scheduler;
using testing::ElementsAre;
using testing::IsEmpty;

// Three stages that were to be executed, all reported as done but the last; the store has those in `there`.
class MissingResults : public testing::Test {
 protected:
  MissingResults() : graph_({{{}, {}, {}}, {0, 0, 0}, {}, {false, false, false}, {}}), scheduler_(graph_, {}, {}) {
    for (int i = 0; i < 3; ++i) identities_.push_back(hash_of(std::to_string(i)));
    Scheduler::Commands out;
    scheduler_.on(Scheduler::Joined{0, 3}, {}, out);
    for (const auto& command : out)
      if (const auto* given = std::get_if<Scheduler::Assign>(&command); given && given->attempt.stage < 2)
        done_.push_back(Scheduler::Done{0, given->attempt, {}});
    for (const auto& event : done_) scheduler_.on(event, {}, out);
  }
  void write(int stage) {
    store::Store store(folder_.path());
    Path file = store.run_path(identities_[static_cast<std::size_t>(stage)]);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << "a run file";
  }
  std::vector<sched::StageId> missing() {
    return missing_results(folder_.path(), scheduler_, graph_, identities_, 0ms);
  }

  Folder folder_;
  sched::Graph graph_;
  Scheduler scheduler_;
  std::vector<Identity> identities_;
  std::vector<Scheduler::Event> done_;
};

TEST_F(MissingResults, AreThoseOfStagesThatWereReportedAsDone) {
  EXPECT_THAT(missing(), ElementsAre(0u, 1u)) << "there is not even a store";
  write(1);
  EXPECT_THAT(missing(), ElementsAre(0u));
  write(0);
  EXPECT_THAT(missing(), IsEmpty()) << "the third was not reported";
}

TEST_F(MissingResults, OfWhatWasDoneBeforeAreNotLookedFor) {
  graph_.done = {true, false, false};
  write(1);
  EXPECT_THAT(missing(), IsEmpty()) << "it may be in a reference store";
}

}  // namespace
}  // namespace winnow::fleet
