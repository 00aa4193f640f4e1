#include "winnow/model/tower.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::model {

at::Tensor ModulePlace::initial(const std::string& part, const std::function<at::Tensor(const Streams&)>& make) const {
  std::string full = fmt::format("{}.{}", name, part);
  return recorded ? recorded(full) : make(Streams(seed, "init." + full)).to(dtype);
}

std::unique_ptr<Tower> Architecture::prompts(std::string_view network, std::int64_t) const {
  throw InternalError(fmt::format("'{}': this stage learns no prompts", network));
}

std::unique_ptr<Module> Architecture::head(std::string_view name, HeadStart) const {
  throw InternalError(fmt::format("'{}': this stage has no classifier", name));
}

ModulePlace Architecture::place(std::string_view name) const {
  throw InternalError(fmt::format("'{}': this stage has no place for modules", name));
}

}  // namespace winnow::model
