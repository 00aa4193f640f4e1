#include "stage_order.h"

namespace winnow::cmd {

void add_programs(const sweep::Catalogue& catalogue, ProgramsByPrint& programs) {
  for (const auto& [name, method] : catalogue.methods)
    if (method.program) programs.emplace(method.program->fingerprint, *method.program);
}

Value stage_order(const Stage& stage, const ProgramsByPrint& programs) {
  Value order = to_json(stage);
  if (auto print = stage.fingerprints.find("program"); print != stage.fingerprints.end())
    if (auto program = programs.find(print->second); program != programs.end()) {
      order["program"] = to_json(program->second);
      put_wishes(program->second.wishes, order["program"]);
    }
  return order;
}

}  // namespace winnow::cmd
