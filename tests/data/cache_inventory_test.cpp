#include "winnow/data/cache_inventory.h"

#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "layout_fixture.h"

namespace winnow::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A process that was there once.
int gone_process() {
  int child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

class CacheInventory : public LayoutTest {
 protected:
  Path cache_ = folder_ / "cache";

  void SetUp() override {
    LayoutTest::SetUp();
    for (const char* name : {"a.jpg", "b.jpg"}) image(name);
    put("train.txt", "a.jpg 0\n");
    put("test.txt", "b.jpg 1\n");
  }
  Manifest lines() {
    return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}}, {{"classes", {"x", "y"}}});
  }
  void leave(const std::string& name) {
    make_folders((cache_ / name).parent_path());
    write_file_atomically(cache_ / name, "half");
  }
  CacheEntry entry(const std::string& name) {
    for (const CacheEntry& one : cache_entries())
      if (one.file == name) return one;
    return {};
  }
};

TEST_F(CacheInventory, NamesWhoseFilesAreAndWhetherTheyAreUsed) {
  EXPECT_TRUE(cache_entries().empty()) << "no cache folder yet";
  Record record = check(lines(), {}, {});
  std::string images = "packed/mini-" + record.fingerprint, old = "packed/mini-0123456789abcdef0123456789abcdef";
  leave(images + "-train-0123abcd.kept");
  leave(old + "-train-0123abcd.kept");
  leave(old + ".files");
  leave("labels/0123456789abcdef0123456789abcdef.safetensors");
  std::string features = "features/" + record.fingerprint + "-0123.rows";
  leave(features);
  leave("features/0123456789abcdef0123456789abcdef-0123.rows");
  EXPECT_EQ(entry(features).state, CacheEntry::State::used);
  EXPECT_EQ(entry(features).kind + " of " + entry(features).of, "features of mini");
  EXPECT_EQ(entry("features/0123456789abcdef0123456789abcdef-0123.rows").state, CacheEntry::State::unused);
  EXPECT_EQ(entry(images + ".safetensors").state, CacheEntry::State::used);
  EXPECT_EQ(entry(images + ".files").of, "mini");
  EXPECT_EQ(entry(images + "-train-0123abcd.kept").kind, "kept images");
  EXPECT_EQ(entry(images + "-train-0123abcd.kept").state, CacheEntry::State::used);
  EXPECT_EQ(entry(old + "-train-0123abcd.kept").state, CacheEntry::State::unused);
  EXPECT_EQ(entry(old + ".files").of, "mini");
  EXPECT_EQ(entry("labels/0123456789abcdef0123456789abcdef.safetensors").state, CacheEntry::State::unused);
  EXPECT_EQ(entry("datasets/mini.json").kind, "record");
  for (const CacheEntry& one : cache_entries())
    EXPECT_EQ(remove_entry(one), one.state == CacheEntry::State::unused) << one.file;
  EXPECT_NO_THROW(Pixels(ensure_cache(lines(), record, {}))) << "what is used is whole";
}

TEST_F(CacheInventory, LeftoversAreThoseOfProcessesThatAreGone) {
  std::string gone = fmt::format("decoded/.mini.safetensors.{}.0.part", gone_process()),
              own = fmt::format("decoded/.mini.safetensors.{}.7.part", ::getpid());
  leave(gone);
  leave(own);
  leave("packed/mini-0123456789abcdef0123456789abcdef.files.part");
  EXPECT_EQ(entry(gone).state, CacheEntry::State::leftover);
  EXPECT_EQ(entry(own).state, CacheEntry::State::being_written);
  CacheEntry packed = entry("packed/mini-0123456789abcdef0123456789abcdef.files.part");
  EXPECT_EQ(packed.state, CacheEntry::State::leftover) << "nobody holds its lock";
  EXPECT_EQ(packed.of, "mini");
  EXPECT_TRUE(remove_entry(entry(gone)));
  EXPECT_FALSE(remove_entry(entry(own)));
  EXPECT_TRUE(remove_entry(packed));
  EXPECT_FALSE(remove_entry(packed)) << "no longer there";
}

TEST_F(CacheInventory, ACheckSweepsUpWhatIsOld) {
  std::string old = fmt::format("datasets/.mini.json.{}.0.part", gone_process()),
              fresh = fmt::format("datasets/.mini.json.{}.1.part", gone_process());
  leave(old);
  leave(fresh);
  std::filesystem::last_write_time(cache_ / old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  check(lines(), {}, {});
  EXPECT_FALSE(std::filesystem::exists(cache_ / old));
  EXPECT_TRUE(std::filesystem::exists(cache_ / fresh)) << "another machine may be writing it";
}

}  // namespace
}  // namespace winnow::data
