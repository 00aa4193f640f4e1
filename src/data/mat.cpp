// Lists in MATLAB files (level 5, through matio): a struct array with fields of a path and a label (Stanford Cars), or a cell
// array of paths and an array of labels (Stanford Dogs).
#include <fmt/format.h>
#include <matio.h>

#include <memory>

#include "layout.h"
#include "winnow/core/error.h"

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
    if (!std::filesystem::is_regular_file(path)) throw DataError(fmt::format("{} is not there", path.string()));
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
  // A text of 8- or 16-bit characters; the names of our data sets are ASCII.
  std::string text(const matvar_t* value, const std::string& what) const {
    if (!value || value->class_type != MAT_C_CHAR || (!value->data && count(*value))) fail(fmt::format("{} is no text", what));
    std::string result;
    std::size_t size = count(*value);
    if (size && value->nbytes / size < static_cast<std::size_t>(value->data_size)) fail(fmt::format("{} is damaged", what));
    for (std::size_t i = 0; i < size; ++i)
      result += value->data_size == 2 ? static_cast<char>(static_cast<const std::uint16_t*>(value->data)[i]) : static_cast<const char*>(value->data)[i];
    return result;
  }
  std::int64_t number(const matvar_t* value, std::size_t i, const std::string& what) const {
    if (!value || !value->data || i >= count(*value) || value->isComplex || value->nbytes < (i + 1) * static_cast<std::size_t>(value->data_size))
      fail(fmt::format("{} is no number", what));
    switch (value->class_type) {
      case MAT_C_DOUBLE: return whole(static_cast<const double*>(value->data)[i], what);
      case MAT_C_SINGLE: return whole(static_cast<const float*>(value->data)[i], what);
      case MAT_C_UINT8: return static_cast<const std::uint8_t*>(value->data)[i];
      case MAT_C_INT16: return static_cast<const std::int16_t*>(value->data)[i];
      case MAT_C_UINT16: return static_cast<const std::uint16_t*>(value->data)[i];
      case MAT_C_INT32: return static_cast<const std::int32_t*>(value->data)[i];
      case MAT_C_UINT32: return static_cast<const std::uint32_t*>(value->data)[i];
      default: fail(fmt::format("{} is no number", what));
    }
  }
  [[noreturn]] void fail(const std::string& what) const { throw DataError(fmt::format("{}: {}", path_.string(), what)); }

 private:
  std::int64_t whole(double value, const std::string& what) const {
    if (!(value >= -1e15 && value <= 1e15) || value != static_cast<double>(static_cast<std::int64_t>(value))) fail(fmt::format("{} is no whole number", what));
    return static_cast<std::int64_t>(value);
  }
  Path path_;
  std::unique_ptr<mat_t, CloseFile> file_;
};

// "annotations.fname": the variable and the field; "annotation_list": the variable alone.
std::pair<std::string, std::string> variable_and_field(const Manifest& manifest, const char* key) {
  std::string text = option(manifest, key);
  if (text.empty()) throw UsageError(fmt::format("{}: options.{} is missing: VARIABLE or VARIABLE.FIELD", manifest.source, key));
  std::size_t dot = text.find('.');
  return dot == std::string::npos ? std::pair<std::string, std::string>{text, ""} : std::pair{text.substr(0, dot), text.substr(dot + 1)};
}

// Entry i of a variable: of a struct array's field, of a cell array, or of an array of numbers (then `position` is i).
struct Column {
  const MatFile& file;
  Variable variable;
  std::string name, field;

  Column(const MatFile& f, std::pair<std::string, std::string> what) : file(f), variable(f.read(what.first)), name(what.first), field(what.second) {
    auto wanted = field.empty() ? MAT_C_CELL : MAT_C_STRUCT;
    bool numbers = field.empty() && variable->class_type != MAT_C_CELL && variable->class_type != MAT_C_STRUCT;
    if (variable->class_type != wanted && !numbers) file.fail(fmt::format("variable '{}' is no {}", name, field.empty() ? "cell array" : "struct array"));
    if (!field.empty() && !Mat_VarGetStructFieldByName(variable.get(), field.c_str(), 0)) file.fail(fmt::format("variable '{}' has no field '{}'", name, field));
  }
  std::size_t size() const { return file.count(*variable); }
  const matvar_t* at(std::size_t i) const {
    if (!field.empty()) return Mat_VarGetStructFieldByName(variable.get(), field.c_str(), i);
    if (variable->class_type == MAT_C_CELL) return Mat_VarGetCell(variable.get(), static_cast<int>(i));
    return variable.get();
  }
  bool is_array() const { return field.empty() && variable->class_type != MAT_C_CELL; }
  std::string text(std::size_t i) const { return file.text(is_array() ? nullptr : at(i), fmt::format("{}[{}]{}", name, i, field.empty() ? "" : "." + field)); }
  std::int64_t number(std::size_t i) const { return file.number(at(i), is_array() ? i : 0, fmt::format("{}[{}]{}", name, i, field.empty() ? "" : "." + field)); }
};

}  // namespace

Listing list_mat(const Manifest& manifest, const Path& root) {
  Listing listing;
  std::int64_t first = number_option(manifest, "first_label", 1);
  std::map<std::int64_t, std::string> folders;    // class names from the pictures' folders, where no file says them
  for (auto [split, part] : {std::pair<std::string, Listing::Part*>{"train", &listing.train}, {"test", &listing.test}}) {
    part->annotation = root / manifest.files.at(split);
    listing.read.emplace_back(manifest.files.at(split));
    MatFile file(part->annotation);
    Column paths(file, variable_and_field(manifest, "paths")), labels(file, variable_and_field(manifest, "labels"));
    if (paths.size() != labels.size()) file.fail(fmt::format("{} paths and {} labels", paths.size(), labels.size()));
    for (std::size_t i = 0; i < paths.size(); ++i) {
      std::string path = paths.text(i);
      Sample sample{picture_name(manifest, path, split), labels.number(i) - first, i + 1};
      if (std::size_t slash = path.find('/'); slash != std::string::npos) folders.emplace(sample.label, class_name_of(manifest, path.substr(0, slash)));
      part->samples.push_back(std::move(sample));
    }
  }
  if (auto names = manifest.files.find("class_names"); names != manifest.files.end()) {
    MatFile file(root / names->second);
    listing.read.emplace_back(names->second);
    Column column(file, variable_and_field(manifest, "names"));
    for (std::size_t i = 0; i < column.size(); ++i) listing.classes.push_back(column.text(i));
  } else {
    for (const auto& [label, name] : folders) {
      if (label != static_cast<std::int64_t>(listing.classes.size())) break;   // a gap: the labels are checked against what is there
      listing.classes.push_back(name);
    }
  }
  return listing;
}

}  // namespace winnow::data
