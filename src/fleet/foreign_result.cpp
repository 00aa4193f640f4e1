#include "foreign_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "winnow/core/error.h"

namespace winnow::fleet {

namespace {

double number(const Value& value, const std::string& name) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();       // JSON has no NaN
  if (!value.is_number()) throw DataError(fmt::format("the trainer's metric '{}' is no number: {}", name, value.dump().substr(0, 60)));
  return value.get<double>();
}

const Value& object_at(const Value& event, const char* key) {
  static const Value empty = Value::object();
  auto found = event.find(key);
  if (found == event.end()) return empty;
  if (!found->is_object()) throw DataError(fmt::format("the trainer's '{}' are no JSON object", key));
  return *found;
}

}  // namespace

store::RunContent run_of_metrics(const Stage& stage, const Value& done, store::Provenance provenance, std::string log) {
  store::RunContent run;
  run.stage = stage;
  run.provenance = std::move(provenance);
  run.log = std::move(log);
  store::Table final;
  for (const auto& [name, value] : object_at(done, "metrics").items()) final.push_back({name, std::vector<double>{number(value, name)}});
  if (final.empty()) throw DataError("the trainer's 'done' has neither 'output' nor 'metrics'");
  run.tables["metrics/final"] = std::move(final);
  if (auto kinds = done.find("kinds"); kinds != done.end()) run.metrics = store::parse_metric_kinds(kinds->dump());

  std::size_t length = 0;
  store::Table curves;
  for (const auto& [name, list] : object_at(done, "curves").items()) {
    if (!list.is_array()) throw DataError(fmt::format("the trainer's curve '{}' is no array", name));
    std::vector<double> values;
    for (const Value& value : list) values.push_back(number(value, name));
    length = std::max(length, values.size());
    curves.push_back({name, std::move(values)});
  }
  if (curves.empty()) return run;
  for (store::Column& column : curves) std::get<std::vector<double>>(column.values).resize(length, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::int64_t> epochs(length);
  std::iota(epochs.begin(), epochs.end(), 0);
  if (std::none_of(curves.begin(), curves.end(), [](const auto& column) { return column.name == "epoch"; }))
    curves.insert(curves.begin(), {"epoch", std::move(epochs)});
  run.tables["metrics/epochs"] = std::move(curves);
  return run;
}

}  // namespace winnow::fleet
