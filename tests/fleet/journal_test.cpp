#include "journal.h"

#include <gmock/gmock.h>

#include <fstream>

#include "../folder.h"
#include "recall.h"
#include "winnow/core/error.h"
#include "winnow/fleet/journal_records.h"

namespace winnow::fleet {
namespace {

std::vector<std::string> events(const Path& store, std::size_t* damaged = nullptr, std::uint64_t* cut = nullptr) {
  std::vector<std::string> result;
  Journal::Replayed found = Journal::replay(store, [&](const Value& record) { result.push_back(record.at("event")); });
  if (damaged) *damaged = found.damaged;
  if (cut) *cut = found.cut;
  return result;
}

void write(const Path& store, std::uint64_t epoch, const std::vector<std::string>& names) {
  Journal journal(store, epoch);
  for (const std::string& name : names) journal.add({{"event", name}});
  journal.sync();
}

using Names = std::vector<std::string>;

TEST(Journal, IsReplayedInOrderOverAllCoordinators) {
  Folder folder;
  EXPECT_EQ(Journal::last_epoch(folder.path()), 0u);
  EXPECT_EQ(events(folder.path()), Names());
  write(folder.path(), 1, {"a", "b"});
  write(folder.path(), 12, {"c"});
  EXPECT_EQ(Journal::last_epoch(folder.path()), 12u);
  EXPECT_EQ(events(folder.path()), Names({"a", "b", "c"}));
}

TEST(Journal, NoFileIsWrittenByTwoCoordinators) {
  Folder folder;
  write(folder.path(), 1, {"a"});
  write(folder.path(), 2, {"b"});
  write(folder.path(), 1, {"c"});  // of one to whom a network file system has listed none of them
  EXPECT_EQ(Journal::last_epoch(folder.path()), 3u);
  EXPECT_EQ(events(folder.path()), Names({"a", "b", "c"}));
  std::ofstream(folder / "no-folder") << "";
  EXPECT_THROW(Journal(folder / "no-folder", 1), DeviceError);
}

TEST(Journal, ATornLastRecordIsCutAtEveryByte) {
  Folder folder;
  write(folder.path(), 1, {"a", "b"});
  Path file = folder / "journal/00000001.log";
  const std::string whole = read_file(file);
  std::size_t last = whole.find('\n') + 1;
  for (std::size_t size = last; size < whole.size(); ++size) {
    overwrite(file, whole.substr(0, size));
    std::size_t damaged = 0;
    std::uint64_t cut = 0;
    ASSERT_EQ(events(folder.path(), &damaged, &cut), Names({"a"})) << size;
    ASSERT_EQ(damaged, 0u);
    ASSERT_EQ(cut, size - last);
    ASSERT_EQ(std::filesystem::file_size(file), last);
  }
}

TEST(Journal, WhatIsNoJournalIsNeitherReadNorCut) {
  Folder folder;
  write(folder.path(), 1, {"a"});
  const std::string torn = "not a line of winnow's";
  overwrite(folder / "precious", torn);
  overwrite(folder / "journal/notes.log", torn);
  overwrite(folder / "journal/0000002.log", torn);
  std::filesystem::create_symlink(folder / "precious", folder / "journal/00000003.log");
  std::filesystem::create_directory(folder / "journal/00000004.log");
  std::uint64_t cut = 0;
  EXPECT_EQ(events(folder.path(), nullptr, &cut), Names({"a"}));
  EXPECT_EQ(cut, 0u);
  EXPECT_EQ(Journal::last_epoch(folder.path()), 1u);
  Journal::compact(folder.path(), 0);
  for (const char* other : {"precious", "journal/notes.log", "journal/0000002.log"})
    EXPECT_EQ(read_file(folder / other), torn) << other;
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "journal/00000003.log"));
}

TEST(Journal, DamageInTheMiddleCostsItsRecordOnly) {
  Folder folder;
  write(folder.path(), 1, {"a", "b", "c"});
  Path file = folder / "journal/00000001.log";
  const std::string whole = read_file(file);
  std::size_t begin = whole.find('\n') + 1, end = whole.find('\n', begin);
  for (std::size_t at = begin; at < end; ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    overwrite(file, bad);
    std::size_t damaged = 0;
    ASSERT_EQ(events(folder.path(), &damaged), Names({"a", "c"})) << at;
    ASSERT_GE(damaged, 1u);
  }
  std::string zeros = whole;
  zeros.replace(begin, end - begin, end - begin, '\0');
  overwrite(file, zeros);
  EXPECT_EQ(events(folder.path()), Names({"a", "c"}));
}

