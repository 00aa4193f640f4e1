#include "shape.h"

namespace winnow::sweep {

Shape::Shape(Resolved& resolved, const std::map<std::string, Slot>& slots, const Catalogue& catalogue)
    : profile(resolved.effective.value("profile")->get<std::string>()) {
  std::vector<Draft> drafts = stages_of(resolved.effective, catalogue);
  std::vector<bool> varying;
  for (const Draft& draft : drafts) {
    stages.emplace_back(draft, slots, varying);
    varying.push_back(stages.back().varies());
    identities.push_back(draft.stage.identity());
  }
}

}  // namespace winnow::sweep
