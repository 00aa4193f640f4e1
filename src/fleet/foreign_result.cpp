#include "foreign_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::fleet {

namespace {

double number(const Value& value, const std::string& name) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();  // JSON has no NaN
  if (!value.is_number())
    throw DataError(fmt::format("the trainer's metric '{}' is no number: {}", name, value.dump().substr(0, 60)));
  return value.get<double>();
}

// A column of a run file, and of tables that people read.
void require_name(const std::string& name) {
  constexpr std::size_t kLongest = 100;
  if (name.empty()) throw DataError("the trainer gives a metric without a name");
  if (name.size() > kLongest || printable(name) != name)
    throw DataError(
        fmt::format("the trainer's metric '{}' must have a name of at most {} letters, without control characters",
                    printable(name.substr(0, 60)), kLongest));
}

// What the trainer says of its metrics. What winnow's own metrics are is not for it to say.
store::MetricKinds kinds_of(const Value& said, const store::RunContent& run) {
  store::MetricKinds kinds = store::parse_metric_kinds(said.dump(-1, ' ', false, Value::error_handler_t::replace));
  std::vector<std::string> columns;
  for (const auto& [path, table] : run.tables)
    for (const store::Column& column : table) columns.push_back(column.name);
  for (const auto& [name, kind] : kinds) {
    if (std::find(columns.begin(), columns.end(), name) == columns.end())
      throw DataError(fmt::format("the trainer's 'kinds' names '{}', which is none of its metrics{}", name,
                                  did_you_mean(name, columns)));
    std::optional<store::MetricKind> own = store::declared_metric(name);
    if (own && *own != kind)
      throw DataError(fmt::format(
          "the trainer's 'kinds' says that {} is a {} of which {} is better; a metric of that name is a {} of which {} "
          "is better: give it another name, or leave "
          "its kind out",
          name, to_string(kind.unit), to_string(kind.better), to_string(own->unit), to_string(own->better)));
  }
  return kinds;
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
  for (const auto& [name, value] : object_at(done, "metrics").items()) {
    require_name(name);
    final.push_back({name, std::vector<double>{number(value, name)}});
  }
  if (final.empty()) throw DataError("the trainer's 'done' has neither 'output' nor 'metrics'");
  run.tables["metrics/final"] = std::move(final);

  std::size_t length = 0;
  store::Table curves;
  std::string first;
  for (const auto& [name, list] : object_at(done, "curves").items()) {
    if (!list.is_array()) throw DataError(fmt::format("the trainer's curve '{}' is no array", name));
    require_name(name);
    std::vector<double> values;
    for (const Value& value : list) values.push_back(number(value, name));
    if (curves.empty()) first = name, length = values.size();
    if (values.empty() || values.size() != length)
      throw DataError(
          fmt::format("the trainer's curve '{}' has {} values, '{}' has {}: every curve has one value an epoch, null "
                      "where there is none",
                      name, values.size(), first, length));
    curves.push_back({name, std::move(values)});
  }
  auto add_kinds = [&] {
    if (auto kinds = done.find("kinds"); kinds != done.end()) run.metrics = kinds_of(*kinds, run);
  };
  if (curves.empty()) {
    add_kinds();
    return run;
  }
  std::vector<std::int64_t> epochs(length);
  std::iota(epochs.begin(), epochs.end(), 0);
  if (std::none_of(curves.begin(), curves.end(), [](const auto& column) { return column.name == "epoch"; }))
    curves.insert(curves.begin(), {"epoch", std::move(epochs)});
  run.tables["metrics/epochs"] = std::move(curves);
  add_kinds();
  return run;
}

}  // namespace winnow::fleet
