// A process that is spoken to in lines. How a trainer is started of it: tests/fleet/trainer_test.cpp.
#include "winnow/core/child_process.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "../folder.h"

namespace winnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ChildProcess::Command shell(const std::string& script) {
  return {"program", {"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}};
}

std::vector<std::string> lines_of(ChildProcess& process) {
  std::vector<std::string> lines;
  bool ended = false;
  for (int i = 0; i < 1000 && !ended; ++i) {
    ended = process.reap();
    for (std::string& line : process.lines()) lines.push_back(line);
    process.listen_to_errors();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return lines;
}

TEST(ChildProcess, MayWriteItsLinesElsewhereThanOnStandardOutput) {
  ChildProcess::Command command = shell("echo printed; echo said >&3; echo mistake >&2");
  command.lines_on = 3;
  ChildProcess process(std::move(command));
  EXPECT_THAT(lines_of(process), ElementsAre("said"));
  EXPECT_THAT(process.last_lines(), HasSubstr("printed\n"));
  EXPECT_THAT(process.last_lines(), HasSubstr("mistake\n"));
}

TEST(ChildProcess, ThatIsExpendableIsTheFirstThatTheKernelTakes) {
  for (bool expendable : {false, true}) {
    ChildProcess::Command command = shell("cat /proc/self/oom_score_adj");
    command.expendable = expendable;
    ChildProcess process(std::move(command));
    EXPECT_EQ(lines_of(process) == std::vector<std::string>{"500"}, expendable);
  }
}

TEST(ChildProcess, KnowsWhetherItWasKilled) {
  auto killed = [](const char* script) {
    ChildProcess process(shell(script));
    lines_of(process);
    EXPECT_FALSE(process.ending().empty()) << script;
    return process.was_killed();
  };
  EXPECT_TRUE(killed("kill -9 $$"));
  EXPECT_TRUE(killed("exit 137")) << "a shell, or mpirun, of what it has started";
  EXPECT_FALSE(killed("kill -6 $$"));
  EXPECT_FALSE(killed("exit 9"));
  EXPECT_FALSE(killed("exit 0"));
}

TEST(ChildProcess, StartsInItsFolder) {
  Folder folder;
  ChildProcess::Command command = shell("pwd -P");
  command.folder = folder;
  ChildProcess process(std::move(command));
  EXPECT_THAT(lines_of(process), ElementsAre(std::filesystem::canonical(folder.path()).string()));
}

TEST(ChildProcess, WithoutAFolderItEndsAndSaysWhy) {
  ChildProcess::Command command = shell("echo here");
  command.folder = "/nowhere/at/all";
  ChildProcess process(std::move(command));
  EXPECT_THAT(lines_of(process), ElementsAre());
  EXPECT_THAT(process.last_lines(), HasSubstr("cannot start program /bin/sh: No such file"));
}

TEST(ChildProcess, OfOurGroupIsKilledAlone) {
  ChildProcess::Command command = shell("sleep 1000");
  command.own_group = false;
  auto process = std::make_unique<ChildProcess>(std::move(command));
  pid_t pid = process->pid();
  EXPECT_EQ(::getpgid(pid), ::getpgid(0));
  process.reset();
  EXPECT_NE(::kill(pid, 0), 0) << "it is gone, and we are not";
}

}  // namespace
}  // namespace winnow
