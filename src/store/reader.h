// An open HDF5 file that is read. Every failure is a DataError of the library's own words; callers add the file's name.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "handle.h"
#include "layout.h"

namespace winnow::store {

// The rows of a compound data set, as they lie in the file.
struct Compound {
  struct Member {
    std::string name;
    std::size_t offset, size;
    H5T_class_t kind;
  };
  std::size_t rows = 0, width = 0;
  std::vector<Member> members;
  std::vector<std::byte> bytes;

  template <class T>
  T at(std::size_t row, std::size_t offset) const {
    T value;
    std::memcpy(&value, &bytes[row * width + offset], sizeof(T));
    return value;
  }
  std::string text_at(std::size_t row, const Member& member) const {
    const char* begin = reinterpret_cast<const char*>(&bytes[row * width + member.offset]);
    return std::string(begin, ::strnlen(begin, member.size));
  }
};

class Reader {
 public:
  explicit Reader(const Path& path);

  bool has_attribute(const char* name) const { return WINNOW_HDF5(H5Aexists(file_, name)) > 0; }
  std::string attribute_text(const char* name) const;
  template <class T>
  T attribute_number(const char* name) const {
    hdf5::Handle attribute(WINNOW_HDF5(H5Aopen(file_, name, H5P_DEFAULT)), H5Aclose);
    T value;
    WINNOW_HDF5(H5Aread(attribute, std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, &value));
    return value;
  }

  bool has(const std::string& name) const;  // false, too, where a group on the way is absent
  std::vector<std::string> names() const;   // of what lies in the file's root
  // Paths of all data sets, or of those in this group of the root; none where that is a data set itself.
  std::vector<std::string> sets(const std::string& group = {}) const;
  hdf5::Handle open_set(const std::string& name) const;
  std::string text(const std::string& name) const { return text(open_set(name)); }

  static std::string text(const hdf5::Handle& set);
  static Compound compound(const hdf5::Handle& set);
  static Table table(const hdf5::Handle& set);
  static Array array(const hdf5::Handle& set);
  // Where the values of an array lie in the file, user block and all; `at` is empty where they are not in one piece.
  struct Place {
    DType dtype = DType::f32;
    std::vector<std::size_t> shape;
    std::size_t bytes = 0;
    std::optional<std::size_t> at;
  };
  static Place place_of(const hdf5::Handle& set);
  static H5T_class_t class_of(const hdf5::Handle& set);

 private:
  hdf5::Handle file_;
};

}  // namespace winnow::store
