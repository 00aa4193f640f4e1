// A stage that was interrupted resumes from its checkpoint and gives the result of one that was not.
#include <ATen/record_function.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <string_view>

#include "../test_device.h"
#include "miniature.h"
#include "winnow/core/revision.h"
#include "winnow/train/scopes.h"

namespace winnow::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Stops after `stop_after` steps (0: never), or dies there as a killed process would; remembers what it was told.
class Watcher final : public Observer {
 public:
  struct Killed {};
  std::int64_t stop_after = 0;
  bool kill = false;
  std::int64_t resumed_at = -1, last_checkpoint = -1;
  std::vector<std::string> notes;

  bool report_wanted(std::int64_t step, std::int64_t) override {
    step_ = step;
    return true;
  }
  void progress(const Report&) override {
    if (kill && step_ == stop_after) throw Killed();
  }
  bool stop_wanted() override { return !kill && stop_after > 0 && step_ >= stop_after; }
  void resumed(std::int64_t, std::int64_t step) override { resumed_at = step; }
  void checkpointed(std::int64_t step, std::int64_t, double) override { last_checkpoint = step; }
  void note(const std::string& text) override {  // what a stage says of its selection is another matter
    if (text.find("starts over") != std::string::npos) notes.push_back(text);
  }

 private:
  std::int64_t step_ = 0;
};

class CheckpointTest : public Miniature {
 protected:
  Path file_ = folder_ / "checkpoint" / "state.safetensors";

  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Context kept(double every = 0) {
    Context result = context();
    result.checkpoint = folder_ / "checkpoint";
    result.checkpoint_every = every;
    return result;
  }
  std::string digest(const Stage& stage, const Context& context, Watcher& watcher) {
    return execute(stage, context, *alone_, watcher).content.result_digest().hex();
  }
  std::string undisturbed(const Stage& stage) { return run(stage).content.result_digest().hex(); }
  void stop_at(const Stage& stage, std::int64_t step) {
    Watcher watcher;
    watcher.stop_after = step;
    EXPECT_THROW(execute(stage, kept(), *alone_, watcher), Stopped);
    EXPECT_EQ(watcher.last_checkpoint, step);
  }
  Stage noisy(const std::string& method) {
    Stage stage = train(method);
    stage.settings.set("labels.kind", "symmetric");
    return stage;
  }
};

// Four steps an epoch, two epochs: in the first epoch, at its end, in the second, at the stage's end.
TEST_F(CheckpointTest, EveryMethodGoesOnFromEveryPlace) {
  std::vector<Stage> stages{pretrain()};
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train") continue;
    Stage stage = method.labels == sweep::LabelNeed::given ? noisy(name) : train(name);
    if (stage.settings.has("warmup_epochs"))
      stage.settings.set("warmup_epochs", 0);  // what comes after it has more to forget
    stages.push_back(stage);
  }
  for (const Stage& stage : stages) {
    std::string name = stage.settings.has("method") ? stage.settings.text("method") : "pretrain";
    std::string want = undisturbed(stage);
    std::int64_t steps = name == "pretrain" ? 3 : 8;
    for (std::int64_t step : {std::int64_t{1}, steps / 2, steps / 2 + 1, steps}) {
      if (name != "proden" && step == 1) continue;  // all places for one, two for the others: time
      std::filesystem::remove_all(folder_ / "checkpoint");
      stop_at(stage, step);
      Watcher again;
      EXPECT_EQ(digest(stage, kept(), again), want) << name << " stopped at " << step;
      EXPECT_EQ(again.resumed_at, step) << name;
      EXPECT_THAT(again.notes, IsEmpty());
    }
  }
}

TEST_F(CheckpointTest, AKilledStageRepeatsNoMoreThanAnInterval) {
  Stage stage = train("proden");
  Watcher killed, again;
  killed.kill = true;
  killed.stop_after = 6;
  EXPECT_THROW(execute(stage, kept(1e-9), *alone_, killed), Watcher::Killed);
  EXPECT_EQ(killed.last_checkpoint, 5) << "one a step";
  EXPECT_EQ(digest(stage, kept(1e-9), again), undisturbed(stage));
  EXPECT_EQ(again.resumed_at, 5);
}

// Ends this process, as kill -9 would, when the first optimiser of a step has written its weights and no other has.
struct DeathBetweenNetworks {
  static inline std::int64_t step = 0, updates = 0, fatal_step = 0;

  static std::unique_ptr<at::ObserverContext> begins(const at::RecordFunction& scope) {
    if (scope.name() == std::string_view(scope::step)) ++step, updates = 0;
    return nullptr;
  }
  static void ends(const at::RecordFunction& scope, at::ObserverContext*) {
    if (scope.name() != std::string_view(scope::optimiser) || step != fatal_step) return;
    if (++updates == 1) ::kill(::getpid(), SIGKILL);
  }
};

