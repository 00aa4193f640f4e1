// What a data set is: a manifest (from its preset), a fingerprint record (what was found on this machine's disk), and a
// decoded cache that trainers map.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::data {

struct Manifest {
  std::string name;
  std::string source;                           // the preset's path, for messages
  std::string layout;                           // "idx"
  std::vector<std::string> roots;               // folders to look in, in this order
  std::map<std::string, std::string> files;     // what the layout needs -> file name below a root
  std::vector<std::string> classes;
  std::string package, download;                // where to get it

  static Manifest from_preset(const std::string& name, const Value& preset, const std::string& source);  // UsageError
};

// What `winnow data check NAME` found and wrote to <cache>/datasets/<name>.json.
struct Record {
  std::string name;
  Path root;
  std::string fingerprint;                      // hex; of the decoded content and the class names, not of paths or compression
  std::int64_t train = 0, test = 0;             // samples
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<std::string> classes;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> files;   // name -> size, modification time (ns) when checked
};

using Progress = std::function<void(std::string_view what, double done)>;   // done in [0, 1]

// Reads every file of the data set, verifies it against the layout, writes the decoded cache and the record. DataError for a missing folder
// (where it was looked for, which package or download brings it), a truncated or wrong file, labels out of range.
Record check(const Manifest&, const std::optional<Path>& root, const Progress&);

std::optional<Record> read_record(const std::string& name);

// Refuses (DataError) when a file's size or time is not that of the record and its content differs, too.
void require_unchanged(const Manifest&, const Record&);

// The decoded cache of a record: built once per machine (two agents may build at the same time; the first wins), verified when opened.
Path cache_path(const Record&);
Path ensure_cache(const Manifest&, const Record&, const Progress&);

}  // namespace winnow::data
