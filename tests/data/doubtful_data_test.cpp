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
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}) image(name);
  }
  std::vector<std::string> notes(const Manifest& m) { return check(m, {}, {}).notes; }
  Manifest lines(const Value& more = Value::object()) {
    return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "classes.txt"}}, more);
  }
  Manifest csv(const Value& more = Value::object()) {
    return manifest("csv", {{"train", "train.csv"}, {"test", "test.csv"}}, more);
  }
};

TEST_F(DoubtfulData, FilesOfBracketsAloneAreRefused) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']'),
                    wanted = "within one another more than 64 deep";
  put("split.json", deep);
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})),
              AllOf(HasSubstr("split.json: "), HasSubstr(wanted)));
  Manifest json = manifest("json", {{"train", "train.json"}, {"test", "train.json"}}, {{"classes", {"x", "y"}}});
  put("train.json", "[{\"path\": \"a.jpg\", \"label\": " + deep + "}]");
  EXPECT_THAT(refusal(json), AllOf(HasSubstr("train.json: "), HasSubstr(wanted)));
  EXPECT_THAT(winnow::refusal([&] { TemplateFile::parse("{\"cat\": [" + deep + "]}", "t.json"); }), HasSubstr(wanted));
  put("../cache/datasets/mini.json", deep);
  EXPECT_THAT(winnow::refusal([&] { read_record("mini"); }),
              HasSubstr("mini.json is damaged: run winnow data check mini"));
  put("../cache/scores/mini.json", deep);
  EXPECT_THAT(winnow::refusal([&] { recorded_scores(); }), HasSubstr("is not a record of scores"));
  put("../cache/templates/mini/t.json", deep);
  EXPECT_THAT(winnow::refusal([&] { recorded_templates(); }), HasSubstr("is not a record of templates"));
}

// The order of the lines would decide, and every label be another class's.
TEST_F(DoubtfulData, ClassIdsThatAreAlmostNumbersAreRefused) {
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  Manifest m = lines({{"options", {{"name_skip", 1}}}});
  auto with = [&](const std::string& first, const std::string& second) {
    put("classes.txt", first + " cat\n" + second + " dog\n");
    return refusal(m);
  };
  for (const char* one : {"1:", "1,", "1.", "+1", "-1", "0x1", "1.5", "1e0", "#1", "(1)", "99999999999999999999"})
    EXPECT_THAT(with(one, "0"), HasSubstr(fmt::format("classes.txt:1: the class id '{}' is no number", one))) << one;
  EXPECT_THAT(
      with("1:", "0:"),
      HasSubstr("classes.txt:1: the class id '1:' is no number: write all ids in digits alone, or all as names"));
  EXPECT_THAT(with("0.5", "0"), HasSubstr("classes.txt:1: the class id '0.5' is no number"));
  EXPECT_THAT(with("one", "2"), HasSubstr("classes.txt:1: the class id 'one' is no number, that of line 2 is ('2')"));
  put("classes.txt", "id name\n1 cat\n0 dog\n");
  EXPECT_THAT(refusal(m), HasSubstr("classes.txt:1: the class id 'id' is no number, that of line 2 is ('1')"))
      << "a header";
  EXPECT_EQ(with("1", "0"), "accepted");
  EXPECT_THAT(classes(), ElementsAre("dog", "cat"));
  EXPECT_EQ(with("01", "00"), "accepted");
  EXPECT_EQ(with("n01440764", "n01443537"), "accepted") << "WordNet's";
  EXPECT_EQ(with("/m/011k07", "/m/01226z"), "accepted") << "Open Images'";
  EXPECT_THAT(classes(), ElementsAre("cat", "dog"));
  put("classes.txt", "7x 1 cat\n8x 0 dog\n");
  m = lines({{"options", {{"name_skip", 2}}}});
  EXPECT_EQ(refusal(m), "accepted") << "another column holds the ids";
  EXPECT_THAT(classes(), ElementsAre("dog", "cat"));
  put("classes.txt", "7x cat1 cat\nx8 cat0 dog\n");
  EXPECT_THAT(refusal(m), HasSubstr("classes.txt:1: the class id '7x' is no number"));
}

