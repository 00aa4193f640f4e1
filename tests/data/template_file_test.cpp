#include "winnow/data/template_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "../refusal.h"
#include "winnow/core/hash.h"

namespace winnow::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kClasses = {"Annual Crop Land", "Forest", "sea_or_lake"};
const std::string kWhole = R"({"format": "winnow-templates/1", "dataset": "EuroSAT", "source": "by hand",
  "templates": ["a satellite image of {}."], "classes": {"Forest": ["many trees", "a {} from above"]}})";

class TemplateFiles : public testing::Test {
 protected:
  Path folder_ = Path(testing::TempDir()) / "winnow-template-file-test";
  Record dataset_;

  void SetUp() override {
    std::filesystem::remove_all(folder_);
    make_folders(folder_);
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    dataset_.name = "eurosat";
    dataset_.classes = kClasses;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  TemplateRecord record(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / "t.json", content);
    return record_templates(name, dataset_, folder_ / "t.json");
  }
  // What a file with these entries beside its head is refused with.
  std::string refused(const std::string& entries) {
    return refusal([&] { record("llm", R"({"format": "winnow-templates/1", "dataset": "EuroSAT", "source": "by hand")" + entries + "}"); });
  }
};

TEST_F(TemplateFiles, AClassHasTheFilledTemplatesAndItsOwnTexts) {
  EXPECT_THAT(TemplateFile::parse(kWhole, "t").texts(kClasses, "t"),
              ElementsAre(ElementsAre("a satellite image of Annual Crop Land."), ElementsAre("a satellite image of Forest.", "many trees", "a Forest from above"),
                          ElementsAre("a satellite image of sea or lake.")));
}

TEST_F(TemplateFiles, AreKeptByTheirBytesForEachDataSet) {
  EXPECT_TRUE(recorded_templates().empty());
  TemplateRecord one = record("llm", kWhole);
  EXPECT_EQ(one.fingerprint, hash_of(kWhole).hex());
  EXPECT_EQ(one.templates, 1u);
  EXPECT_EQ(one.texts, 5u);
  dataset_.name = "euro-sat";
  std::string other = kWhole;
  other.replace(other.find("many"), 4, "some");
  EXPECT_NE(record("llm", other).fingerprint, one.fingerprint);
  std::vector<TemplateRecord> all = recorded_templates();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].dataset, "euro-sat");
  EXPECT_EQ(all[1].fingerprint, one.fingerprint);
  std::filesystem::remove(folder_ / "t.json");
  EXPECT_EQ(recorded_texts(one.fingerprint, kClasses)[1][1], "many trees") << "the cache has its own copy";
}

TEST_F(TemplateFiles, ThatAreMissingOrDamagedAreNotRead) {
  EXPECT_THAT(refusal([] { recorded_texts("0123", kClasses); }), HasSubstr("templates of fingerprint 0123 are not on this machine"));
  std::string print = record("llm", kWhole).fingerprint;
  write_file_atomically(folder_ / "cache/templates" / (print + ".json"), kWhole + " ");
  EXPECT_THAT(refusal([&] { recorded_texts(print, kClasses); }), HasSubstr("is damaged: run winnow data templates again"));
  write_file_atomically(folder_ / "cache/templates/eurosat/llm.json", "{}");
  EXPECT_THAT(refusal([] { recorded_templates(); }), HasSubstr("llm.json is not a record of templates"));
}

TEST_F(TemplateFiles, MistakesAreNamed) {
  EXPECT_THAT(refused(R"(, "classs": {})"), HasSubstr("t.json: unknown key 'classs' (did you mean 'classes'?); known: format, dataset, source, templates, classes"));
  EXPECT_THAT(refused(R"(, "classes": {"Forrest": ["trees"]}, "templates": ["a {}"])"), HasSubstr("the data set has no class 'Forrest' (did you mean 'Forest'?)"));
  EXPECT_THAT(refused(R"(, "classes": {"sea or lake": ["water"]}, "templates": ["a {}"])"), HasSubstr("did you mean 'sea_or_lake'?")) << "names as in the split file";
  EXPECT_THAT(refused(""), HasSubstr("class 'Annual Crop Land' has no text"));
  EXPECT_THAT(refused(R"(, "classes": {"Annual Crop Land": ["rows"], "Forest": [], "sea_or_lake": ["water"]})"), HasSubstr("class 'Forest' has no text"));
  EXPECT_THAT(refused(R"(, "templates": ["a photo"])"), HasSubstr("the template 'a photo' has 0 {} for the class name, it must have one"));
  EXPECT_THAT(refused(R"(, "templates": ["a {} or {}"])"), HasSubstr("the template 'a {} or {}' has 2 {}"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "classes": {"Forest": ["{}{}"]})"), HasSubstr("class 'Forest': the text '{}{}' has 2 {} for the class name, it may have one"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}", 5])"), HasSubstr("templates: entry 1 is no text"));
  EXPECT_THAT(refused(R"(, "templates": [" "])"), HasSubstr("templates: entry 0 is no text"));
  EXPECT_THAT(refused(R"(, "templates": "a {}")"), HasSubstr("templates must be a list of texts"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "classes": ["Forest"])"), HasSubstr("'classes' must give a list of texts for each class name"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "classes": {"Forest": ["a"], "Forest": ["b"]})"), HasSubstr("'Forest' is there twice"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "source": "")"), HasSubstr("'source' is there twice"));
  EXPECT_TRUE(recorded_templates().empty()) << "nothing of a refused file stays";
}

TEST_F(TemplateFiles, OfAnotherKindOrDataSetAreRefused) {
  auto whole = [&](const std::string& content) { return refusal([&] { record("llm", content); }); };
  EXPECT_THAT(whole("{"), HasSubstr("t.json is not JSON in UTF-8, at byte 2"));
  EXPECT_THAT(whole("[]"), HasSubstr("no file of templates: \"format\" must be \"winnow-templates/1\""));
  EXPECT_THAT(whole(R"({"format": "winnow-templates/2"})"), HasSubstr("\"format\" must be"));
  EXPECT_THAT(whole(R"({"format": "winnow-templates/1", "dataset": "EuroSAT", "templates": ["{}"]})"), HasSubstr("'source' must be a text"));
  EXPECT_THAT(whole("{\"format\": \"winnow-templates/1\", \"dataset\": \"EuroSAT\", \"source\": \"\xff\"}"), HasSubstr("is not JSON in UTF-8"));
  dataset_.name = "dtd";
  EXPECT_THAT(whole(kWhole), HasSubstr("templates of the data set EuroSAT, not of dtd"));
  dataset_.name = "eurosat";
  for (const char* name : {"", "../up", "a {}.", ".hidden"}) EXPECT_THAT(refusal([&] { record(name, kWhole); }), HasSubstr("name of templates: letters"));
  EXPECT_THAT(refusal([&] { record("imagenet-80", kWhole); }), HasSubstr("imagenet-80 is a set that winnow ships"));
}

}  // namespace
}  // namespace winnow::data
