#include "saved_entries.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "winnow/core/error.h"

namespace winnow::train {

const at::Tensor& SavedEntries::take(const std::string& name) {
  auto found = tensors_.find(name);
  if (found == tensors_.end()) throw DataError(fmt::format("it has no '{}'", name));
  taken_.insert(name);
  return found->second;
}

const at::Tensor& SavedEntries::need(const std::string& name, at::IntArrayRef shape, at::ScalarType type) {
  const at::Tensor& own = take(name);
  if (own.sizes() != shape || own.scalar_type() != type)
    throw DataError(fmt::format("its '{}' has another shape or type: {} [{}], wanted {} [{}]", name,
                                at::toString(own.scalar_type()), fmt::join(own.sizes(), ", "), at::toString(type),
                                fmt::join(shape, ", ")));
  return own;
}

const at::Tensor& SavedEntries::need_series(const std::string& name, std::int64_t rows) {
  const at::Tensor& own = take(name);
  if (own.dim() == 0 || own.size(0) == 0 || (rows >= 0 && own.size(0) != rows) || !own.is_floating_point())
    throw DataError(fmt::format("its '{}' has another shape or type: {} [{}], wanted {} real numbers", name,
                                at::toString(own.scalar_type()), fmt::join(own.sizes(), ", "),
                                rows < 0 ? "some" : std::to_string(rows)));
  return own;
}

std::vector<std::string> SavedEntries::names(const std::string& prefix) const {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : tensors_)
    if (name.starts_with(prefix)) result.push_back(name.substr(prefix.size()));
  return result;
}

void SavedEntries::expect_all_taken() const {
  for (const auto& [name, tensor] : tensors_)
    if (!taken_.count(name)) throw DataError(fmt::format("it has '{}', which this stage does not know", name));
}

}  // namespace winnow::train
