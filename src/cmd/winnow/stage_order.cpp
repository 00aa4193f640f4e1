#include "stage_order.h"

namespace winnow::cmd {

void add_programs(const sweep::Catalogue& catalogue, Programs& programs) {
  for (const auto& [name, method] : catalogue.methods)
    if (method.program) programs.emplace(std::pair(name, method.program->fingerprint), *method.program);
}

const sweep::MethodProgram* program_of(const Stage& stage, const Programs& programs) {
  auto print = stage.fingerprints.find("program");
  if (print == stage.fingerprints.end()) return nullptr;
  auto found = programs.find({stage.settings.text("method"), print->second});
  return found == programs.end() ? nullptr : &found->second;
}

Value stage_order(const Stage& stage, const Programs& programs) {
  Value order = to_json(stage);
  if (const sweep::MethodProgram* program = program_of(stage, programs)) {
    order["program"] = to_json(*program);
    put_wishes(program->wishes, order["program"]);
  }
  return order;
}

}  // namespace winnow::cmd
