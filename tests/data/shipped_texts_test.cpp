// Class texts that winnow ships for the tables of CoFT, against the class names of the data sets (class_names/: as
// CoOp's split files, FGVC-Aircraft's variants.txt and Fashion-MNIST's preset spell them).
// docs/methods/unsupervised.md#2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "../folder.h"
#include "../refusal.h"
#include "winnow/core/hash.h"
#include "winnow/data/template_file.h"
#include "winnow/data/templates.h"

namespace winnow::data {
namespace {

using testing::HasSubstr;

const Path kSource = WINNOW_SOURCE_DIR;
const std::map<std::string, std::size_t> kClasses = {
    {"caltech101", 100},         {"dtd", 47},         {"eurosat", 10},  {"fashion-mnist", 10},
    {"fgvc-aircraft-coop", 100}, {"flowers102", 102}, {"food101", 101}, {"oxford-pets", 37},
    {"stanford-cars-coop", 196}, {"ucf101", 101}};

std::vector<std::string> class_names(const std::string& dataset) {
  std::vector<std::string> names;
  std::ifstream lines(kSource / "tests/data/class_names" / (dataset + ".txt"));
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

std::string content(const std::string& dataset) {
  return read_file(kSource / "sweeps/coft/templates" / (dataset + ".json"));
}

TEST(ShippedTexts, AreThereForTheTablesOfCoftAndFashionMnist) {
  std::set<std::string> there, wanted;
  for (const TemplateRecord& shipped : shipped_templates()) {
    EXPECT_TRUE(there.insert(shipped.dataset).second);
    EXPECT_EQ(shipped.name, "llm");
    EXPECT_EQ(shipped.fingerprint, hash_of(content(shipped.dataset)).hex()) << "what is compiled in is the file";
  }
  for (const auto& [dataset, classes] : kClasses) wanted.insert(dataset);
  EXPECT_EQ(there, wanted);
}

TEST(ShippedTexts, NameEachClassAsItsDataSetSpellsIt) {
  for (const auto& [dataset, count] : kClasses) {
    std::vector<std::string> names = class_names(dataset);
    EXPECT_EQ(names.size(), count) << dataset;
    TemplateFile file = TemplateFile::parse(content(dataset), dataset);
    EXPECT_EQ(file.dataset, dataset);
    EXPECT_THAT(file.source, HasSubstr("written for this project"));
    std::set<std::string> own, wanted(names.begin(), names.end());
    for (const auto& [name, texts] : file.classes) own.insert(name);
    EXPECT_EQ(own, wanted) << dataset;
  }
}

// Twenty templates for every class; descriptions of each: three where there are a hundred classes or fewer (four of
// the smallest), else two. No text stands twice for two classes: it would tell them apart by nothing.
TEST(ShippedTexts, DescribeEveryClassByTextsOfItsOwn) {
  for (const auto& [dataset, count] : kClasses) {
    TemplateFile file = TemplateFile::parse(content(dataset), dataset);
    std::set<std::string> templates(file.templates.begin(), file.templates.end());
    EXPECT_EQ(templates.size(), 20u) << dataset;
    std::map<std::string, std::string> seen;
    for (const auto& [name, texts] : file.classes) {
      EXPECT_GE(texts.size(), count > 100 ? 2u : 3u) << dataset << ": " << name;
      for (const std::string& text : texts) {
        std::string filled = places_in(text) ? prompt(text, name) : text;
        auto [other, fresh] = seen.emplace(filled, name);
        EXPECT_TRUE(fresh) << dataset << ": '" << filled << "' is of " << other->second << " and of " << name;
        EXPECT_LT(filled.size(), 240u) << "CLIP reads 77 tokens";
        EXPECT_GE(std::count(filled.begin(), filled.end(), ' '), 4) << "no description: " << filled;
        EXPECT_EQ(filled.find("  "), std::string::npos) << filled;
        EXPECT_TRUE(std::all_of(filled.begin(), filled.end(), [](char c) { return c >= ' ' && c <= '~'; })) << filled;
      }
    }
  }
}

TEST(ShippedTexts, AreWhatTheirFingerprintGives) {
  for (const TemplateRecord& shipped : shipped_templates()) {
    std::vector<std::string> names = class_names(shipped.dataset);
    auto texts = recorded_texts(shipped.fingerprint, names);
    ASSERT_EQ(texts.size(), names.size());
    EXPECT_EQ(texts, TemplateFile::parse(content(shipped.dataset), "f").texts(names, "f"));
    names.push_back("a class that is not there");
    EXPECT_NO_THROW(recorded_texts(shipped.fingerprint, names)) << "the templates serve it";
    names = {names[0]};
    EXPECT_THAT(refusal([&] { recorded_texts(shipped.fingerprint, names); }),
                HasSubstr("the shipped class texts of " + shipped.dataset))
        << "texts of classes that the data set does not have";
  }
}

// The same file, recorded by hand, is the same texts; another one under the name takes their place, and says so.
TEST(ShippedTexts, GiveWayToWhatWasRecordedUnderTheirName) {
  Folder folder;
  ::setenv("WINNOW_CACHE", (folder / "cache").c_str(), 1);
  Record eurosat;
  eurosat.name = "eurosat";
  eurosat.classes = class_names("eurosat");
  TemplateRecord same = record_templates("llm", eurosat, kSource / "sweeps/coft/templates/eurosat.json");
  EXPECT_EQ(same.note, "");
  EXPECT_EQ(same.templates, 20u);
  EXPECT_EQ(same.texts, 10u * 20 + 50);
  write_file_atomically(folder / "t.json", R"({"format": "winnow-templates/1", "dataset": "EuroSAT", "source": "me",
                                               "templates": ["{} from above"]})");
  EXPECT_THAT(record_templates("llm", eurosat, folder / "t.json").note, HasSubstr("take the place of the texts"));
  EXPECT_EQ(record_templates("mine", eurosat, folder / "t.json").note, "");
}

}  // namespace
}  // namespace winnow::data
