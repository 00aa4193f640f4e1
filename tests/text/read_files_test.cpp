// Text files of snapshots, as editors and libraries of several years leave them.
#include "winnow/text/read_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "../folder.h"
#include "../refusal.h"
#include "winnow/core/file_state.h"
#include "winnow/text/config_table.h"
#include "winnow/text/tokenizer.h"

namespace winnow::text {
namespace {

using testing::HasSubstr;

class ReadFiles : public testing::Test {
 protected:
  ReadFiles() { std::filesystem::copy(golden("clip-quickgelu"), folder_, std::filesystem::copy_options::recursive); }

  static Path golden(const std::string& name) {
    return Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots" / name;
  }
  void write(const std::string& name, const std::string& content) {
    std::filesystem::remove(folder_ / name);
    write_file_atomically(folder_ / name, content);
  }
  std::string content(const std::string& name) { return read_file(folder_ / name); }
  std::vector<std::int64_t> ids() {
    return tokenizer_of(read_snapshot_files(folder_))->encode("a photo of a cat.", 77);
  }
  std::string refused() {
    return refusal([&] { ids(); });
  }
  // \n as something else, with a byte order mark in front.
  std::string as_windows_has_it(const std::string& name, const std::string& line_end) {
    std::string text = "\xEF\xBB\xBF";
    for (char c : content(name)) text += c == '\n' ? line_end : std::string(1, c);
    return text;
  }

  Folder folder_;
};

TEST_F(ReadFiles, LineEndsAndByteOrderMarksChangeNothing) {
  std::vector<std::int64_t> want = ids();
  for (const char* end : {"\r\n", "\r"})
    for (const char* name : {"merges.txt", "vocab.json", "config.json", "tokenizer_config.json", "tokenizer.json",
                             "preprocessor_config.json"}) {
      std::string before = content(name);
      write(name, as_windows_has_it(name, end));
      EXPECT_EQ(ids(), want) << name;
      EXPECT_EQ(read_snapshot_files(folder_).files.count("preprocessor_config.json"), 1u);
      write(name, before);
    }
}

TEST_F(ReadFiles, WhatIsNoJsonIsNamedWithItsPlace) {
  write("config.json", "{\n  \"model_type\": clip\n}");
  EXPECT_THAT(refused(), HasSubstr("config.json is not JSON in UTF-8, at byte 19 (line 2, column"));
  write("config.json", "[]");
  EXPECT_THAT(refused(), HasSubstr("config.json is not a table"));
  write("config.json", std::string("\xFF\xFE{\0", 4));
  EXPECT_THAT(refused(), HasSubstr("config.json: a text in UTF-16; save it in UTF-8"));
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_THAT(refused(), HasSubstr("config.json is missing"));
}

TEST_F(ReadFiles, APairThatIsBrokenYieldsToTokenizerJson) {
  std::string used;
  tokenizer_of(read_snapshot_files(folder_), &used);
  EXPECT_EQ(used, "vocab.json and merges.txt");
  std::string merges = content("merges.txt");
  write("merges.txt", merges + "qq xx\n");
  EXPECT_EQ(tokenizer_of(read_snapshot_files(folder_), &used)->encode("a photo of a cat.", 77).size(), 77u);
  EXPECT_THAT(used, HasSubstr("tokenizer.json, because "));
  EXPECT_THAT(used, HasSubstr("'qq xx' needs 'qq', which vocab.json does not have"));
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_THAT(refused(), HasSubstr("merges.txt:"));
  write("merges.txt", merges);
  write("tokenizer.json", "{");
  EXPECT_EQ(refused(), "accepted") << "the pair is whole";
}

TEST_F(ReadFiles, TwoTokenizersThatDifferAreRefused) {
  Value vocabulary = Value::parse(content("vocab.json"));
  auto first = vocabulary.begin(), second = std::next(first);
  std::swap(first.value(), second.value());
  write("vocab.json", vocabulary.dump());
  EXPECT_THAT(refused(), HasSubstr("vocab.json and merges.txt differ from tokenizer.json: the id of "));
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_EQ(refused(), "accepted");
  second.value() = first.value();
  write("vocab.json", vocabulary.dump());
  EXPECT_THAT(refused(), HasSubstr("have the same id"));
}

TEST_F(ReadFiles, IdsBeyondTheTextTowerAreRefused) {
  Value config = Value::parse(content("config.json"));
  config["text_config"]["vocab_size"] = 3;
  write("config.json", config.dump());
  EXPECT_THAT(refused(), HasSubstr("they are not of one model"));
}

// Brackets within brackets would end the program where a value is printed or copied.
TEST_F(ReadFiles, FilesOfBracketsAloneAreRefused) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  auto require = [&](const std::string& name) {
    std::string before = is_there(folder_ / name) ? content(name) : "{}";
    for (const std::string& text :
         {deep, "{\"model_type\": " + deep + "}", "{\"vision_config\": {\"hidden_size\": " + deep + "}}"}) {
      write(name, text);
      EXPECT_THAT(refused(), testing::AllOf(HasSubstr(name), HasSubstr("within one another more than 64 deep")))
          << name;
    }
    write(name, before);
  };
  for (const char* name : {"config.json", "processor_config.json"}) require(name);
  std::string tokenizer = content("tokenizer.json");
  std::filesystem::remove(folder_ /
                          "tokenizer.json");  // the pair alone: of two tokenizers one that cannot be read is left aside
  require("vocab.json");
  for (const char* name : {"vocab.json", "merges.txt"}) std::filesystem::remove(folder_ / name);
  write("tokenizer.json", tokenizer);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) require(name);
  EXPECT_EQ(refused(), "accepted");
}

