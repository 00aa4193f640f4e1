#include "wanted_devices.h"

#include <fmt/format.h>

#include <set>

#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

// The sweep file's line that says tf32 for this stage.
std::string place_of_tf32(const UnitedPlans& plans, const UnitedPlans::Member& stage) {
  for (const sweep::Plan& plan : plans.plans())
    for (const sweep::Node& node : plan.nodes()) {
      if (node.identity != stage.identity) continue;
      for (const sweep::Explained& entry : plan.explain(node.experiment))
        if (entry.key.ends_with("train.precision") && entry.value == "tf32")
          return fmt::format("{}: {} = tf32", entry.where, entry.key);
    }
  return "train.precision = tf32";
}

void refuse_gpu_program(const std::string& name, const std::string& print,
                        const std::vector<sweep::Catalogue>& catalogues) {
  for (const sweep::Catalogue& catalogue : catalogues)
    if (auto method = catalogue.methods.find(name); method != catalogue.methods.end() && method->second.program &&
                                                    method->second.program->fingerprint == print &&
                                                    method->second.program->wishes.device == ProgramWishes::Device::gpu)
      throw UsageError(fmt::format(
          "{}: device = gpu: method {} wants a GPU, and this run computes on CPUs: run it where there is one",
          method->second.place("program.device"), name));
}

}  // namespace

// Processors round no products to TF32. Stages of a class have one precision and one method.
void require_cpus_suffice(const UnitedPlans& plans, const fleet::Work& work,
                          const std::vector<sweep::Catalogue>& catalogues) {
  std::set<sched::ClassId> seen;
  for (std::uint32_t i = 0; i < plans.stages().size(); ++i) {
    if (work.graph.done[i] || !seen.insert(work.graph.classes[i]).second) continue;
    Stage stage = plans.regenerate(i);
    if (stage.settings.has("train.precision") && stage.settings.text("train.precision") == "tf32")
      throw UsageError(fmt::format(
          "{}: this run computes on CPUs, which have no such products, an NVIDIA GPU has: take fp32, or bf16",
          place_of_tf32(plans, plans.stages()[i])));
    if (auto print = stage.fingerprints.find("program"); print != stage.fingerprints.end())
      refuse_gpu_program(stage.settings.text("method"), print->second, catalogues);
  }
}

}  // namespace winnow::cmd
