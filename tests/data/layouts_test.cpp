// Every layout in miniature, in its real format, whole and damaged.
#include <matio.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "layout_fixture.h"

namespace winnow::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(LayoutTest, CifarRecords) {
  auto record = [](int label, int fine, char level) {
    return std::string{static_cast<char>(label), static_cast<char>(fine)} + std::string(1024, level) +
           std::string(2048, 'z');
  };
  put("train.bin", record(9, 1, 'a') + record(9, 0, 'b'));
  put("test.bin", record(9, 1, 'c'));
  Manifest m = manifest("cifar", {{"train", "train.bin"}, {"test", "test.bin"}},
                        {{"classes", {"cat", "dog"}}, {"options", {{"label_bytes", 2}, {"label_byte", 1}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(1)));
  Pixels pixels(cache_path(*read_record("mini")));
  EXPECT_EQ(pixels.train().channels, 3);
  EXPECT_EQ(pixels.train().images[0], 'a');
  EXPECT_EQ(pixels.train().images[1], 'z') << "planes become pixels";
  put("test.bin", record(9, 1, 'c').substr(1));
  EXPECT_THAT(refusal(m), HasSubstr("test.bin: 3073 bytes are not a multiple of the record size 3074"));
  put("test.bin", record(0, 2, 'c'));
  EXPECT_THAT(refusal(m), HasSubstr("test.bin: label 2 at position 0; the data set has classes 0..1"));
}

TEST_F(LayoutTest, Folders) {
  for (const char* name : {"train/n1/images/b.jpg", "train/n0/images/a.jpg", "test/n1/images/c.jpg"}) image(name);
  put("words.txt", "n1\tcat, tabby\nn0\tdog\nn9\tbird\n");
  Manifest m = manifest("folders", {{"train", "train"}, {"test", "test"}, {"class_names", "words.txt"}},
                        {{"options", {{"inside", "images"}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(0, 1), ElementsAre(1)));
  EXPECT_THAT(classes(), ElementsAre("dog", "cat"));
  put("words.txt", "n1\tcat\n");
  EXPECT_THAT(refusal(m), HasSubstr("words.txt: no name for the class n0"));
  put("words.txt", "n1\tcat\nn0 dog\n");
  image("test/n2/images/d.jpg");
  EXPECT_THAT(refusal(m), HasSubstr("the class n2 is not among those below"));
}

TEST_F(LayoutTest, LinesOfPathAndLabel) {
  for (const char* name : {"img/a b.jpg", "img/b.jpg", "img/c.jpg"}) image(name);
  put("train.txt", "a b.jpg 1\nb.jpg 0\n\n");
  put("test.txt", "c.jpg 0\nother.jpg 7\n");
  put("names.txt", "0 old dog\n1 cat, tabby\n");
  Manifest m = manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "names.txt"}},
                        {{"options", {{"prefix", "img/"}, {"below", 2}, {"name_skip", 1}, {"name_until", ","}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(0)));
  EXPECT_THAT(classes(), ElementsAre("old dog", "cat"));
  put("train.txt", "a b.jpg 1\n\nb.jpg x\n");
  EXPECT_THAT(refusal(m), HasSubstr("train.txt:3: expected a whole number, got 'x'"));
  put("train.txt", "b.jpg 1\nb.jpg 0\n");
  EXPECT_THAT(refusal(m), HasSubstr("train.txt:2: img/b.jpg is listed twice (first in line 1)"));
  put("train.txt", "b.jpg 1\nlost.jpg 0\ngone.jpg 0\n");
  EXPECT_THAT(refusal(m),
              testing::AllOf(HasSubstr("train.txt:2: "), HasSubstr("img/lost.jpg is not there, nor are 1 others")));
  put("train.txt", "b.jpg -1\n");
  EXPECT_THAT(refusal(m), HasSubstr("train.txt:1: label -1 of img/b.jpg; the data set has classes 0..1"));
  put("train.txt", "b.jpg\n");
  EXPECT_THAT(refusal(m), HasSubstr("train.txt:1: expected a path and a label, got 'b.jpg'"));
  put("train.txt", "");
  EXPECT_THAT(refusal(m), HasSubstr("train.txt: no training images"));
  std::filesystem::remove(root_ / "train.txt");
  EXPECT_THAT(refusal(m), HasSubstr("train.txt"));
}

TEST_F(LayoutTest, OtherNumbersThanExpectedAreRefused) {
  for (const char* name : {"a.jpg", "b.jpg"}) image(name);
  put("train.txt", "a.jpg 1\n");
  put("test.txt", "b.jpg 0\n");
  auto with = [&](const Value& expected) {
    return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}},
                    {{"classes", {"x", "y"}}, {"expected", expected}});
  };
  EXPECT_EQ(refusal(with({{"train", 1}, {"test", 1}, {"classes", 2}})), "accepted");
  EXPECT_THAT(refusal(with({{"train", 2}})), HasSubstr("1 training images, mini has 2"));
  EXPECT_THAT(refusal(with({{"test", 3}})), HasSubstr("1 test images, mini has 3"));
  EXPECT_THAT(refusal(with({{"classes", 3}})), HasSubstr("2 classes in"));
}

