// SigLIP as PartialCLIP's code reads it [S10]: a setting of its own, so that no other model's stages know of it.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Siglip : public SweepTest {
 protected:
  Siglip() { catalogue_ = whole_catalogue(); }
  static std::string text(const std::string& rest) {
    return "name = \"s\"\n[base]\ndataset = \"cub-200\"\nlabels.kind = \"flip\"\nlabels.rate = 0.1\n" + rest;
  }
  Stage train(const std::string& rest) const {
    Plan p = plan(text(rest));
    return p.stage(static_cast<std::uint32_t>(p.nodes().size() - 1));
  }
};

TEST_F(Siglip, IsReadAsAClipByTheReferenceProfileAlone) {
  for (const char* model : {"siglip-vit-b-16", "siglip2-vit-b-16"}) {
    std::string with = "method = \"cc\"\nmodel = \"" + std::string(model) + "\"\n";
    Stage intended = train(with), reference = train(with + "profile = \"reference\"");
    EXPECT_EQ(intended.settings.text("siglip"), "pooled");
    EXPECT_THAT(intended.canonical(), ::testing::Not(HasSubstr("siglip\":"))) << "the default is left out";
    EXPECT_EQ(reference.settings.text("siglip"), "as-clip");
    EXPECT_THAT(reference.canonical(), HasSubstr("\"siglip\":\"as-clip\""));
    EXPECT_EQ(reference.settings.text("views.normalisation"), "imagenet")
        << "a data set's training normalisation stays";
    EXPECT_EQ(train(with + "profile = \"reference\"\nsiglip = \"pooled\"").settings.text("siglip"), "pooled");
  }
}

TEST_F(Siglip, OfAnotherSystemIsItself) {
  std::string own =
      "name = \"s\"\n[base]\ndataset = \"cub-200\"\nlabels = { kind = \"symmetric\", rate = 0.1 }\nmethod = "
      "\"gmm\"\nprofile = \"reference\"\nmodel = \"siglip-vit-b-16\"\n";
  Plan p = plan(own);
  EXPECT_EQ(p.stage(static_cast<std::uint32_t>(p.nodes().size() - 1)).settings.text("siglip"), "pooled");
}

TEST_F(Siglip, OtherModelsHaveNoSuchKey) {
  Stage clip = train("method = \"cc\"\nmodel = \"clip-vit-b-16\"\nprofile = \"reference\"");
  EXPECT_FALSE(clip.settings.has("siglip"));
  EXPECT_THAT(refusal(text("method = \"cc\"\nmodel = \"clip-vit-b-16\"\nsiglip = \"as-clip\"")),
              HasSubstr("siglip applies to no experiment of the sweep: it exists only where model = siglip-vit-b-16 or "
                        "siglip2-vit-b-16"));
}

}  // namespace
}  // namespace winnow::sweep
