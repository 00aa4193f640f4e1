// What is legal and may be a mistake, and what has no meaning: said with its place, and never left out in silence.
#include <nlohmann/json.hpp>

#include "../refusal.h"
#include "layout_fixture.h"
#include "winnow/core/safetensors.h"
#include "winnow/data/label_set.h"
#include "winnow/data/scores.h"
#include "winnow/data/template_file.h"

namespace winnow::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DoubtfulData : public LayoutTest {
 protected:
  void SetUp() override {
    LayoutTest::SetUp();
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}) picture(name);
  }
  std::vector<std::string> notes(const Manifest& m) { return check(m, {}, {}).notes; }
  Manifest lines(const Value& more = Value::object()) { return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "classes.txt"}}, more); }
  Manifest csv(const Value& more = Value::object()) { return manifest("csv", {{"train", "train.csv"}, {"test", "test.csv"}}, more); }
};

TEST_F(DoubtfulData, FilesOfBracketsAloneAreRefused) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']'), wanted = "within one another more than 64 deep";
  put("split.json", deep);
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})), AllOf(HasSubstr("split.json: "), HasSubstr(wanted)));
  Manifest json = manifest("json", {{"train", "train.json"}, {"test", "train.json"}}, {{"classes", {"x", "y"}}});
  put("train.json", "[{\"path\": \"a.jpg\", \"label\": " + deep + "}]");
  EXPECT_THAT(refusal(json), AllOf(HasSubstr("train.json: "), HasSubstr(wanted)));
  EXPECT_THAT(winnow::refusal([&] { TemplateFile::parse("{\"cat\": [" + deep + "]}", "t.json"); }), HasSubstr(wanted));
  put("../cache/datasets/mini.json", deep);
  EXPECT_THAT(winnow::refusal([&] { read_record("mini"); }), HasSubstr("mini.json is damaged: run winnow data check mini"));
  put("../cache/scores/mini.json", deep);
  EXPECT_THAT(winnow::refusal([&] { recorded_scores(); }), HasSubstr("is not a record of scores"));
  put("../cache/templates/mini/t.json", deep);
  EXPECT_THAT(winnow::refusal([&] { recorded_templates(); }), HasSubstr("is not a record of templates"));
}

}  // namespace
}  // namespace winnow::data
