// kind = loss: one call of a method's loss, and its gradient with respect to the inputs.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "golden/kinds.h"
#include "golden/settings.h"
#include "winnow/core/error.h"
#include "winnow/method/registry.h"

namespace winnow::golden {

void run_loss(Case& c) {
  const method::Entry& entry = method::find_method(method_of(c));
  if (!entry.loss) throw UsageError(fmt::format("method {} has no loss on its own", c.subject()));
  method::Tensors in = c.below_on_device("in.", c.precision());
  std::vector<std::string> names;
  std::vector<at::Tensor> leaves;
  for (auto& [name, tensor] : in) {
    if (tensor.scalar_type() == at::kByte) tensor = tensor.to(c.precision());  // masks enter formulas as numbers
    if (!c.expects("grad." + name)) continue;
    tensor = tensor.detach().requires_grad_(true);
    names.push_back(name);
    leaves.push_back(tensor);
  }
  for (const auto& [purpose, tensor] : c.below_on_device("draw.", c.precision())) in.emplace(purpose, tensor);
  Settings settings = settings_of(c);
  method::Tensors out = entry.loss(settings, in);
  mark_read(c, settings);
  if (!leaves.empty()) {
    std::vector<at::Tensor> gradients =
        torch::autograd::grad({out.at("loss")}, leaves, {}, false, false, /*allow_unused=*/true);
    for (std::size_t i = 0; i < leaves.size(); ++i)
      c.compare("grad." + names[i], gradients[i].defined() ? gradients[i] : at::zeros_like(leaves[i]));
  }
  for (const auto& [name, tensor] : out) c.compare(name, tensor);
}

}  // namespace winnow::golden
