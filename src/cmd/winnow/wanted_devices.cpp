#include "wanted_devices.h"

#include <fmt/format.h>

#include <set>

#include "winnow/core/cuda_needs.h"
#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

// The sweep file's line that says this precision for this stage.
std::string place_of_precision(const UnitedPlans& plans, const UnitedPlans::Member& stage,
                               const std::string& precision) {
  for (const sweep::Plan& plan : plans.plans())
    for (const sweep::Node& node : plan.nodes()) {
      if (node.identity != stage.identity) continue;
      for (const sweep::Explained& entry : plan.explain(node.experiment))
        if (entry.key.ends_with("train.precision") && entry.value == precision)
          return fmt::format("{}: {} = {}", entry.where, entry.key, precision);
    }
  return "train.precision = " + precision;
}

// Why a run's devices have no products of a precision, and what to take; empty: they have them.
std::string why_without(const std::string& precision, bool on_cpus, int capability) {
  constexpr int kFirst = kCapabilityOfNewProducts;
  if (on_cpus)
    return precision == "tf32" ? "this run computes on CPUs, which have no such products, an NVIDIA GPU has: take "
                                 "fp32, or bf16"
                               : "";
  if ((precision != "tf32" && precision != "bf16") || capability == 0 || capability >= kFirst) return "";
  return fmt::format(
      "a GPU of this run has no such products (compute capability {}.{}, they come with {}.{}): take "
      "fp32, or fp16",
      capability / 10, capability % 10, kFirst / 10, kFirst % 10);
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

// Processors round no products to TF32, and old GPUs take other products without a word. Stages of a class have one
// precision and one method.
void require_devices_suffice(const UnitedPlans& plans, const fleet::Work& work,
                             const std::vector<sweep::Catalogue>& catalogues, bool on_cpus, int capability) {
  std::set<sched::ClassId> seen;
  for (std::uint32_t i = 0; i < plans.stages().size(); ++i) {
    if (work.graph.done[i] || !seen.insert(work.graph.classes[i]).second) continue;
    Stage stage = plans.regenerate(i);
    if (stage.settings.has("train.precision")) {
      std::string precision = stage.settings.text("train.precision");
      if (std::string why = why_without(precision, on_cpus, capability); !why.empty())
        throw UsageError(fmt::format("{}: {}", place_of_precision(plans, plans.stages()[i], precision), why));
    }
    if (auto print = stage.fingerprints.find("program"); on_cpus && print != stage.fingerprints.end())
      refuse_gpu_program(stage.settings.text("method"), print->second, catalogues);
  }
}

}  // namespace winnow::cmd
