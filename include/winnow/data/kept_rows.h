// Rows that were computed once, under the key of what they were computed from: kept by the process that computes them
// first, so that later epochs, stages and processes of the machine read them instead. Of what kind rows are, the one
// who keeps them says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "winnow/core/file.h"
#include "winnow/core/hash.h"

namespace winnow::data {

class CacheFile;

// One file, which only grows: records one behind the other, each with its key and its hash. What was cut off or damaged
// counts as missing and is kept anew behind it; a torn end goes with the next record. Processes may read and keep at
// once; of equal keys the last record counts. One thread at a time.
class KeptRows {
 public:
  // `file` is made where it is missing, or where its rows are of other `content` (at most 4,000 bytes). DeviceError.
  KeptRows(const Path& file, const std::string& content);
  ~KeptRows();
  KeptRows(KeptRows&&) noexcept;

  // False where there is none of this length; then `rows` is anything. DeviceError for a file that cannot be read.
  bool read(const Hash128& key, std::span<std::byte> rows);
  // What read() did not find. Nothing is written where another process was faster or is writing: none waits for one
  // that may have been stopped. DeviceError for a full disk.
  void keep(const Hash128& key, std::span<const std::byte> rows);
  std::int64_t size() const;  // of the file, in bytes

 private:
  struct Place {
    std::int64_t at = 0, bytes = 0;
    Hash128 hash;
  };
  void look_further();  // at records that were not there before
  void append(const Hash128& key, std::span<const std::byte> rows);

  std::unique_ptr<CacheFile> file_;
  std::unordered_map<Hash128, Place> places_;
  std::int64_t known_ = 0;  // so far the file was looked at
};

}  // namespace winnow::data