// What a machine leaves that lost its power: the file has its new length, and zeros.
TEST(Journal, ATailOfZerosIsCutAndReported) {
  Folder folder;
  write(folder.path(), 1, {"a", "b"});
  Path file = folder / "journal/00000001.log";
  const std::string whole = read_file(file);
  overwrite(file, whole + std::string(8192, '\0'));
  std::size_t damaged = 0;
  std::uint64_t cut = 0;
  EXPECT_EQ(events(folder.path(), &damaged, &cut), Names({"a", "b"}));
  EXPECT_EQ(damaged, 0u);
  EXPECT_EQ(cut, 8192u);
  EXPECT_EQ(read_file(file), whole);
  EXPECT_EQ(events(folder.path(), &damaged, &cut), Names({"a", "b"}));
  EXPECT_EQ(cut, 0u) << "once";
}

// A block of 4 KiB reaches over many records, and from one's middle to another's.
TEST(Journal, AZeroedBlockCostsTheRecordsInItAndNoOthers) {
  Folder folder;
  Names all;
  for (int i = 0; i < 300; ++i) all.push_back("event-" + std::to_string(i));
  write(folder.path(), 1, all);
  Path file = folder / "journal/00000001.log";
  const std::string whole = read_file(file);
  ASSERT_GT(whole.size(), 5 * 4096u);
  for (std::size_t block = 0; block + 1 < whole.size() / 4096; ++block) {
    std::string bad = whole;
    bad.replace(block * 4096, 4096, 4096, '\0');
    overwrite(file, bad);
    std::size_t damaged = 0, lines = 0, untouched = 0;
    Names found = events(folder.path(), &damaged);
    for (std::size_t begin = 0, end; (end = whole.find('\n', begin)) != std::string::npos; begin = end + 1, ++lines)
      untouched += end < block * 4096 || begin >= (block + 1) * 4096;
    EXPECT_GE(found.size() + 1, untouched) << "the record behind the block may have lost its beginning's end of line";
    EXPECT_LE(found.size(), untouched);
    EXPECT_EQ(damaged, 1u) << block;
    EXPECT_TRUE(std::includes(all.begin(), all.end(), found.begin(), found.end(), [&](const auto& a, const auto& b) {
      return std::stoi(a.substr(6)) < std::stoi(b.substr(6));
    }));
  }
}

TEST(Journal, LinesLongerThanThePiecesThatAreReadAreWhole) {
  Folder folder;
  {
    Journal journal(folder.path(), 1);
    for (int i = 0; i < 3; ++i)
      journal.add({{"event", "a"}, {"text", std::string(1'500'000, static_cast<char>('a' + i))}});
    journal.sync();
  }
  std::size_t damaged = 0;
  EXPECT_EQ(events(folder.path(), &damaged), Names({"a", "a", "a"}));
  EXPECT_EQ(damaged, 0u);
}

TEST(Journal, CompactionKeepsWhatLastsInItsOrderAndIsDoneOnce) {
  Folder folder;
  write(folder.path(), 1,
        {"begin", "joined", "started", "checkpoint", "checkpoint", "failed", "started", "resumed", "note", "done",
         "blocked", "drain", "lost", "pruned", "end"});
  write(folder.path(), 2, {"begin", "joined"});
  Path file = folder / "journal/00000001.log";
  std::uint64_t before = std::filesystem::file_size(file);
  EXPECT_EQ(Journal::compact(folder.path(), before), 0u) << "it is not larger than that";
  std::uint64_t won = Journal::compact(folder.path(), before - 1);
  EXPECT_EQ(won, before - std::filesystem::file_size(file));
  Names kept{"compacted", "begin", "started", "failed", "started", "done", "lost", "pruned", "end", "begin", "joined"};
  EXPECT_EQ(events(folder.path()), kept);
  EXPECT_EQ(Journal::compact(folder.path(), std::filesystem::file_size(file) - 1), 0u) << "it was done before";
  EXPECT_EQ(Journal::last_epoch(folder.path()), 2u);
}