TEST_F(LayoutTest, LinesOfIdAndClassName) {
  for (const char* name : {"images/1.jpg", "images/2.jpg", "images/3.jpg"}) image(name);
  put("variants.txt", "F/A-18\nDR-400 B\n");
  put("train.txt", "1 DR-400 B\n");
  put("val.txt", "2 F/A-18\n");
  put("test.txt", "3 F/A-18\n");
  Manifest m =
      manifest("named-lines",
               {{"train", "train.txt"}, {"train_2", "val.txt"}, {"test", "test.txt"}, {"class_names", "variants.txt"}},
               {{"options", {{"prefix", "images/"}, {"suffix", ".jpg"}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(0)));
  put("test.txt", "3 F/A-81\n");
  EXPECT_THAT(refusal(m), HasSubstr("test.txt:1: the class 'F/A-81' is not in variants.txt (did you mean 'F/A-18'?)"));
}

TEST_F(LayoutTest, ListsJoinedOnAnId) {
  for (const char* name : {"images/001.Crow/a.jpg", "images/002.Owl/b.jpg"}) image(name);
  put("images.txt", "1 001.Crow/a.jpg\n2 002.Owl/b.jpg\n");
  put("labels.txt", "1 1\n2 2\n");
  put("split.txt", "1 0\n2 1\n");
  put("classes.txt", "1 001.Crow\n2 002.Owl\n");
  Manifest m = manifest(
      "joined",
      {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}, {"class_names", "classes.txt"}},
      {{"options", {{"prefix", "images/"}, {"name_skip", 1}, {"name_after", "."}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1), ElementsAre(0)));
  EXPECT_THAT(classes(), ElementsAre("Crow", "Owl"));
  put("split.txt", "1 0\n2 3\n");
  EXPECT_THAT(refusal(m), HasSubstr("images.txt:2: "));
  put("labels.txt", "1 1\n");
  EXPECT_THAT(refusal(m), HasSubstr("labels.txt has no label for image 2"));
}

TEST_F(LayoutTest, KeysAndLabelTables) {
  for (const char* name : {"0/a.jpg", "1/b.jpg"}) image(name);
  put("noisy.txt", "images/0/a.jpg 1\n");
  put("clean.txt", "images/1/b.jpg 0\n");
  put("train_keys.txt", "images/0/a.jpg\n");
  put("test_keys.txt", "images/1/b.jpg\n");
  Manifest m = manifest("keys",
                        {{"train_labels", "noisy.txt"},
                         {"train_keys", "train_keys.txt"},
                         {"test_labels", "clean.txt"},
                         {"test_keys", "test_keys.txt"}},
                        {{"options", {{"strip", "images/"}}}, {"classes", {"shirt", "coat"}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1), ElementsAre(0)));
  put("test_keys.txt", "images/1/c.jpg\n");
  EXPECT_THAT(refusal(m), HasSubstr("test_keys.txt:1: "));
}

TEST_F(LayoutTest, SplitJson) {
  for (const char* name : {"jpg/a.jpg", "jpg/b.jpg", "jpg/c.jpg"}) image(name);
  auto write = [&](const Value& test) {
    put("split.json",
        Value{{"train", {{"a.jpg", 1, "rose"}, {"b.jpg", 0, "lily"}}}, {"val", Value::array()}, {"test", test}}.dump());
  };
  Manifest m = manifest("split-json", {{"split", "split.json"}}, {{"options", {{"prefix", "jpg/"}}}});
  write({{"c.jpg", 1, "rose"}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(1)));
  EXPECT_THAT(classes(), ElementsAre("lily", "rose"));
  write({{"c.jpg", 1, "lily"}});
  EXPECT_THAT(refusal(m), HasSubstr("split.json: test[0]: label 1 is \"lily\" here and \"rose\" before"));
  write({{"c.jpg", 2, "iris"}});
  EXPECT_THAT(refusal(m), HasSubstr("test[0]: label 2 does not occur in train"));
  write({{"c.jpg", "1", "rose"}});
  EXPECT_THAT(refusal(m), HasSubstr("test[0] must be [path, label, class name]"));
  put("split.json", "{");
  EXPECT_THAT(refusal(m), HasSubstr("split.json is not JSON in UTF-8, at byte 2 (line 1, column 2)"));
}

// A split file's validation part as a data set of its own, and as training images. docs/methods/unsupervised.md#8, A16.
TEST_F(LayoutTest, SplitJsonWithItsValidationPart) {
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}) image(name);
  auto write = [&](const Value& val) {
    put("split.json",
        Value{{"train", {{"a.jpg", 1, "rose"}, {"b.jpg", 0, "lily"}}}, {"val", val}, {"test", {{"c.jpg", 1, "rose"}}}}
            .dump());
  };
  auto with = [&](const Value& options, bool test_only = false) {
    Value more = {{"options", options}};
    if (test_only) more["test_only"] = true;
    return manifest("split-json", {{"split", "split.json"}}, more);
  };
  write({{"d.jpg", 0, "lily"}});
  Manifest plain = with(Value::object()), part = with({{"testing", "val"}}, true),
           both = with({{"training", "train+val"}});
  EXPECT_THAT(labels(plain), ElementsAre(ElementsAre(1, 0), ElementsAre(1)));
  std::string print = read_record("mini")->fingerprint;
  EXPECT_THAT(labels(part), ElementsAre(ElementsAre(), ElementsAre(0)));
  EXPECT_THAT(classes(), ElementsAre("lily", "rose")) << "those of train, though no image of it is read";
  EXPECT_NE(read_record("mini")->fingerprint, print) << "of its own";
  EXPECT_THAT(labels(both), ElementsAre(ElementsAre(1, 0, 0), ElementsAre(1)));
  EXPECT_THAT(labels(with({{"testing", "val"}})), ElementsAre(ElementsAre(1, 0), ElementsAre(0)));
  write({{"d.jpg", 2, "iris"}});
  EXPECT_THAT(refusal(part), HasSubstr("split.json: val[0]: label 2 does not occur in train"));
  EXPECT_THAT(refusal(both), HasSubstr("split.json: val[0]: label 2 does not occur in train"));
  write({{"a.jpg", 1, "rose"}});
  EXPECT_THAT(refusal(both), HasSubstr("a.jpg is listed twice"));
  write(Value::array({Value::array({"d.jpg", 0})}));
  EXPECT_THAT(refusal(part), HasSubstr("split.json: val[0] must be [path, label, class name]"));
  write(Value::array());
  EXPECT_THAT(refusal(part), HasSubstr("no test images"));
  write("none");
  EXPECT_THAT(refusal(part), HasSubstr("split.json: 'val' must be a list"));
  auto usage = [&](const Value& options) {
    try {
      refusal(with(options));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(usage({{"testing", "vall"}}),
              HasSubstr("mini.toml: options.testing must be \"test\" or \"val\", it is 'vall'"));
  EXPECT_THAT(usage({{"training", "val"}}),
              HasSubstr("options.training must be \"train\" or \"train+val\", it is 'val'"));
  EXPECT_THAT(usage({{"training", "train+val"}, {"testing", "val"}}), HasSubstr("both name val"));
}

TEST_F(LayoutTest, CsvAndJsonTables) {
  for (const char* name : {"a,1.jpg", "b.jpg", "c.jpg"}) image(name);
  put("train.csv", "id,path,label\n1,\"a,1.jpg\",dog\n2,b.jpg,cat\n");
  put("test.csv", "path,label\nc.jpg,1\n");
  Manifest m = manifest("csv", {{"train", "train.csv"}, {"test", "test.csv"}}, {{"classes", {"cat", "dog"}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(1)));
  put("test.csv", "path,label\nc.jpg,cta\n");
  EXPECT_THAT(refusal(m), HasSubstr("test.csv:2: \"cta\" is neither a label nor a class name (did you mean 'cat'?)"));
  put("test.csv", "path,labels\nc.jpg,0\n");
  EXPECT_THAT(refusal(m), HasSubstr("test.csv:1: no column 'label' (did you mean 'labels'?)"));
  put("train.json", R"([{"path": "b.jpg", "label": 0}])");
  put("test.json", R"([{"path": "c.jpg", "label": "dog"}])");
  Manifest json = manifest("json", {{"train", "train.json"}, {"test", "test.json"}}, {{"classes", {"cat", "dog"}}});
  EXPECT_THAT(labels(json), ElementsAre(ElementsAre(0), ElementsAre(1)));
  put("test.json", R"([{"file": "c.jpg", "label": "dog"}])");
  EXPECT_THAT(refusal(json), HasSubstr("test.json: [0] must be an object with 'path' and 'label'"));
}

// Of UTF-8, as matio wants it: the size counts characters.
matvar_t* text(const std::string& value) {
  auto characters = std::count_if(value.begin(), value.end(), [](char c) { return (c & 0xc0) != 0x80; });
  std::size_t dims[2] = {1, static_cast<std::size_t>(characters)};
  return Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF8, 2, dims, const_cast<char*>(value.data()), 0);
}

void write_mat(const Path& path, const std::vector<matvar_t*>& variables) {
  mat_t* file = Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5);
  for (matvar_t* variable : variables) {
    Mat_VarWrite(file, variable, MAT_COMPRESSION_ZLIB);
    Mat_VarFree(variable);
  }
  Mat_Close(file);
}

// Stanford Cars: a struct array annotations(fname, class) and class_names in a cell array.
matvar_t* annotations(const std::vector<std::pair<std::string, int>>& rows) {
  const char* fields[] = {"fname", "class"};
  std::size_t dims[2] = {1, rows.size()}, one[2] = {1, 1};
  matvar_t* result = Mat_VarCreateStruct("annotations", 2, dims, fields, 2);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto label = static_cast<std::uint8_t>(rows[i].second);
    Mat_VarSetStructFieldByName(result, "fname", i, text(rows[i].first));
    Mat_VarSetStructFieldByName(result, "class", i,
                                Mat_VarCreate(nullptr, MAT_C_UINT8, MAT_T_UINT8, 2, one, &label, 0));
  }
  return result;
}

