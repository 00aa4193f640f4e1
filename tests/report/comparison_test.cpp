// Numbers that SciPy 1.17 gives: ttest_1samp, wilcoxon (exact, and approx without continuity correction),
// friedmanchisquare.
#include "winnow/report/comparison.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "fixture.h"

namespace winnow::report {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

// 0.3 - 0.1 and 0.5 - 0.3 are one step of 20 points each; to a computer the second is larger.
TEST(PairedTest, DifferencesThatAreEqualOnPaperAreTies) {
  ASSERT_NE(0.3 - 0.1, 0.5 - 0.3);
  std::vector<double> d{0.3 - 0.1, 0.5 - 0.3, 0.1 - 0.3, 0.1 + 0.2 - 0.3, 0.9 - 0.5}, exact{0.2, 0.2, -0.2, 0, 0.4};
  PairedTest test = paired_test(d, 0.05, kEqual), wanted = paired_test(exact, 0.05);
  EXPECT_EQ(*test.p_wilcoxon, *wanted.p_wilcoxon);
  EXPECT_NEAR(*test.p_t, *wanted.p_t, 1e-12);
  std::reverse(d.begin(), d.end());
  EXPECT_EQ(paired_test(d, 0.05, kEqual).mean, test.mean);
}

TEST(PairedTest, DifferencesThatAreZeroOnPaperDecideNothing) {
  PairedTest test = paired_test(std::vector<double>{0.1 + 0.2 - 0.3, 0.3 - (0.1 + 0.2), 0.1 + 0.2 - 0.3}, 0.05, kEqual);
  EXPECT_EQ(test.mean, 0);
  EXPECT_EQ(*test.p_t, 1);
  EXPECT_EQ(*test.low, 0);
  EXPECT_EQ(*test.high, 0);
  EXPECT_FALSE(test.p_wilcoxon);
}

TEST(Ranks, MeansThatAreEqualOnPaperShareTheirRank) {
  double one = (0.1 + 0.1 + 0.5) / 3, other = (0.1 + 0.2 + 0.4) / 3;
  ASSERT_NE(one, other);
  std::optional<Ranking> ranking =
      rank({"a", "b", "c"}, {{one, other, 0.1}, {other, one, 0.5}, {0.2, 0.1, 0.3}}, false);
  EXPECT_THAT(ranking->ranks, ElementsAre((1.5 + 2.5 + 2) / 3, (1.5 + 2.5 + 3) / 3, (3.0 + 1 + 1) / 3));
}

TEST(PairedTest, IsStudentsT) {
  std::vector<double> d{1.2, 0.4, -0.3, 2.1, 0.9, 1.7};
  PairedTest test = paired_test(d, 0.05);
  EXPECT_NEAR(*test.p_t, 0.037558967284466976, 1e-12);
  EXPECT_NEAR(*test.low, 0.08512321958869284, 1e-12);
  EXPECT_NEAR(*test.high, 1.9148767804113076, 1e-12);
  EXPECT_NEAR(*test.p_wilcoxon, 0.0625, 1e-15);
}

TEST(PairedTest, OnePairAndEqualPairsClaimNothing) {
  PairedTest one = paired_test(std::vector<double>{2.0}, 0.05);
  EXPECT_FALSE(one.p_t || one.low || one.deviation);
  EXPECT_EQ(paired_test(std::vector<double>{0, 0, 0}, 0.05).p_t, 1.0);
  EXPECT_FALSE(paired_test(std::vector<double>{0, 0, 0}, 0.05).p_wilcoxon);
  EXPECT_EQ(paired_test(std::vector<double>{1, 1, 1}, 0.05).p_t, 0.0);
}

// SciPy: wilcoxon(nonzero, method=PermutationMethod()) enumerates, as this does.
TEST(Wilcoxon, IsExactForFewPairsTiesIncluded) {
  EXPECT_EQ(*wilcoxon_signed_rank(std::vector<double>{1, 2, 2, -3, 4, 0, 5, -1}), 0.25);
  EXPECT_EQ(*wilcoxon_signed_rank(std::vector<double>{1, 1, 1}), 0.25);
  EXPECT_EQ(*wilcoxon_signed_rank(std::vector<double>{1, 2, 3}), 0.25) << "the smallest that three pairs can give";
}

TEST(Wilcoxon, IsNormalWithCorrectedTiesForMany) {
  std::vector<double> differences;
  for (int i = 1; i <= 35; ++i) differences.push_back((i * 7) % 13 - 5);
  EXPECT_NEAR(*wilcoxon_signed_rank(differences), 0.1107082245312478, 1e-12);
}

TEST(PairedTest, ANumberThatIsNotFiniteDecidesNothing) {
  for (double odd : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    PairedTest test = paired_test(std::vector<double>{1, odd, 2}, 0.05);
    EXPECT_EQ(test.n, 3u);
    EXPECT_FALSE(std::isfinite(test.mean));
    EXPECT_FALSE(test.p_t || test.p_wilcoxon || test.low || test.high);
  }
}

TEST(Holm, MultipliesAndNeverFalls) {
  EXPECT_THAT(holm(std::vector<double>{0.01, 0.04, 0.03}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12)));
  EXPECT_THAT(holm(std::vector<double>{0.9, 0.8}), ElementsAre(1.0, 1.0));
}

