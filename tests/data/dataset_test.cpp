#include "winnow/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/data/capped_choice.h"
#include "winnow/data/pixels.h"

namespace winnow::data {
namespace {

using testing::HasSubstr;

std::string idx(std::vector<std::uint32_t> shape, const std::string& values) {
  std::string bytes{0, 0, 8, static_cast<char>(shape.size())};
  for (std::uint32_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes + values;
}

// A miniature of MNIST's layout in a folder of its own, with a cache of its own.
class DatasetTest : public testing::Test {
 protected:
  Folder folder_;
  Manifest manifest_{"mini",
                     "mini.toml",
                     "idx",
                     {(folder_ / "files").string()},
                     {{"train_images", "train-images.gz"},
                      {"train_labels", "train-labels.gz"},
                      {"test_images", "test-images.gz"},
                      {"test_labels", "test-labels.gz"}},
                     {"cat", "dog"},
                     "dataset-mini",
                     ""};

  void SetUp() override {
    make_folders(folder_ / "files");
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    write("train-images.gz", idx({3, 2, 2}, "abcdefghijkl"));
    write("train-labels.gz", idx({3}, std::string{0, 1, 1}));
    write("test-images.gz", idx({1, 2, 2}, "wxyz"));
    write("test-labels.gz", idx({1}, std::string{0}));
  }

  void write(const std::string& name, const std::string& content, bool compress = true) {
    Path path = folder_ / "files" / name;
    if (!compress) return write_file_atomically(path, content);
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
    gzclose(file);
  }
  std::string refusal() {
    try {
      check(manifest_, {}, {});
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(DatasetTest, CheckWritesARecordAndCacheHoldsTheImages) {
  Record record = check(manifest_, {}, {});
  EXPECT_EQ(record.train, 3);
  EXPECT_EQ(record.height, 2);
  ASSERT_TRUE(read_record("mini"));
  EXPECT_EQ(read_record("mini")->fingerprint, record.fingerprint);
  Pixels pixels(ensure_cache(manifest_, record, {}));
  EXPECT_EQ(pixels.train().samples, 3);
  EXPECT_EQ(pixels.train().images[4], 'e');
  EXPECT_EQ(pixels.train().labels[1], 1);
  EXPECT_EQ(pixels.test().images[3], 'z');
  EXPECT_EQ(pixels.fingerprint(), record.fingerprint);
  EXPECT_EQ(pixels.classes(), manifest_.classes);
}

TEST_F(DatasetTest, FingerprintIsOfContentAlone) {
  std::string first = check(manifest_, {}, {}).fingerprint;
  std::filesystem::rename(folder_ / "files", folder_ / "moved");
  EXPECT_EQ(check(manifest_, folder_ / "moved", {}).fingerprint, first);
  std::filesystem::rename(folder_ / "moved", folder_ / "files");
  std::filesystem::remove(folder_ / "files" / "train-images.gz");
  write("train-images", idx({3, 2, 2}, "abcdefghijkl"), /*compress=*/false);
  EXPECT_EQ(check(manifest_, {}, {}).fingerprint, first) << "without compression";
  write("train-images", idx({3, 2, 2}, "abcdefghijkL"), false);
  EXPECT_NE(check(manifest_, {}, {}).fingerprint, first);
}

TEST_F(DatasetTest, ChangedFilesAreNoticed) {
  Record record = check(manifest_, {}, {});
  require_unchanged(manifest_, record);
  write("test-images.gz", idx({1, 2, 2}, "wxyz"));
  require_unchanged(manifest_, record);  // rewritten with the same content
  write("test-images.gz", idx({1, 2, 2}, "wxyZ"));
  try {
    require_unchanged(manifest_, record);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("changed since they were checked"));
    EXPECT_THAT(error.what(), HasSubstr("winnow data check mini"));
  }
}

TEST_F(DatasetTest, RefusesWithFileAndReason) {
  write("train-labels.gz", idx({3}, std::string{0, 1, 2}));
  EXPECT_THAT(refusal(), HasSubstr("train-labels.gz: label 2 at position 2; the data set has classes 0..1"));
  write("train-labels.gz", idx({2}, std::string{0, 1}));
  EXPECT_THAT(refusal(), HasSubstr("has 2 labels"));
  write("train-labels.gz", idx({3}, std::string{0, 1}));
  EXPECT_THAT(refusal(), HasSubstr("train-labels.gz: the file ends too early"));
  write("train-labels.gz", idx({3}, std::string{0, 1, 1, 0}));
  EXPECT_THAT(refusal(), HasSubstr("more data than its header says"));
  write("train-labels.gz", "PNG");
  EXPECT_THAT(refusal(), HasSubstr("train-labels.gz:"));
  write("train-labels.gz", idx({3, 1}, std::string{0, 1, 1}));
  EXPECT_THAT(refusal(), HasSubstr("2 dimensions where 1 are expected"));
  write("train-labels.gz", idx({4294967295u}, "x"));
  EXPECT_THAT(refusal(), HasSubstr("train-labels.gz: the file ends too early"));
  std::filesystem::remove(folder_ / "files" / "train-labels.gz");
  EXPECT_THAT(refusal(), HasSubstr("neither train-labels.gz nor train-labels is there"));
  std::filesystem::remove_all(folder_ / "files");
  EXPECT_THAT(refusal(), HasSubstr("apt-get install dataset-mini"));
}

TEST_F(DatasetTest, ATruncatedGzipStreamIsNoticed) {
  std::string noise(4096, 'x');
  Stream random = Streams(0, "noise").at(0, 0);
  for (char& c : noise) c = static_cast<char>(random());
  write("train-images.gz", idx({1024, 2, 2}, noise));
  std::string whole = read_file(folder_ / "files" / "train-images.gz");
  for (std::size_t keep : {whole.size() - 1, whole.size() - 5, whole.size() / 2, std::size_t{20}, std::size_t{3}}) {
    write("train-images.gz", whole.substr(0, keep), false);
    EXPECT_THAT(refusal(), HasSubstr("train-images.gz")) << keep;
  }
}

TEST_F(DatasetTest, ACacheOfAnotherKindIsRefused) {
  Record record = check(manifest_, {}, {});
  Path cache = ensure_cache(manifest_, record, {});
  std::string whole = read_file(cache);
  write_file_atomically(cache, whole.substr(0, whole.size() - 3));
  EXPECT_THROW(Pixels{cache}, DataError);
  write_file_atomically(cache, std::string(whole).replace(whole.find("\"version\":\"1\""), 13, "\"version\":\"0\""));
  try {
    Pixels pixels(cache);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a cache of version 0"));
  }
}

// Any byte of an idx file may be anything: DataError or acceptance, nothing else.
TEST_F(DatasetTest, SurvivesRandomDamage) {
  std::string whole = idx({3, 2, 2}, "abcdefghijkl");
  Stream random = Streams(1, "damage").at(0, 0);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = whole.substr(0, random.below(whole.size() + 1));
    if (!damaged.empty()) damaged[random.below(damaged.size())] = static_cast<char>(random());
    write("train-images.gz", damaged, random.below(2) == 0);
    refusal();
  }
}

TEST(ChooseSamples, IsStratifiedAndStable) {
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 100; ++i) labels.push_back(i < 70 ? 0 : 1);
  auto chosen = choose_samples(labels, 2, 0, 0, 10, 0, "data.train");
  EXPECT_EQ(chosen.size(), 10u);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_EQ(std::count_if(chosen.begin(), chosen.end(), [](auto i) { return i < 70; }), 7);
  EXPECT_EQ(chosen, choose_samples(labels, 2, 0, 0, 10, 0, "data.train"));
  EXPECT_NE(chosen, choose_samples(labels, 2, 0, 0, 10, 1, "data.train"));
  for (auto i : choose_samples(labels, 2, 50, 90, 20, 0, "data.train")) EXPECT_TRUE(i >= 50 && i < 90);
  EXPECT_EQ(choose_samples(labels, 2, 0, 0, 0, 0, "data.train").size(), 100u);
  EXPECT_THROW(choose_samples(labels, 2, 0, 0, 101, 0, "data.train"), UsageError);
  EXPECT_THROW(choose_samples(labels, 2, 100, 0, 1, 0, "data.train"), UsageError);
}

// DeFT's rule on Clothing1M: 32,000 of 14 classes are at most 2,286 of each.
TEST(ChooseCapped, NoClassHasMoreThanItsShare) {
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 1000; ++i) labels.push_back(i % 10 == 0 ? 1 : i % 10 == 1 ? 2 : 0);
  auto count = [&](const std::vector<std::int64_t>& chosen, std::int64_t label) {
    return std::count_if(chosen.begin(), chosen.end(),
                         [&](auto i) { return labels[static_cast<std::size_t>(i)] == label; });
  };
  auto chosen = choose_capped(labels, 3, 0, 0, 100, 0, "data.train");
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_EQ(chosen.size(), 100u) << "34 + 34 + 32: the cap is 33.3, and the total is met";
  for (std::int64_t c = 0; c < 3; ++c) EXPECT_LE(count(chosen, c), 34);
  EXPECT_EQ(chosen, choose_capped(labels, 3, 0, 0, 100, 0, "data.train"));
  EXPECT_NE(chosen, choose_capped(labels, 3, 0, 0, 100, 1, "data.train"));
  auto short_of = choose_capped(labels, 3, 0, 0, 600, 0, "data.train");
  EXPECT_EQ(count(short_of, 0), 200);
  EXPECT_EQ(count(short_of, 1), 100) << "all that there are";
  EXPECT_EQ(short_of.size(), 400u);
  for (auto i : choose_capped(labels, 3, 500, 900, 90, 0, "data.train")) EXPECT_TRUE(i >= 500 && i < 900);
  EXPECT_THROW(choose_capped(labels, 3, 0, 0, 1001, 0, "data.train"), UsageError);
}

}  // namespace
}  // namespace winnow::data
