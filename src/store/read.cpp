// Reading a run file: first the bytes against their digest, then what they mean.
#include <fmt/format.h>

#include <cstring>

#include "handle.h"
#include "layout.h"
#include "user_block.h"
#include "winnow/core/error.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

class Reader {
 public:
  explicit Reader(const Path& path) : file_(open(path)) {}

  std::string attribute_text(const char* name) {
    Handle attribute(WINNOW_HDF5(H5Aopen(file_, name, H5P_DEFAULT)), H5Aclose);
    Handle type(WINNOW_HDF5(H5Aget_type(attribute)), H5Tclose);
    std::string text(H5Tget_size(type), '\0');
    WINNOW_HDF5(H5Aread(attribute, type, text.data()));
    return unpadded(std::move(text));
  }
  template <class T>
  T attribute_number(const char* name) {
    Handle attribute(WINNOW_HDF5(H5Aopen(file_, name, H5P_DEFAULT)), H5Aclose);
    T value;
    WINNOW_HDF5(H5Aread(attribute, std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, &value));
    return value;
  }

  Handle open_set(const std::string& name) const { return Handle(WINNOW_HDF5(H5Dopen2(file_, name.c_str(), H5P_DEFAULT)), H5Dclose); }
  std::string text(const std::string& name) const { return text(open_set(name)); }
  static std::string text(const Handle& set) {
    Handle type = type_of(set);
    std::string text(H5Tget_size(type), '\0');
    WINNOW_HDF5(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()));
    return unpadded(std::move(text));
  }
  static Table table(const Handle& set) {
    Handle type = type_of(set);
    std::size_t width = H5Tget_size(type), rows = rows_of(set);
    std::vector<std::byte> packed(rows * width);
    if (rows) WINNOW_HDF5(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data()));
    Table result;
    for (int i = 0, n = WINNOW_HDF5(H5Tget_nmembers(type)); i < n; ++i) {
      std::unique_ptr<char, herr_t (*)(void*)> name(H5Tget_member_name(type, i), H5free_memory);
      std::size_t offset = H5Tget_member_offset(type, i);
      if (H5Tget_member_class(type, i) == H5T_INTEGER) result.push_back({name.get(), column<std::int64_t>(packed, rows, width, offset)});
      else result.push_back({name.get(), column<double>(packed, rows, width, offset)});
    }
    return result;
  }
  static Array array(const Handle& set) {
    Array result;
    result.dtype = dtype_of(type_of(set));
    result.shape = shape_of(set);
    result.bytes.resize(result.count() * size_of(result.dtype));
    if (!result.bytes.empty())
      WINNOW_HDF5(H5Dread(set, file_type(result.dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, result.bytes.data()));
    return result;
  }
  static H5T_class_t class_of(const Handle& set) { return H5Tget_class(type_of(set)); }

  // Paths of all data sets.
  std::vector<std::string> sets() const {
    std::vector<std::string> names;
    WINNOW_HDF5(H5Lvisit(file_, H5_INDEX_NAME, H5_ITER_INC, [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
      static_cast<std::vector<std::string>*>(list)->push_back(name);
      return 0;
    }, &names));
    std::erase_if(names, [&](const std::string& name) {
      Handle object(WINNOW_HDF5(H5Oopen(file_, name.c_str(), H5P_DEFAULT)), H5Oclose);
      return H5Iget_type(object) != H5I_DATASET;
    });
    return names;
  }

 private:
  static Handle open(const Path& path) {
    Handle access = hdf5::property_list(H5P_FILE_ACCESS);
    WINNOW_HDF5(H5Pset_file_locking(access, false, true));     // locks fail on many network file systems; nobody writes here
    return Handle(WINNOW_HDF5(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access)), H5Fclose);
  }
  static Handle type_of(const Handle& set) { return Handle(WINNOW_HDF5(H5Dget_type(set)), H5Tclose); }
  static std::vector<std::size_t> shape_of(const Handle& set) {
    Handle space(WINNOW_HDF5(H5Dget_space(set)), H5Sclose);
    std::vector<hsize_t> shape(static_cast<std::size_t>(WINNOW_HDF5(H5Sget_simple_extent_ndims(space))));
    WINNOW_HDF5(H5Sget_simple_extent_dims(space, shape.data(), nullptr));
    return std::vector<std::size_t>(shape.begin(), shape.end());
  }
  static std::size_t rows_of(const Handle& set) {
    Handle space(WINNOW_HDF5(H5Dget_space(set)), H5Sclose);
    return static_cast<std::size_t>(WINNOW_HDF5(H5Sget_simple_extent_npoints(space)));
  }
  static DType dtype_of(const Handle& type) {
    for (DType dtype : {DType::u8, DType::i64, DType::f32, DType::f64})
      if (WINNOW_HDF5(H5Tequal(type, file_type(dtype)))) return dtype;
    throw DataError("holds an array of an unknown type");
  }
  template <class T>
  static std::vector<T> column(const std::vector<std::byte>& packed, std::size_t rows, std::size_t width, std::size_t offset) {
    std::vector<T> values(rows);
    for (std::size_t row = 0; row < rows; ++row) std::memcpy(&values[row], &packed[row * width + offset], sizeof(T));
    return values;
  }
  static std::string unpadded(std::string text) {
    text.resize(text.find_last_not_of('\0') + 1);
    return text;
  }

  Handle file_;
};

