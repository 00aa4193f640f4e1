// What planning knows of train.precision.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Precision : public SweepTest {
 protected:
  Precision() { catalogue_ = whole_catalogue(); }
  std::string with(const std::string& rest) const { return "[base]\ndataset = \"cifar-10\"\n" + rest; }
  std::string noisy(const std::string& rest) const {
    return with("model = \"clip-vit-b-16\"\nlabels = { kind = \"symmetric\", rate = 0.2 }\n" + rest);
  }
};

TEST_F(Precision, PureFp16WantsSgd) {
  EXPECT_EQ(refusal(noisy("method = \"ce\"\ntrain = { precision = \"fp16-pure\", optimizer = \"sgd\" }")), "accepted");
  EXPECT_THAT(refusal(noisy("method = \"ce\"\ntrain = { precision = \"fp16-pure\", optimizer = \"adamw\" }")),
              HasSubstr("s.toml:6: train.optimizer = adamw: train.precision = fp16-pure keeps moments in fp16"));
  EXPECT_THAT(refusal(noisy("method = \"ce\"\ntrain = { precision = \"fp16-pure\" }")),
              HasSubstr("train.optimizer = adam:"))
      << "the default counts";
}

TEST_F(Precision, OfAnEarlierStageIsItsOwnBusiness) {
  std::string text =
      "method = \"deft\"\ndetect = { train = { precision = \"fp16-pure\", optimizer = \"adam\" } }\n"
      "train = { optimizer = \"adam\" }";
  EXPECT_THAT(refusal(noisy(text)), HasSubstr("detect.train.optimizer = adam: detect.train.precision = fp16-pure"));
  EXPECT_EQ(refusal(noisy("method = \"deft\"\ndetect = { train = { precision = \"fp16-pure\", optimizer = \"sgd\" } }\n"
                          "train = { optimizer = \"adam\" }")),
            "accepted");
}

TEST_F(Precision, IsPartOfTheIdentity) {
  Plan p =
      plan(noisy("method = \"ce\"\ntrain = { optimizer = \"sgd\" }\n[[grid]]\n\"train.precision\" = [\"fp32\", "
                 "\"fp16\", \"fp16-pure\"]"));
  ASSERT_EQ(p.nodes().size(), 3u);
  EXPECT_NE(p.nodes()[1].identity, p.nodes()[2].identity);
}

// Text towers computed in fp32 whatever the precision was: those stages alone have another identity since.
TEST_F(Precision, TextTowersInLowerPrecisionHaveTheirOwnVersion) {
  for (const char* precision : {"fp32", "bf16", "fp16", "fp16-pure"})
    for (const char* method : {"coop", "ce"}) {
      Stage own = plan(noisy(std::string("method = \"") + method + "\"\ntrain = { optimizer = \"sgd\", precision = \"" +
                             precision + "\" }"))
                      .stage(0);
      bool lowered = std::string(method) == "coop" && (precision[0] == 'b' || std::string(precision) == "fp16");
      EXPECT_EQ(own.shared.count("texts.lowered"), lowered ? 1u : 0u) << method << " " << precision;
      if (lowered) EXPECT_THAT(own.canonical(), HasSubstr("\"texts.lowered\":2"));
      else EXPECT_THAT(own.canonical(), Not(HasSubstr("shared")));
    }
}

}  // namespace
}  // namespace winnow::sweep
