// Annotations as people and their programs leave them: names and keys that come twice, numbers that are names, marks
// and line ends, and what systems leave in folders. What can be read is read right; what has two meanings is refused
// with its places.
#include <nlohmann/json.hpp>

#include "layout_fixture.h"
#include "winnow/data/label_set.h"

namespace winnow::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReadingFaults : public LayoutTest {
 protected:
  void SetUp() override {
    LayoutTest::SetUp();
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}) image(name);
  }
  std::vector<std::string> notes() { return read_record("mini")->notes; }
  Manifest lines() {
    return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "classes.txt"}});
  }
  Manifest csv() {
    return manifest("csv", {{"train", "train.csv"}, {"test", "test.csv"}, {"class_names", "classes.txt"}});
  }
  Manifest json() {
    return manifest("json", {{"train", "train.json"}, {"test", "test.json"}, {"class_names", "classes.txt"}});
  }
};

TEST_F(ReadingFaults, AClassNameThatIsThereTwiceIsRefusedWhereLabelsAreNames) {
  put("classes.txt", "crane\nowl\ncrane\nzebra\n");
  put("train.txt", "a crane\nb owl\nc zebra\n");
  put("test.txt", "d zebra\n");
  EXPECT_THAT(
      refusal(manifest("named-lines", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "classes.txt"}},
                       {{"options", {{"suffix", ".jpg"}}}})),
      HasSubstr("classes.txt:3: the class 'crane' is there twice (first in line 1), and labels are given by name"));
  put("train.csv", "path,label\na.jpg,owl\n");
  put("test.csv", "path,label\nb.jpg,zebra\n");
  EXPECT_THAT(refusal(csv()), HasSubstr("classes.txt:3: the class 'crane' is there twice (first in line 1)"));
  put("train.json", R"([{"path": "a.jpg", "label": "owl"}])");
  put("test.json", R"([{"path": "b.jpg", "label": "zebra"}])");
  EXPECT_THAT(refusal(json()), HasSubstr("classes.txt:3: the class 'crane' is there twice (first in line 1)"));
  put("split.json", R"({"train": [["a.jpg", 0, "crane"], ["b.jpg", 1, "crane"]], "test": [["c.jpg", 1, "crane"]]})");
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})),
              HasSubstr("train[1]: the class \"crane\" has the label 1 here and 0 in train[0]"));
  EXPECT_THROW(manifest("lines", {{"train", "a"}, {"test", "b"}}, {{"classes", {"crane", "owl", "crane"}}}),
               UsageError);
}

// ImageNet's published class names have "missile" and "sunglasses" twice.
TEST_F(ReadingFaults, WhereLabelsAreNumbersANameOfTwoClassesIsANote) {
  put("classes.txt", "missile\nowl\nmissile\n");
  put("train.txt", "a.jpg 0\nb.jpg 2\nc.jpg 1\n");
  put("test.txt", "d.jpg 2\n");
  EXPECT_THAT(labels(lines()), ElementsAre(ElementsAre(0, 2, 1), ElementsAre(2)));
  EXPECT_THAT(notes(), ElementsAre("classes 0, 2 are all called 'missile': their texts are the same"));
}

TEST_F(ReadingFaults, KeysThatContradictAreRefused) {
  Manifest keys = manifest(
      "keys",
      {{"train_labels", "kv.txt"}, {"train_keys", "keys.txt"}, {"test_labels", "tkv.txt"}, {"test_keys", "tkeys.txt"}},
      {{"classes", {"cat", "dog"}}});
  put("keys.txt", "a.jpg\nb.jpg\n");
  put("tkeys.txt", "c.jpg\n");
  put("tkv.txt", "c.jpg 1\n");
  put("kv.txt", "a.jpg 0\nb.jpg 1\na.jpg 1\n");
  EXPECT_THAT(refusal(keys), HasSubstr("kv.txt:3: a.jpg has the label 1 here and 0 in line 1"));
  put("kv.txt", "a.jpg 0\nb.jpg 1\na.jpg 0\n");
  EXPECT_EQ(refusal(keys), "accepted") << "said twice, but the same";
  put("keys.txt", "a.jpg\n./a.jpg\n");
  put("kv.txt", "a.jpg 0\n./a.jpg 1\n");
  EXPECT_THAT(refusal(keys), HasSubstr("keys.txt:2: ./a.jpg is listed twice (first in line 1)"))
      << "one image under two spellings";
}

