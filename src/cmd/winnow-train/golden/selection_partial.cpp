// kind = selection of partial labels: class shares and candidate filters.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "golden/subjects.h"
#include "winnow/core/error.h"
#include "winnow/label/scored.h"
#include "winnow/method/transport.h"

namespace winnow::golden {

namespace {

void run_sinkhorn(Case& c) {
  auto in = c.below_on_device("in.", at::kDouble);
  c.precision();  // the plan is fp64 whatever a case says
  const at::Tensor& prediction = in.at("prediction");
  at::Tensor all = at::ones({prediction.size(0)}, prediction.options().dtype(at::kBool));
  at::Tensor plan = method::transport_plan(prediction.log(), all, in.at("prior"), c.config().real("sinkhorn_power"),
                                           c.config().integer("sinkhorn_rounds"));
  c.compare("score", plan);
  c.compare("label", plan.argmax(1));
}

void run_zero_shot_filter(Case& c) {
  at::Tensor given = c.tensor("in.candidates").to(at::kByte).contiguous(),
             logits = c.tensor("in.logits").to(at::kDouble).contiguous();
  at::Tensor truth = c.tensor("in.true").contiguous();
  std::int64_t N = given.size(0), C = given.size(1);
  if (c.config().integer("classes") != C) c.wrong("config.classes contradicts the tensors");
  label::Candidates sets{
      N, C, {given.const_data_ptr<std::uint8_t>(), given.const_data_ptr<std::uint8_t>() + given.numel()}};
  label::Narrowed narrowed = label::narrow(
      sets, {logits.const_data_ptr<double>(), static_cast<std::size_t>(logits.numel())},
      c.config().real("keep_fraction"), {truth.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(N)});
  at::Tensor index = at::tensor(narrowed.kept, at::kLong),
             mask = at::zeros({N}, at::TensorOptions(at::kLong)).index_fill_(0, index, 1);
  c.compare("mask", mask);
  c.compare("index", index);
  c.compare("label", truth.index_select(0, index));
  c.compare("candidates",
            at::tensor(std::vector<std::int64_t>(narrowed.sets.mask.begin(), narrowed.sets.mask.end()), at::kLong)
                .view({-1, C}));
  const label::NarrowingReport& report = narrowed.report;
  const std::map<std::string, double> figures = {{"mean set size before", report.size_before},
                                                 {"mean set size after masking", report.size_after},
                                                 {"share of empty sets", report.empty},
                                                 {"covering rate before", report.covering_before},
                                                 {"covering rate after masking", report.covering_after},
                                                 {"mean set size of kept rows", report.size_kept},
                                                 {"covering rate of kept rows", report.covering_kept}};
  std::vector<double> wanted;
  for (const Value& name : c.raw("report")) {
    auto found = figures.find(name.get<std::string>());
    if (found == figures.end())
      throw UsageError(fmt::format("config.report: unknown figure '{}'", name.get<std::string>()));
    wanted.push_back(found->second);
  }
  c.compare("report", at::tensor(wanted, at::kDouble));
}

}  // namespace

Subjects partial_selections() { return {{"sinkhorn", run_sinkhorn}, {"zero-shot-filter", run_zero_shot_filter}}; }

}  // namespace winnow::golden
