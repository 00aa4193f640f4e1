#include "winnow/store/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/settings.h"
#include "winnow/core/words.h"

namespace winnow::store {

namespace {

constexpr MetricKind kShare{Unit::share}, kCount{Unit::count}, kValue{Unit::value};
constexpr MetricKind kLoss{Unit::value, Better::low}, kShareLost{Unit::share, Better::low},
    kLost{Unit::count, Better::low};

constexpr DeclaredMetric kDeclared[] = {
    {"epoch", kCount, "the epoch of a row, from 0"},
    {"loss", kLoss, "mean loss over the steps of the epoch"},
    {"learning_rate", kValue, "at the end of the epoch"},
    {"accuracy", kShare, "on the test split"},
    {"accuracy_best", kShare, "accuracy of the best epoch, chosen on the test split"},
    {"epoch_best", kCount, "that epoch"},
    {"accuracy_validation", kShare, "test accuracy of the epoch that validation data choose"},
    {"epoch_validation", kCount, "that epoch"},
    {"accuracy_on_*", kShare, "on the further test split of that name; _best, _validation: of which epoch"},
    {"accuracy_class_mean", kShare, "mean of the classes' accuracies"},
    {"accuracy_worst_class", kShare, "of the class with the lowest"},
    {"accuracy_harmonic", kShare, "harmonic mean of the classes' accuracies"},
    {"accuracy_geometric", kShare, "geometric mean of the classes' accuracies"},
    {"accuracy_many", kShare, "mean of the classes with more than 100 training samples"},
    {"accuracy_medium", kShare, "mean of the classes with 20 to 100"},
    {"accuracy_few", kShare, "mean of the classes with fewer than 20"},
    {"accuracy_train", kShare, "of fixed scores, on the training samples"},
    {"f1_macro", kShare, "mean of the classes' F1"},
    {"validation_accuracy", kShare, "on the samples set aside, against their true labels"},
    {"validation_agreement", kShare, "on the samples set aside, with their given labels"},
    {"validation_covering", kShare, "predictions that lie in the sample's candidate set"},
    {"validation_approximated", kShare, "mean probability of the prediction within the candidate set"},
    {"confidence_accuracy", kShare, "training samples whose most confident candidate is the true label"},
    {"confidence_mean_max", kShare, "mean of the largest confidences"},
    {"samples", kCount, "training samples whose features were computed"},
    {"texts", kCount, "texts of the classes whose features were computed"},
    {"selection_kept", kShare, "training samples that the selector keeps"},
    {"selection_precision", kShare, "of what it keeps, with a true label"},
    {"selection_recall", kShare, "of samples with a true label, what it keeps"},
    {"selection_f1", kShare, "harmonic mean of the two"},
    {"selection_empty_classes", kLost, "classes without a selected sample"},
    {"accuracy_members", kShare, "mean accuracy of the models whose predictions are averaged"},
    {"texts_accuracy", kShare, "of the fixed model on class texts that is averaged with them"},
    {"phase1_accuracy", kShare, "of the averaged predictions of the first phase's models"},
    {"phase1_accuracy_members", kShare, "mean accuracy of the first phase's models"},
    {"set_size_before", kValue, "mean size of candidate sets before narrowing"},
    {"set_size_after", kValue, "mean size after it, emptied sets included"},
    {"set_size_kept", kValue, "mean size after it, of the sets that are left"},
    {"empty_sets", kShareLost, "sets that lose all candidates"},
    {"covering_before", kShare, "sets that hold the true label, before narrowing"},
    {"covering_after", kShare, "after it"},
    {"covering_kept", kShare, "after it, of the sets that are left"},
    {"selected", kCount, "samples that the quotas of SoLar or HTC chose, over all epochs"},
    {"cleared", kCount, "candidates that POP has cleared"},
    {"theta", kValue, "POP's threshold"},
    {"best_alpha", kValue, "Tip-Adapter: weight of the cache that the search on labelled samples chose"},
    {"best_beta", kValue, "Tip-Adapter: sharpness of the cache that it chose"},
    {"acc_val", kValue, "Tip-Adapter: accuracy in percent, 0 to 100, of these two on the samples of the search"},
    {"steps_after_warmup", kCount, "steps of PiCO or IDGP after their warm-up"},
    {"skipped_pictures", kLost, "images that do not decode and count as absent"},
};

constexpr Words<Unit>::Entry kUnitWords[] = {
    {Unit::share, "share"}, {Unit::count, "count"}, {Unit::value, "value"}, {Unit::seconds, "seconds"}};
constexpr Words<Unit> kUnits("unit", kUnitWords);
constexpr Words<Better>::Entry kBetterWords[] = {{Better::high, "high"}, {Better::low, "low"}};
constexpr Words<Better> kBetter("better", kBetterWords);

template <class Enum>
Enum parse(const Value& said, const std::string& metric, const char* key, const Words<Enum>& words) {
  if (said.is_string())
    if (std::optional<Enum> value = words.find(said.get_ref<const std::string&>())) return *value;
  throw DataError(fmt::format("metric '{}': {} is {}, expected {}", metric, key,
                              said.dump(-1, ' ', false, Value::error_handler_t::replace).substr(0, 60),
                              fmt::join(words.all(), ", ")));
}

}  // namespace

std::string_view to_string(Unit unit) { return kUnits.name(unit); }
std::string_view to_string(Better better) { return kBetter.name(better); }

std::span<const DeclaredMetric> declared_metrics() { return kDeclared; }

std::optional<MetricKind> declared_metric(std::string_view column) {
  for (const DeclaredMetric& metric : kDeclared)
    if (metric.name == column ||
        (metric.name.ends_with('*') && column.starts_with(metric.name.substr(0, metric.name.size() - 1))))
      return metric.kind;
  return std::nullopt;
}

std::string metric_kinds_text(const MetricKinds& kinds) {
  Value all = Value::object();
  for (const auto& [name, kind] : kinds)
    all[name] = {{"unit", to_string(kind.unit)}, {"better", to_string(kind.better)}};
  return all.dump(-1, ' ', false, Value::error_handler_t::replace);
}

MetricKinds parse_metric_kinds(std::string_view json) {
  Value all = Value::parse(json, nullptr, false);
  if (!all.is_object()) throw DataError("the declared metrics are no JSON object");
  MetricKinds kinds;
  for (const auto& [name, said] : all.items()) {
    if (!said.is_object() || !said.contains("unit"))
      throw DataError(fmt::format("metric '{}' is declared without its unit", name));
    for (const auto& [key, value] : said.items())
      if (key != "unit" && key != "better")
        throw DataError(fmt::format("metric '{}': unknown key '{}': known are unit, better", name, key));
    MetricKind& kind = kinds[name];
    kind.unit = parse<Unit>(said.at("unit"), name, "unit", kUnits);
    if (auto better = said.find("better"); better != said.end())
      kind.better = parse<Better>(*better, name, "better", kBetter);
  }
  return kinds;
}

}  // namespace winnow::store