TEST_F(ReadingFaults, IdsThatComeTwiceAreRefused) {
  Manifest joined = manifest("joined", {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}},
                             {{"classes", {"cat", "dog"}}});
  auto with = [&](const std::string& images, const std::string& labels, const std::string& split) {
    put("images.txt", images), put("labels.txt", labels), put("split.txt", split);
    return refusal(joined);
  };
  EXPECT_EQ(with("1 a.jpg\n2 b.jpg\n", "1 1\n2 2\n", "1 1\n2 0\n"), "accepted");
  EXPECT_THAT(with("1 a.jpg\n2 b.jpg\n1 c.jpg\n", "1 1\n2 2\n", "1 1\n2 0\n"),
              HasSubstr("images.txt:3: '1' for the second time (first in line 1)"));
  EXPECT_THAT(with("1 a.jpg\n2 b.jpg\n", "1 1\n2 2\n1 2\n", "1 1\n2 0\n"),
              HasSubstr("labels.txt:3: '1' for the second time (first in line 1)"));
  EXPECT_THAT(with("1 a.jpg\n2 b.jpg\n", "1 1\n2 2\n", "1 1\n2 0\n2 1\n"),
              HasSubstr("split.txt:3: '2' for the second time (first in line 2)"));
  put("train.csv", "label,path,label\n0,a.jpg,1\n");
  put("test.csv", "path,label\nb.jpg,1\n");
  put("classes.txt", "cat\ndog\n");
  EXPECT_THAT(refusal(csv()), HasSubstr("train.csv:1: the column 'label' is there twice (1 and 3 of 3)"));
  put("split.json", "{\"train\": [[\"a.jpg\", 0, \"x\"]],\n \"test\": [],\n \"train\": [[\"a.jpg\", 1, \"x\"]]}");
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})),
              HasSubstr("split.json:3: 'train' is there twice (first in line 1)"));
  put("train.json", R"([{"path": "a.jpg", "label": 0, "label": 1}])");
  EXPECT_THAT(refusal(json()), HasSubstr("train.json:1: 'label' is there twice (first in line 1)"));
  for (const char* name : {"train/n0/a.jpg", "train/n1/b.jpg", "test/n1/c.jpg"}) image(name);
  put("words.txt", "n0 cat\nn1 dog\nn0 bird\n");
  EXPECT_THAT(refusal(manifest("folders", {{"train", "train"}, {"test", "test"}, {"class_names", "words.txt"}})),
              HasSubstr("words.txt:3: the folder n0 is called 'bird' here and 'cat' in line 1"));
}

TEST_F(ReadingFaults, TheSecondListOfASplitIsNamedInMessages) {
  put("classes.txt", "cat\ndog\n");
  put("train.txt", "b dog\na cat\n");
  put("val.txt", "a dog\n");
  put("test.txt", "d dog\n");
  EXPECT_THAT(
      refusal(manifest(
          "named-lines",
          {{"train", "train.txt"}, {"train_2", "val.txt"}, {"test", "test.txt"}, {"class_names", "classes.txt"}},
          {{"options", {{"suffix", ".jpg"}}}})),
      AllOf(HasSubstr("val.txt:1: a.jpg is listed twice (first in "), HasSubstr("train.txt:2)")));
}

