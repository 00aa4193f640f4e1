#include "shape.h"

namespace winnow::sweep {

Shape::Shape(Resolved& resolved, const std::map<std::string, Slot>& slots, const Catalogue& catalogue)
    : method(resolved.effective.schema().method()->name),
      profile(resolved.effective.value("profile")->get<std::string>()),
      width(resolved.effective.value("width")->get<std::uint32_t>()) {
  Stages made = stages_of(resolved.effective, catalogue);
  identities = std::move(made.identities);
  read = std::move(made.read);
  std::vector<bool> varying;
  for (const Draft& draft : made.drafts) {
    open.push_back(draft.stage.open());
    stages.emplace_back(draft, slots, varying);
    varying.push_back(stages.back().varies());
  }
}

}  // namespace winnow::sweep