TEST(Rank, IsFriedmansAndNemenyis) {
  Ranking r = *rank({"a", "b", "c"}, {{0.9, 0.8, 0.7}, {0.85, 0.86, 0.6}, {0.7, 0.65, 0.66}, {0.95, 0.9, 0.8}}, false);
  EXPECT_THAT(r.ranks, ElementsAre(1.25, 2.0, 2.75));
  EXPECT_NEAR(r.chi_square, 4.5, 1e-12);
  EXPECT_NEAR(r.p, 0.10539922456186433, 1e-12);
  EXPECT_NEAR(*r.critical_difference, 2.343 * std::sqrt(3 * 4 / 24.0), 1e-12);
  EXPECT_FALSE(rank({"a"}, {{1}, {2}}, false));
  EXPECT_FALSE(rank({"a", "b"}, {{1, 2}}, false));
}

TEST(Rank, TiesShareTheirRanksAndLossesRankTheOtherWay) {
  EXPECT_THAT(rank({"a", "b", "c"}, {{1, 1, 2}, {1, 1, 2}}, false)->ranks, ElementsAre(2.5, 2.5, 1.0));
  EXPECT_THAT(rank({"a", "b", "c"}, {{1, 1, 2}, {1, 1, 2}}, true)->ranks, ElementsAre(1.5, 1.5, 3.0));
}

TEST(RankDiagram, JoinsWhatDoesNotDiffer) {
  Ranking r{{"good", "also <good>", "bad"}, {1.2, 1.4, 3.0}, 30, 40, 1e-9, 0.6};
  std::string text = rank_diagram_text(r), svg = rank_diagram_svg(r);
  EXPECT_THAT(text, HasSubstr("good          1.20  |\n"));
  EXPECT_THAT(text, HasSubstr("bad           3.00   \n"));
  EXPECT_THAT(svg, HasSubstr("also &lt;good&gt; (1.40)"));
  EXPECT_THAT(svg, HasSubstr("CD = 0.60"));
  EXPECT_EQ(svg.find("class=\"group\""), svg.rfind("class=\"group\"")) << "one bar";
}

// Where the labels of an SVG begin and end, at most, beside its width.
TEST(RankDiagram, CutsNoNameOff) {
  std::string name = "coft-plus, model clip-vit-b-16, adapt adaptformer, views.weak rrc(0.08), train.epochs 50";
  Ranking r{{name, "short", name + " again"}, {1.2, 1.4, 3.0}, 30, 40, 1e-9, 0.6};
  std::string svg = rank_diagram_svg(r);
  double width = std::stod(svg.substr(svg.find("viewBox=\"0 0 ") + 13));
  constexpr double kLetter = 7.2;  // of the page's 12 px
  std::size_t labels = 0;
  for (std::size_t at = 0; (at = svg.find("<text class=\"tick\" x=\"", at)) != std::string::npos; ++at) {
    double x = std::stod(svg.substr(at + 22));
    std::size_t begin = svg.find('>', at) + 1, end = svg.find('<', begin);
    double length = kLetter * static_cast<double>(end - begin);
    std::string how = svg.substr(at, begin - at);
    if (how.find("\"end\"") != std::string::npos) EXPECT_GE(x - length, 0) << svg.substr(begin, end - begin);
    else if (how.find("\"start\"") != std::string::npos) EXPECT_LE(x + length, width) << svg.substr(begin, end - begin);
    else continue;
    ++labels;
  }
  EXPECT_EQ(labels, 3u);
}

}  // namespace
}  // namespace winnow::report
