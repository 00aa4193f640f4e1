// Methods that learn prompts need a model with CLIP's texts, whichever stage runs them.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Prompts : public SweepTest {
 protected:
  Prompts() { catalogue_ = whole_catalogue(); }
  std::string with(const std::string& rest) const {
    return refusal("[base]\ndataset = \"cifar-10\"\nlabels = { kind = \"symmetric\", rate = 0.2 }\n" + rest);
  }
};

TEST_F(Prompts, TakeAClipAndNothingElse) {
  for (const char* method : {"coop", "dual-prompts", "coft-prompts"})
    EXPECT_EQ(with(std::string("model = \"clip-vit-b-16\"\nmethod = \"") + method + "\""), "accepted") << method;
  EXPECT_THAT(
      with("model = \"resnet-50\"\nmethod = \"coop\""),
      HasSubstr("s.toml:4: model = resnet-50: the method learns prompts, which need a CLIP; able to: clip-rn101"));
  EXPECT_THAT(with("model = \"siglip-vit-b-16\"\nmethod = \"coop\""), HasSubstr("model = siglip-vit-b-16"));
}

TEST_F(Prompts, OfADetectorAreItsModelsBusiness) {
  EXPECT_EQ(with("model = \"resnet-50\"\nmethod = \"deft\"\ndetect.model = \"clip-vit-b-16\""), "accepted")
      << "what is trained on the selection may be any model";
  EXPECT_THAT(with("model = \"clip-vit-b-16\"\nmethod = \"deft\"\ndetect.model = \"resnet-50\""),
              HasSubstr("s.toml:6: detect.model = resnet-50: the method learns prompts"));
  EXPECT_EQ(with("model = \"resnet-50\"\nmethod = \"detect-train\"\ndetect.method = \"gmm\""), "accepted");
}

}  // namespace
}  // namespace winnow::sweep