TEST_F(ReadingFaults, ClassesAreJoinedByTheirIdsAndNotByTheirOrder) {
  put("images.txt", "1 a.jpg\n2 b.jpg\n3 c.jpg\n");
  put("labels.txt", "1 1\n2 2\n3 2\n");
  put("split.txt", "1 1\n2 1\n3 0\n");
  Manifest joined = manifest(
      "joined",
      {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}, {"class_names", "classes.txt"}},
      {{"options", {{"name_skip", 1}}}});
  put("classes.txt", "2 dog\n1 cat\n");
  EXPECT_THAT(labels(joined), ElementsAre(ElementsAre(0, 1), ElementsAre(1)));
  EXPECT_THAT(classes(), ElementsAre("cat", "dog"));
  put("classes.txt", "2 dog\n2 cat\n");
  EXPECT_THAT(refusal(joined), HasSubstr("classes.txt:2: the class id '2' is there twice (first in line 1)"));
  put("classes.txt", "3 dog\n1 cat\n");
  EXPECT_THAT(refusal(joined),
              HasSubstr("classes.txt:1: the class id 3 where 2 follows: the ids of 2 classes are 1..2"));

  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  auto numbered = [&] {
    return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "classes.txt"}},
                    {{"options", {{"name_skip", 2}}}});
  };
  put("classes.txt", "n02 1 dog\nn01 0 cat\n");
  EXPECT_EQ(refusal(numbered()), "accepted");
  EXPECT_THAT(classes(), ElementsAre("cat", "dog"));
  put("classes.txt", "n01 1 cat\nn02 2 dog\n");
  EXPECT_THAT(refusal(numbered()), HasSubstr("the class id 1 where 0 follows"))
      << "labels begin with 0: is 1 the cat or the dog?";
  put("classes.txt", "n01 0 cat\nn01 1 dog\n");
  EXPECT_THAT(refusal(numbered()), HasSubstr("classes.txt:2: the class id 'n01' is there twice (first in line 1)"));
}

TEST_F(ReadingFaults, ALabelThatIsANumberAndANameIsDecidedForTheWholeColumn) {
  put("classes.txt", "1\n2\n3\n");
  auto read = [&](const std::string& train, const std::string& test) {
    put("train.csv", "path,label\n" + train);
    put("test.csv", "path,label\n" + test);
    return labels(csv());
  };
  auto refused = [&](const std::string& train, const std::string& test) {
    put("train.csv", "path,label\n" + train);
    put("test.csv", "path,label\n" + test);
    return refusal(csv());
  };
  EXPECT_THAT(read("a.jpg,0\nb.jpg,1\nc.jpg,2\n", "d.jpg,2\n"), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(2)))
      << "0 is no name, so all are numbers";
  EXPECT_THAT(read("a.jpg,1\nb.jpg,2\nc.jpg,3\n", "d.jpg,2\n"), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(1)))
      << "3 is no number of a class, so all are names";
  EXPECT_THAT(refused("a.jpg,1\nb.jpg,2\n", "d.jpg,2\n"),
              HasSubstr("train.csv:2: the label 1 is the number of class '2' and the name of class 0"));
  EXPECT_THAT(refused("a.jpg,0\nb.jpg,1\n", "d.jpg,3\n"),
              AllOf(HasSubstr("test.csv: labels are class names, in "), HasSubstr("they are numbers")));
  put("classes.txt", "0\n1\n2\n");
  EXPECT_THAT(read("a.jpg,1\nb.jpg,2\n", "d.jpg,0\n"), ElementsAre(ElementsAre(1, 2), ElementsAre(0)))
      << "both meanings are the same class";
  put("classes.txt", "cat\ndog\n7\n");
  EXPECT_THAT(refused("a.jpg,cat\nb.jpg,1\n", "d.jpg,cat\n"),
              AllOf(HasSubstr("train.csv:2: the label \"cat\" is a class name, 1 in "),
                    HasSubstr("train.csv:3 is a number: one column holds either")));
  EXPECT_THAT(read("a.jpg,cat\nb.jpg,7\n", "d.jpg,7\n"), ElementsAre(ElementsAre(0, 2), ElementsAre(2)));

  put("classes.txt", "1\n2\n3\n");
  put("test.json", R"([{"path": "d.jpg", "label": 2}])");
  put("train.json", R"([{"path": "a.jpg", "label": 1}, {"path": "b.jpg", "label": 2}])");
  EXPECT_THAT(labels(json()), ElementsAre(ElementsAre(1, 2), ElementsAre(2))) << "JSON says that they are numbers";
  put("train.json", R"([{"path": "a.jpg", "label": 1}, {"path": "b.jpg", "label": "2"}])");
  EXPECT_THAT(refusal(json()), HasSubstr("the label \"2\" is a class name, 1 in "));
}