TEST(Journal, CompactionDropsDamageAndATornTail) {
  Folder folder;
  write(folder.path(), 1, {"started", "checkpoint", "done"});
  Path file = folder / "journal/00000001.log";
  std::string bad = read_file(file);
  bad[bad.find('\n') + 40] ^= 1;  // of the checkpoint
  overwrite(file, bad + "half a rec");
  Journal::compact(folder.path(), 0);
  std::size_t damaged = 7;
  EXPECT_EQ(events(folder.path(), &damaged), Names({"compacted", "started", "done"}));
  EXPECT_EQ(damaged, 0u);
}

class Recalled : public testing::Test {
 protected:
  Folder folder_;
  Work work_;
  std::map<sched::ClassId, std::int64_t> peaks_;
  void SetUp() override {
    work_.graph.inputs.resize(2);
    work_.graph.classes = {0, 1};
    work_.graph.done = {false, false};
    work_.identities = {hash_of("one"), hash_of("two")};
    work_.classes = {"plain", "with \"quotes\" and \\"};
  }
  std::vector<std::optional<double>> seconds(std::uint32_t* next_attempt = nullptr) {
    sched::Scheduler scheduler(work_.graph, {}, {});
    recall(Recall(folder_.path()), work_, scheduler, peaks_);
    std::vector<std::optional<double>> result;
    for (const auto& outlook : scheduler.outlook()) result.push_back(outlook.seconds);
    if (next_attempt) {
      sched::Scheduler::Commands commands;
      scheduler.on(sched::Scheduler::Joined{0, 2}, {}, commands);
      for (const auto& command : commands)
        if (auto* given = std::get_if<sched::Scheduler::Assign>(&command); given && given->attempt.stage == 0)
          *next_attempt = given->attempt.number;
    }
    return result;
  }
};

TEST_F(Recalled, TakesAttemptsAndMeanDurations) {
  {
    Journal journal(folder_.path(), 1);
    for (std::uint32_t attempt : {1u, 3u, 2u})
      journal.add({{"event", "started"}, {"identity", work_.identities[0].hex()}, {"attempt", attempt}, {"host", "a"}});
    journal.add(
        {{"event", "failed"}, {"identity", work_.identities[0].hex()}, {"attempt", 5}, {"text", "not prepared"}});
    for (double time : {1.0, 4.0}) {
      journal.add({{"event", "done"}, {"class", "plain"}, {"seconds", time}});
      journal.add({{"event", "done"}, {"class", work_.classes[1]}, {"seconds", 10 * time}});
    }
    journal.sync();
  }
  std::uint32_t attempt = 0;
  EXPECT_THAT(seconds(&attempt), testing::ElementsAre(2.5, 25.0));
  EXPECT_EQ(attempt, 6u) << "behind those that started, and those that failed before they did";
  Journal::compact(folder_.path(), 0);
  EXPECT_THAT(seconds(&attempt), testing::ElementsAre(2.5, 25.0)) << "after compaction, too";
}

