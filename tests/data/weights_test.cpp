// Records of downloaded weights: what is found, what is refused, what a change does.
#include "../refusal.h"
#include "winnow/data/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {
namespace {

using testing::HasSubstr;

class WeightsRecords : public testing::Test {
 protected:
  WeightsRecords() : folder_(Path(testing::TempDir()) / "winnow-weights-test") {
    std::filesystem::remove_all(folder_);
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    ::unsetenv("WINNOW_WEIGHTS");
  }
  ~WeightsRecords() override {
    ::unsetenv("WINNOW_CACHE");
    std::filesystem::remove_all(folder_);
  }

  // A snapshot of one tensor.
  Path snapshot(const Path& at, float value) {
    make_folders(at);
    write_file_atomically(at / "config.json", R"({"model_type": "clip"})");
    std::filesystem::remove(at / "model.safetensors");
    write_safetensors(at / "model.safetensors", {{"w", {"F32", {1}, std::as_bytes(std::span(&value, 1))}}});
    return at;
  }
  static WeightsRecord check(const std::optional<Path>& root) { return check_weights("clip-x", "https://hub/clip-x", root, {}); }

  Path folder_;
};

TEST_F(WeightsRecords, TheFingerprintIsOfTheContent) {
  std::string one = check(snapshot(folder_ / "one", 1)).fingerprint;
  EXPECT_EQ(check(snapshot(folder_ / "elsewhere", 1)).fingerprint, one);
  EXPECT_NE(check(snapshot(folder_ / "other", 2)).fingerprint, one);
  write_file_atomically(folder_ / "one" / "README.md", "words");
  EXPECT_EQ(check(folder_ / "one").fingerprint, one) << "only what decides results counts";
  write_file_atomically(folder_ / "one" / "merges.txt", "a b\n");
  EXPECT_NE(check(folder_ / "one").fingerprint, one);
}

TEST_F(WeightsRecords, AreFoundWhereTheyAreSaidToBe) {
  snapshot(folder_ / "all" / "clip-x", 1);
  ::setenv("WINNOW_WEIGHTS", (folder_ / "all").c_str(), 1);
  EXPECT_EQ(check(std::nullopt).root, folder_ / "all" / "clip-x");
  ::unsetenv("WINNOW_WEIGHTS");
  EXPECT_THAT(refusal([] { check(std::nullopt); }), HasSubstr("weights of clip-x: no config.json or open_clip_config.json in"));
  EXPECT_THAT(refusal([] { check(std::nullopt); }), HasSubstr("download https://hub/clip-x and say --root FOLDER"));
  // Hugging Face's cache.
  snapshot(folder_ / "hub" / "snapshots" / "abc", 1);
  EXPECT_EQ(check(folder_ / "hub").root, folder_ / "hub" / "snapshots" / "abc");
  snapshot(folder_ / "hub" / "snapshots" / "def", 1);
  EXPECT_THAT(refusal([&] { check(folder_ / "hub"); }), HasSubstr("holds 2 revisions"));
}

TEST_F(WeightsRecords, ARecordRemembers) {
  EXPECT_FALSE(read_weights_record("clip-x"));
  WeightsRecord made = check(snapshot(folder_ / "one", 1));
  std::optional<WeightsRecord> read = read_weights_record("clip-x");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->fingerprint, made.fingerprint);
  EXPECT_EQ(read->tensors, 1);
  EXPECT_EQ(read->files, made.files);
  write_file_atomically(folder_ / "cache" / "weights" / "clip-x.json", "{}");
  EXPECT_THAT(refusal([] { read_weights_record("clip-x"); }), HasSubstr("is damaged: run winnow model check clip-x"));
}

TEST_F(WeightsRecords, ChangesAreNoticedAndTouchesForgiven) {
  WeightsRecord record = check(snapshot(folder_ / "one", 1));
  require_unchanged(record);
  snapshot(folder_ / "one", 1);                   // written anew, same content
  EXPECT_EQ(refusal([&] { require_unchanged(record); }), "accepted");
  snapshot(folder_ / "one", 2);
  EXPECT_THAT(refusal([&] { require_unchanged(record); }), HasSubstr("changed since they were checked"));
  std::filesystem::remove_all(folder_ / "one");
  EXPECT_THAT(refusal([&] { require_unchanged(record); }), HasSubstr("is gone"));
}

TEST_F(WeightsRecords, WhatIsDamagedIsRefused) {
  Path at = snapshot(folder_ / "one", 1);
  std::ofstream(at / "model.safetensors", std::ios::trunc) << "short";
  EXPECT_THAT(refusal([&] { check(at); }), HasSubstr("model.safetensors"));
  EXPECT_FALSE(read_weights_record("clip-x")) << "nothing is recorded of it";
  std::filesystem::remove(at / "model.safetensors");
  EXPECT_THAT(refusal([&] { check(at); }), HasSubstr("no .safetensors file"));
  write_file_atomically(at / "pytorch_model.bin", "x");
  EXPECT_THAT(refusal([&] { check(at); }), HasSubstr("pickles are never read"));
}

}  // namespace
}  // namespace winnow::data
