// Is a difference real? Tests on matched pairs, and ranks over many columns. Pairs are experiments that differ in what
// is compared and in nothing else: the same data, labels, model and seed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "winnow/report/table.h"

namespace winnow::report {

// Differences a_i - b_i of n pairs. Student's t: t = mean / (s / sqrt n) with n - 1 degrees of freedom, s the sample
// standard deviation; `low` and `high` bound the mean difference at confidence 1 - alpha.
struct PairedTest {
  std::size_t n = 0;
  double mean = 0;
  std::optional<double> deviation, low, high;  // none for one pair
  std::optional<double> p_t;                   // two-sided; none for one pair, 1 where all differences are zero
  std::optional<double> p_wilcoxon;            // signed rank, two-sided, see below
};
// Differences that are at most `rounding` from zero or from each other are zero, or equal (statistics.h says how much
// that is). A difference that is not finite leaves only n and mean (NaN): it decides nothing.
PairedTest paired_test(std::span<const double> differences, double alpha, double rounding = 0);

// Wilcoxon's signed-rank test (Wilcoxon 1945): zeros are dropped, ties get mean ranks. Two-sided.
// Exact by counting sign patterns of the ranks as they are, ties included, where at most 25 differ from zero, else the
// normal approximation with the tie correction. None without a difference.
std::optional<double> wilcoxon_signed_rank(std::span<const double> differences, double rounding = 0);

// p values of a family of tests, adjusted (Holm 1979), in the given order.
std::vector<double> holm(std::span<const double> p);

// Methods (rows) over blocks (complete columns of a table, or several tables'): average ranks, 1 is best; Friedman's
// test and Nemenyi's critical difference at alpha = 0.05 (Demsar, "Statistical comparisons of classifiers over multiple
// data sets", JMLR 2006): chi^2 = 12 N / (k (k + 1)) (sum_j R_j^2 - k (k + 1)^2 / 4), CD = q sqrt(k (k + 1) / (6 N)).
struct Ranking {
  std::vector<std::string> names;
  std::vector<double> ranks;  // by name
  std::size_t blocks = 0;
  double chi_square = 0, p = 1;               // k - 1 degrees of freedom
  std::optional<double> critical_difference;  // none for more than 20 methods, whose q Demsar's table does not have
};
// `values[block][method]`; all finite. None with fewer than two methods or blocks.
std::optional<Ranking> rank(const std::vector<std::string>& names, const std::vector<std::vector<double>>& values,
                            bool lower_is_better);
// The rows of a table over its columns that are complete.
std::optional<Ranking> rank(const Table&);

// Demsar's diagram: methods on the axis of average ranks; a bar joins those that do not differ by the critical
// difference.
std::string rank_diagram_svg(const Ranking&);
std::string rank_diagram_text(const Ranking&);

}  // namespace winnow::report
