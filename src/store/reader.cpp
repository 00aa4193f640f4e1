#include "reader.h"

#include <cerrno>

#include "winnow/core/error.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

Handle open(const Path& path) {
  Handle access = hdf5::property_list(H5P_FILE_ACCESS);
  WINNOW_HDF5(
      H5Pset_file_locking(access, false, true));  // locks fail on many network file systems; this handle never writes
  hid_t file = -1;
  for (int tried = 0; tried < 5 && file < 0 && (tried == 0 || errno == ESTALE); ++tried) {  // as open_existing()
    errno = 0;
    file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  }
  return Handle(hdf5::check(file, "H5Fopen"), H5Fclose);
}

Handle type_of(const Handle& set) { return Handle(WINNOW_HDF5(H5Dget_type(set)), H5Tclose); }

std::vector<std::size_t> shape_of(const Handle& set) {
  Handle space(WINNOW_HDF5(H5Dget_space(set)), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(WINNOW_HDF5(H5Sget_simple_extent_ndims(space))));
  WINNOW_HDF5(H5Sget_simple_extent_dims(space, shape.data(), nullptr));
  return std::vector<std::size_t>(shape.begin(), shape.end());
}

std::size_t rows_of(const Handle& set) {
  Handle space(WINNOW_HDF5(H5Dget_space(set)), H5Sclose);
  return static_cast<std::size_t>(WINNOW_HDF5(H5Sget_simple_extent_npoints(space)));
}

DType dtype_of(const Handle& type) {
  for (DType dtype : {DType::u8, DType::i64, DType::f32, DType::f64})
    if (WINNOW_HDF5(H5Tequal(type, file_type(dtype)))) return dtype;
  throw DataError("holds an array of an unknown type");
}

template <class T>
std::vector<T> column(const Compound& packed, std::size_t offset) {
  std::vector<T> values(packed.rows);
  for (std::size_t row = 0; row < packed.rows; ++row) values[row] = packed.at<T>(row, offset);
  return values;
}

std::string unpadded(std::string text) {
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

}  // namespace

Reader::Reader(const Path& path) : file_(open(path)) {}

std::string Reader::attribute_text(const char* name) const {
  Handle attribute(WINNOW_HDF5(H5Aopen(file_, name, H5P_DEFAULT)), H5Aclose);
  Handle type(WINNOW_HDF5(H5Aget_type(attribute)), H5Tclose);
  std::string text(H5Tget_size(type), '\0');
  WINNOW_HDF5(H5Aread(attribute, type, text.data()));
  return unpadded(std::move(text));
}

bool Reader::has(const std::string& name) const {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
    if (WINNOW_HDF5(H5Lexists(file_, name.substr(0, slash).c_str(), H5P_DEFAULT)) == 0) return false;
  return WINNOW_HDF5(H5Lexists(file_, name.c_str(), H5P_DEFAULT)) > 0;
}

namespace {

herr_t list_name(hid_t, const char* name, const H5L_info_t*, void* list) {
  static_cast<std::vector<std::string>*>(list)->push_back(name);
  return 0;
}

Handle open_object(hid_t at, const std::string& name) {
  return Handle(WINNOW_HDF5(H5Oopen(at, name.c_str(), H5P_DEFAULT)), H5Oclose);
}

}  // namespace

std::vector<std::string> Reader::names() const {
  std::vector<std::string> names;
  WINNOW_HDF5(H5Literate(file_, H5_INDEX_NAME, H5_ITER_INC, nullptr, list_name, &names));
  return names;
}

std::vector<std::string> Reader::sets(const std::string& group) const {
  std::vector<std::string> names;
  Handle from = open_object(file_, group.empty() ? "/" : group);
  if (H5Iget_type(from) != H5I_GROUP) return names;
  WINNOW_HDF5(H5Lvisit(from, H5_INDEX_NAME, H5_ITER_INC, list_name, &names));
  std::erase_if(names, [&](const std::string& name) { return H5Iget_type(open_object(from, name)) != H5I_DATASET; });
  if (!group.empty())
    for (std::string& name : names) name = group + "/" + name;
  return names;
}

Handle Reader::open_set(const std::string& name) const {
  return Handle(WINNOW_HDF5(H5Dopen2(file_, name.c_str(), H5P_DEFAULT)), H5Dclose);
}

std::string Reader::text(const Handle& set) {
  Handle type = type_of(set);
  std::string text(H5Tget_size(type), '\0');
  WINNOW_HDF5(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()));
  return unpadded(std::move(text));
}

Compound Reader::compound(const Handle& set) {
  Handle type = type_of(set);
  Compound result;
  result.width = H5Tget_size(type);
  result.rows = rows_of(set);
  result.bytes.resize(result.rows * result.width);
  if (result.rows) WINNOW_HDF5(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.bytes.data()));
  for (int i = 0, n = WINNOW_HDF5(H5Tget_nmembers(type)); i < n; ++i) {
    auto index = static_cast<unsigned>(i);
    std::unique_ptr<char, herr_t (*)(void*)> name(H5Tget_member_name(type, index), H5free_memory);
    Handle member(WINNOW_HDF5(H5Tget_member_type(type, index)), H5Tclose);
    result.members.push_back(
        {name.get(), H5Tget_member_offset(type, index), H5Tget_size(member), H5Tget_class(member)});
  }
  return result;
}

Table Reader::table(const Handle& set) {
  Compound packed = compound(set);
  Table result;
  for (const Compound::Member& member : packed.members) {
    if (member.kind == H5T_INTEGER) result.push_back({member.name, column<std::int64_t>(packed, member.offset)});
    else result.push_back({member.name, column<double>(packed, member.offset)});
  }
  return result;
}

Array Reader::array(const Handle& set) {
  Array result;
  result.dtype = dtype_of(type_of(set));
  result.shape = shape_of(set);
  result.bytes.resize(result.count() * size_of(result.dtype));
  if (!result.bytes.empty())
    WINNOW_HDF5(H5Dread(set, file_type(result.dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, result.bytes.data()));
  return result;
}

Reader::Place Reader::place_of(const Handle& set) {
  Place place{dtype_of(type_of(set)), shape_of(set), 0, std::nullopt};
  place.bytes = rows_of(set) * size_of(place.dtype);
  if (haddr_t at = H5Dget_offset(set); at != HADDR_UNDEF) place.at = static_cast<std::size_t>(at);
  return place;
}

H5T_class_t Reader::class_of(const Handle& set) { return H5Tget_class(type_of(set)); }

}  // namespace winnow::store
