// Records of downloaded weights: what is found, what is refused, what a change does.
#include "winnow/data/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "../folder.h"
#include "../refusal.h"
#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"
#include "winnow/core/settings.h"

namespace winnow::data {
namespace {

using testing::HasSubstr;

class WeightsRecords : public testing::Test {
 protected:
  WeightsRecords() {
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    ::unsetenv("WINNOW_WEIGHTS");
  }
  ~WeightsRecords() override { ::unsetenv("WINNOW_CACHE"); }

  // A snapshot of one tensor.
  Path snapshot(const Path& at, float value) {
    make_folders(at);
    write_file_atomically(at / "config.json", R"({"model_type": "clip"})");
    std::filesystem::remove(at / "model.safetensors");
    write_safetensors(at / "model.safetensors", {{"w", {"F32", {1}, std::as_bytes(std::span(&value, 1))}}});
    return at;
  }
  static WeightsRecord check(const std::optional<Path>& root) {
    return check_weights({"clip-x", "https://hub/clip-x", {}, ""}, root, {});
  }

  Folder folder_;
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
  EXPECT_THAT(refusal([] { check(std::nullopt); }),
              HasSubstr("weights of clip-x: no config.json or open_clip_config.json in"));
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
  snapshot(folder_ / "one", 1);  // written anew, same content
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

// Two shards, named by an index.
TEST_F(WeightsRecords, WhatAnIndexNamesIsPartOfTheFingerprint) {
  Path at = snapshot(folder_ / "one", 1);
  make_folders(at / "below");
  std::filesystem::rename(at / "model.safetensors", at / "below" / "shard.safetensors");
  write_file_atomically(at / "model.safetensors.index.json", R"({"weight_map": {"w": "below/shard.safetensors"}})");
  WeightsRecord record = check(at);
  EXPECT_EQ(record.tensors, 1);
  EXPECT_TRUE(record.files.count("below/shard.safetensors"));
  snapshot(folder_ / "other", 2);
  std::filesystem::rename(folder_ / "other" / "model.safetensors", at / "below" / "shard.safetensors");
  EXPECT_THAT(refusal([&] { require_unchanged(record); }), HasSubstr("changed since they were checked"));
  EXPECT_NE(check(at).fingerprint, record.fingerprint);
  for (const char* outside : {"../other/model.safetensors", "/tmp/model.safetensors"}) {
    write_file_atomically(at / "model.safetensors.index.json", Value{{"weight_map", {{"w", outside}}}}.dump());
    EXPECT_THAT(refusal([&] { check(at); }), HasSubstr("is not below the folder of the index"));
  }
}

// models--ORG--NAME/{blobs,snapshots/REVISION}: files are links.
TEST_F(WeightsRecords, LinksIntoBlobsCountByTheirContent) {
  std::string plain = check(snapshot(folder_ / "plain", 1)).fingerprint;
  Path blobs = snapshot(folder_ / "hub" / "blobs", 1), revision = folder_ / "hub" / "snapshots" / "1";
  make_folders(revision);
  for (const char* name : {"config.json", "model.safetensors"})
    std::filesystem::create_symlink(Path("../../blobs") / name, revision / name);
  WeightsRecord record = check(folder_ / "hub");
  EXPECT_EQ(record.fingerprint, plain);
  EXPECT_EQ(difference_from(record), "");
  std::filesystem::remove(blobs / "model.safetensors");
  EXPECT_THAT(difference_from(record),
              HasSubstr("model.safetensors: a link to ../../blobs/model.safetensors, which is gone"));
  EXPECT_THAT(refusal([&] { check(folder_ / "hub"); }),
              HasSubstr("which is gone; download it again, or name another folder with --root"));
  std::filesystem::remove(blobs / "config.json");
  EXPECT_THAT(refusal([&] { check(folder_ / "hub"); }),
              HasSubstr("config.json: a link to ../../blobs/config.json, which is gone"));
}

TEST_F(WeightsRecords, ALinkToItselfIsNamed) {
  Path at = snapshot(folder_ / "one", 1);
  std::filesystem::create_symlink("merges.txt", at / "merges.txt");
  EXPECT_THAT(refusal([&] { check(at); }), HasSubstr("merges.txt: a link that leads to itself"));
  std::filesystem::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(refusal([&] { check(folder_ / "loop"); }), HasSubstr("loop: a link that leads to itself"));
}

TEST_F(WeightsRecords, AFileThatCameLaterIsNoticed) {
  WeightsRecord record = check(snapshot(folder_ / "one", 1));
  write_file_atomically(folder_ / "one" / "merges.txt", "a b\n");
  EXPECT_THAT(difference_from(record), HasSubstr("merges.txt is new"));
  EXPECT_THAT(refusal([&] { require_unchanged(record); }), HasSubstr("changed since they were checked"));
}

TEST_F(WeightsRecords, ProcessorsCountWhereTheyHoldTheImageProcessor) {
  Path at = snapshot(folder_ / "one", 1);
  std::string plain = check(at).fingerprint;
  write_file_atomically(at / "processor_config.json", R"({"processor_class": "CLIPProcessor"})");
  EXPECT_EQ(check(at).fingerprint, plain);
  write_file_atomically(at / "processor_config.json", R"({"image_processor": {}})");
  EXPECT_NE(check(at).fingerprint, plain);
}

TEST_F(WeightsRecords, RememberThatTheirShapeIsAnother) {
  snapshot(folder_ / "one", 1);
  check_weights({"clip-x", "", {}, ""}, folder_ / "one", {}, [](const Path&) { return true; });
  EXPECT_TRUE(read_weights_record("clip-x")->any_shape);
  check(folder_ / "one");
  EXPECT_FALSE(read_weights_record("clip-x")->any_shape);
}

}  // namespace
}  // namespace winnow::data
