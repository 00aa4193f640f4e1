// Lists in MATLAB files (level 5, through matio): a struct array with fields of a path and a label (Stanford Cars), or
// a cell array of paths and an array of labels (Stanford Dogs).
#include <fmt/format.h>
#include <matio.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "file_kind.h"
#include "layout.h"
#include "mat_text.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::data {

namespace {

struct CloseFile {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using Variable = std::unique_ptr<matvar_t, FreeVariable>;

class MatFile {
 public:
  explicit MatFile(const Path& path) : path_(path) {
    if (!is_file(path)) throw DataError(fmt::format("{} {}", path.string(), why_no_file(path)));
    refuse_hdf5();
    // matio speaks on standard error; what is wrong is said here.
    Mat_LogInitFunc("winnow", [](int, char*) {});
    file_.reset(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
    if (!file_) fail("not a MATLAB file that can be read");
  }
  Variable read(const std::string& name) const {
    Variable variable(Mat_VarRead(file_.get(), name.c_str()));
    if (!variable) fail(fmt::format("no variable '{}', or it is damaged", name));
    return variable;
  }
  std::size_t count(const matvar_t& variable) const {
    std::size_t result = 1;
    for (int i = 0; i < variable.rank; ++i) {
      result *= variable.dims[i];
      if (result > (std::size_t{1} << 32)) fail("a size beyond 2^32 entries");
    }
    return result;
  }
  // A text of one row, in UTF-8.
  std::string text(const matvar_t* value, const std::string& what) const {
    if (!value || value->class_type != MAT_C_CHAR || (!value->data && count(*value)))
      fail(fmt::format("{} is no text", what));
    if (value->rank != 2 || (value->dims[0] > 1 && value->dims[1] > 0))
      fail(fmt::format("{} is no text of one row", what));
    if (count(*value) && value->nbytes < count(*value)) fail(fmt::format("{} is damaged", what));
    auto read = utf8_of(*value);
    if (!read) fail(fmt::format("{} is no text in UTF-8 or UTF-16", what));
    return *read;
  }
  std::int64_t number(const matvar_t* value, std::size_t i, const std::string& what) const {
    if (!value || !value->data || i >= count(*value) || value->isComplex ||
        value->nbytes < (i + 1) * static_cast<std::size_t>(value->data_size))
      fail(fmt::format("{} is no number", what));
    switch (value->class_type) {
      case MAT_C_DOUBLE: return whole(static_cast<const double*>(value->data)[i], what);
      case MAT_C_SINGLE: return whole(static_cast<const float*>(value->data)[i], what);
      case MAT_C_INT8: return static_cast<const std::int8_t*>(value->data)[i];
      case MAT_C_UINT8: return static_cast<const std::uint8_t*>(value->data)[i];
      case MAT_C_INT16: return static_cast<const std::int16_t*>(value->data)[i];
      case MAT_C_UINT16: return static_cast<const std::uint16_t*>(value->data)[i];
      case MAT_C_INT32: return static_cast<const std::int32_t*>(value->data)[i];
      case MAT_C_UINT32: return static_cast<const std::uint32_t*>(value->data)[i];
      case MAT_C_INT64: return static_cast<const std::int64_t*>(value->data)[i];
      case MAT_C_UINT64: return whole(static_cast<double>(static_cast<const std::uint64_t*>(value->data)[i]), what);
      default: fail(fmt::format("{} is no number", what));
    }
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", path_.string(), what));
  }

 private:
  // MATLAB writes "MATLAB 7.3" before the HDF5 file's own beginning; matio would read it as a level 5 file of nothing.
  void refuse_hdf5() const {
    constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
    std::string start(520, '\0');
    std::ifstream file(path_, std::ios::binary);
    if (!file) throw DataError(fmt::format("cannot open {}: {}", path_.string(), std::strerror(errno)));
    file.read(start.data(), static_cast<std::streamsize>(start.size()));
    if (start.starts_with("MATLAB 7.3") || start.starts_with(kSignature) ||
        start.compare(512, kSignature.size(), kSignature) == 0)
      fail("a MATLAB 7.3 file (HDF5), which is not read; in MATLAB, save it again with save(..., '-v7')");
  }
  std::int64_t whole(double value, const std::string& what) const {
    if (!(value >= -1e15 && value <= 1e15) || value != static_cast<double>(static_cast<std::int64_t>(value)))
      fail(fmt::format("{} is no whole number", what));
    return static_cast<std::int64_t>(value);
  }
  Path path_;
  std::unique_ptr<mat_t, CloseFile> file_;
};

// "annotations.fname": the variable and the field; "annotation_list": the variable alone.
std::pair<std::string, std::string> variable_and_field(const Manifest& manifest, const char* key) {
  std::string text = option(manifest, key);
  if (text.empty())
    throw UsageError(fmt::format("{}: options.{} is missing: VARIABLE or VARIABLE.FIELD", manifest.source, key));
  std::size_t dot = text.find('.');
  return dot == std::string::npos ? std::pair<std::string, std::string>{text, ""}
                                  : std::pair{text.substr(0, dot), text.substr(dot + 1)};
}

// Entry i of a variable: of a struct array's field, of a cell array, or of an array of numbers (then `position` is i).
struct Column {
  const MatFile& file;
  Variable variable;
  std::string name, field;

