// Mutates the annotation files of miniature data sets, one layout after the other, and checks them: DataError is the
// only legal way to fail, with one line of text. Deterministic; a failing input stays in the folder that is printed.
//   layout_fuzz COUNT [LAYOUT...]      COUNT mutations of each file
#include <fmt/format.h>
#include <matio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"

namespace {

using namespace winnow;

const std::vector<std::string> kPieces = {
    " ",
    "\t",
    "\n",
    "\r\n",
    "0",
    "-1",
    "1e9",
    "9223372036854775807",
    "99999999999999999999",
    "../",
    "/etc/passwd",
    "a.png",
    "\"",
    ",",
    "[",
    "]",
    "{",
    "}",
    "null",
    "true",
    "\xff",
    std::string(1, '\0'),
    std::string("\x00\x00\x00\x01", 4),
    "\xff\xff\xff\xff",
    std::string("\x0e\x00\x00\x00", 4),
    std::string("\x0f\x00\x00\x00", 4),
    "MATLAB 5.0",
    "MATLAB 7.3",
    "x\x9c",
    "\xef\xbb\xbf",
    "\xff\xfe",
    "\r",
    "cat\n",
    "a.png 1\n",
    "1 1\n",
    "label,",
    "\"label\": 1,",
    std::string("\x11\0\0\0", 4),
    std::string("\x12\0\0\0", 4),
};

matvar_t* text(const std::string& value) {
  std::size_t dims[2] = {1, value.size()};
  return Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF8, 2, dims, const_cast<char*>(value.data()), 0);
}

// Paths in a cell array, labels in an array, uncompressed, so that mutations reach every tag.
void write_mat(const Path& path, const std::vector<std::string>& paths, std::vector<double> labels) {
  mat_t* file = Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5);
  std::size_t dims[2] = {paths.size(), 1};
  matvar_t* cells = Mat_VarCreate("paths", MAT_C_CELL, MAT_T_CELL, 2, dims, nullptr, 0);
  for (std::size_t i = 0; i < paths.size(); ++i) Mat_VarSetCell(cells, static_cast<int>(i), text(paths[i]));
  matvar_t* numbers = Mat_VarCreate("labels", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, labels.data(), 0);
  for (matvar_t* variable : {cells, numbers}) {
    Mat_VarWrite(file, variable, MAT_COMPRESSION_NONE);
    Mat_VarFree(variable);
  }
  Mat_Close(file);
}

std::string idx(const std::string& shape, const std::string& values) {
  std::string bytes{0, 0, 8, static_cast<char>(shape.size())};
  for (char size : shape) bytes += std::string(3, '\0') + size;
  return bytes + values;
}

struct Target {
  std::string layout;
  Value preset;
  std::vector<std::string> mutated;  // files below the root
};

void write_miniatures(const Path& root) {
  // The smallest PNG that our decoder takes: 1 x 1, grey.
  const unsigned char png[] = {0x89, 'P',  'N',  'G',  13,   10,  26,  10,   0,    0,    0,    13,   'I',  'H',
                               'D',  'R',  0,    0,    0,    1,   0,   0,    0,    1,    8,    0,    0,    0,
                               0,    0x3a, 0x7e, 0x9b, 0x55, 0,   0,   0,    10,   'I',  'D',  'A',  'T',  0x78,
                               0x9c, 0x63, 0x60, 0,    0,    0,   2,   0,    1,    0x48, 0xaf, 0xa4, 0x71, 0,
                               0,    0,    0,    'I',  'E',  'N', 'D', 0xae, 0x42, 0x60, 0x82};
  for (const char* name : {"a.png", "b.png", "c.png", "d.png"})
    write_file_atomically(root / name, std::string(reinterpret_cast<const char*>(png), sizeof png));
  auto put = [&](const char* name, const std::string& content) { write_file_atomically(root / name, content); };
  put("train.txt", "a.png 0\nb.png 1\n");
  put("test.txt", "c.png 0\nd.png 1\n");
  put("names.txt", "cat\nold dog\n");
  put("train.named", "a.png cat\nb.png old dog\n");
  put("images.txt", "1 a.png\n2 b.png\n3 c.png\n");
  put("labels.txt", "1 1\n2 2\n3 1\n");
  put("split.txt", "1 1\n2 1\n3 0\n");
  put("keys.txt", "a.png\nb.png\n");
  put("train.csv", "path,label\na.png,cat\n\"b.png\",old dog\n");
  put("digits.csv", "path,label\r\na.png,1\r\nb.png,2\r\n");
  put("digits.txt",
      "\xef\xbb\xbf"
      "2 n2 2\r\n1 n1 1\r\n");
  put("train.json", R"([{"path": "a.png", "label": "cat"}, {"path": "b.png", "label": "old dog"}])");
  put("split.json",
      R"({"train": [["a.png", 0, "cat"], ["b.png", 1, "dog"]], "val": [], "test": [["c.png", 1, "dog"]]})");
  put("train.bin", std::string(1, 0) + std::string(3072, 'x') + std::string(1, 1) + std::string(3072, 'y'));
  put("test.csv", "path,label\nc.png,0\n");
  put("test.json", R"([{"path": "c.png", "label": 0}])");
  put("images.idx", idx("\x02\x02\x02", "abcdefgh"));
  put("labels.idx", idx("\x02", std::string{0, 1}));
  write_mat(root / "train.mat", {"a.png", "b.png"}, {1, 2});
  write_mat(root / "test.mat", {"c.png"}, {2});
}