TEST_F(DoubtfulData, ClassNamesThatAreNoneAreNamedWithTheirLine) {
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  put("classes.txt", "");
  EXPECT_THAT(refusal(lines()), HasSubstr("classes.txt: no class names: the file is empty"));
  put("classes.txt", "\n \n");
  EXPECT_THAT(refusal(lines()), HasSubstr("classes.txt: no class names: the file is empty"));
  put("classes.txt", "cat\n\ncaf\xe9\n");
  EXPECT_THAT(refusal(lines()), HasSubstr("classes.txt:3: the class name 'caf\\xe9' is no text of one line in UTF-8"));
  put("classes.txt", "0 cat\n1 ,dog\n");
  EXPECT_THAT(refusal(lines({{"options", {{"name_skip", 1}, {"name_until", ","}}}})),
              HasSubstr("classes.txt:2: the class name is empty"));
  put("split.json", R"({"train": [["a.jpg", 0, "x"], ["b.jpg", 1, ""]], "test": [["c.jpg", 1, ""]]})");
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})),
              HasSubstr("split.json: train[1]: the class name is empty"));
  for (const char* name : {"train/x/a.jpg", "train/y/b.jpg", "test/x/c.jpg"}) image(name);
  put("classes.txt", "");
  Manifest folders = manifest("folders", {{"train", "train"}, {"test", "test"}, {"class_names", "classes.txt"}});
  EXPECT_THAT(refusal(folders), HasSubstr("classes.txt: no class names: the file is empty"));
  put("classes.txt", "x ,cat\ny dog\n");
  EXPECT_THAT(refusal(folders), HasSubstr("classes.txt:1: the class name is empty"));
  put("classes.txt", "  x cat\n  y dog\n");
  EXPECT_EQ(refusal(folders), "accepted") << "right-aligned";
  put("train.csv", "path,label\na.jpg,0\nb.jpg,1\n");
  put("test.csv", "path,label\nc.jpg,1\n");
  EXPECT_THAT(refusal(csv()), HasSubstr("mini: no class names: write classes = [\"cat\", \"dog\", ...] in mini.toml, "
                                        "or files.class_names = a file with one name a line"));
  put("train.csv", "path,label\na.jpg,cat\nb.jpg,dog\n");
  EXPECT_THAT(refusal(csv()),
              HasSubstr("train.csv:2: \"cat\" is neither a label nor a class name: no class names are known"));
}