TEST_F(Recalled, TakesTheMostMemoryOfAClass) {
  {
    Journal journal(folder_.path(), 1);
    for (std::int64_t bytes : {5'000'000'000, 7'000'000'000, 6'000'000'000}) {
      journal.add({{"event", "done"}, {"class", "plain"}, {"seconds", 1.0}, {"device_memory", bytes}});
      journal.add({{"event", "done"}, {"class", work_.classes[1]}, {"seconds", 1.0}, {"device_memory", bytes / 10}});
    }
    journal.add({{"event", "done"}, {"class", "plain"}, {"seconds", 1.0}});  // on a CPU
    journal.add({{"event", "done"}, {"class", "plain"}, {"seconds", 1.0}, {"device_memory", "much"}});
    journal.sync();
  }
  seconds();
  EXPECT_EQ(peaks_[0], 7'000'000'000);
  EXPECT_EQ(peaks_[1], 700'000'000);
}

// Texts of trainers may hold anything: what looks like a record within one is none.
TEST_F(Recalled, IsNotDeceivedByWhatTrainersSay) {
  {
    Journal journal(folder_.path(), 1);
    std::string lie = R"({"event":"done","class":"plain","seconds":1e9})";
    journal.add({{"event", "failed"}, {"class", "user"}, {"text", lie}, {"lines", lie + "\n" + lie}});
    journal.add({{"event", "done"}, {"class", "plain"}, {"outcome", lie}, {"seconds", 3.0}});
    journal.sync();
  }
  EXPECT_EQ(seconds()[0], 3.0);
}

TEST_F(Recalled, RecordsWithoutWhatTheyShouldHaveTellNothing) {
  {
    Journal journal(folder_.path(), 1);
    for (const char* text :
         {R"({"event":"done"})", R"({"event":"done","class":3,"seconds":"x"})", R"({"event":"done","class":"plain"})",
          R"({"event":"started"})", R"({"event":"started","identity":"xyz","attempt":1})",
          R"({"event":"started","identity":7,"attempt":"many"})", R"({"event":7})",
          R"({"event":"started","attempt":-1})"})
      journal.add(Value::parse(text));
    journal.sync();
  }
  std::uint32_t attempt = 0;
  EXPECT_THAT(seconds(&attempt), testing::ElementsAre(std::nullopt, std::nullopt));
  EXPECT_EQ(attempt, 1u);
}

class RecalledRequests : public testing::Test {
 protected:
  Folder folder_;
  std::uint64_t epoch_ = 0;

  void put(const std::vector<Value>& records) {  // of a coordinator of their own
    Journal journal(folder_.path(), ++epoch_);
    for (const Value& record : records) journal.add(record);
    journal.sync();
  }
  static Value end(int open) { return {{"event", "end"}, {"open", open}}; }
  static Value of(const char* event, const std::string& sweep) {
    return {{"event", event}, {"sweep", sweep}, {"file", "/x/" + sweep + ".toml"}};
  }
  Names cancelled() const {
    Names names;
    const Recall recall(folder_.path());
    for (const Recall::Cancelled& one : recall.cancelled()) names.push_back(one.sweep + " " + one.file);
    return names;
  }
  Names further() const {
    Names names;
    const Recall recall(folder_.path());
    for (const FurtherSweep& one : recall.further()) names.push_back(one.file);
    return names;
  }
};

TEST_F(RecalledRequests, WhatWasCancelledStaysSoUntilARunEndsWithNothingOpen) {
  put({of("cancelled", "b"), of("cancelled", "b"), of("cancelled", "c")});  // it dies
  EXPECT_EQ(cancelled(), Names({"b /x/b.toml", "c /x/c.toml"}));
  put({end(7)});  // drained
  EXPECT_EQ(cancelled(), Names({"b /x/b.toml", "c /x/c.toml"}));
  Journal::compact(folder_.path(), 0);
  EXPECT_EQ(cancelled(), Names({"b /x/b.toml", "c /x/c.toml"})) << "after compaction, too";
  put({end(0)});
  EXPECT_EQ(cancelled(), Names());
}

TEST_F(RecalledRequests, WhatIsAddedOrWantedAgainIsNotCancelled) {
  put({of("added", "b"), of("cancelled", "b"), of("cancelled", "c")});
  EXPECT_EQ(further(), Names());
  put({of("added", "b")});
  EXPECT_EQ(cancelled(), Names({"c /x/c.toml"}));
  EXPECT_EQ(further(), Names({"/x/b.toml"}));
  put({of("wanted", "c")});
  EXPECT_EQ(cancelled(), Names());
  EXPECT_EQ(further(), Names({"/x/b.toml"})) << "what the command line names is not added";
}

TEST_F(RecalledRequests, ARunThatIsCancelledAsAWholeIsForgotten) {
  put({of("added", "b"), of("cancelled", "c"), {{"event", "cancelled"}}, end(7)});
  EXPECT_EQ(cancelled(), Names());
  EXPECT_EQ(further(), Names());
}

TEST_F(Recalled, NoJournalIsNoLoss) {
  EXPECT_THAT(seconds(), testing::ElementsAre(std::nullopt, std::nullopt));
  std::filesystem::create_directories(folder_ / "journal");
  overwrite(folder_ / "journal/00000001.log", std::string(100'000, '\0'));
  EXPECT_THAT(seconds(), testing::ElementsAre(std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace winnow::fleet
