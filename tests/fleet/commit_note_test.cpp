// What a person is told of a result that the one in the store does not equal; from the agent's worker, which commits
// it.
#include "commit_note.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <chrono>
#include <thread>

#include "../folder.h"
#include "winnow/store/run_file.h"
#include "winnow/store/store.h"
#include "worker.h"

namespace winnow::fleet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(CommitNote, IsAnAlarmWhereBitsShouldBeEqual) {
  EXPECT_EQ(commit_note("train 1", {1.0, "committed", "ab"}, "s"), "");
  EXPECT_EQ(commit_note("train 1", {1.0, "already there", "ab"}, "s"), "");
  EXPECT_EQ(commit_note("train 1", {1.0, "conflict", "ab"}, "s"),
            "train 1 gave another result than the one in the store; the new one lies in s/damaged (result digest ab): "
            "the computation is not repeatable");
  EXPECT_THAT(commit_note("train 1", {1.0, "differs", "ab device gpu here, cpu in the store"}, "s"),
              AllOf(StartsWith("note: train 1 "), HasSubstr("result digest ab): device gpu here, cpu in the store;"),
                    Not(HasSubstr("repeatable"))));
}

// Commits what a trainer left, as the agent does.
class OfWorker : public testing::Test {
 protected:
  OfWorker() {
    Options options;
    options.store = folder_.path();
    worker_.emplace(options);
    stage_.settings = Settings(std::map<std::string, Value>{{"seed", 1}});
  }
  sched::CommitOutcome commit(double accuracy, const std::string& device, std::int64_t chunk = 0) {
    store::Store own(folder_.path());
    Result result;
    result.task.attempt = {0, ++attempts_};
    result.task.stage = stage_;
    result.task.identity = stage_.identity();
    result.task.output = std::filesystem::absolute(own.temporary_path(result.task.identity, 1));
    store::RunContent run;
    run.stage = stage_;
    run.tables["metrics/final"] = {{"accuracy", std::vector<double>{accuracy}}};
    run.provenance.device = device;
    run.provenance.chunk = chunk;
    store::write_run_file(result.task.output, run);
    result.done = {{"output", result.task.output.string()}};
    worker_->commit(std::move(result));
    for (int i = 0; i < 2000; ++i) {
      for (Report& report : worker_->reports())
        if (report.committed) return *report.committed;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "the worker did not commit";
    return {};
  }

  Folder folder_;
  Stage stage_;
  std::optional<Worker> worker_;
  std::uint32_t attempts_ = 0;
};

TEST_F(OfWorker, AResultOfAnotherKindIsNoted) {
  EXPECT_EQ(commit(0.5, "cpu: a").word, "committed");
  EXPECT_EQ(commit(0.5, "cpu: b").word, "already there");
  sched::CommitOutcome other = commit(0.6, "cpu: b"), chunks = commit(0.6, "cpu: a", 3), same = commit(0.6, "cpu: a");
  EXPECT_THAT(commit_note("x", other, folder_.path()), HasSubstr("device cpu: b here, cpu: a in the store"));
  EXPECT_THAT(commit_note("x", chunks, folder_.path()), HasSubstr("chunks of 3 rows here, whole in the store"));
  EXPECT_THAT(commit_note("x", same, folder_.path()), HasSubstr("not repeatable"));
}

}  // namespace
}  // namespace winnow::fleet
