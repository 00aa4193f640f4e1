// Arrays of a run file where they lie: for those that are larger than memory should be.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "winnow/store/run_file.h"

namespace winnow::store {

// One thread at a time; what it returns lives as long as it does.
class MappedArrays {
 public:
  // Verifies the whole file, which is one reading of it, and maps it. DataError as read_run_file().
  explicit MappedArrays(const Path& file, Accept = Accept::results);

  struct Values {
    DType dtype = DType::f32;
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;  // as Array::bytes, read-only
  };
  bool has(const std::string& name) const;
  // Mapped where the file has the values in one piece, as it has all reals; else a copy. DataError.
  const Values& at(const std::string& name);

 private:
  Path file_;
  Mapping mapping_;
  std::map<std::string, Values> values_;
  std::list<std::vector<std::byte>> copies_;
};

}  // namespace winnow::store
