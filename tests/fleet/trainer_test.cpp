// The protocol of trainers and their processes.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <thread>

#include "../folder.h"
#include "foreign_result.h"
#include "gang_launch.h"
#include "trainer_events.h"
#include "trainer_process.h"
#include "winnow/core/error.h"

namespace winnow::fleet {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TrainerEvents, AreObjectsWithAKnownEvent) {
  EXPECT_EQ(parse_event(R"({"event":"ready","protocol":1})")->kind, TrainerEvent::Kind::ready);
  EXPECT_EQ(parse_event(R"({"event":"done"})")->kind, TrainerEvent::Kind::done);
  for (const char* bad : {"", "hello", "{", "[]", "42", "{}", R"({"event":1})", R"({"event":"finished"})", "\xff\xfe",
                          R"({"event":"done")"})
    EXPECT_FALSE(parse_event(bad)) << bad;
}

TEST(TrainerEvents, WhatGoesOnToTheCoordinatorIsWhole) {
  for (const char* good : {R"({"event":"resumed","step":0})", R"({"event":"checkpoint","step":47,"bytes":8})",
                           R"({"event":"note","text":""})"})
    EXPECT_TRUE(parse_event(good)) << good;
  for (const char* bad :
       {R"({"event":"resumed"})", R"({"event":"resumed","step":"47"})", R"({"event":"resumed","step":-1})",
        R"({"event":"resumed","step":1.5})", R"({"event":"checkpoint","step":null})",
        R"({"event":"checkpoint","step":[1]})", R"({"event":"note"})", R"({"event":"note","text":5})"})
    EXPECT_FALSE(parse_event(bad)) << bad;
}

// Python's json writes NaN unless told otherwise, and would write it in every attempt.
TEST(TrainerEvents, AMistakeIsNamed) {
  auto done = [](const std::string& metrics) {
    return R"({"event": "done", "identity": "00112233445566778899aabbccddeeff", "metrics": {)" + metrics + "}}";
  };
  for (const char* value : {"NaN", "Infinity", "-Infinity"})
    EXPECT_THAT(mistake_of(done("\"accuracy\": " + std::string(value))),
                AllOf(HasSubstr("write null"), HasSubstr("\"accuracy\": "), HasSubstr(value)))
        << value;
  EXPECT_THAT(mistake_of(R"({"event":"finished"})"), HasSubstr("unknown event 'finished'"));
  EXPECT_THAT(mistake_of(R"({"event":"progres"})"), HasSubstr("did you mean 'progress'?"));
  EXPECT_THAT(mistake_of(R"({"loss":1})"), HasSubstr("without \"event\""));
  EXPECT_THAT(mistake_of(R"({"event":"note"})"), HasSubstr("'note' needs \"text\", a text"));
  EXPECT_THAT(mistake_of(R"({"event":"checkpoint","step":-1})"), HasSubstr("\"step\", an integer"));
  EXPECT_THAT(mistake_of(R"({"event":"failed","class":"odd"})"), HasSubstr("one of user, memory, transient"));
  EXPECT_THAT(mistake_of(R"({"event":"failed","class":"lost"})"), HasSubstr("one of user, memory, transient"));
}

// Each would be written again by every attempt; the second of two values would replace the first, brackets without end
// would end the agent.
TEST(TrainerEvents, WhatIsNearlyJsonIsNamed) {
  EXPECT_THAT(mistake_of(R"({"event":"done","identity":"ab","metrics":{"accuracy":0.5,"accuracy":0.9}})"),
              HasSubstr("'accuracy' is there twice"));
  EXPECT_THAT(mistake_of(R"({"event":"done","metrics":{"accuracy":1e400}})"),
              HasSubstr("the trainer's line is not JSON"));
  EXPECT_THAT(mistake_of(R"({"event":"done","metrics":{"accuracy":0.5,}})"),
              HasSubstr("the trainer's line is not JSON"));
  std::string deep =
      R"({"event":"done","metrics":{"accuracy":)" + std::string(400'000, '[') + std::string(400'000, ']') + "}}";
  EXPECT_THAT(mistake_of(deep), HasSubstr("within one another more than 64 deep"));
  EXPECT_FALSE(parse_event(deep));
}

TEST(TrainerEvents, GarbageIsNoMistakeOfAnEvent) {
  for (const char* line : {"", "hello", "NaN", "{", "loss is NaN", R"({"event":"do)", "[NaN]", "\xff\xfe",
                           R"({"event":"note","text":"NaN"})"})
    EXPECT_EQ(mistake_of(line), "") << line;
}

TEST(TrainerEvents, ProgressIsWhatMovesOn) {
  auto mark = [](const char* line) { return mark_of(*parse_event(line)); };
  EXPECT_NE(mark(R"({"event":"progress","step":1})"), mark(R"({"event":"progress","step":2})"));
  EXPECT_NE(mark(R"({"event":"progress","step":1})"), mark(R"({"event":"progress","step":1,"phase":"evaluate"})"));
  EXPECT_EQ(mark(R"({"event":"progress","step":1,"memory":5})"), mark(R"({"event":"progress","step":1,"memory":6})"));
}

