// What a data set is: a manifest (from its preset), a fingerprint record (what was found on this machine's disk), and a
// cache that trainers map: pixels where all images have one small size, the packed original files otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"
#include "winnow/data/label_set.h"

namespace winnow::data {

struct Manifest {
  std::string name;
  std::string source;                          // the preset's path, for messages
  std::string layout;                          // "idx", "cifar", "folders", ...: sweeps/presets/README.md
  std::vector<std::string> roots;              // folders to look in, in this order
  std::map<std::string, std::string> files;    // what the layout needs -> file name below a root
  std::vector<std::string> classes;            // empty: the layout's files say them
  std::string package, download;               // where to get it
  std::map<std::string, std::string> options;  // what else the layout can be given
  std::int64_t expected_classes = 0, expected_train = 0, expected_test = 0;  // 0: any
  std::map<std::string, bool>
      labels;                     // label files that its publishers made: by name; do they give sets of candidates?
  bool test_only = false;         // it has no training images: a further test split of other data sets
  std::string corrupt = "error";  // an image that does not decode: "error", or "skip" it and count it
  std::string preset;             // of a preset that people brought: its digest, which records keep; else empty

  // UsageError naming the preset's place: `source`, with the line of the entry where `lines` (by dotted key) has it.
  static Manifest from_preset(const std::string& name, const Value& preset, const std::string& source,
                              const std::map<std::string, int>& lines = {});
};

// What `winnow data check NAME` found and wrote to <cache>/datasets/<name>.json.
struct Record {
  std::string name;
  Path root;
  std::string fingerprint;           // hex; of the decoded content and the class names, not of paths or compression
  std::int64_t train = 0, test = 0;  // samples
  std::int64_t height = 0, width = 0, channels = 0;  // 0, 0, 3: images of many sizes, packed
  std::vector<std::string> classes;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>>
      files;                               // name -> size, modification time (ns) when checked
  std::vector<std::string> skipped;        // images that do not decode, where the manifest says to skip them
  std::map<std::string, LabelSet> labels;  // that people gave to the training images, by name
  std::vector<std::string> notes;          // what is legal and may be a mistake, one a line: README of sweeps/presets
  std::string preset;                      // Manifest::preset of the manifest that it was made by
};

using Progress = std::function<void(std::string_view what, double done)>;  // done in [0, 1]

// Reads every file of the data set and its label files, verifies them against the layout, writes the decoded cache and
// the record. DataError for a missing folder (where it was looked for, which package or download brings it), a
// truncated or wrong file, labels out of range.
Record check(const Manifest&, const std::optional<Path>& root, const Progress&);

std::optional<Record> read_record(const std::string& name);
Value to_json(const Record&);  // for scripts: all but `files`

// Refuses (DataError) when a file's size or time is not that of the record and its content differs, too; label files
// included.
void require_unchanged(const Manifest&, const Record&);

// What the layout needs below a root, and whether it is there: for users who look for a data set.
struct Need {
  std::string role, file;
  bool optional = false, there = false;
};
std::vector<Need> needs(const Manifest&, const Path& root);
std::string how_to_get(const Manifest&);  // "download it from ...", "install it with: ..."
std::optional<Path> found_root(const Manifest&, const std::optional<Path>& given);  // the first folder that exists

// The cache of a record: built once per machine (two agents may build at the same time; the first wins), verified when
// opened, built again when damaged or of another version. A packed cache that was interrupted resumes where it stopped.
// The copies of label files belong to it.
Path cache_path(const Record&);
Path ensure_cache(const Manifest&, const Record&, const Progress&);

}  // namespace winnow::data