matvar_t* cells(const char* name, const std::vector<std::string>& values) {
  std::size_t dims[2] = {values.size(), 1};
  matvar_t* result = Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, dims, nullptr, 0);
  for (std::size_t i = 0; i < values.size(); ++i) Mat_VarSetCell(result, static_cast<int>(i), text(values[i]));
  return result;
}

matvar_t* doubles(const char* name, std::vector<double> values) {
  std::size_t dims[2] = {values.size(), 1};
  return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, values.data(), 0);
}

TEST_F(LayoutTest, MatlabStructs) {
  for (const char* name : {"cars_train/1.jpg", "cars_train/2.jpg", "cars_test/1.jpg"}) image(name);
  write_mat(root_ / "train.mat", {annotations({{"1.jpg", 2}, {"2.jpg", 1}})});
  write_mat(root_ / "test.mat", {annotations({{"1.jpg", 2}})});
  write_mat(root_ / "meta.mat", {cells("class_names", {"AM General Hummer", "Audi S4"})});
  Manifest m = manifest("mat", {{"train", "train.mat"}, {"test", "test.mat"}, {"class_names", "meta.mat"}},
                        {{"options",
                          {{"train_prefix", "cars_train/"},
                           {"test_prefix", "cars_test/"},
                           {"paths", "annotations.fname"},
                           {"labels", "annotations.class"},
                           {"names", "class_names"}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(1, 0), ElementsAre(1)));
  EXPECT_THAT(classes(), ElementsAre("AM General Hummer", "Audi S4"));
  write_mat(root_ / "test.mat", {annotations({{"1.jpg", 3}})});
  EXPECT_THAT(refusal(m), HasSubstr("test.mat:1: label 3 of cars_test/1.jpg; the data set has labels 1..2, counted "
                                    "from 1 (options.first_label)"));
  write_mat(root_ / "test.mat", {doubles("other", {1})});
  EXPECT_THAT(refusal(m), HasSubstr("test.mat: no variable 'annotations'"));
  std::string whole = read_file(root_ / "train.mat");
  put("train.mat", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refusal(m), HasSubstr("train.mat"));
  put("train.mat", "no MATLAB");
  EXPECT_THAT(refusal(m), HasSubstr("train.mat: not a MATLAB file"));
}

TEST_F(LayoutTest, MatlabCellsAndNumbers) {
  for (const char* name : {"Images/n1-Pug/a.jpg", "Images/n2-Chow/b.jpg", "Images/n1-Pug/c.jpg"}) image(name);
  write_mat(root_ / "train.mat", {cells("annotation_list", {"n1-Pug/a", "n2-Chow/b"}), doubles("labels", {1, 2})});
  write_mat(root_ / "test.mat", {cells("annotation_list", {"n1-Pug/c"}), doubles("labels", {1})});
  Manifest m = manifest("mat", {{"train", "train.mat"}, {"test", "test.mat"}},
                        {{"options",
                          {{"prefix", "Images/"},
                           {"suffix", ".jpg"},
                           {"paths", "annotation_list"},
                           {"labels", "labels"},
                           {"name_after", "-"}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(0, 1), ElementsAre(0)));
  EXPECT_THAT(classes(), ElementsAre("Pug", "Chow"));
  write_mat(root_ / "test.mat", {cells("annotation_list", {"n1-Pug/c"}), doubles("labels", {1, 1})});
  EXPECT_THAT(refusal(m), HasSubstr("test.mat: 1 paths and 2 labels"));
  write_mat(root_ / "test.mat", {cells("annotation_list", {"n1-Pug/c"}), doubles("labels", {1.5})});
  EXPECT_THAT(refusal(m), HasSubstr("test.mat: labels[0] is no whole number"));
}

// Sizes count characters (scipy, matio), bytes (Octave) or UTF-16 units (MATLAB): the text is what its bytes say.
TEST_F(LayoutTest, MatlabTextsBeyondAscii) {
  for (const char* name : {"a.jpg", "\xc5\xa0.jpg", "c.jpg"}) image(name);
  write_mat(root_ / "train.mat", {cells("paths", {"a.jpg", "\xc5\xa0.jpg"}), doubles("labels", {1, 2})});
  write_mat(root_ / "test.mat", {cells("paths", {"c.jpg"}), doubles("labels", {2})});
  std::size_t dims[2] = {2, 1}, wide[2] = {1, 6};
  const char16_t utf16[] = u"n\u00e9\u20ac\U0001d11e!";  // six units, five characters
  matvar_t* names = Mat_VarCreate("names", MAT_C_CELL, MAT_T_CELL, 2, dims, nullptr, 0);
  Mat_VarSetCell(names, 0, Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF16, 2, wide, const_cast<char16_t*>(utf16), 0));
  Mat_VarSetCell(names, 1, text("n\u00e9"));
  write_mat(root_ / "meta.mat", {names});
  Manifest m = manifest("mat", {{"train", "train.mat"}, {"test", "test.mat"}, {"class_names", "meta.mat"}},
                        {{"options", {{"paths", "paths"}, {"labels", "labels"}, {"names", "names"}}}});
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(0, 1), ElementsAre(1)));
  EXPECT_THAT(classes(), ElementsAre("n\u00e9\u20ac\U0001d11e!", "n\u00e9"));
  // As scipy writes class_names = {"\u0160koda", "dog"}: the size says five characters, of which there are six bytes.
  const unsigned char scipy[] = {
      0x0e, 0,    0,    0,    0xb0, 0,    0,    0,    0x06, 0,    0,    0,    0x08, 0,    0,    0,    0x01, 0,    0,
      0,    0,    0,    0,    0,    0x05, 0,    0,    0,    0x08, 0,    0,    0,    0x01, 0,    0,    0,    0x02, 0,
      0,    0,    0x01, 0,    0,    0,    0x0b, 0,    0,    0,    0x63, 0x6c, 0x61, 0x73, 0x73, 0x5f, 0x6e, 0x61, 0x6d,
      0x65, 0x73, 0,    0,    0,    0,    0,    0x0e, 0,    0,    0,    0x38, 0,    0,    0,    0x06, 0,    0,    0,
      0x08, 0,    0,    0,    0x04, 0,    0,    0,    0,    0,    0,    0,    0x05, 0,    0,    0,    0x08, 0,    0,
      0,    0x01, 0,    0,    0,    0x05, 0,    0,    0,    0x01, 0,    0,    0,    0,    0,    0,    0,    0x10, 0,
      0,    0,    0x06, 0,    0,    0,    0xc5, 0xa0, 0x6b, 0x6f, 0x64, 0x61, 0,    0,    0x0e, 0,    0,    0,    0x30,
      0,    0,    0,    0x06, 0,    0,    0,    0x08, 0,    0,    0,    0x04, 0,    0,    0,    0,    0,    0,    0,
      0x05, 0,    0,    0,    0x08, 0,    0,    0,    0x01, 0,    0,    0,    0x03, 0,    0,    0,    0x01, 0,    0,
      0,    0,    0,    0,    0,    0x10, 0,    0x03, 0,    0x64, 0x6f, 0x67, 0,
  };
  std::string header = "MATLAB 5.0 MAT-file Platform: posix";
  header.resize(124, ' ');
  std::string whole =
      header + std::string("\x00\x01IM", 4) + std::string(reinterpret_cast<const char*>(scipy), sizeof scipy);
  put("meta.mat", whole);
  m.options["names"] = "class_names";
  EXPECT_THAT(labels(m), ElementsAre(ElementsAre(0, 1), ElementsAre(1)));
  EXPECT_THAT(classes(), ElementsAre("\u0160koda", "dog"));
  // Bytes without a coding (the type is 2, not 16) are MATLAB's codes below 256; bytes that claim to be UTF-8 must be.
  std::size_t dog = whole.find(std::string("\x10\0\3\0dog", 7));
  ASSERT_NE(dog, std::string::npos);
  whole[dog + 5] = '\xf6';
  put("meta.mat", whole);
  EXPECT_THAT(refusal(m), HasSubstr("meta.mat: class_names[1] is no text in UTF-8 or UTF-16"));
  whole[dog] = 2;
  put("meta.mat", whole);
  EXPECT_EQ(refusal(m), "accepted");
  EXPECT_THAT(classes(), ElementsAre("\u0160koda", "d\u00f6g"));
}

TEST_F(LayoutTest, Matlab73IsNamedWithWhatToDo) {
  for (const char* name : {"a.jpg", "b.jpg"}) image(name);
  write_mat(root_ / "test.mat", {cells("paths", {"b.jpg"}), doubles("labels", {1})});
  Manifest m = manifest("mat", {{"train", "train.mat"}, {"test", "test.mat"}},
                        {{"classes", {"x", "y"}}, {"options", {{"paths", "paths"}, {"labels", "labels"}}}});
  std::string matlab = "MATLAB 7.3 MAT-file, Platform: GLNXA64";
  matlab.resize(512, ' ');
  for (const std::string& content : {matlab + "\x89HDF\r\n\x1a\n", std::string("\x89HDF\r\n\x1a\n and more")}) {
    put("train.mat", content);
    EXPECT_THAT(
        refusal(m),
        HasSubstr(
            "train.mat: a MATLAB 7.3 file (HDF5), which is not read; in MATLAB, save it again with save(..., '-v7')"));
  }
}

// A further test split of other data sets (docs/methods/noisy-labels.md#8: ILSVRC12 beside WebVision).
TEST_F(LayoutTest, TestImagesAlone) {
  for (int c = 0; c < 11; ++c) image(fmt::format("val/{}/a.jpg", c));
  Value more = {{"test_only", true}, {"options", {{"order", "number"}}}};
  Manifest m = manifest("folders", {{"test", "val"}}, more);
  std::vector<std::vector<std::int64_t>> found = labels(m);
  EXPECT_TRUE(found[0].empty());
  EXPECT_EQ(found[1].size(), 11u);
  EXPECT_EQ(classes()[2], "2") << "by number: by name it would be 10";
  Record record = *read_record("mini");
  EXPECT_EQ(record.train, 0);
  EXPECT_THAT(record.notes, ElementsAre()) << "that classes lack training images is as it should be";
  std::filesystem::rename(root_ / "val/3", root_ / "val/three");
  EXPECT_THAT(refusal(m), HasSubstr("val: 11 folders, but none is called 3: options.order = number wants the numbers"));
  auto preset = [&](const std::string& layout, const Value& files, const Value& options) {
    try {
      manifest(layout, files, options);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(preset("folders", {{"test", "val"}, {"train", "val"}}, more),
              HasSubstr("layout folders has no use for files.train"));
  EXPECT_THAT(preset("joined", {{"images", "i"}, {"labels", "l"}, {"split", "s"}}, {{"test_only", true}}),
              HasSubstr("test_only: layout joined has no test images apart from others"));
  EXPECT_THAT(preset("folders", {{"test", "val"}}, {{"test_only", 1}}),
              HasSubstr("test_only must be true or false, it is 1"));
  EXPECT_THAT(preset("folders", {{"test", "val"}}, Value::object()), HasSubstr("files.train is missing"));
}

TEST_F(LayoutTest, MatlabFoldersThatContradictTheLabelsAreRefused) {
  for (const char* name : {"p/a.jpg", "q/b.jpg", "p/c.jpg"}) image(name);
  auto with = [&](std::vector<double> train, std::vector<double> test) {
    write_mat(root_ / "train.mat", {cells("paths", {"p/a.jpg", "q/b.jpg"}), doubles("labels", train)});
    write_mat(root_ / "test.mat", {cells("paths", {"p/c.jpg"}), doubles("labels", test)});
    return refusal(manifest("mat", {{"train", "train.mat"}, {"test", "test.mat"}},
                            {{"options", {{"paths", "paths"}, {"labels", "labels"}}}}));
  };
  EXPECT_EQ(with({1, 2}, {1}), "accepted");
  EXPECT_THAT(with({1, 2}, {2}),
              testing::AllOf(HasSubstr("test.mat:1: the label 2 lies in the folder p here, in q in "),
                             HasSubstr("train.mat:2")));
  EXPECT_THAT(with({1, 1}, {1}), HasSubstr("train.mat:2: the label 1 lies in the folder q here, in p in "));
}

class PackedTest : public LayoutTest {
 protected:
  void SetUp() override {
    LayoutTest::SetUp();
    image("a.jpg");
    image("b.jpg", "rgb-420.jpg");
    image("c.jpg", "rgb.png");
    put("train.txt", "a.jpg 0\nb.jpg 1\n");
    put("test.txt", "c.jpg 0\n");
  }
  Manifest lines(const char* corrupt = "error") {
    return manifest("lines", {{"train", "train.txt"}, {"test", "test.txt"}},
                    {{"classes", {"x", "y"}}, {"corrupt", corrupt}});
  }
};

TEST_F(PackedTest, CorruptImagesAreErrorsOrSkippedAndCounted) {
  put("b.jpg", read_file(kImages / "truncated-half.jpg"));
  EXPECT_THAT(refusal(lines()), testing::AllOf(HasSubstr("b.jpg: a broken JPEG: the file ends too early"),
                                               HasSubstr("corrupt = \"skip\" in mini.toml")));
  Record record = check(lines("skip"), {}, {});
  EXPECT_EQ(record.train, 1);
  EXPECT_THAT(record.skipped, ElementsAre("b.jpg"));
  EXPECT_THAT(read_record("mini")->skipped, ElementsAre("b.jpg"));
  require_unchanged(lines("skip"), record);
  std::filesystem::remove_all(folder_ / "cache/packed");
  Pixels pixels(ensure_cache(lines("skip"), record, {}));
  EXPECT_EQ(pixels.train().samples, 1);
  EXPECT_EQ(pixels.skipped(), 1) << "for the run files";
}

TEST_F(PackedTest, TheCacheGoesOnWhereItStopped) {
  Record record = check(lines(), {}, {});
  Path cache = cache_path(record), files = Path(cache).replace_extension(".files");
  std::string whole = read_file(files);
  std::filesystem::remove(cache);
  for (std::size_t keep :
       {std::size_t{0}, std::size_t{10}, read_file(root_ / "a.jpg").size(), whole.size() - 1, whole.size()}) {
    std::filesystem::remove(files);
    write_file_atomically(Path(files).concat(".part"), whole.substr(0, keep));
    EXPECT_EQ(Pixels(ensure_cache(lines(), record, {})).fingerprint(), record.fingerprint);
    EXPECT_EQ(read_file(files), whole) << keep;
    std::filesystem::remove(cache);
  }
  // What was left over is of other images: refused and thrown away, then built from the images.
  std::string other = whole;
  other[3] ^= 1;
  write_file_atomically(Path(files).concat(".part"), other.substr(0, whole.size() - 1));
  EXPECT_THROW(ensure_cache(lines(), record, {}), DataError);
  EXPECT_EQ(Pixels(ensure_cache(lines(), record, {})).test().samples, 1);
}

TEST_F(PackedTest, DamagedCachesAreBuiltAgain) {
  Record record = check(lines(), {}, {});
  Path cache = cache_path(record), files = Path(cache).replace_extension(".files");
  std::string index = read_file(cache), whole = read_file(files);
  write_file_atomically(cache, index.substr(0, index.size() - 3));
  EXPECT_NO_THROW(Pixels(ensure_cache(lines(), record, {})));
  write_file_atomically(files, whole.substr(1));
  EXPECT_THROW(Pixels{cache}, DataError);
  EXPECT_NO_THROW(Pixels(ensure_cache(lines(), record, {})));
  EXPECT_EQ(read_file(files), whole);
}

TEST_F(PackedTest, ChangedListsAndImagesAreNoticed) {
  Record record = check(lines(), {}, {});
  put("train.txt", "b.jpg 1\na.jpg 0\n");
  EXPECT_THROW(require_unchanged(lines(), record), DataError) << "another order";
  put("train.txt", "a.jpg 0\nb.jpg 1\n");
  require_unchanged(lines(), record);
  image("b.jpg", "gray.jpg");
  std::filesystem::remove(cache_path(record));
  try {
    ensure_cache(lines(), record, {});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("changed since they were checked"));
  }
}

TEST(Manifest, RefusesWithTheNearestName) {
  auto refusal = [](Value change) {
    Value preset = {
        {"layout", "lines"}, {"roots", {"/x"}}, {"files", {{"train", "a"}, {"test", "b"}}}, {"classes", {"x", "y"}}};
    preset.update(change);
    try {
      Manifest::from_preset("mini", preset, "mini.toml");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal(Value::object()), "accepted");
  EXPECT_THAT(refusal({{"layout", "line"}}), HasSubstr("layout 'line' is not known (did you mean 'lines'?)"));
  EXPECT_THAT(refusal({{"files", {{"train", "a"}}}}), HasSubstr("files.test is missing"));
  EXPECT_THAT(refusal({{"files", {{"train", "a"}, {"test", "b"}, {"class_name", "c"}}}}),
              HasSubstr("no use for files.class_name (did you mean 'class_names'?)"));
  EXPECT_THAT(refusal({{"options", {{"prefx", "a"}}}}), HasSubstr("no option 'prefx' (did you mean 'prefix'?)"));
  EXPECT_THAT(refusal({{"corrupt", "ignore"}}), HasSubstr("corrupt must be"));
  EXPECT_THAT(refusal({{"expected", {{"trian", 1}}}}), HasSubstr("expected.trian is none of"));
}

}  // namespace
}  // namespace winnow::data