TEST_F(ReadingFaults, MarksAndLineEndsAreNoPartOfATextInAnyLayout) {
  const std::string mark = "\xef\xbb\xbf";
  // Every text of every layout: with a mark, and with each line end; the last line without one.
  for (const std::string& end : {std::string("\n"), std::string("\r\n"), std::string("\r")}) {
    auto put_lines = [&](const std::string& name, std::vector<std::string> lines) {
      std::string text = mark;
      for (const std::string& line : lines) text += line + (&line == &lines.back() ? "  " : end);
      put(name, text);
    };
    auto expect_both = [&](const Manifest& m) {
      EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(1))) << m.layout;
      EXPECT_THAT(classes(), ElementsAre("cat", "old dog")) << m.layout;
    };
    put_lines("classes.txt", {"cat", "old dog", ""});
    put_lines("train.txt", {"a.jpg 1", "b.jpg 0"});
    put_lines("test.txt", {"c.jpg 1"});
    expect_both(lines());
    put_lines("train.named", {"a.jpg old dog", "", "b.jpg cat"});
    put_lines("test.named", {"c.jpg old dog"});
    expect_both(
        manifest("named-lines", {{"train", "train.named"}, {"test", "test.named"}, {"class_names", "classes.txt"}}));
    put_lines("images.txt", {"1 a.jpg", "2 b.jpg", "3 c.jpg"});
    put_lines("labels.txt", {"1 2", "2 1", "3 2"});
    put_lines("split.txt", {"1 1", "2 1", "3 0"});
    expect_both(manifest(
        "joined",
        {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}, {"class_names", "classes.txt"}}));
    put_lines("keys.txt", {"a.jpg", "b.jpg"});
    put_lines("tkeys.txt", {"c.jpg"});
    expect_both(manifest("keys", {{"train_labels", "train.txt"},
                                  {"train_keys", "keys.txt"},
                                  {"test_labels", "test.txt"},
                                  {"test_keys", "tkeys.txt"},
                                  {"class_names", "classes.txt"}}));
    put_lines("train.csv", {"path,label", "a.jpg,old dog", "b.jpg,cat"});
    put_lines("test.csv", {"label,path", "1,c.jpg"});
    expect_both(csv());
    put_lines("train.json", {R"([{"path": "a.jpg", "label": "old dog"},)", R"({"path": "b.jpg", "label": "cat"}])"});
    put_lines("test.json", {R"([{"path": "c.jpg", "label": 1}])"});
    expect_both(json());
    put_lines("split.json", {R"({"train": [["a.jpg", 1, "old dog"], ["b.jpg", 0, "cat"]],)",
                             R"("test": [["c.jpg", 1, "old dog"]]})"});
    expect_both(manifest("split-json", {{"split", "split.json"}}));
    for (const char* name : {"train/n0/b.jpg", "train/n1/a.jpg", "test/n1/c.jpg"}) image(name);
    put_lines("words.txt", {"n0 cat, tabby", "n1 old dog"});
    EXPECT_EQ(refusal(manifest("folders", {{"train", "train"}, {"test", "test"}, {"class_names", "words.txt"}})),
              "accepted");
    EXPECT_THAT(classes(), ElementsAre("cat", "old dog"));
  }
}

TEST_F(ReadingFaults, OtherCodingsAreNamed) {
  put("train.txt", "a.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  put("classes.txt", std::string("\xff\xfe"
                                 "c\0a\0t\0\n\0",
                                 10));
  EXPECT_THAT(refusal(lines()), HasSubstr("classes.txt: a text in UTF-16; save it in UTF-8"));
  put("split.json", std::string("\xfe\xff\0{\0}", 6));
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})), HasSubstr("split.json: a text in UTF-16"));
  put("classes.txt", "cat\nd\xf6g\n");
  EXPECT_THAT(refusal(lines()), HasSubstr("is no text of one line in UTF-8"));
}

