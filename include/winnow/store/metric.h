// What a metric is: its unit, and which way is better. Columns of metrics/final and metrics/epochs are metrics. All
// that winnow's own stages write are declared here, once; run files say what theirs are, so that a foreign trainer's
// can be anything.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace winnow::store {

enum class Unit { share, count, value, seconds };  // share: 0 to 1, shown in percent; value: of no unit, shown as it is
enum class Better { high, low };
std::string_view to_string(Unit);
std::string_view to_string(Better);

struct MetricKind {
  Unit unit = Unit::value;
  Better better = Better::high;
  bool operator==(const MetricKind&) const = default;
  auto operator<=>(const MetricKind&) const = default;
};
using MetricKinds = std::map<std::string, MetricKind>;  // by column

struct DeclaredMetric {
  std::string_view name;
  MetricKind kind;
  std::string_view help;  // one human-readable line
};
std::span<const DeclaredMetric> declared_metrics();
std::optional<MetricKind> declared_metric(std::string_view column);

// {"accuracy":{"unit":"share","better":"high"}}: as run files and the trainers' protocol say it; `better` may be left
// out.
std::string metric_kinds_text(const MetricKinds&);
MetricKinds parse_metric_kinds(std::string_view json);  // DataError naming the metric and what is allowed

}  // namespace winnow::store
