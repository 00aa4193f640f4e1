// kind = loss: one call of a method's loss, and its gradient with respect to the inputs.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "golden/kinds.h"
#include "golden/loss_component.h"
#include "golden/settings.h"
#include "winnow/core/error.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/normalise.h"

namespace winnow::golden {

namespace {

using method::Tensors;

// The method whose loss a case records; its inputs as the method's loss calls them.
struct Call {
  std::string method;
  Tensors in;
};
using Loss = Tensors (*)(const Settings&, const Tensors&);

Loss loss_of(const Call& call) {
  if (Loss component = component_loss(call.method)) return component;
  const method::Entry& entry = method::find_method(call.method);
  if (!entry.loss) throw UsageError(fmt::format("method {} has no loss on its own", call.method));
  return entry.loss;
}

Call phase_of_coft(const std::string& stage, bool plus, Tensors in) {
  if (stage == "p1") return {"coft-prompts", std::move(in)};
  if (stage == "p2") {
    in["logits"] = at::linear(in.at("features"), in.at("head_W"), in.at("head_b"));
    in["given"] = in.at("label");
    in["mask"] = in.at("clean");
    return {plus ? "coft-contrast" : "ce", std::move(in)};
  }
  if (plus && stage == "contrast") return {"coft-contrast", std::move(in)};
  throw UsageError(fmt::format("stage: unknown '{}'", stage));
}

Call stage_of_lafter(Case& c, const std::string& stage, Tensors in) {
  const at::Tensor& head = in.at("head");
  if (stage == "text") {
    c.mark_read("noise_std");  // the noise is drawn already
    in["logits"] = at::matmul(in.at("text_features") + in.at("noise"), head.t());
    return {"lafter-text", std::move(in)};
  }
  if (stage != "image") throw UsageError(fmt::format("stage: unknown '{}'", stage));
  at::Tensor teacher = model::normalise_rows(in.at("teacher_features"));
  in["label"] = at::matmul(teacher, in.at("head_pl").t()).argmax(1);
  c.compare("label", in["label"]);
  in["logits"] = at::matmul(in.at("student_features"), head.t());
  return {"lafter", std::move(in)};
}

Call call_of(Case& c, Tensors in) {
  std::string stage = c.config().has("stage") ? c.config().text("stage") : "";
  if (c.subject() == "coft" || c.subject() == "coft-plus")
    return phase_of_coft(stage, c.subject() == "coft-plus", std::move(in));
  if (c.subject() == "lafter") return stage_of_lafter(c, stage, std::move(in));
  if (c.subject() == "promptkd" && stage == "teacher") return {"promptsrc", std::move(in)};
  return {method_of(c), std::move(in)};
}

}  // namespace

void run_loss(Case& c) {
  Tensors in = c.below_on_device("in.", c.precision());
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
  Call call = call_of(c, std::move(in));
  Settings settings = settings_of(c);
  Tensors out = loss_of(call)(settings, call.in);
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
