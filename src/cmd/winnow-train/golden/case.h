// One golden case: what it says, its tensors, and the strict comparison. tests/golden/README.md is the format.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::golden {

class Case {
 public:
  // DataError naming the file; the tensors are loaded at once. `device`: where what the case tries is computed.
  explicit Case(const Path& json_file, c10::Device device = at::kCPU);

  const std::string& kind() const { return kind_; }
  const std::string& subject() const { return subject_; }
  const Path& folder() const { return folder_; }
  std::string name() const { return name_; }
  c10::Device device() const { return device_; }
  double absolute() const { return absolute_; }
  double relative() const { return relative_; }

  // config, nested tables flattened to dotted keys. What is read here or marked counts as read.
  const Settings& config() const { return config_; }
  const Value& raw(const std::string& key);  // a nested table as it stands; marks all of it
  void mark_read(const std::string& key) { marked_.insert(key); }
  at::ScalarType precision() const;  // config.dtype, float64 unless given

  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  const at::Tensor& tensor(const std::string& name) const;  // full name, "in.A", on the host; DataError
  at::Tensor on_device(const std::string& name) const;
  // Tensors below "in." (or another prefix), by the rest of their names; reals in `type`.
  std::map<std::string, at::Tensor> below(const std::string& prefix, at::ScalarType type) const;
  std::map<std::string, at::Tensor> below_on_device(const std::string& prefix, at::ScalarType type) const;

  // Compares what is on any device with out.NAME: reals and the images of a transform by the tolerance, integers and
  // masks exactly, NaN equals nothing. Shapes may differ in dimensions of size 1. Ignored when the case expects no such
  // output.
  void compare(const std::string& name, const at::Tensor& got);
  bool expects(const std::string& name) const { return has("out." + name); }
  std::vector<std::string> not_compared() const;
  void wrong(const std::string& what) { faults_.push_back(what); }
  void failed_as_expected() { failed_as_expected_ = true; }  // of a case that must fail and compares nothing

  // Everything that is wrong: differences, outputs that were not computed, keys that were not read. Empty: passed.
  std::vector<std::string> verdict() const;
  double largest_error() const { return largest_; }

 private:
  std::string name_, kind_, subject_;
  Path folder_;
  c10::Device device_;
  Value raw_;
  Settings config_;
  double absolute_ = 0, relative_ = 0;
  std::map<std::string, at::Tensor> tensors_;
  std::set<std::string> marked_, compared_;
  std::vector<std::string> faults_;
  double largest_ = 0;
  bool failed_as_expected_ = false;
};

}  // namespace winnow::golden
