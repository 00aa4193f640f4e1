#include "place_of_width.h"

namespace winnow::cmd {

std::string place_of_width(const UnitedPlans& plans, const UnitedPlans::Member& stage) {
  for (const sweep::Plan& plan : plans.plans())
    for (const sweep::Node& node : plan.nodes()) {
      if (node.identity != stage.identity || node.width != stage.width) continue;
      for (std::size_t experiment = node.experiment; experiment < plan.experiments(); ++experiment)
        for (const sweep::Explained& entry : plan.explain(experiment))
          if (entry.key == "width" && entry.value == node.width) return entry.where;
    }
  return "width";
}

}  // namespace winnow::cmd
