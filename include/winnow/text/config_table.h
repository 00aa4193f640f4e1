// A table of a snapshot's configuration: values by key, and one line (file, key, what is allowed) for what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/text/snapshot_files.h"

namespace winnow::text {

class ConfigTable {
 public:
  // `name` is file and path of the table, for messages. A missing or null key gives the fallback.
  ConfigTable(const Value& table, std::string name);
  ConfigTable table(const char* key) const;  // an empty one where the key is missing

  bool has(const char* key) const { return table_.contains(key) && !table_[key].is_null(); }
  std::int64_t size(const char* key, std::int64_t fallback) const;  // an integer of at least 1
  std::int64_t side(const char* key, std::int64_t fallback) const;  // the same, or the two equal sides of a square
  double real(const char* key, double fallback) const;
  bool flag(const char* key, bool fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  std::vector<std::int64_t> sizes(const char* key, std::vector<std::int64_t> fallback) const;
  std::vector<std::string> keys() const;            // of entries that are neither null nor false
  std::string shown(const std::string& key) const;  // its value, for messages; a text without its quotes
  const std::string& name() const { return name_; }

 private:
  Value table_;
  std::string name_;
};

// A CLIP's table (text_config, vision_config). Where an older snapshot has one of the name KEY_dict beside it, that one
// counts, as in transformers: alone, with the defaults for what it leaves out.
ConfigTable section_of(const SnapshotFiles&, const char* key);

// DataError unless `whole` is a multiple of `part`.
void require_multiple(const std::string& where, const char* what, std::int64_t whole, const char* of,
                      std::int64_t part);

}  // namespace winnow::text
