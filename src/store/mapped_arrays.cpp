#include "winnow/store/mapped_arrays.h"

#include <fmt/format.h>

#include "named.h"
#include "reader.h"
#include "user_block.h"
#include "winnow/core/error.h"

namespace winnow::store {

namespace {

const Path& verified(const Path& file, Accept accept) {
  verify_bytes(file, "run file", accept);
  return file;
}

}  // namespace

MappedArrays::MappedArrays(const Path& file, Accept accept) : file_(file), mapping_(verified(file, accept)) {}

bool MappedArrays::has(const std::string& name) const {
  return with_name(file_, [&] { return Reader(file_).has(name); });
}

const MappedArrays::Values& MappedArrays::at(const std::string& name) {
  if (auto known = values_.find(name); known != values_.end()) return known->second;
  with_name(file_, [&] {
    hdf5::Handle set = Reader(file_).open_set(name);
    Reader::Place place = Reader::place_of(set);
    Values values{place.dtype, place.shape, {}};
    if (place.at && *place.at % size_of(place.dtype) == 0) {
      if (*place.at > mapping_.bytes().size() || place.bytes > mapping_.bytes().size() - *place.at)
        throw DataError(fmt::format("{} ends behind the file", name));
      values.bytes = mapping_.bytes().subspan(*place.at, place.bytes);
    } else {
      values.bytes = copies_.emplace_back(Reader::array(set).bytes);
    }
    values_.emplace(name, std::move(values));
  });
  return values_.at(name);
}

}  // namespace winnow::store