TEST_F(ReadingFaults, JsonIsRefusedWithItsPlace) {
  put("classes.txt", "cat\ndog\n");
  put("split.json", R"({"train":[["a.jpg",0,"cat"],],"test":[]})");
  EXPECT_THAT(refusal(manifest("split-json", {{"split", "split.json"}})),
              HasSubstr("split.json is not JSON in UTF-8, at byte 29 (line 1, column 29)"));
  put("train.json", "[{\"path\": \"a.jpg\",\n  \"label\": 1e999}]");
  EXPECT_THAT(refusal(json()),
              AllOf(HasSubstr("train.json is not JSON in UTF-8, at byte "), HasSubstr("(line 2, column ")));
}

TEST_F(ReadingFaults, WhatSystemsLeaveBehindIsNoClassAndNoImage) {
  for (const char* name : {"train/cat/a.jpg", "train/dog/a.jpg", "test/cat/a.jpg", "test/dog/a.jpg"}) image(name);
  for (const char* name : {"train/__MACOSX/cat/._a.jpg", "train/.ipynb_checkpoints/a.jpg", "train/@eaDir/a.jpg",
                           "train/lost+found/x", "train/cat/._a.jpg", "train/cat/.DS_Store", "train/cat/Thumbs.db",
                           "test/dog/desktop.ini", "test/__MACOSX/._dog"})
    put(name, "\5\26\7 nothing of ours");
  Manifest folders = manifest("folders", {{"train", "train"}, {"test", "test"}});
  EXPECT_THAT(labels(folders), ElementsAre(ElementsAre(0, 1), ElementsAre(0, 1)));
  EXPECT_THAT(classes(), ElementsAre("cat", "dog"));
  make_folders(root_ / "labels");
  put("labels/._worst.safetensors", "\5\26\7");
  put("labels/.DS_Store", "x");
  EXPECT_THAT(label_files(root_), IsEmpty());
}

TEST_F(ReadingFaults, ClassesWithoutATrainingImage) {
  put("classes.txt", "cat\ndog\nbird\n");
  put("train.txt", "a.jpg 0\nb.jpg 2\n");
  put("test.txt", "d.jpg 2\n");
  EXPECT_THAT(labels(lines()), ElementsAre(ElementsAre(0, 2), ElementsAre(2)));
  EXPECT_THAT(notes(), ElementsAre("1 of 3 classes has no training image: dog (1)"));
  for (const char* name : {"train/cat/a.jpg", "train/dog/a.jpg", "test/cat/a.jpg"}) image(name);
  Manifest folders = manifest("folders", {{"train", "train"}, {"test", "test"}});
  make_folders(root_ / "train/backup");
  EXPECT_THAT(refusal(folders), HasSubstr("train/backup holds no image, nor do the test images have this class"));
  image("test/backup/a.jpg");
  EXPECT_EQ(refusal(folders), "accepted") << "a class that is tested only";
  EXPECT_THAT(notes(), ElementsAre("1 of 3 classes has no training image: backup (0)"));
}