std::vector<Target> targets() {
  Value two = {"cat", "old dog"};
  return {
      {"idx",
       {{"files",
         {{"train_images", "images.idx"},
          {"train_labels", "labels.idx"},
          {"test_images", "images.idx"},
          {"test_labels", "labels.idx"}}},
        {"classes", two}},
       {"images.idx", "labels.idx"}},
      {"cifar", {{"files", {{"train", "train.bin"}, {"test", "train.bin"}}}, {"classes", two}}, {"train.bin"}},
      {"lines",
       {{"files", {{"train", "train.txt"}, {"test", "test.txt"}, {"class_names", "names.txt"}}}},
       {"train.txt", "names.txt"}},
      {"named-lines",
       {{"files", {{"train", "train.named"}, {"test", "train.named"}, {"class_names", "names.txt"}}}},
       {"train.named", "names.txt"}},
      {"joined",
       {{"files", {{"images", "images.txt"}, {"labels", "labels.txt"}, {"split", "split.txt"}}}, {"classes", two}},
       {"images.txt", "labels.txt", "split.txt"}},
      {"keys",
       {{"files",
         {{"train_labels", "train.txt"},
          {"train_keys", "keys.txt"},
          {"test_labels", "train.txt"},
          {"test_keys", "keys.txt"}}},
        {"classes", two}},
       {"train.txt", "keys.txt"}},
      {"split-json", {{"files", {{"split", "split.json"}}}}, {"split.json"}},
      {"csv", {{"files", {{"train", "train.csv"}, {"test", "test.csv"}}}, {"classes", two}}, {"train.csv"}},
      {"csv",
       {{"files", {{"train", "digits.csv"}, {"test", "digits.csv"}, {"class_names", "digits.txt"}}},
        {"options", {{"first_label", 1}, {"name_skip", 2}}}},
       {"digits.csv", "digits.txt"}},
      {"json", {{"files", {{"train", "train.json"}, {"test", "test.json"}}}, {"classes", two}}, {"train.json"}},
      {"mat",
       {{"files", {{"train", "train.mat"}, {"test", "test.mat"}}},
        {"classes", two},
        {"options", {{"paths", "paths"}, {"labels", "labels"}}}},
       {"train.mat"}},
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "layout_fuzz COUNT [LAYOUT...]\n"), 2;
  int count = std::atoi(argv[1]);
  Path root = std::filesystem::temp_directory_path() / fmt::format("layout_fuzz.{}", ::getpid());
  make_folders(root);
  ::setenv("WINNOW_CACHE", (root / "cache").c_str(), 1);
  write_miniatures(root);
  for (Target& target : targets()) {
    if (argc > 2 && std::find(argv + 2, argv + argc, target.layout) == argv + argc) continue;
    target.preset.update({{"layout", target.layout}, {"roots", {root.string()}}, {"download", "nowhere"}});
    data::Manifest manifest = data::Manifest::from_preset("mini", target.preset, "mini.toml");
    try {
      data::check(manifest, {}, {});
    } catch (const std::exception& error) {
      fmt::print("{}: the whole miniature is refused: {}\n", target.layout, error.what());
      return 1;
    }
    int accepted = 0, refused = 0;
    for (const std::string& name : target.mutated) {
      std::string whole = read_file(root / name);
      fuzz::Mutator mutator(whole, kPieces);
      for (int i = 0; i < count; ++i) {
        std::ofstream(root / name, std::ios::binary) << mutator.next();
        try {
          data::check(manifest, {}, {});
          ++accepted;
        } catch (const DataError& error) {
          if (std::string(error.what()).find('\n') != std::string::npos) {
            fmt::print("{}: mutation {} of {}: more than one line: {}\n", target.layout, i, (root / name).string(),
                       error.what());
            return 1;
          }
          ++refused;
        } catch (const std::exception& error) {
          fmt::print("{}: mutation {} of {} failed with: {}\n", target.layout, i, (root / name).string(), error.what());
          return 1;
        }
      }
      write_file_atomically(root / name, whole);
    }
    fmt::print("{:12} {} accepted, {} refused\n", target.layout, accepted, refused);
  }
  std::filesystem::remove_all(root);
}