TEST_F(DoubtfulData, ImagesOfBothPartsAreToldAndNeverContradictThemselves) {
  Value names = {{"classes", {"cat", "dog"}}};
  auto require = [&](const Manifest& same, auto contradict, const std::string& places) {
    EXPECT_THAT(
        notes(same),
        ElementsAre(AllOf(HasSubstr("1 of 1 test images is in training, too: accuracy on them says nothing (first: "),
                          HasSubstr(places))));
    contradict();
    EXPECT_THAT(refusal(same), HasSubstr("has the label 1 here, and as a training image 0 in "));
  };
  Manifest lines_ = manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}}, names);
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "./a.jpg 0\n");
  require(
      lines_, [&] { put("test.txt", "./a.jpg 1\n"); }, "test.txt:1");
  EXPECT_THAT(refusal(lines_),
              AllOf(HasSubstr("test.txt:1: the test image ./a.jpg has the label 1 here"), HasSubstr("train.txt:1")));
  Value shifted = names;
  shifted["options"] = {{"first_label", -1}};
  put("train.txt", "a.jpg -1\nb.jpg 0\n");
  put("test.txt", "x/../a.jpg 0\n");
  EXPECT_THAT(refusal(manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}}, shifted)),
              HasSubstr("has the label 0 here, and as a training image -1 in "))
      << "as the file writes them";
  Manifest joined = manifest("joined", {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}},
                             {{"classes", {"cat", "dog"}}, {"options", {{"first_label", 0}}}});
  put("images.txt", "1 a.jpg\n2 b.jpg\n3 a.jpg\n");
  put("labels.txt", "1 0\n2 1\n3 0\n");
  put("split.txt", "1 1\n2 1\n3 0\n");
  require(
      joined, [&] { put("labels.txt", "1 0\n2 1\n3 1\n"); }, "images.txt:3");
  Manifest keys = manifest(
      "keys",
      {{"train_labels", "kv.txt"}, {"train_keys", "keys.txt"}, {"test_labels", "tkv.txt"}, {"test_keys", "tkeys.txt"}},
      names);
  put("keys.txt", "a.jpg\nb.jpg\n");
  put("kv.txt", "a.jpg 0\nb.jpg 1\n");
  put("tkeys.txt", "a.jpg\n");
  put("tkv.txt", "a.jpg 0\n");
  require(
      keys, [&] { put("tkv.txt", "a.jpg 1\n"); }, "tkeys.txt:1");
  put("train.csv", "path,label\na.jpg,cat\nb.jpg,dog\n");
  put("test.csv", "path,label\na.jpg,cat\n");
  require(
      csv(names), [&] { put("test.csv", "path,label\na.jpg,dog\n"); }, "test.csv:2");
  put("train.json", R"([{"path": "a.jpg", "label": 0}, {"path": "b.jpg", "label": 1}])");
  put("test.json", R"([{"path": ".//a.jpg", "label": 0}])");
  require(
      manifest("json", {{"train", "train.json"}, {"test", "test.json"}}, names),
      [&] { put("test.json", R"([{"path": ".//a.jpg", "label": 1}])"); }, "test.json:1");
  auto split = [&](const std::string& val, const std::string& test) {
    put("split.json", "{\"train\": [[\"a.jpg\", 0, \"x\"], [\"b.jpg\", 1, \"y\"]], \"val\": [" + val +
                          "], \"test\": [" + test + "]}");
  };
  Manifest coop = manifest("split-json", {{"split", "split.json"}});
  split("", R"(["a.jpg", 0, "x"])");
  require(
      coop, [&] { split("", R"(["a.jpg", 1, "y"])"); }, "split.json");
  split(R"(["d.jpg", 1, "y"], ["a.jpg", 1, "y"])", R"(["c.jpg", 1, "y"])");
  EXPECT_THAT(
      notes(coop),
      ElementsAre(HasSubstr(
          "1 of 2 validation images, which winnow does not read, is in training or test, too, 1 with another label")));
  split(R"(["d.jpg", 1, "y"])", R"(["c.jpg", 1, "y"])");
  EXPECT_THAT(notes(coop), IsEmpty());
}

TEST_F(DoubtfulData, OneFolderForBothPartsIsTold) {
  for (const char* name : {"all/x/a.jpg", "all/y/b.jpg"}) image(name);
  EXPECT_THAT(notes(manifest("folders", {{"train", "all"}, {"test", "all"}})),
              ElementsAre(HasSubstr("2 of 2 test images are in training, too")));
  put("all.bin", std::string(1, 0) + std::string(3072, 'x') + std::string(1, 1) + std::string(3072, 'y'));
  EXPECT_THAT(notes(manifest("cifar", {{"train", "all.bin"}, {"test", "all.bin"}}, {{"classes", {"x", "y"}}})),
              ElementsAre("the test images are the training images (all.bin): accuracy on them says nothing"));
}

TEST_F(DoubtfulData, ImagesBesideOrBelowTheClassFoldersAreTold) {
  for (const char* name : {"train/x/a.jpg", "train/y/b.jpg", "test/x/c.jpg"}) image(name);
  Manifest m = manifest("folders", {{"train", "train"}, {"test", "test"}});
  put("train/readme.txt", "of whom");
  put("train/x/notes/labels.txt", "of whom");
  EXPECT_THAT(notes(m), IsEmpty());
  image("train/stray.JPG");
  EXPECT_THAT(notes(m),
              ElementsAre("1 image lies directly in no class folder and is not read (first: train/stray.JPG)"));
  image("train/y/2019/d.jpg");
  image("test/x/2019/d.png");
  EXPECT_THAT(notes(m),
              ElementsAre("3 images lie directly in no class folder and are not read (first: train/stray.JPG)"));
  image("train/z/2019/e.jpg");
  EXPECT_THAT(refusal(m),
              AllOf(HasSubstr("train/z holds no image"),
                    HasSubstr("; 4 images lie directly in no class folder and are not read (first: train/stray.JPG)")));
  for (const char* name : {"flat/a.jpg", "flat/b.jpg"}) image(name);
  EXPECT_THAT(refusal(manifest("folders", {{"train", "flat"}, {"test", "flat"}})),
              HasSubstr("flat: no folder in it; this layout wants one folder a class; 4 images lie directly in no "
                        "class folder and are not read (first: flat/a.jpg)"));
  for (const char* name : {"in/x/images/a.jpg", "in/y/images/b.jpg", "in/y/c.jpg"}) image(name);
  EXPECT_THAT(
      notes(manifest("folders", {{"train", "in"}, {"test", "in"}}, {{"options", {{"inside", "images"}}}})),
      testing::Contains("2 images lie directly in no class folder's images and are not read (first: in/y/c.jpg)"));
}

TEST_F(DoubtfulData, NamesThatReadAlikeAreTold) {
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  auto with = [&](const std::string& first, const std::string& second) {
    put("classes.txt", first + "\n" + second + "\n");
    return notes(lines());
  };
  EXPECT_THAT(with("sea_lion", "sea lion"),
              ElementsAre("classes 0 ('sea_lion'), 1 ('sea lion') read alike in a prompt: their texts are the same, or "
                          "differ in case and marks that no reader sees"));
  for (auto [first, second] : {std::pair{"Cat", "cat"},
                               {"caf\u00e9", "cafe\u0301"},
                               {"Caf\u00c9", "cafe\u0301"},
                               {"cat", "c\u200bat"},
                               {"\ufeffcat", "\u2060cat"},
                               {"sea  lion", "sea\u00a0lion"},
                               {"\u0160koda", "S\u030ckoda"}})
    EXPECT_THAT(with(first, second), ElementsAre(HasSubstr("read alike in a prompt"))) << first;
  for (auto [first, second] : {std::pair{"cat", "cats"},
                               {"caf\u00e9", "cafe"},
                               {"sea-lion", "sea lion"},
                               {"\u732b", "\u72ac"},
                               {"sealion", "sea lion"}})
    EXPECT_THAT(with(first, second), IsEmpty()) << first;
  EXPECT_THAT(with("cat", "cat"), ElementsAre("classes 0, 1 are all called 'cat': their texts are the same"))
      << "said once";
}

TEST_F(DoubtfulData, MessagesShowWhatTheFileSays) {
  put("classes.txt", "cat\ndog\n");
  put("train.txt", "a.jpg 1\nb.jpg 3\n");
  put("test.txt", "c.jpg 1\n");
  EXPECT_THAT(
      refusal(lines({{"options", {{"first_label", 1}}}})),
      HasSubstr("train.txt:2: label 3 of b.jpg; the data set has labels 1..2, counted from 1 (options.first_label)"));
  put("train.txt", "a.jpg -1\nb.jpg 1\n");
  EXPECT_THAT(refusal(lines({{"options", {{"first_label", -1}}}})),
              HasSubstr("train.txt:2: label 1 of b.jpg; the data set has labels -1..0, counted from -1"));
  put("train.txt", "a.jpg 9223372036854775807\n");
  EXPECT_THAT(refusal(lines({{"options", {{"first_label", -1}}}})), HasSubstr("train.txt:1: expected a whole number"));
  put("images.txt", "    1 a.jpg\n   20 b.jpg\n");
  put("labels.txt", "    1 1\n   20 2\n");
  put("split.txt", "    1 1\n   20 0\n");
  Manifest joined = manifest("joined", {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}},
                             {{"classes", {"cat", "dog"}}});
  EXPECT_THAT(labels(joined), ElementsAre(ElementsAre(0), ElementsAre(1))) << "right-aligned ids";
  put("labels.txt", "    1 3\n   20 2\n");
  EXPECT_THAT(refusal(joined), HasSubstr("images.txt:1: label 3 of a.jpg; the data set has labels 1..2"));
}

TEST_F(DoubtfulData, MessagesStayShort) {
  const std::string lot(20'000, 'x');
  Value names = {{"classes", {"cat", "dog"}}};
  put("split.json", Value{{"train", {{lot, 0, 1}}}, {"test", Value::array()}}.dump());
  put("train.json", Value{{{"path", lot}}}.dump());
  put("train.csv", "path,label\na.jpg," + lot + "\n");
  put("train.txt", lot + "\n");
  for (const Manifest& m : {manifest("split-json", {{"split", "split.json"}}),
                            manifest("json", {{"train", "train.json"}, {"test", "train.json"}}, names),
                            manifest("csv", {{"train", "train.csv"}, {"test", "train.csv"}}, names),
                            manifest("lines", {{"train", "train.txt"}, {"test", "train.txt"}}, names)}) {
    EXPECT_THAT(refusal(m), HasSubstr("xxx...")) << m.layout;
    EXPECT_LT(refusal(m).size(), 400u) << m.layout;
  }
}

TEST_F(DoubtfulData, LabelFilesThatNobodyReadsAreTold) {
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  put("classes.txt", "cat\ndog\n");
  put("labels/train1.txt", "DTD has such a folder of its own");
  EXPECT_THAT(notes(lines()), IsEmpty());
  put("labels/worst.npy", "x");
  EXPECT_THAT(
      notes(lines()),
      ElementsAre("labels/worst.npy is not read: labels are files NAME.safetensors, which launch/convert-labels makes, "
                  "or NAME.json, a list of numbers"));
  put("labels/best.SAFETENSORS", "x");
  EXPECT_THAT(notes(lines()), ElementsAre(HasSubstr("labels/best.SAFETENSORS and 1 other are not read")));
}

TEST_F(DoubtfulData, ScoresThatTellNothingAreTold) {
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  put("classes.txt", "cat\ndog\n");
  Record record = check(lines(), {}, {});
  auto note = [&](std::vector<double> values) {
    std::vector<std::size_t> shape = {2, 2};
    return record_scores("teacher", record, values, shape).note;
  };
  EXPECT_EQ(note({1, 2, 2, 1}), "");
  EXPECT_EQ(note({0, 0, 0, 0}), "all scores are 0: they do not distinguish classes");
  EXPECT_EQ(note({1, 1, 2, 2}), "each sample has the same score for all classes: they do not distinguish classes");
  EXPECT_EQ(note({1, 2, 2, 2}), "the scores of 1 of 2 samples are the same for all classes, the first is sample 1");
}

TEST_F(DoubtfulData, EntriesOfAPresetAreNamed) {
  const Value good = {
      {"layout", "lines"}, {"roots", {"/data"}}, {"files", {{"train", "a"}, {"test", "b"}}}, {"classes", {"x", "y"}}};
  auto refused = [&](const char* key, const Value& value) {
    Value preset = good;
    if (value.is_discarded()) preset.erase(key);
    else preset[key] = value;
    return winnow::refusal([&] { Manifest::from_preset("mine", preset, "mine.toml"); });
  };
  const Value gone(Value::value_t::discarded);
  EXPECT_EQ(refused("layout", "lines"), "accepted");
  EXPECT_EQ(refused("layout", gone), "mine.toml: layout is missing: how the data lie on disks");
  EXPECT_EQ(refused("roots", gone), "mine.toml: roots is missing: the folders to look in, a list");
  EXPECT_EQ(refused("files", gone), "mine.toml: files is missing: a table of what the layout needs, below the root");
  EXPECT_EQ(refused("layout", 3), "mine.toml: layout must be a text, it is 3");
  EXPECT_EQ(refused("roots", "/data"), "mine.toml: roots must be a list of texts, it is \"/data\"");
  EXPECT_EQ(refused("roots", {1}), "mine.toml: roots must be a list of texts, it is [1]");
  EXPECT_EQ(refused("files", "a"), "mine.toml: files must be a table, it is \"a\"");
  EXPECT_EQ(refused("files", {{"train", 1}}), "mine.toml: files.train must be a text, it is 1");
  EXPECT_EQ(refused("classes", 10), "mine.toml: classes must be a list of texts, it is 10");
  EXPECT_EQ(refused("package", 1), "mine.toml: package must be a text, it is 1");
  EXPECT_EQ(refused("download", false), "mine.toml: download must be a text, it is false");
  EXPECT_EQ(refused("options", {{"first_label", 0.5}}),
            "mine.toml: options.first_label must be a text or a whole number, it is 0.5");
  EXPECT_EQ(refused("options", 1), "mine.toml: options must be a table, it is 1");
  EXPECT_EQ(refused("expected", {{"train", "many"}}),
            "mine.toml: expected.train must be a whole number, 0 or more, it is \"many\"");
  EXPECT_EQ(refused("expected", {{"train", -1}}),
            "mine.toml: expected.train must be a whole number, 0 or more, it is -1");
  EXPECT_EQ(refused("labels", {{"own", true}}), "mine.toml: labels.own must be a table, it is true");
  EXPECT_EQ(refused("labels", {{"own", Value::object()}}),
            "mine.toml: labels.own.gives is missing: \"labels\" or \"candidates\"");
  EXPECT_EQ(refused("corrupt", true), "mine.toml: corrupt must be a text, it is true");
}

}  // namespace
}  // namespace winnow::data