TEST_F(ReadingFaults, LinksAndFoldersInPlaceOfFilesAreSaidInOneLine) {
  put("train.txt", "a.jpg 1\n");
  put("test.txt", "c.jpg 1\n");
  put("classes.txt", "cat\ndog\n");
  auto replaced = [&](const std::string& name, const Path& target, const Manifest& m) {
    std::filesystem::remove_all(root_ / name);
    if (target.empty()) make_folders(root_ / name);
    else std::filesystem::create_symlink(target, root_ / name);
    std::string text = refusal(m);
    EXPECT_THAT(text, AllOf(HasSubstr(name), testing::Not(HasSubstr("filesystem error"))));
    return text;
  };
  replaced("classes.txt", "classes.txt", lines());
  replaced("classes.txt", "nowhere", lines());
  replaced("classes.txt", "", lines());
  std::filesystem::remove_all(root_ / "classes.txt");
  put("classes.txt", "cat\ndog\n");
  EXPECT_THAT(replaced("a.jpg", "a.jpg", lines()),
              HasSubstr("train.txt:1: " + (root_ / "a.jpg").string() + " is a link to itself"));
  EXPECT_THAT(replaced("a.jpg", "nowhere", lines()), HasSubstr("is a link that leads nowhere"));
  EXPECT_THAT(replaced("a.jpg", "", lines()), HasSubstr("is a folder"));
  Manifest cifar = manifest("cifar", {{"train", "train.bin"}, {"test", "test.bin"}}, {{"classes", {"x", "y"}}});
  EXPECT_THAT(replaced("train.bin", "train.bin", cifar), HasSubstr("is a link to itself"));
  Manifest idx =
      manifest("idx", {{"train_images", "i"}, {"train_labels", "l"}, {"test_images", "i"}, {"test_labels", "l"}},
               {{"classes", {"x", "y"}}});
  EXPECT_THAT(replaced("i", "i", idx), HasSubstr("is a link to itself"));
  EXPECT_THAT(replaced("i", "", idx), HasSubstr("is a folder"));
  Manifest mat = manifest("mat", {{"train", "t.mat"}, {"test", "t.mat"}},
                          {{"classes", {"x", "y"}}, {"options", {{"paths", "p"}, {"labels", "l"}}}});
  EXPECT_THAT(replaced("t.mat", "t.mat", mat), HasSubstr("is a link to itself"));
  image("train/cat/a.jpg");
  image("test/cat/a.jpg");
  EXPECT_THAT(replaced("train/dog", "../nowhere", manifest("folders", {{"train", "train"}, {"test", "test"}})),
              HasSubstr("train/dog is a link that leads nowhere"));
  Manifest m = lines();
  m.roots = {(root_ / "loop").string()};
  std::filesystem::create_symlink("loop", root_ / "loop");
  EXPECT_THAT(refusal(m), HasSubstr("loop is a link to itself, a folder is wanted"));
}

// A class name that changes is another data set, wherever names come from.
TEST_F(ReadingFaults, ChangesOfEveryFileThatWasReadAreNoticed) {
  put("train.bin", std::string(1, 0) + std::string(3072, 'x') + std::string(1, 1) + std::string(3072, 'y'));
  put("test.bin", std::string(1, 1) + std::string(3072, 'x'));
  put("names.txt", "cat\ndog\n");
  Manifest cifar = manifest("cifar", {{"train", "train.bin"}, {"test", "test.bin"}, {"class_names", "names.txt"}});
  Record record = check(cifar, {}, {});
  put("names.txt", "dog\ncat\n");
  EXPECT_THROW(require_unchanged(cifar, record), DataError);
  make_folders(root_ / "raw");
  auto idx_bytes = [](const std::string& shape, const std::string& values) {
    std::string bytes{0, 0, 8, static_cast<char>(shape.size())};
    for (char size : shape) bytes += std::string(3, '\0') + size;
    return bytes + values;
  };
  put("raw/i.gz", idx_bytes("\x02\x01\x01", "ab"));
  put("raw/l", idx_bytes("\x02", std::string{0, 1}));
  Manifest idx = manifest(
      "idx", {{"train_images", "raw/i"}, {"train_labels", "raw/l"}, {"test_images", "raw/i"}, {"test_labels", "raw/l"}},
      {{"classes", {"x", "y"}}});
  record = check(idx, {}, {});
  put("raw/l", idx_bytes("\x02", std::string{1, 0}));
  EXPECT_THROW(require_unchanged(idx, record), DataError) << "in a folder below the root";
  put("raw/l", idx_bytes("\x02", std::string{0, 1}));
  require_unchanged(idx, record);
  put("raw/i", idx_bytes("\x02\x01\x01", "cd"));
  EXPECT_THROW(require_unchanged(idx, record), DataError) << "the other spelling came, and counts now";
}

}  // namespace
}  // namespace winnow::data
