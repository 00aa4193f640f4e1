// What metrics are: winnow's own by declaration, a foreign trainer's as it says.
#include "winnow/store/metric.h"

#include <gmock/gmock.h>

#include <set>

#include "fixture.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

TEST(Metric, EachIsDeclaredOnceAndSaysWhatItIs) {
  std::set<std::string_view> names;
  for (const DeclaredMetric& metric : declared_metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_FALSE(metric.help.empty()) << metric.name;
  }
  EXPECT_EQ(declared_metric("accuracy")->unit, Unit::share);
  EXPECT_EQ(declared_metric("loss")->better, Better::low);
  EXPECT_EQ(declared_metric("selected")->unit, Unit::count);
  EXPECT_FALSE(declared_metric("accuracy_of_theirs"));
}

TEST(Metric, TextsComeBack) {
  MetricKinds kinds{{"a", {Unit::share, Better::low}},
                    {"b c", {Unit::count, Better::high}},
                    {"d", {Unit::seconds, Better::low}},
                    {"\"", {Unit::value, Better::high}}};
  EXPECT_EQ(parse_metric_kinds(metric_kinds_text(kinds)), kinds);
  EXPECT_EQ(parse_metric_kinds(R"({"a":{"unit":"share"}})").at("a"), (MetricKind{Unit::share, Better::high}));
}

TEST(Metric, NonsenseIsRefusedByName) {
  for (auto [text, what] :
       {std::pair{R"({"a":{"unit":"percent"}})",
                  R"(metric 'a': unit is "percent", expected share, count, value, seconds)"},
        {R"({"a":{"unit":1}})", "metric 'a': unit is 1, expected"},
        {R"({"a":{"better":"low"}})", "metric 'a' is declared without its unit"},
        {R"({"a":"share"})", "metric 'a' is declared without its unit"},
        {R"({"a":{"unit":"share","best":"low"}})", "metric 'a': unknown key 'best'"},
        {R"({"a":{"unit":"share","better":"less"}})", "metric 'a': better is \"less\", expected high, low"},
        {"[]", "no JSON object"},
        {"{", "no JSON object"}})
    try {
      parse_metric_kinds(text);
      ADD_FAILURE() << text;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
}

// What a metric is called says nothing of what was computed: two trainers that agree on the numbers have the same
// result.
TEST(Metric, KindsAreNoPartOfTheResult) {
  RunContent run = small_run(), other = run;
  other.metrics["accuracy"] = {Unit::share, Better::high};
  EXPECT_EQ(run.result_digest(), other.result_digest());
}

}  // namespace
}  // namespace winnow::store
