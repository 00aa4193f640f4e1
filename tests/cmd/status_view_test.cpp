#include "status_view.h"

#include <gmock/gmock.h>

#include <sstream>

namespace winnow::cmd {
namespace {

using testing::HasSubstr;
using testing::Not;

// An hour after 1,000,000 s.
constexpr double kNow = 1'003'600;

Value a_status() {
  return {{"sweep", "ambiguity"},
          {"state", "running"},
          {"started", kNow - 600},
          {"time", kNow - 0.5},
          {"ended", false},
          {"before", 2},
          {"counts", {{"done", 12}, {"failed", 1}, {"blocked", 2}, {"open", 9}, {"running", 2}}},
          {"left", {{"seconds", 250}, {"slots", 4}, {"kinds", 3}, {"guessed", 0}}},
          {"agents",
           {{{"host", "node-a"}, {"slots", 2}, {"running", 2}, {"heard", kNow - 1}},
            {{"host", "node-b"}, {"slots", 2}, {"running", 0}, {"heard", kNow - 9}}}},
          {"running",
           {{{"label", "proden flip 0.1 seed 2"},
             {"identity", "ab"},
             {"attempt", 2},
             {"width", 2},
             {"host", "node-a"},
             {"since", kNow - 65},
             {"epoch", 1},
             {"epochs", 3},
             {"step", 94},
             {"steps", 188},
             {"rate", 2.0},
             {"memory", 3.2e9},
             {"loss", 0.7071}}}},
          {"failures",
           {{{"label", "cc flip 0.7 seed 1"},
             {"class", "user"},
             {"text", "the stage asks for the impossible"},
             {"final", true},
             {"time", kNow - 180}},
            {{"label", "cc seed 2"},
             {"class", "transient"},
             {"text", "was killed by signal 9"},
             {"final", false},
             {"time", kNow - 20}}}}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t columns_of(const std::string& line) {
  std::size_t n = 0;
  for (char c : line) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

Value a_sweep(const char* name, int done, int failed, int open, int running) {
  return {{"sweep", name},
          {"stages", done + failed + open},
          {"complete", failed + open == 0},
          {"counts", {{"done", done}, {"failed", failed}, {"blocked", 0}, {"open", open}, {"running", running}}}};
}

TEST(StatusView, SaysWhatAStageHoldsOfItsGpu) {
  Value status = a_status();
  EXPECT_THAT(status_view(status, kNow, {200, false}), testing::Not(HasSubstr("of its GPU")));
  status["running"][0]["device_memory"] = 1.2e9;
  EXPECT_THAT(status_view(status, kNow, {200, false}), HasSubstr(", 3.2 GB, 1.2 GB of its GPU, at most 1.2 GB, "));
  status["running"][0]["device_peak"] = 5.4e9;
  EXPECT_THAT(status_view(status, kNow, {200, false}), HasSubstr(", 3.2 GB, 1.2 GB of its GPU, at most 5.4 GB, "));
}

TEST(StatusView, ShowsEachOfSeveralSweeps) {
  Value status = a_status();
  status["sweep"] = "first, the second";
  status["sweeps"] = {a_sweep("first", 8, 0, 0, 0), a_sweep("the second", 4, 1, 3, 1)};
  std::string text = status_view(status, kNow, {110, false});
  EXPECT_THAT(text, HasSubstr("first, the second  running for"));
  EXPECT_THAT(text, HasSubstr("first       ████████████████ 8 of 8 stages, complete\n"));
  EXPECT_THAT(text, HasSubstr("the second  ████████········ 4 of 8 stages, 1 running, 2 waiting, 1 failed\n"));
  status["sweeps"].erase(1);
  EXPECT_THAT(status_view(status, kNow, {110, false}), Not(HasSubstr("8 of 8"))) << "one sweep is the whole run";
}

TEST(StatusView, ManySweepsLeaveRoomForTheRest) {
  Value status = a_status();
  status["sweeps"] = Value::array();
  for (int i = 0; i < 100; ++i) status["sweeps"].push_back(a_sweep(("s" + std::to_string(i)).c_str(), 1, 0, 1, 0));
  for (std::size_t rows : {1u, 3u, 5u, 8u, 12u, 20u, 24u, 60u})
    EXPECT_LE(lines_of(status_view(status, kNow, {100, false}, rows)).size(), rows);
  std::string text = status_view(status, kNow, {100, false}, 30);
  EXPECT_THAT(text, HasSubstr("more sweeps\n"));
  EXPECT_THAT(text, HasSubstr("node-a"));
  EXPECT_THAT(text, HasSubstr("proden flip 0.1 seed 2"));
  EXPECT_THAT(text, HasSubstr("was killed by signal 9"));
}

TEST(StatusView, GarbageInSweepsIsShownAsWell) {
  for (const char* text : {"[{},{}]", "[{\"counts\":3},{\"sweep\":7}]", "[1,2]", "{}", "3",
                           "[{\"sweep\":\"a\",\"stages\":-1,\"counts\":{\"done\":1e300}},{\"counts\":{}}]"}) {
    Value status = a_status();
    status["sweeps"] = Value::parse(text);
    EXPECT_FALSE(status_view(status, kNow, {}).empty()) << text;
  }
}

TEST(StatusView, ShowsARunThatRuns) {
  EXPECT_EQ(
      status_view(a_status(), kNow, {110, false}),
      "ambiguity  running for 10 min 00 s\n"
      "█████████████████████████························· 12 of 24 stages\n"
      "2 running, 7 waiting, 1 failed, 2 blocked by failed ones\n"
      "1 a minute, about 4 min 09 s left (from what 3 kinds of stages took, 4 slots)\n"
      "\n"
      "node-a           2 of 2 slots busy\n"
      "node-b           0 of 2 slots busy, silent for 8 s\n"
      "\n"
      "████████········ proden flip 0.1 seed 2\n"
      "  1 min 05 s, about 47 s left, epoch 2/3, step 94/188, loss 0.707, 3.2 GB, 2 processes, attempt 2, on node-a\n"
      "\n"
      "tried again 20 s ago  cc seed 2: was killed by signal 9\n"
      "failed 3 min 00 s ago  cc flip 0.7 seed 1: the stage asks for the impossible\n");
}

TEST(StatusView, SaysWhyWhatWaitsDoesAndWhoIsInQuarantine) {
  Value status = a_status();
  status["waiting"] = {{"inputs", 3},
                       {"room", 4},
                       {"given", 1},
                       {"preparing", 6},
                       {"pause", 2},
                       {"next_try", 12.4},
                       {"wide", {{{"width", 2}, {"stages", 3}}}}};
  status["agents"][0]["quarantined_until"] = kNow + 90;
  status["agents"][0]["gpus"] = {{{"index", 0}, {"name", "A GPU"}, {"memory", 8e9}, {"used", 1e9}}};
  status["agents"][1]["quarantined_until"] = kNow - 1;
  status["agents"][1]["quarantined_devices"] = {
      {"GPU 3 A GPU (GPU-d)", kNow + 30}, {"GPU 4", kNow - 1}, {"GPU 5", "?"}};
  status["failures_left_out"] = 7;
  std::string text = status_view(status, kNow, {180, false});
  EXPECT_THAT(text,
              HasSubstr("waiting: 3 for 2 free slots together, 2 for a free slot, 6 for data, inputs or GPU memory, "
                        "3 for what other stages compute, 2 to be tried again (the next in 12 s)"));
  EXPECT_THAT(text, HasSubstr("2 of 2 slots busy, gets no stages for 1 min 30 s: several failed there in a row"));
  EXPECT_THAT(text, HasSubstr("GPU 0 A GPU"));
  EXPECT_THAT(text, HasSubstr("  GPU 3 A GPU (GPU-d) gets no stages for 30 s: several failed there in a row\n"));
  EXPECT_THAT(text, Not(HasSubstr("GPU 4")));
  EXPECT_THAT(text, HasSubstr("7 more failed before these: the journal has them\nfailed 3 min"));
  EXPECT_THAT(text, HasSubstr("0 of 2 slots busy, silent for")) << "its quarantine is over";
}

TEST(StatusView, SaysWhatItsEstimateRestsOn) {
  Value status = a_status();
  status["left"]["guessed"] = 4;
  EXPECT_THAT(status_view(status, kNow, {}), HasSubstr("took, 4 slots; 4 guessed)\n"));
  status.erase("left");
  EXPECT_THAT(status_view(status, kNow, {}), HasSubstr("\n1 a minute\n"));
  status["before"] = 12;
  EXPECT_THAT(status_view(status, kNow, {}), HasSubstr("\ntoo early to say how long it will take\n"));
}

TEST(StatusView, TellsADeadRunFromOneThatEndedOrWasStopped) {
  Value status = a_status();
  status["state"] = "died";
  EXPECT_THAT(status_view(status, kNow + 9999, {}), HasSubstr("ambiguity  its coordinator died after 9 min 59 s\n"));
  EXPECT_THAT(status_view(status, kNow + 9999, {}), HasSubstr("proden flip 0.1 seed 2\n  1 min 04 s, epoch 2/3"))
      << "where it was then";
  status["state"] = "ended";
  EXPECT_THAT(status_view(status, kNow, {}), HasSubstr("stopped after 9 min 59 s\n"));
  EXPECT_THAT(status_view(status, kNow, {}),
              HasSubstr("9 not run, 1 failed, 2 blocked by failed ones\nrun it again to resume"));
  status["counts"] = {{"done", 24}, {"failed", 0}, {"blocked", 0}, {"open", 0}, {"running", 0}};
  EXPECT_THAT(status_view(status, kNow, {}), HasSubstr("ended after 9 min 59 s\n"));
  EXPECT_THAT(status_view(status, kNow, {}), Not(HasSubstr("slots busy")));
}

TEST(StatusView, FitsEveryWidth) {
  for (int width = 1; width <= 120; ++width)
    for (const std::string& line : lines_of(status_view(a_status(), kNow, {width, false})))
      EXPECT_LE(columns_of(line), static_cast<std::size_t>(width)) << line;
  EXPECT_THAT(status_view(a_status(), kNow, {40, false}), HasSubstr("failed 3 min 00 s ago  cc flip 0.7 seed…\n"));
}

TEST(StatusView, FitsEveryHeightAndKeepsWhatMatters) {
  Value status = a_status();
  for (int i = 0; i < 30; ++i)
    status["running"].push_back(status["running"][0]), status["agents"].push_back(status["agents"][0]),
        status["failures"].push_back(status["failures"][0]);
  for (std::size_t rows = 1; rows <= 60; ++rows)
    EXPECT_LE(lines_of(status_view(status, kNow, {100, false}, rows)).size(), rows);
  std::string text = status_view(status, kNow, {100, false}, 24);
  for (const char* part : {"12 of 24 stages", "more agents", "proden", "more that run", "failed 3 min"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(status_view(a_status(), kNow, {100, false}, 24), status_view(a_status(), kNow, {100, false}))
      << "nothing to cut";
}

TEST(StatusView, HasColoursOnlyWhereTheyAreWanted) {
  EXPECT_THAT(status_view(a_status(), kNow, {100, true}), HasSubstr("\033[31mfailed 3 min"));
  EXPECT_THAT(status_view(a_status(), kNow, {100, false}), Not(HasSubstr("\033")));
}

// Failures repeat words of trainers, and labels those of a sweep file.
TEST(StatusView, LetsNoWordsControlTheTerminal) {
  Value status = a_status();
  status["failures"][0]["text"] = "\033[2J\a gone\r\n\177 \302\2332J";
  status["running"][0]["label"] = "a\tb\033]0;title\a";
  status["sweep"] = "\033c";
  std::string text = status_view(status, kNow, {100, false});
  for (const std::string& line : lines_of(text))
    for (std::size_t i = 0; i < line.size(); ++i) {
      auto byte = static_cast<unsigned char>(line[i]);
      EXPECT_TRUE(byte >= 32 && byte != 127 && !(byte == 0xC2 && static_cast<unsigned char>(line[i + 1]) < 0xA0))
          << line;
    }
}

TEST(StatusView, LeavesOutWhatIsMissingOrWrong) {
  Value bare = {{"sweep", "s"},
                {"state", "running"},
                {"counts", Value::object()},
                {"agents", {Value::object()}},
                {"running", {Value::object()}},
                {"failures", {Value::object()}}};
  EXPECT_THAT(status_view(bare, kNow, {}), HasSubstr("0 of 0 stages"));
  Value wrong = a_status();
  for (const char* key : {"host", "label", "since", "epoch", "epochs", "step", "steps", "memory", "loss", "rate",
                          "width", "attempt", "phase"})
    wrong["running"][0][key] = Value::array({1});
  for (const char* key : {"host", "slots", "running", "heard"}) wrong["agents"][0][key] = nullptr;
  for (const char* key : {"label", "text", "final", "time"}) wrong["failures"][0][key] = 1e300;
  for (const char* key : {"seconds", "slots", "kinds", "guessed"}) wrong["left"][key] = "soon";
  wrong["started"] = -1e300;
  EXPECT_FALSE(status_view(wrong, kNow, {}).empty());
}

}  // namespace
}  // namespace winnow::cmd
