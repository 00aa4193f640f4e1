// The protocol of trainers and their processes.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>

#include <cmath>
#include <cstdlib>
#include <thread>

#include "folder.h"
#include "foreign_result.h"
#include "trainer_events.h"
#include "trainer_process.h"
#include "winnow/core/error.h"

namespace winnow::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TrainerEvents, AreObjectsWithAKnownEvent) {
  EXPECT_EQ(parse_event(R"({"event":"ready","protocol":1})")->kind, TrainerEvent::Kind::ready);
  EXPECT_EQ(parse_event(R"({"event":"done"})")->kind, TrainerEvent::Kind::done);
  for (const char* bad : {"", "hello", "{", "[]", "42", "{}", R"({"event":1})", R"({"event":"finished"})", "\xff\xfe", R"({"event":"done")"})
    EXPECT_FALSE(parse_event(bad)) << bad;
}

TEST(TrainerEvents, ProgressIsWhatMovesOn) {
  auto mark = [](const char* line) { return mark_of(*parse_event(line)); };
  EXPECT_NE(mark(R"({"event":"progress","step":1})"), mark(R"({"event":"progress","step":2})"));
  EXPECT_NE(mark(R"({"event":"progress","step":1})"), mark(R"({"event":"progress","step":1,"phase":"evaluate"})"));
  EXPECT_EQ(mark(R"({"event":"progress","step":1,"memory":5})"), mark(R"({"event":"progress","step":1,"memory":6})"));
}

TEST(TrainerEvents, GarbageIsShownReadably) { EXPECT_EQ(beginning_of("a\x01\xff b"), "a.. b"); }

TEST(ForeignResult, MakesTablesOfMetricsAndCurves) {
  auto run = run_of_metrics({}, Value::parse(R"({"metrics":{"accuracy":0.5,"epochs":2,"loss":null},"curves":{"accuracy":[0.25,0.5],"loss":[1]}})"), {}, "log");
  EXPECT_EQ(run.tables.at("metrics/final").size(), 3u);
  const auto& curves = run.tables.at("metrics/epochs");
  ASSERT_EQ(curves.size(), 3u);
  EXPECT_EQ(curves[0].name, "epoch");
  EXPECT_EQ(std::get<std::vector<double>>(curves[1].values), std::vector<double>({0.25, 0.5}));
  EXPECT_TRUE(std::isnan(std::get<std::vector<double>>(curves[2].values)[1]));
  EXPECT_EQ(run.log, "log");
}

TEST(ForeignResult, NamesWhatIsWrong) {
  auto failure = [](const char* done) {
    try {
      run_of_metrics({}, Value::parse(done), {}, "");
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(failure(R"({})"), HasSubstr("neither 'output' nor 'metrics'"));
  EXPECT_THAT(failure(R"({"metrics":{"accuracy":"high"}})"), HasSubstr("'accuracy' is no number: \"high\""));
  EXPECT_THAT(failure(R"({"metrics":{"a":1},"curves":{"a":2}})"), HasSubstr("curve 'a' is no array"));
  EXPECT_THAT(failure(R"({"metrics":[1]})"), HasSubstr("'metrics' are no JSON object"));
}

// A trainer made of a line of shell.
struct Shell {
  explicit Shell(const std::string& script) : process({{"/bin/sh", "-c", script}, 3}) {}
  std::vector<std::string> until(std::size_t count) {
    std::vector<std::string> lines;
    for (int i = 0; i < 1000 && lines.size() < count && process.fault().empty(); ++i) {
      for (std::string& line : process.lines()) lines.push_back(line);
      process.listen_to_errors();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return lines;
  }
  std::string ending() {
    for (int i = 0; i < 1000 && !process.reap(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return process.ending();
  }
  TrainerProcess process;
};

TEST(TrainerProcess, IsSpokenToInLines) {
  Shell shell("while read line; do echo \"got $line\"; done");
  shell.process.send("one");
  shell.process.send("two");
  EXPECT_THAT(shell.until(2), ElementsAre("got one", "got two"));
  shell.process.close_input();
  EXPECT_EQ(shell.ending(), "ended with exit code 0");
}

TEST(TrainerProcess, DoesNotInheritTheLaunchersEnvironment) {
  ::setenv("OMPI_COMM_WORLD_RANK", "3", 1);
  ::setenv("PMIX_RANK", "3", 1);
  ::setenv("SLURM_STEP_ID", "3", 1);
  ::setenv("SLURM_JOB_ID", "77", 1);
  Shell shell("echo \"[$OMPI_COMM_WORLD_RANK$PMIX_RANK$SLURM_STEP_ID] $SLURM_JOB_ID $OMP_NUM_THREADS\"");
  EXPECT_THAT(shell.until(1), ElementsAre("[] 77 3"));
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_STEP_ID", "SLURM_JOB_ID"}) ::unsetenv(name);
}

TEST(TrainerProcess, SaysHowItEnded) {
  EXPECT_EQ(Shell("exit 3").ending(), "ended with exit code 3");
  EXPECT_EQ(Shell("kill -9 $$").ending(), "was killed by signal 9 (Killed)");
}

TEST(TrainerProcess, KeepsTheLastLinesOfItsLog) {
  Shell shell("for i in $(seq 200); do echo line $i >&2; done; echo end");
  shell.until(1);
  shell.process.listen_to_errors();
  EXPECT_THAT(shell.process.last_lines(), HasSubstr("line 151\n"));
  EXPECT_THAT(shell.process.last_lines(), HasSubstr("line 200\n"));
  EXPECT_THAT(shell.process.last_lines(), testing::Not(HasSubstr("line 150\n")));
}

TEST(TrainerProcess, AnEndlessLineIsAFault) {
  Shell shell("head -c 3000000 /dev/zero | tr '\\0' x");
  shell.until(1);
  EXPECT_THAT(shell.process.fault(), HasSubstr("longer than 1 MB"));
}

TEST(TrainerProcess, TooManyLinesAreAFault) {
  Shell shell("exec yes '{\"event\":\"progress\"}'");
  std::size_t bytes = 0;
  for (int i = 0; i < 100000 && shell.process.fault().empty(); ++i)
    for (const std::string& line : shell.process.lines()) bytes += line.size();
  EXPECT_THAT(shell.process.fault(), HasSubstr("floods"));
}

TEST(TrainerProcess, IsKilledWithWhatItStarted) {
  auto shell = std::make_unique<Shell>("sleep 1000 & echo $!; wait");
  pid_t grandchild = std::atoi(shell->until(1).at(0).c_str());
  EXPECT_EQ(::kill(grandchild, 0), 0);
  shell.reset();
  for (int i = 0; i < 400 && ::kill(grandchild, 0) == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  // Reaped by whoever is its parent now; a zombie would still answer, so look at its state instead.
  std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  EXPECT_TRUE(text.empty() || text.find(") Z") != std::string::npos) << text;
}

TEST(TrainerProcess, AMissingProgramIsAnEndingWithItsReason) {
  TrainerProcess process({{"/nowhere/trainer"}, 1});
  for (int i = 0; i < 1000 && !process.reap(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.listen_to_errors();
  EXPECT_EQ(process.ending(), "ended with exit code 127");
  EXPECT_THAT(process.last_lines(), HasSubstr("cannot start trainer /nowhere/trainer: No such file"));
}

}  // namespace
}  // namespace winnow::fleet
