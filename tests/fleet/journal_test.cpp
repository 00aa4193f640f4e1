#include "journal.h"

#include <gtest/gtest.h>

#include "../folder.h"
#include "winnow/core/error.h"

namespace winnow::fleet {
namespace {

std::vector<std::string> events(const Path& store, std::size_t* damaged = nullptr) {
  std::vector<std::string> result;
  std::size_t n = Journal::replay(store, [&](const Value& record) { result.push_back(record.at("event")); });
  if (damaged) *damaged = n;
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

TEST(Journal, AnEpochHasOneCoordinator) {
  Folder folder;
  write(folder.path(), 1, {"a"});
  EXPECT_THROW(Journal(folder.path(), 1), DeviceError);
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
    ASSERT_EQ(events(folder.path(), &damaged), Names({"a"})) << size;
    ASSERT_EQ(damaged, 0u);
    ASSERT_EQ(std::filesystem::file_size(file), last);
  }
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

}  // namespace
}  // namespace winnow::fleet
