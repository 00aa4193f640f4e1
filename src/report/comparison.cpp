#include "winnow/report/comparison.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "formatting.h"

namespace winnow::report {

namespace {

// q of the studentized range at alpha = 0.05 over sqrt 2, infinite degrees of freedom, for 2 to 20 methods: Demsar
// 2006, table 5a, and its continuation.
constexpr double kNemenyi[] = {1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164, 3.219,
                               3.268, 3.313, 3.354, 3.391, 3.426, 3.458, 3.489, 3.517, 3.544};

// Ranks from 1, the smallest first; ties get the mean of theirs. Neighbours within `rounding` are tied.
std::vector<double> mean_ranks(const std::vector<double>& values, double rounding) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    for (last = first + 1; last < order.size() && values[order[last]] - values[order[last - 1]] <= rounding;) ++last;
    for (std::size_t i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
  }
  return ranks;
}

// P(W <= w) under random signs, given these mean ranks: the number of subsets with each sum. Mean ranks are multiples
// of a half.
double exact_tail(const std::vector<double>& ranks, double w) {
  std::vector<std::size_t> doubled;
  for (double rank : ranks) doubled.push_back(static_cast<std::size_t>(std::lround(2 * rank)));
  std::vector<double> ways(std::accumulate(doubled.begin(), doubled.end(), std::size_t{0}) + 1);
  ways[0] = 1;
  for (std::size_t rank : doubled)
    for (std::size_t sum = ways.size(); sum-- > rank;) ways[sum] += ways[sum - rank];
  double below = 0;
  for (std::size_t sum = 0; sum < ways.size() && static_cast<double>(sum) <= 2 * w; ++sum) below += ways[sum];
  return below / std::pow(2.0, static_cast<double>(ranks.size()));
}

}  // namespace

std::optional<double> wilcoxon_signed_rank(std::span<const double> differences, double rounding) {
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (double difference : differences)
    if (std::abs(difference) > rounding) sizes.push_back(std::abs(difference)), positive.push_back(difference > 0);
  std::size_t n = sizes.size();
  if (n == 0) return std::nullopt;
  std::vector<double> ranks = mean_ranks(sizes, rounding);
  double plus = 0, total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    total += ranks[i];
    if (positive[i]) plus += ranks[i];
  }
  double w = std::min(plus, total - plus);
  if (n <= 25) return std::min(1.0, 2 * exact_tail(ranks, w));
  std::vector<double> sorted = sizes;
  std::sort(sorted.begin(), sorted.end());
  auto count = static_cast<double>(n);
  double variance = count * (count + 1) * (2 * count + 1) / 24;
  for (std::size_t first = 0, last; first < n; first = last) {
    for (last = first + 1; last < n && sorted[last] - sorted[last - 1] <= rounding;) ++last;
    auto ties = static_cast<double>(last - first);
    variance -= (ties * ties * ties - ties) / 48;
  }
  double z = (w - count * (count + 1) / 4) / std::sqrt(variance);
  return std::min(1.0, 2 * boost::math::cdf(boost::math::normal(), z));
}

PairedTest paired_test(std::span<const double> differences, double alpha, double rounding) {
  Summary summary = summarise(differences);
  if (!std::isfinite(summary.mean)) return {summary.n, summary.mean, {}, {}, {}, {}, {}};
  if (std::abs(summary.mean) <= rounding) summary.mean = 0;
  if (summary.deviation && *summary.deviation <= rounding) summary.deviation = 0;
  PairedTest test{summary.n, summary.mean, summary.deviation, {}, {}, {}, wilcoxon_signed_rank(differences, rounding)};
  if (!summary.deviation) return test;
  double error = *summary.deviation / std::sqrt(static_cast<double>(summary.n));
  boost::math::students_t t(static_cast<double>(summary.n - 1));
  double reach = boost::math::quantile(boost::math::complement(t, alpha / 2)) * error;
  test.low = summary.mean - reach;
  test.high = summary.mean + reach;
  test.p_t = error > 0           ? 2 * boost::math::cdf(boost::math::complement(t, std::abs(summary.mean) / error))
             : summary.mean == 0 ? 1.0
                                 : 0.0;
  return test;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

std::optional<Ranking> rank(const std::vector<std::string>& names, const std::vector<std::vector<double>>& values,
                            bool lower_is_better) {
  std::size_t k = names.size();
  if (k < 2 || values.size() < 2) return std::nullopt;
  Ranking ranking{names, std::vector<double>(k), values.size(), 0, 1, {}};
  for (std::vector<double> block : values) {
    double largest = 0;
    for (double& value : block) {
      largest = std::max(largest, std::abs(value));
      if (!lower_is_better) value = -value;
    }
    std::vector<double> ranks = mean_ranks(block, kEqual * largest);
    for (std::size_t j = 0; j < k; ++j)
      ranking.ranks[j] += ranks[j];  // multiples of a half: no order of blocks rounds otherwise
  }
  for (double& rank : ranking.ranks) rank /= static_cast<double>(values.size());
  auto methods = static_cast<double>(k), blocks = static_cast<double>(values.size());
  double squares = 0;
  for (double r : ranking.ranks) squares += r * r;
  ranking.chi_square =
      std::max(0.0, 12 * blocks / (methods * (methods + 1)) * (squares - methods * (methods + 1) * (methods + 1) / 4));
  ranking.p = boost::math::cdf(boost::math::complement(boost::math::chi_squared(methods - 1), ranking.chi_square));
  if (k - 2 < std::size(kNemenyi))
    ranking.critical_difference = kNemenyi[k - 2] * std::sqrt(methods * (methods + 1) / (6 * blocks));
  return ranking;
}

std::optional<Ranking> rank(const Table& table) {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (table.average_rows.count(r)) continue;
    names.push_back(row_title(table, r));
  }
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.average_columns.count(c)) continue;
    std::vector<double> block;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const Cell& cell = table.cells[r][c];
      if (!table.average_rows.count(r) && cell.summary && cell.values.size() == cell.planned &&
          std::isfinite(cell.summary->mean))
        block.push_back(cell.summary->mean);
    }
    if (block.size() == names.size()) values.push_back(std::move(block));
  }
  return rank(names, values, table.metric.lower_is_better());
}

}  // namespace winnow::report