TEST(TrainerEvents, GarbageIsShownReadably) { EXPECT_EQ(beginning_of("a\x01\xff b"), "a.. b"); }

TEST(ForeignResult, MakesTablesOfMetricsAndCurves) {
  auto run = run_of_metrics(
      {},
      Value::parse(
          R"({"metrics":{"accuracy":0.5,"epochs":2,"loss":null},"curves":{"accuracy":[0.25,0.5],"loss":[1,null]}})"),
      {}, "log");
  EXPECT_EQ(run.tables.at("metrics/final").size(), 3u);
  const auto& curves = run.tables.at("metrics/epochs");
  ASSERT_EQ(curves.size(), 3u);
  EXPECT_EQ(curves[0].name, "epoch");
  EXPECT_EQ(std::get<std::vector<double>>(curves[1].values), std::vector<double>({0.25, 0.5}));
  EXPECT_TRUE(std::isnan(std::get<std::vector<double>>(curves[2].values)[1]));
  EXPECT_EQ(run.log, "log");
}

TEST(ForeignResult, IsRefusedWhereItIsNotWhatATableCouldShow) {
  auto refused = [](const char* done) -> std::string {
    try {
      run_of_metrics({}, Value::parse(done), {}, "");
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refused(R"({"metrics":{"":2}})"), HasSubstr("a metric without a name"));
  EXPECT_THAT(refused(R"({"metrics":{"a\u001bb":2}})"), HasSubstr("without control characters"));
  EXPECT_THAT(refused(R"({"metrics":{"a":2},"curves":{"a":[1,2],"b":[1]}})"),
              HasSubstr("the trainer's curve 'b' has 1 values, 'a' has 2"));
  EXPECT_THAT(refused(R"({"metrics":{"a":2},"curves":{"a":[]}})"), HasSubstr("'a' has 0 values"));
  EXPECT_THAT(refused(R"({"metrics":{"accuracy":0.5},"kinds":{"accuracy":{"unit":"share","better":"low"}}})"),
              HasSubstr("a metric of that name is a share of which high is better"));
  EXPECT_THAT(refused(R"({"metrics":{"accuracy":0.5},"kinds":{"accuracy":{"unit":"value"}}})"),
              HasSubstr("give it another name"));
  EXPECT_THAT(refused(R"({"metrics":{"accuracy":0.5},"kinds":{"acuracy":{"unit":"share"}}})"),
              HasSubstr("none of its metrics (did you mean 'accuracy'?)"));
  EXPECT_EQ(refused(R"({"metrics":{"accuracy":0.5},"kinds":{"accuracy":{"unit":"share"}}})"), "accepted");
}

TEST(ForeignResult, SaysWhatItsMetricsAre) {
  auto run = run_of_metrics({}, Value::parse(R"({"metrics":{"top5":0.5},"kinds":{"top5":{"unit":"share"}}})"), {}, "");
  EXPECT_EQ(run.metrics, (store::MetricKinds{{"top5", {store::Unit::share, store::Better::high}}}));
  EXPECT_TRUE(run_of_metrics({}, Value::parse(R"({"metrics":{"top5":0.5}})"), {}, "").metrics.empty());
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
  EXPECT_THAT(failure(R"({"metrics":{"a":1},"kinds":{"a":{"unit":"percent"}}})"),
              HasSubstr("metric 'a': unit is \"percent\", expected share"));
  EXPECT_THAT(failure(R"({"metrics":{"a":1},"kinds":["share"]})"), HasSubstr("no JSON object"));
  EXPECT_THAT(failure(R"({"metrics":[1]})"), HasSubstr("'metrics' are no JSON object"));
}

// A trainer made of a line of shell.
struct Shell {
  explicit Shell(const std::string& script, std::uint32_t width = 1)
      : owned(start_trainer({{"/bin/sh", "-c", script}, 3, width, {}})), process(*owned) {}
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
  std::unique_ptr<ChildProcess> owned;
  ChildProcess& process;
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

// However the reads fall: also one that ends within the same read.
TEST(TrainerProcess, ALineOfMoreThanAMegabyteIsAFaultWhereverItEnds) {
  Shell shell("echo first; head -c 1048577 /dev/zero | tr '\\0' x; echo; echo last");
  std::vector<std::string> lines = shell.until(4);
  EXPECT_EQ(lines, std::vector<std::string>{"first"});
  EXPECT_THAT(shell.process.fault(), HasSubstr("longer than 1 MB"));
}

TEST(TrainerProcess, TooManyLinesAreAFault) {
  Shell shell("exec yes '{\"event\":\"progress\"}'");
  for (int i = 0; i < 10000 && shell.process.fault().empty(); ++i) {
    pollfd output{shell.process.output(), POLLIN, 0};
    ::poll(&output, 1, 1000);
    shell.process.lines();
  }
  EXPECT_THAT(shell.process.fault(), HasSubstr("floods"));
}

bool lives(pid_t pid) {  // a zombie does not
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  return !text.empty() && text.find(") Z") == std::string::npos;
}

bool ends(pid_t pid) {
  for (int i = 0; i < 1000 && lives(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return !lives(pid);
}

TEST(TrainerProcess, IsKilledWithWhatItStarted) {
  auto shell = std::make_unique<Shell>("sleep 1000 & echo $!; wait");
  pid_t grandchild = std::atoi(shell->until(1).at(0).c_str());
  EXPECT_EQ(::kill(grandchild, 0), 0);
  shell.reset();
  EXPECT_TRUE(ends(grandchild));  // reaped by whoever is its parent now, or a zombie
}

// Both processes of a gang that say their number and its folder, and stay.
struct Gang : Shell {
  Gang() : Shell("echo $$ $WINNOW_GANG; exec sleep 1000", 2) {
    for (const std::string& line : until(2)) {
      pids.push_back(std::atoi(line.c_str()));
      folder = line.substr(line.find(' ') + 1);
    }
  }
  std::vector<pid_t> pids;
  Path folder;
};

// As in the third node of a batch job, under an mpirun of its own.
TEST(Gang, RunsHereWhateverTheBatchSystemHasAllocated) {
  const std::vector<std::pair<const char*, const char*>> variables = {
      {"SLURM_JOB_ID", "77"},
      {"SLURM_JOBID", "77"},
      {"SLURM_NODELIST", "nowhere[1-3]"},
      {"SLURM_JOB_NODELIST", "nowhere[1-3]"},
      {"SLURM_TASKS_PER_NODE", "1(x3)"},
      {"SLURM_NNODES", "3"},
      {"PBS_JOBID", "77"},
      {"OMPI_COMM_WORLD_RANK", "2"},
      {"OMPI_MCA_orte_hnp_uri", "1.0;tcp://127.0.0.1:1"}};
  for (const auto& [name, value] : variables) ::setenv(name, value, 1);
  Shell gang("echo $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE, $OMP_NUM_THREADS threads, job [$SLURM_JOB_ID]", 2);
  EXPECT_THAT(gang.until(2), testing::UnorderedElementsAre("0 of 2, 3 threads, job []", "1 of 2, 3 threads, job []"));
  EXPECT_EQ(gang.ending(), "ended with exit code 0") << gang.process.last_lines();
  for (const auto& [name, value] : variables) ::unsetenv(name);
}

TEST(Gang, IsSpokenToThroughItsFirstProcess) {
  Shell gang("while read line; do echo $OMPI_COMM_WORLD_RANK got $line; done", 2);
  gang.process.send("one");
  EXPECT_THAT(gang.until(1), ElementsAre("0 got one"));
  gang.process.close_input();
  EXPECT_EQ(gang.ending(), "ended with exit code 0");
}

TEST(Gang, EndsWithAnyOfItsProcesses) {
  Gang gang;
  ASSERT_EQ(gang.pids.size(), 2u) << gang.process.last_lines();
  ::kill(gang.pids[1], SIGKILL);
  EXPECT_THAT(gang.ending(), HasSubstr("ended with exit code"));
  EXPECT_TRUE(ends(gang.pids[0]));
}

// None of these processes asks for a parent-death signal.
TEST(Gang, IsEndedWhenItsMpirunIsKilled) {
  Gang gang;
  ASSERT_EQ(gang.pids.size(), 2u) << gang.process.last_lines();
  ::kill(gang.process.pid(), SIGKILL);
  EXPECT_EQ(gang.ending(), "was killed by signal 9 (Killed)");
  for (pid_t pid : gang.pids) EXPECT_TRUE(ends(pid));
}

TEST(Gang, LeavesNothingBehind) {
  std::vector<pid_t> pids;
  Path folder;
  {
    Gang gang;
    ASSERT_EQ(gang.pids.size(), 2u) << gang.process.last_lines();
    pids = gang.pids, folder = gang.folder;
    EXPECT_TRUE(std::filesystem::exists(folder));
    gang.process.kill();
  }
  for (pid_t pid : pids) EXPECT_TRUE(ends(pid));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(Gang, RemovesTheFolderOfAnOwnerThatDied) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  pid_t child = ::fork();
  if (child == 0) {
    GangFolder folder;
    std::string path = folder.path();
    if (::write(pipe[1], path.data(), path.size()) < 0) ::_exit(1);
    ::pause();
  }
  char text[256] = "";
  ASSERT_GT(::read(pipe[0], text, sizeof text - 1), 0);
  GangFolder ours;
  EXPECT_TRUE(std::filesystem::exists(text)) << "its owner lives";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  GangFolder again;
  EXPECT_FALSE(std::filesystem::exists(text));
  EXPECT_TRUE(std::filesystem::exists(ours.path())) << "our own stay";
}

TEST(TrainerProcess, AMissingProgramIsAnEndingWithItsReason) {
  std::unique_ptr<ChildProcess> process = start_trainer({{"/nowhere/trainer"}, 1, 1, {}});
  for (int i = 0; i < 1000 && !process->reap(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process->listen_to_errors();
  EXPECT_EQ(process->ending(), "ended with exit code 127");
  EXPECT_THAT(process->last_lines(), HasSubstr("cannot start trainer /nowhere/trainer: No such file"));
}

}  // namespace
}  // namespace winnow::fleet