// A step of two networks is two updates; between them one network is a step ahead of the other, and no checkpoint says
// so. The stage goes on from the step before, to the same result. The sixth step is the second epoch's second.
TEST_F(CheckpointTest, AStageThatDiesBetweenTheUpdatesOfItsTwoNetworksLosesNothing) {
  if (!test_device().is_cpu())
    GTEST_SKIP() << "autograd's threads of a device do not survive the fork of the process that dies";
  for (const char* name : {"dividemix", "rolt-plus", "unicon", "longremix", "promix", "idgp"}) {
    Stage stage = std::string(name) == "idgp" ? train(name) : noisy(name);
    if (stage.settings.has("warmup_epochs")) stage.settings.set("warmup_epochs", 0);
    std::string want = undisturbed(stage);
    std::filesystem::remove_all(folder_ / "checkpoint");
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      DeathBetweenNetworks::fatal_step = 6;
      at::addThreadLocalCallback(at::RecordFunctionCallback(&DeathBetweenNetworks::begins, &DeathBetweenNetworks::ends)
                                     .scopes({at::RecordScope::USER_SCOPE}));
      Watcher watcher;
      try {
        execute(stage, kept(1e-9), *alone_, watcher);
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
      }
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << name << " has no step of two updates";
    Watcher again;
    EXPECT_EQ(digest(stage, kept(1e-9), again), want) << name;
    EXPECT_EQ(again.resumed_at, 5) << name << ": the step of both networks is done again";
    EXPECT_THAT(again.notes, IsEmpty());
  }
}

TEST_F(CheckpointTest, OneOfAnotherStageWidthOrThreadsIsOfNoUse) {
  stop_at(train("cc"), 3);
  Watcher other;
  EXPECT_EQ(digest(train("proden"), kept(), other), undisturbed(train("proden")));
  EXPECT_EQ(other.resumed_at, -1);
  EXPECT_THAT(other.notes, ElementsAre(testing::AllOf(HasSubstr(file_.string()), HasSubstr("it is of identity"),
                                                      HasSubstr("starts over"))));

  Watcher threads;
  Context two = kept();
  two.threads = 2;
  execute(train("cc"), two, *alone_, threads);
  EXPECT_THAT(threads.notes, ElementsAre(HasSubstr("it is of threads 1, this is 2")));
}

// An attempt that ran out of memory is resumed in smaller pieces: the run file says all that it was computed in.
TEST_F(CheckpointTest, TheChunksOfAllAttemptsAreRecorded) {
  Stage stage = train("proden");
  auto in_chunks = [&](std::int64_t chunk, std::int64_t stop_after) {
    Watcher watcher;
    watcher.stop_after = stop_after;
    Context context = kept();
    context.chunk = chunk;
    store::Provenance from;
    if (stop_after == 0) from = execute(stage, context, *alone_, watcher).content.provenance;
    else EXPECT_THROW(execute(stage, context, *alone_, watcher), Stopped);
    EXPECT_THAT(watcher.notes, IsEmpty());
    return from;
  };
  in_chunks(0, 2);
  in_chunks(0, 3);
  in_chunks(4, 5);
  store::Provenance resumed = in_chunks(1, 0);
  EXPECT_EQ(resumed.chunk, 1);
  EXPECT_THAT(resumed.earlier_chunks, ElementsAre(0, 4));
  std::filesystem::remove_all(kept().checkpoint);  // execute() leaves it to whoever keeps the result
  stop_at(stage, 3);
  store::Provenance alike = in_chunks(0, 0);
  EXPECT_EQ(alike.chunk, 0);
  EXPECT_THAT(alike.earlier_chunks, IsEmpty());
}

TEST_F(CheckpointTest, OneOfOtherCodeIsOfNoUseAndSaysWhose) {
  Stage stage = train("cc");
  stop_at(stage, 3);
  std::string bytes = read_file(file_), other(revision());
  other.back() = other.back() == '0' ? '1' : '0';
  std::size_t at = bytes.find(revision());
  ASSERT_NE(at, std::string::npos);
  std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes.replace(at, other.size(), other);
  Watcher watcher;
  EXPECT_EQ(digest(stage, kept(), watcher), undisturbed(stage));
  EXPECT_EQ(watcher.resumed_at, -1);
  EXPECT_THAT(watcher.notes, ElementsAre(testing::AllOf(HasSubstr("written by winnow-train of revision " + other +
                                                                  ", this is " + std::string(revision())),
                                                        HasSubstr("starts over"))));
}

TEST_F(CheckpointTest, ADamagedOneIsFoundAndTheStageStartsOver) {
  Stage stage = train("proden");
  std::string want = undisturbed(stage);
  stop_at(stage, 5);
  std::string good = read_file(file_);
  auto damaged = [&](const std::string& bytes) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
    Watcher watcher;
    EXPECT_EQ(digest(stage, kept(), watcher), want);
    EXPECT_EQ(watcher.resumed_at, -1);
    ASSERT_EQ(watcher.notes.size(), 1u);
    EXPECT_THAT(watcher.notes[0], testing::AllOf(HasSubstr("state.safetensors"), HasSubstr("starts over")));
  };
  for (std::size_t at : {std::size_t{0}, std::size_t{40}, good.size() / 2, good.size() - 1}) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    damaged(bytes);
  }
  damaged(good.substr(0, good.size() / 2));
  damaged("");
  damaged("not a checkpoint at all");
}

TEST_F(CheckpointTest, NoneIsWrittenOfALossThatIsNotFinite) {
  Stage stage = train("proden");
  stage.settings.set("train.lr", 1e30);
  Watcher watcher;
  try {
    execute(stage, kept(1e-9), *alone_, watcher);
    ADD_FAILURE() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the loss is not finite at epoch 0, step 1, on samples"));
  }
  EXPECT_EQ(watcher.last_checkpoint, 1) << "the step before";
}

TEST_F(CheckpointTest, WithoutAFolderAStopKeepsNothing) {
  Watcher watcher;
  watcher.stop_after = 2;
  EXPECT_THROW(execute(train("cc"), context(), *alone_, watcher), Stopped);
  EXPECT_EQ(watcher.last_checkpoint, -1);
}

}  // namespace
}  // namespace winnow::train
