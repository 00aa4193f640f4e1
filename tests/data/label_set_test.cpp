#include "winnow/data/label_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"

namespace winnow::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A data set of four images of the classes 0, 1, 2, 0, and label files beside it.
class LabelSetTest : public testing::Test {
 protected:
  Folder folder_;
  std::vector<std::int64_t> truth_{0, 1, 2, 0};
  std::string name_ = "mini", fingerprint_ = "0123456789abcdef0123456789abcdef";

  void SetUp() override {
    make_folders(folder_ / "labels");
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
  }

  static SafeTensor labels(const std::vector<std::int64_t>& values) {
    return {"I64", {static_cast<std::int64_t>(values.size())}, std::as_bytes(std::span(values))};
  }
  static SafeTensor sets(const std::vector<std::uint8_t>& values, std::int64_t classes = 3) {
    return {"U8", {static_cast<std::int64_t>(values.size()) / classes, classes}, std::as_bytes(std::span(values))};
  }
  void write(const std::string& name, const std::map<std::string, SafeTensor>& tensors) {
    Path path = folder_ / "labels" / (name + ".safetensors");
    std::filesystem::remove(path);
    write_safetensors(path, tensors);
  }
  std::map<std::string, LabelSet> keep() { return keep_label_sets(folder_, {name_, fingerprint_, truth_, 3}); }
  std::string refusal(const std::map<std::string, SafeTensor>& tensors) {
    write("own", tensors);
    try {
      keep();
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("labels/own.safetensors"));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(LabelSetTest, BothFormsAreKeptByTheirContent) {
  std::vector<std::int64_t> worst{0, 2, 2, 1};
  std::vector<std::uint8_t> vague{1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1};
  write("worst", {{"given", labels(worst)}, {"clean", labels(truth_)}});
  write("vaguest", {{"candidates", sets(vague)}});
  auto found = keep();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_FALSE(found.at("worst").candidates);
  EXPECT_DOUBLE_EQ(found.at("worst").missing, 0.5);
  EXPECT_TRUE(found.at("vaguest").candidates);
  EXPECT_DOUBLE_EQ(found.at("vaguest").missing, 0.25) << "the true label may be missing";
  KeptLabels given(found.at("worst").fingerprint, fingerprint_),
      candidates(found.at("vaguest").fingerprint, fingerprint_);
  EXPECT_THAT(given.given(), ElementsAre(0, 2, 2, 1));
  EXPECT_EQ(given.classes(), 0);
  EXPECT_THAT(candidates.candidates(), testing::ElementsAreArray(vague));
  EXPECT_EQ(candidates.samples(), 4);

  write("worst", {{"given", labels(worst)}});  // `clean` is a check, not a label
  EXPECT_EQ(keep().at("worst").fingerprint, found.at("worst").fingerprint);
  fingerprint_ = "another";
  EXPECT_NE(keep().at("worst").fingerprint, found.at("worst").fingerprint);
}

TEST_F(LabelSetTest, NoLabelsFolderIsNoLabels) {
  std::filesystem::remove_all(folder_ / "labels");
  EXPECT_TRUE(keep().empty());
}

TEST_F(LabelSetTest, RefusesWithSampleAndWhatIsAllowed) {
  std::vector<std::int64_t> good{0, 1, 2, 0}, few{0, 1, 2}, high{0, 1, 3, 0}, negative{0, 1, 2, -1}, other{0, 2, 1, 0};
  EXPECT_THAT(refusal({{"given", labels(few)}}), HasSubstr("labels of 3 samples, mini has 4 training images"));
  EXPECT_THAT(refusal({{"given", labels(high)}}), HasSubstr("sample 2 has the label 3; mini has classes 0..2"));
  EXPECT_THAT(refusal({{"given", labels(negative)}}), HasSubstr("sample 3 has the label -1"));
  EXPECT_THAT(refusal({{"given", labels(good)}, {"clean", labels(other)}}),
              HasSubstr("2 of 4 clean labels are not those of mini, the first at sample 1: labels of another data set, "
                        "or another order"));
  EXPECT_THAT(refusal({{"given", labels(good)}, {"clean", labels(few)}}), HasSubstr("4 given and 3 clean labels"));
  EXPECT_THAT(refusal({{"labels", labels(good)}}), HasSubstr("this one holds neither"));
  std::vector<std::uint8_t> whole(12, 1), empty = whole, three = whole;
  std::fill_n(empty.begin() + 6, 3, 0);
  three[4] = 3;
  EXPECT_THAT(refusal({{"candidates", sets(empty)}}), HasSubstr("sample 2 has no candidate"));
  EXPECT_THAT(refusal({{"candidates", sets(three)}}), HasSubstr("sample 1 has an entry that is neither 0 nor 1"));
  EXPECT_THAT(refusal({{"candidates", sets(whole, 4)}}), HasSubstr("labels of 3 samples"));
  std::vector<std::uint8_t> wide(16, 1);
  EXPECT_THAT(refusal({{"candidates", sets(wide, 4)}}), HasSubstr("candidates among 4 classes, mini has 3"));
  EXPECT_THAT(refusal({{"candidates", sets(whole)}, {"given", labels(good)}}), HasSubstr("this one holds both"));
  EXPECT_THAT(refusal({{"given", {"F32", {8}, std::as_bytes(std::span(good))}}}),
              HasSubstr("given must be N whole numbers (I64), it is F32 of 8"));
  EXPECT_THAT(refusal({{"candidates", {"I64", {2, 2}, std::as_bytes(std::span(good))}}}),
              HasSubstr("they are I64 of 2 x 2"));
  EXPECT_THAT(refusal({{"candidates", {"U8", {4, 0}, {}}}}), HasSubstr("candidates among 0 classes"));
  EXPECT_THAT(refusal({{"candidates", {"U8", {0, 3}, {}}}}), HasSubstr("labels of 0 samples"));
  write_file_atomically(folder_ / "labels" / "own.safetensors", "no container");
  EXPECT_THROW(keep(), DataError);
}

TEST_F(LabelSetTest, ADamagedCopyIsMadeAgain) {
  std::vector<std::int64_t> worst{0, 2, 2, 1};
  write("worst", {{"given", labels(worst)}});
  std::string print = keep().at("worst").fingerprint;
  EXPECT_THROW(KeptLabels(print, "of another data set"), DataError);
  std::string bytes = read_file(label_set_path(print));
  bytes.back() ^= 1;
  write_file_atomically(label_set_path(print), bytes);
  EXPECT_FALSE(is_kept(print, fingerprint_));
  EXPECT_THROW(KeptLabels(print, fingerprint_), DataError);
  keep();
  EXPECT_TRUE(is_kept(print, fingerprint_));
  EXPECT_THROW(KeptLabels("00000000000000000000000000000000", fingerprint_), DataError);
}

// With a data set: the record names them, and changes are noticed.
TEST_F(LabelSetTest, BelongToTheRecordOfTheDataSet) {
  auto file = [&](const char* name, std::string shape, const std::string& values) {
    write_file_atomically(folder_ / name, std::string{0, 0, 8} + shape + values);
  };
  file("train-images", std::string("\3\0\0\0\4\0\0\0\1\0\0\0\1", 13), "abcd");
  file("train-labels", std::string("\1\0\0\0\4", 5), std::string{0, 1, 2, 0});
  file("test-images", std::string("\3\0\0\0\1\0\0\0\1\0\0\0\1", 13), "x");
  file("test-labels", std::string("\1\0\0\0\1", 5), std::string{2});
  Manifest manifest{"mini",
                    "mini.toml",
                    "idx",
                    {folder_.string()},
                    {{"train_images", "train-images"},
                     {"train_labels", "train-labels"},
                     {"test_images", "test-images"},
                     {"test_labels", "test-labels"}},
                    {"a", "b", "c"},
                    "",
                    ""};
  std::string without = check(manifest, {}, {}).fingerprint;
  std::vector<std::int64_t> worst{0, 2, 2, 1}, other{0, 2, 2, 2};
  write("worst", {{"given", labels(worst)}, {"clean", labels(truth_)}});
  Record record = check(manifest, {}, {});
  EXPECT_EQ(record.fingerprint, without) << "labels are no part of the images";
  std::optional<Record> read = read_record("mini");
  ASSERT_TRUE(read && read->labels.count("worst"));
  EXPECT_EQ(read->labels.at("worst").fingerprint, record.labels.at("worst").fingerprint);
  EXPECT_DOUBLE_EQ(read->labels.at("worst").missing, 0.5);
  std::filesystem::remove(label_set_path(record.labels.at("worst").fingerprint));
  ensure_cache(manifest, record, {});
  EXPECT_TRUE(is_kept(record.labels.at("worst").fingerprint, record.fingerprint))
      << "an agent's machine gets its copy with the cache";

  auto refused = [&] {
    try {
      require_unchanged(manifest, record);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  write("worst", {{"given", labels(worst)}});
  EXPECT_EQ(refused(), "accepted") << "the same labels in a new file";
  write("worst", {{"given", labels(other)}});
  EXPECT_THAT(refused(),
              HasSubstr("labels/worst.safetensors in " + folder_.string() + " changed since it was checked"));
  std::filesystem::remove(folder_ / "labels" / "worst.safetensors");
  EXPECT_THAT(refused(), HasSubstr("is gone since it was checked"));
}

// docs/methods/noisy-labels.md#1.1: as the reference codes keep synthetic noise.
TEST_F(LabelSetTest, AListOfNumbersIsALabelFile) {
  std::vector<std::int64_t> worst{0, 2, 2, 1};
  write("worst", {{"given", labels(worst)}});
  std::string same = keep().at("worst").fingerprint;
  auto list = [&](const std::string& text) {
    write_file_atomically(folder_ / "labels/sym-0.4.json", text);
    try {
      return keep().at("sym-0.4").fingerprint;
    } catch (const DataError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(list("[0, 2, 2, 1]"), same) << "whatever kind of file they come in";
  EXPECT_EQ(list("\xEF\xBB\xBF [\n0,2,2,1]\n"), same);
  EXPECT_THAT(list("[0, 2, 2]"), HasSubstr("labels/sym-0.4.json: labels of 3 samples, mini has 4 training images"));
  EXPECT_THAT(list("[]"), HasSubstr("labels of 0 samples"));
  EXPECT_THAT(list("[0, 2, 2, 3]"), HasSubstr("sample 3 has the label 3; mini has classes 0..2"));
  EXPECT_THAT(list("[0, 2, 0.5, 1]"), HasSubstr("entry 2 is 0.5; a label file of this kind is a flat list of whole"));
  EXPECT_THAT(list("[0, 2, [2], 1]"), HasSubstr("entry 2 is [2]"));
  EXPECT_THAT(list("[0, 2, 2, 1"), HasSubstr("labels/sym-0.4.json"));
  list("[0, 2, 2, 1]");
  write_file_atomically(folder_ / "labels/worst.json", "[0, 2, 2, 1]");
  EXPECT_THAT(list("[0, 2, 2, 1]"), HasSubstr("there are labels 'worst' of another kind of file beside it"));
}

TEST_F(LabelSetTest, OtherJsonIsNoted) {
  for (const char* text : {"{\"a\": [1, 2]}", "[\"owl\", \"crane\"]", "[{\"label\": 1}]", ""}) {
    write_file_atomically(folder_ / "labels/own.json", text);
    EXPECT_THAT(label_files(folder_), testing::IsEmpty()) << text;
    EXPECT_THAT(note_on_other_label_files(folder_), HasSubstr("labels/own.json is not read")) << text;
  }
  write_file_atomically(folder_ / "labels/own.json", "[1]");
  EXPECT_EQ(note_on_other_label_files(folder_), "");
}

}  // namespace
}  // namespace winnow::data