TEST_F(ReadFiles, AKeyThatIsThereTwiceIsRefused) {
  write("config.json", "{\"model_type\": \"clip\",\n\"model_type\": \"vit\"}");
  EXPECT_THAT(refused(), HasSubstr("config.json:2: 'model_type' is there twice (first in line 1)"));
}

TEST_F(ReadFiles, OlderTablesOfAClipCount) {
  Value config = Value::parse(content("config.json"));
  config["text_config_dict"] = {{"hidden_act", "gelu"}};
  SnapshotFiles files;
  files.config = config;
  EXPECT_EQ(section_of(files, "text_config").text("hidden_act", "quick_gelu"), "gelu");
  EXPECT_EQ(section_of(files, "text_config").size("hidden_size", 512), 512) << "alone, with the defaults";
  files.config["text_config_dict"] = nullptr;
  EXPECT_EQ(section_of(files, "text_config").size("hidden_size", 512), config["text_config"]["hidden_size"]);
  files.config["model_type"] = "siglip";
  files.config["text_config_dict"] = {{"hidden_size", 1}};
  EXPECT_EQ(section_of(files, "text_config").size("hidden_size", 512), config["text_config"]["hidden_size"])
      << "as transformers: CLIP's alone";
}

TEST_F(ReadFiles, ImageProcessorsOfTransformers5) {
  std::string own = content("preprocessor_config.json");
  std::filesystem::remove(folder_ / "preprocessor_config.json");
  write("processor_config.json",
        Value{{"image_processor", Value::parse(own)}, {"processor_class", "CLIPProcessor"}}.dump());
  SnapshotFiles files = read_snapshot_files(folder_);
  EXPECT_EQ(Value::parse(files.files.at("preprocessor_config.json")), Value::parse(own));
  EXPECT_EQ(files.preprocessor, "processor_config.json: image_processor");
  write("preprocessor_config.json", "{}");
  EXPECT_EQ(Value::parse(read_snapshot_files(folder_).files.at("preprocessor_config.json")), Value::parse(own))
      << "the table within counts, as in transformers";
  write("processor_config.json", R"({"processor_class": "CLIPProcessor"})");
  EXPECT_EQ(read_snapshot_files(folder_).files.at("preprocessor_config.json"), "{}");
}

TEST_F(ReadFiles, ContextsAreThoseOfTheTextTower) {
  EXPECT_EQ(context_of(read_snapshot_files(folder_)),
            read_snapshot_files(folder_).config["text_config"]["max_position_embeddings"]);
  EXPECT_EQ(context_of(read_snapshot_files(golden("vit-classifier"))), 0);
  EXPECT_GT(context_of(read_snapshot_files(golden("open-clip-vit"))), 0);
  EXPECT_FALSE(has_tokenizer(read_snapshot_files(golden("vit-classifier"))));
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer.json"}) std::filesystem::remove(folder_ / name);
  EXPECT_FALSE(has_tokenizer(read_snapshot_files(folder_)));
}

}  // namespace
}  // namespace winnow::text
