#include "winnow/data/template_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "../folder.h"
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
  Folder folder_;
  Record dataset_;

  void SetUp() override {
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    dataset_.name = "eurosat";
    dataset_.classes = kClasses;
  }

  TemplateRecord record(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / "t.json", content);
    return record_templates(name, dataset_, folder_ / "t.json");
  }
  // What a file with these entries beside its head is refused with.
  std::string refused(const std::string& entries) {
    return refusal([&] {
      record("llm", R"({"format": "winnow-templates/1", "dataset": "EuroSAT", "source": "by hand")" + entries + "}");
    });
  }
};

TEST_F(TemplateFiles, AClassHasTheFilledTemplatesAndItsOwnTexts) {
  EXPECT_THAT(TemplateFile::parse(kWhole, "t").texts(kClasses, "t"),
              ElementsAre(ElementsAre("a satellite image of Annual Crop Land."),
                          ElementsAre("a satellite image of Forest.", "many trees", "a Forest from above"),
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
  EXPECT_THAT(refusal([] { recorded_texts("0123", kClasses); }),
              HasSubstr("templates of fingerprint 0123 are not on this machine"));
  std::string print = record("llm", kWhole).fingerprint;
  write_file_atomically(folder_ / "cache/templates" / (print + ".json"), kWhole + " ");
  EXPECT_THAT(refusal([&] { recorded_texts(print, kClasses); }),
              HasSubstr("is damaged: run winnow data templates again"));
  write_file_atomically(folder_ / "cache/templates/eurosat/llm.json", "{}");
  EXPECT_THAT(refusal([] { recorded_templates(); }), HasSubstr("llm.json is not a record of templates"));
}

TEST_F(TemplateFiles, MistakesAreNamed) {
  EXPECT_THAT(refused(R"(, "classs": {})"), HasSubstr("t.json: unknown key 'classs' (did you mean 'classes'?); known: "
                                                      "format, dataset, source, templates, classes"));
  EXPECT_THAT(refused(R"(, "classes": {"Forrest": ["trees"]}, "templates": ["a {}"])"),
              HasSubstr("the data set has no class 'Forrest' (did you mean 'Forest'?)"));
  EXPECT_THAT(refused(""), HasSubstr("classes 'Annual Crop Land', 'Forest', 'sea_or_lake' have no text"));
  EXPECT_THAT(refused(R"(, "classes": {"Annual Crop Land": ["rows"], "Forest": [], "sea_or_lake": ["water"]})"),
              HasSubstr("class 'Forest' has no text"));
  EXPECT_THAT(refused(R"(, "templates": ["a photo"])"),
              HasSubstr("the template 'a photo' has no {} for the class name, it must have one"));
  EXPECT_THAT(refused(R"(, "templates": ["a {} or {}"])"), HasSubstr("the template 'a {} or {}' has 2 {}"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "classes": {"Forest": ["{}{}"]})"),
              HasSubstr("class 'Forest': the text '{}{}' has 2 {} for the class name, it may have one"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}", 5])"), HasSubstr("templates: entry 1 is no text"));
  EXPECT_THAT(refused(R"(, "templates": [" "])"), HasSubstr("templates: entry 0 is no text"));
  EXPECT_THAT(refused(R"(, "templates": "a {}")"), HasSubstr("templates must be a list of texts"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "classes": ["Forest"])"),
              HasSubstr("'classes' must give a list of texts for each class name"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "classes": {"Forest": ["a"], "Forest": ["b"]})"),
              HasSubstr("t.json:1: 'Forest' is there twice (first in line 1)"));
  EXPECT_THAT(refused(R"(, "templates": ["a {}"], "source": "")"), HasSubstr("'source' is there twice"));
  EXPECT_TRUE(recorded_templates().empty()) << "nothing of a refused file stays";
}

// The form of CuPL and of classify_by_description.
TEST_F(TemplateFiles, ThePlainFormIsReadUnderTheNamesOfTheDataSet) {
  const std::string plain =
      R"({"annual crop-land": ["Annual Crop Land from above."], "FOREST": ["a forest", "a {} of oaks"], "Sea or Lake": ["blue"]})";
  TemplateRecord kept = record("cupl", plain);
  EXPECT_EQ(kept.texts, 4u);
  EXPECT_EQ(kept.note, "");
  EXPECT_THAT(recorded_texts(kept.fingerprint, kClasses),
              ElementsAre(ElementsAre("Annual Crop Land from above."), ElementsAre("a forest", "a Forest of oaks"),
                          ElementsAre("blue")));
  EXPECT_EQ(record("again", "\xef\xbb\xbf" + plain).texts, 4u) << "a byte order mark";
  EXPECT_THAT(refusal([&] { record("llm", R"({"Annual Crop Land": ["x"], "Forest": "x", "sea_or_lake": ["x"]})"); }),
              HasSubstr("no file of templates"));
  EXPECT_THAT(
      refusal([&] { record("llm", R"({"Annual Crop Land": ["x"], "Forest": ["x", 7], "sea_or_lake": ["x"]})"); }),
      HasSubstr("class 'Forest': entry 1 is no text"));
}

TEST_F(TemplateFiles, DescriptorsBecomeSentences) {
  write_file_atomically(
      folder_ / "d.json",
      R"({"forest": ["green leaves", "a canopy", "often dense", "used for timber"], "annual_crop_land": ["rows"], "sea or lake": ["can be blue"]})");
  EXPECT_THAT(record_templates("bare", dataset_, folder_ / "d.json").note, HasSubstr("--descriptors"));
  TemplateRecord kept = record_templates("gpt3", dataset_, folder_ / "d.json", {.descriptors = true});
  EXPECT_EQ(kept.note, "");
  EXPECT_THAT(recorded_texts(kept.fingerprint, kClasses),
              ElementsAre(ElementsAre("Annual Crop Land, which has rows"),
                          ElementsAre("Forest, which has green leaves", "Forest, which is a canopy",
                                      "Forest, which often dense", "Forest, which is used for timber"),
                          ElementsAre("sea or lake, which can be blue")));
  write_file_atomically(folder_ / "t.json", kWhole);
  EXPECT_THROW(record_templates("llm", dataset_, folder_ / "t.json", {.descriptors = true}), UsageError)
      << "its texts say where the name belongs";
}

TEST_F(TemplateFiles, AllMissingAndUnknownClassesAreNamedAtOnce) {
  const std::string some = R"({"Forrest": ["x"], "Desert": ["x"], "sea or lake": ["x"]})";
  EXPECT_THAT(
      refusal([&] { record("llm", some); }),
      testing::AllOf(HasSubstr("the data set has no class 'Desert'"), HasSubstr("'Forrest' (did you mean 'Forest'?)"),
                     HasSubstr("; classes 'Annual Crop Land', 'Forest' have no text")));
  EXPECT_THAT(refused(R"(, "classes": {"Forest": [], "sea_or_lake": ["water"], "Lake": ["x"]})"),
              HasSubstr("no class 'Lake'; classes 'Annual Crop Land', 'Forest' have no text"));
  write_file_atomically(folder_ / "t.json",
                        R"({"annual crop land": ["x"], "forest": ["x"], "sea or lake": ["x"], "Desert": ["x"]})");
  EXPECT_THAT(refusal([&] { record_templates("llm", dataset_, folder_ / "t.json"); }),
              HasSubstr("the data set has no class 'Desert' (--ignore-unknown"));
  TemplateRecord kept = record_templates("llm", dataset_, folder_ / "t.json", {.ignore_unknown = true});
  EXPECT_EQ(recorded_texts(kept.fingerprint, kClasses).size(), 3u) << "what was left out does not come back";
}

TEST_F(TemplateFiles, NamesThatCouldBeTwoClassesAreNotGuessed) {
  EXPECT_THAT(refusal([&] {
                record("llm", R"({"annual crop land": ["x"], "forest": ["x"], "FOREST": ["y"], "sea or lake": ["x"]})");
              }),
              HasSubstr("'FOREST' and 'forest' are both the class 'Forest'"));
  dataset_.classes = {"crane", "Crane"};
  EXPECT_THAT(refusal([&] { record("llm", R"({"CRANE": ["x"], "Crane": ["y"]})"); }),
              testing::AllOf(HasSubstr("no class 'CRANE'"), HasSubstr("class 'crane' has no text")));
  EXPECT_EQ(record("llm", R"({"crane": ["x"], "Crane": ["y"]})").texts, 2u) << "what is spelt exactly is clear";
  dataset_.classes = {"missile", "missile"};
  EXPECT_EQ(record("llm", R"({"Missile": ["x"]})").texts, 2u)
      << "ImageNet has two classes of one name: one text for both";
}

TEST_F(TemplateFiles, OfAnotherKindOrDataSetAreRefused) {
  auto whole = [&](const std::string& content) { return refusal([&] { record("llm", content); }); };
  EXPECT_THAT(whole("{"), HasSubstr("t.json is not JSON in UTF-8, at byte 2"));
  EXPECT_THAT(whole("[]"), HasSubstr("no file of templates: \"format\" must be \"winnow-templates/1\""));
  EXPECT_THAT(whole(R"({"format": "winnow-templates/2"})"), HasSubstr("\"format\" must be"));
  EXPECT_THAT(whole(R"({"format": "winnow-templates/1", "dataset": "EuroSAT", "templates": ["{}"]})"),
              HasSubstr("'source' must be a text"));
  EXPECT_THAT(whole("{\"format\": \"winnow-templates/1\", \"dataset\": \"EuroSAT\", \"source\": \"\xff\"}"),
              HasSubstr("is not JSON in UTF-8"));
  dataset_.name = "dtd";
  EXPECT_THAT(whole(kWhole), HasSubstr("templates of the data set EuroSAT, not of dtd"));
  dataset_.name = "eurosat";
  for (const char* name : {"", "../up", "a {}.", ".hidden"})
    EXPECT_THAT(refusal([&] { record(name, kWhole); }), HasSubstr("name of templates: letters"));
  EXPECT_THAT(refusal([&] { record("imagenet-80", kWhole); }), HasSubstr("imagenet-80 is a set that winnow ships"));
  EXPECT_THAT(refusal([&] { record(std::string(300, 'x'), kWhole); }), HasSubstr("at most 100 letters, not 300"));
  for (const char* word : {"plain", "coop", "clip", "coop8"})
    EXPECT_THAT(refusal([&] { record(word, kWhole); }), HasSubstr("means each data set's own prompt"));
}

}  // namespace
}  // namespace winnow::data
