#include "cuda_rules.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <fstream>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#ifndef STANDIN_OPERATORS
#error "define STANDIN_OPERATORS as the path of the wheel's torchgen/packaged/ATen/native/native_functions.yaml"
#endif

namespace standin {

namespace {

// CUDA has kernels of other names for them.
constexpr std::string_view kRenamed[] = {"_scaled_dot_product_flash_attention_for_cpu",
                                         "_scaled_dot_product_flash_attention_for_cpu_backward"};
constexpr std::string_view kProducts[] = {"mm",        "mm.out",    "bmm",     "bmm.out",     "addmm",
                                          "addmm.out", "addmm_",    "baddbmm", "baddbmm.out", "mv",
                                          "addmv",     "addmv.out", "dot",     "vdot"};

template <class Names>
bool holds(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// The file is regular enough to be read line by line.
struct Table {
  std::unordered_set<std::string> cuda, unchecked;

  Table() {
    std::ifstream file(STANDIN_OPERATORS);
    TORCH_CHECK(file.good(), "stand-in device: cannot read ", STANDIN_OPERATORS);
    std::unordered_map<std::string, std::string> delegates;
    std::unordered_set<std::string> with_table;
    std::vector<std::string> all;
    std::string name;
    bool in_table = false;
    for (std::string line; std::getline(file, line);) {
      auto value = [&](std::string_view key) {
        return line.starts_with(key) ? line.substr(key.size()) : std::string();
      };
      if (std::string text = value("- func: "); !text.empty()) {
        name = text.substr(0, text.find('('));
        all.push_back(name);
        in_table = false;
      } else if (std::string delegate = value("  structured_delegate: "); !delegate.empty()) {
        delegates[name] = delegate;
      } else if (line.starts_with("  device_check: NoCheck")) {
        unchecked.insert(name);
      } else if (line.starts_with("  ufunc_inner_loop:")) {
        cuda.insert(name);  // generated for both
      } else if (line.starts_with("  dispatch:")) {
        in_table = true;
        with_table.insert(name);
      } else if (in_table && line.starts_with("    ") && line.find(':') != std::string::npos) {
        std::string keys = ", " + line.substr(4, line.find(':') - 4) + ",";
        if (keys.find(" CUDA,") != std::string::npos || keys.find(" Composite") != std::string::npos) cuda.insert(name);
      } else if (std::string made = value("  autogen: "); !made.empty()) {
        add_variants(made);
      }
    }
    for (const std::string& operation : all) {
      auto found = delegates.find(operation);
      bool composite = found == delegates.end() && !with_table.count(operation);
      if (composite || (found != delegates.end() && cuda.count(found->second))) cuda.insert(operation);
    }
  }

  void add_variants(const std::string& names) {
    for (std::size_t at = 0; at < names.size(); at += 2) {
      std::size_t end = std::min(names.find(", ", at), names.size());
      cuda.insert(names.substr(at, end - at));
      at = end;
    }
  }
};

const Table& table() {
  static const auto* read = new Table;
  return *read;
}

}  // namespace

bool has_cuda_kernel(const std::string& name) { return table().cuda.count(name) || holds(kRenamed, name); }
bool may_meet_host_scalar(const std::string& name) { return table().unchecked.count(name) != 0; }
bool multiplies_matrices(std::string_view name) { return holds(kProducts, name); }

}  // namespace standin