Provenance read_provenance(Reader& file) {
  Provenance from;
  from.code_version = file.attribute_text(attribute::code_version);
  from.host = file.attribute_text(attribute::host);
  from.device = file.attribute_text(attribute::device);
  from.libraries = Value::parse(file.attribute_text(attribute::libraries)).get<std::map<std::string, std::string>>();
  from.threads = static_cast<int>(file.attribute_number<std::int64_t>(attribute::threads));
  from.width = static_cast<int>(file.attribute_number<std::int64_t>(attribute::width));
  from.attempt = static_cast<int>(file.attribute_number<std::int64_t>(attribute::attempt));
  from.start = file.attribute_number<double>(attribute::start);
  from.end = file.attribute_number<double>(attribute::end);
  return from;
}

bool describes_itself(const std::string& name) {
  return name == dataset::canonical || name == dataset::stage || name == dataset::log;
}

// Whatever a verified file still does wrong is the fault of its writer: name the file and say what it was.
template <class Body>
auto with_name(const Path& path, Body body) {
  hdf5::Quiet quiet;
  try {
    return body();
  } catch (const std::exception& error) {
    throw DataError(fmt::format("run file {}: {}", path.string(), error.what()));
  }
}

}  // namespace

RunHeader verify_run_file(const Path& path) {
  UserBlock block = verify_bytes(path);
  return with_name(path, [&] {
    Reader file(path);
    return RunHeader{block.identity, block.file_digest, block.result_digest, block.length + kUserBlockSize, read_provenance(file)};
  });
}

RunContent read_run_file(const Path& path, bool arrays) {
  verify_bytes(path);
  return with_name(path, [&] {
    Reader file(path);
    RunContent run;
    run.stage = stage_from_json(Value::parse(file.text(dataset::stage)));
    run.log = file.text(dataset::log);
    run.provenance = read_provenance(file);
    for (const std::string& name : file.sets()) {
      if (describes_itself(name)) continue;
      Handle set = file.open_set(name);
      H5T_class_t kind = Reader::class_of(set);
      if (kind == H5T_COMPOUND) run.tables[name] = Reader::table(set);
      else if (kind == H5T_STRING) run.texts[name] = Reader::text(set);
      else if (arrays) run.arrays[name] = Reader::array(set);
    }
    return run;
  });
}

Array read_array(const Path& path, const std::string& name) {
  verify_bytes(path);
  return with_name(path, [&] { return Reader::array(Reader(path).open_set(name)); });
}

}  // namespace winnow::store