  Column(const MatFile& f, std::pair<std::string, std::string> what)
      : file(f), variable(f.read(what.first)), name(what.first), field(what.second) {
    auto wanted = field.empty() ? MAT_C_CELL : MAT_C_STRUCT;
    bool numbers = field.empty() && variable->class_type != MAT_C_CELL && variable->class_type != MAT_C_STRUCT;
    if (variable->class_type != wanted && !numbers)
      file.fail(fmt::format("variable '{}' is no {}", name, field.empty() ? "cell array" : "struct array"));
    if (!field.empty() && !Mat_VarGetStructFieldByName(variable.get(), field.c_str(), 0))
      file.fail(fmt::format("variable '{}' has no field '{}'", name, field));
  }
  std::size_t size() const { return file.count(*variable); }
  const matvar_t* at(std::size_t i) const {
    if (!field.empty()) return Mat_VarGetStructFieldByName(variable.get(), field.c_str(), i);
    if (variable->class_type == MAT_C_CELL) return Mat_VarGetCell(variable.get(), static_cast<int>(i));
    return variable.get();
  }
  bool is_array() const { return field.empty() && variable->class_type != MAT_C_CELL; }
  std::string text(std::size_t i) const {
    return file.text(is_array() ? nullptr : at(i), fmt::format("{}[{}]{}", name, i, field.empty() ? "" : "." + field));
  }
  std::int64_t number(std::size_t i) const {
    return file.number(at(i), is_array() ? i : 0, fmt::format("{}[{}]{}", name, i, field.empty() ? "" : "." + field));
  }
};

// Class names from the images' folders, where no file says them.
class FolderNames {
 public:
  void add(std::int64_t label, const std::string& path, const std::string& where, std::int64_t first) {
    std::size_t slash = path.find('/');
    if (slash == std::string::npos) return;
    std::string folder = path.substr(0, slash);
    auto by_label = by_label_.try_emplace(label, Known{folder, where}).first;
    if (by_label->second.value != folder)
      throw DataError(fmt::format("{}: the label {} lies in the folder {} here, in {} in {}", where, label + first,
                                  printable(folder), printable(by_label->second.value), by_label->second.where));
    auto by_folder = by_folder_.try_emplace(folder, Known{std::to_string(label + first), where}).first;
    if (by_folder->second.value != std::to_string(label + first))
      throw DataError(fmt::format("{}: the folder {} has the label {} here, {} in {}", where, printable(folder),
                                  label + first, by_folder->second.value, by_folder->second.where));
  }
  // Up to the first label without an image: labels are checked against what is there.
  std::vector<std::string> classes(const Manifest& manifest) const {
    std::vector<std::string> names;
    for (const auto& [label, folder] : by_label_) {
      if (label != static_cast<std::int64_t>(names.size())) break;
      names.push_back(class_name_of(manifest, folder.value));
    }
    return names;
  }

 private:
  struct Known {
    std::string value, where;
  };
  std::map<std::int64_t, Known> by_label_;
  std::map<std::string, Known> by_folder_;
};

}  // namespace

Listing list_mat(const Manifest& manifest, const Path& root) {
  Listing listing;
  std::int64_t first = listing.first_label = number_option(manifest, "first_label", 1);
  FolderNames folders;
  auto names = manifest.files.find("class_names");
  bool from_folders = names == manifest.files.end() && manifest.classes.empty();
  for (auto& [split, part] : parts_of(manifest, listing)) {
    part->annotations = {root / manifest.files.at(split)};
    listing.read.emplace_back(manifest.files.at(split));
    MatFile file(part->annotations[0]);
    Column paths(file, variable_and_field(manifest, "paths")), labels(file, variable_and_field(manifest, "labels"));
    if (paths.size() != labels.size()) file.fail(fmt::format("{} paths and {} labels", paths.size(), labels.size()));
    for (std::size_t i = 0; i < paths.size(); ++i) {
      std::string path = paths.text(i);
      Sample sample{image_name(manifest, path, split), labels.number(i) - first, i + 1};
      if (from_folders) folders.add(sample.label, path, part->place(sample), first);
      part->samples.push_back(std::move(sample));
    }
  }
  if (names != manifest.files.end()) {
    MatFile file(root / names->second);
    listing.read.emplace_back(names->second);
    Column column(file, variable_and_field(manifest, "names"));
    for (std::size_t i = 0; i < column.size(); ++i) listing.classes.push_back(column.text(i));
  } else if (from_folders) {
    listing.classes = folders.classes(manifest);
  }
  return listing;
}

}  // namespace winnow::data
