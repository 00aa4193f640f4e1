// Presets that people bring: which folders are read, what of them is refused and where, and what they change.
#include <gmock/gmock.h>

#include "fixture.h"
#include "winnow/data/dataset.h"
#include "winnow/sweep/preset_folders.h"

namespace winnow::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kShapes = R"(layout = "folders"
roots = ["../../images"]

[files]
train = "train"
test = "test"

[settings]
template = "a drawing of a {}."
)";

constexpr const char* kNet = R"(family = "wide_resnet"

[architecture]
depth = 10
widen_factor = 1
image_size = 16

[settings]
head_init = "random"
head = "linear"
adapt = "full-tuning"
)";

constexpr const char* kSlow = R"(like = "ce"

[settings]
label_smoothing = 0.2
train = { lr = 0.01 }
)";

class OutsidePresets : public SweepTest {
 protected:
  void write(const std::string& path, const std::string& text) const {
    if (Path folder = Path(path).parent_path(); !folder.empty()) make_folders(folder);
    std::ofstream(path, std::ios::binary) << text;
  }
  void write_all(const std::string& folder = "presets") const {
    write(folder + "/datasets/shapes.toml", kShapes);
    write(folder + "/models/tiny-net.toml", kNet);
    write(folder + "/methods/slow-ce.toml", kSlow);
  }

  static Catalogue catalogue(const std::vector<Path>& folders = {"presets"}) {
    Fingerprints all{{"fashion-mnist", std::string(32, 'f')}, {"shapes", std::string(32, 'a')}};
    return Catalogue::built_in(all, read_preset_folders(folders));
  }

  // Why the folders cannot be read, or what is in them.
  static std::string refused(const std::vector<Path>& folders = {"presets"}) {
    try {
      catalogue(folders);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  // The same of a single preset beside good ones.
  std::string refused(const std::string& path, const std::string& text) const {
    std::filesystem::remove_all("presets");
    write_all();
    write("presets/" + path, text);
    return refused();
  }

  Plan planned(const std::string& text, const std::vector<Path>& folders = {"presets"}) const {
    write("s.toml", text);
    return Plan::read("s.toml", catalogue(folders));
  }
  static std::vector<std::string> identities(const Plan& plan) {
    std::vector<std::string> result;
    for (const Node& node : plan.nodes()) result.push_back(node.identity.hex());
    return result;
  }
};

const std::string kSweep =
    "[base]\ndataset = \"shapes\"\nmodel = \"tiny-net\"\nlabels = { kind = \"symmetric\", rate = 0.2 }\n";

TEST_F(OutsidePresets, AreNamedInASweepLikeAnyOther) {
  write_all();
  Plan plan = planned(kSweep + "[[grid]]\nmethod = [\"ce\", \"slow-ce\"]\n");
  EXPECT_EQ(plan.experiments(), 2u);
  EXPECT_EQ(plan.values("method"), (std::vector<Value>{"ce", "slow-ce"}));
  Plan texts = planned("[base]\ndataset = \"shapes\"\nmodel = \"nano-clip\"\nmethod = \"slow-ce\"\n");
  EXPECT_EQ(texts.settings(0).text("template"), "a drawing of a {}.");
  EXPECT_EQ(plan.stage(0).settings.integer("architecture.widen_factor"), 1);
}

// A variant is where values come from. The stage is the method's, and complete in itself.
TEST_F(OutsidePresets, AVariantIsItsMethodWithOtherValues) {
  write_all();
  Plan variant = planned(kSweep + "method = \"slow-ce\"\n");
  Plan plain = planned(kSweep + "method = \"ce\"\nlabel_smoothing = 0.2\ntrain.lr = 0.01\n");
  EXPECT_EQ(identities(variant), identities(plain)) << "computed once, whoever names it";
  Stage stage = variant.stage(0);
  EXPECT_EQ(stage.settings.text("method"), "ce");
  EXPECT_EQ(stage.settings.real("label_smoothing"), 0.2);
  EXPECT_EQ(variant.settings(0).text("method"), "slow-ce") << "a row of its own in tables";
  for (const Explained& entry : variant.explain(0)) {
    if (entry.key != "label_smoothing") continue;
    EXPECT_EQ(entry.level, "variant slow-ce");
    EXPECT_EQ(entry.where, "presets/methods/slow-ce.toml:4");
  }
}

TEST_F(OutsidePresets, AVariantStandsBelowTheSweepAndAboveOtherPresets) {
  write_all();
  write("presets/methods/mine.toml",
        "like = \"ce\"\n[settings]\nbatch_norm = \"stored\"\n\"train.epochs\" = 7\n"
        "[profiles.reference]\n\"train.epochs\" = 8\n[datasets.shapes]\n\"train.batch\" = 9\n");
  write("presets/models/tiny-net.toml", std::string(kNet) + "\"train.epochs\" = 3\n\"train.batch\" = 3\n");
  auto epochs = [&](const std::string& rest) {
    return planned(kSweep + "method = \"mine\"\n" + rest).settings(0).integer("train.epochs");
  };
  EXPECT_EQ(epochs(""), 7) << "the model says 3";
  EXPECT_EQ(epochs("profile = \"reference\"\n"), 8);
  EXPECT_EQ(epochs("train.epochs = 2\n"), 2);
  EXPECT_EQ(planned(kSweep + "method = \"mine\"\n").settings(0).integer("train.batch"), 9);
}

// Variants and their method may come to the same in some experiments: they are sources of values, as profiles are.
TEST_F(OutsidePresets, AVariantMayEqualItsMethodSomewhere) {
  write_all();
  Plan plan = planned(kSweep + "label_smoothing = 0.2\ntrain.lr = 0.01\n[[grid]]\nmethod = [\"ce\", \"slow-ce\"]\n");
  EXPECT_EQ(plan.experiments(), 2u);
  EXPECT_EQ(plan.nodes().size(), 1u);
}

// Both ways of making canonical forms: with free axes, and one experiment at a time.
TEST_F(OutsidePresets, VariantsOfMethodsWithStagesPlanBothWays) {
  write("presets/methods/my-detector.toml",
        "like = \"detect-train\"\n[settings]\ndetect = { method = \"gmm\", train = { epochs = 2 } }\n");
  Plan plan =
      planned(sweep("labels = { kind = \"symmetric\" }\n[[grid]]\nmethod = \"my-detector\"\n"
                    "labels.rate = [0.2, 0.4]\nseed = [0, 1]\n"));
  EXPECT_EQ(plan.experiments(), 4u);
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
    EXPECT_EQ(plan.stage(i).identity(), plan.nodes()[i].identity);
    if (plan.stage(i).kind == StageKind::detect) {
      EXPECT_EQ(plan.stage(i).settings.text("method"), "gmm");
    }
  }
}

TEST_F(OutsidePresets, WhatTheySayBelongsToIdentities) {
  write_all();
  const std::string sweep = kSweep + "method = \"slow-ce\"\n";
  std::vector<std::string> before = identities(planned(sweep));
  write("presets/methods/slow-ce.toml", "# another comment\n" + std::string(kSlow));
  EXPECT_EQ(identities(planned(sweep)), before);
  std::string wider = kNet;
  wider.replace(wider.find("widen_factor = 1"), 16, "widen_factor = 2");
  for (const auto& [path, text] : std::map<std::string, std::string>{
           {"methods/slow-ce.toml", "like = \"ce\"\n[settings]\nlabel_smoothing = 0.2\n"},
           {"models/tiny-net.toml", wider},
           {"datasets/shapes.toml", std::string(kShapes) + "\"train.batch\" = 7\n"}}) {
    write_all();
    write("presets/" + path, text);
    EXPECT_NE(identities(planned(sweep)), before) << path;
  }
}

TEST_F(OutsidePresets, MovingTheFolderChangesNothing) {
  write_all();
  const std::string sweep = kSweep + "[[grid]]\nmethod = [\"slow-ce\", \"ce\"]\n";
  std::vector<std::string> before = identities(planned(sweep));
  make_folders("elsewhere");
  std::filesystem::rename("presets", "elsewhere/mine");
  EXPECT_EQ(identities(planned(sweep, {"elsewhere/mine"})), before);
}

// A folder of data is meant from where its preset lies, not from where winnow is started.
TEST_F(OutsidePresets, RootsBeginAtThePreset) {
  write_all();
  data::Manifest manifest = catalogue().datasets.at("shapes").manifest();
  EXPECT_THAT(manifest.roots, ElementsAre((std::filesystem::current_path() / "images").string()));
  EXPECT_FALSE(manifest.preset.empty());
  EXPECT_TRUE(catalogue().datasets.at("fashion-mnist").manifest().preset.empty());
}

// Plans tell commands that can be copied into a shell.
TEST_F(OutsidePresets, CommandsNameTheirFolder) {
  write_all("my own/presets");
  EXPECT_EQ(catalogue({"my own/presets"}).datasets.at("shapes").option(), " --presets 'my own/presets'");
  write_all();
  EXPECT_EQ(catalogue().datasets.at("shapes").option(), " --presets presets");
  EXPECT_EQ(catalogue().datasets.at("cifar-10").option(), "");
  Catalogue nothing = Catalogue::built_in({}, read_preset_folders({"presets"}));
  write("s.toml", kSweep + "method = \"ce\"\n");
  try {
    Plan::read("s.toml", nothing);
    ADD_FAILURE() << "planned without data";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "s.toml:2: no fingerprint of shapes on this machine: run `winnow data check shapes --presets presets` "
                 "once");
  }
}

// Another preset of the name says where other files are: records keep whose they are.
TEST_F(OutsidePresets, DigestsTellPresetsOfOneNameApart) {
  write_all();
  auto digest = [&] { return catalogue().datasets.at("shapes").digest; };
  std::string before = digest();
  write("presets/datasets/shapes.toml", std::string(kShapes) + "\"train.batch\" = 7\n");
  EXPECT_EQ(digest(), before) << "a setting decides no file";
  write("presets/datasets/shapes.toml", "corrupt = \"skip\"\n" + std::string(kShapes));
  EXPECT_NE(digest(), before);
  write_all("other/presets");
  EXPECT_NE(catalogue({"other/presets"}).datasets.at("shapes").digest, before) << "relative roots lie elsewhere";
}

TEST_F(OutsidePresets, FoldersThatCannotBeMeantAreRefused) {
  write_all();
  EXPECT_EQ(refused({"preset"}), "presets: preset: there is no such folder (did you mean 'presets'?)");
  EXPECT_EQ(refused({"presets/models/tiny-net.toml"}), "presets: presets/models/tiny-net.toml is no folder");
  EXPECT_EQ(refused({"."}), "presets: . holds a folder of presets: name that (did you mean './presets'?)");
  make_folders("empty");
  EXPECT_EQ(refused({"empty"}), "presets: empty holds none of the folders methods, models, datasets");
  make_folders("presets/method");
  EXPECT_EQ(refused(),
            "presets: presets/method: presets lie in folders methods, models, datasets (did you mean 'methods'?)");
  std::filesystem::remove("presets/method");
  EXPECT_EQ(refused(), "accepted");
  write("presets/README.md", "what these are");
  EXPECT_EQ(refused(), "accepted");
  write("presets/birds.toml", kShapes);
  EXPECT_EQ(refused(), "presets: presets/birds.toml: a preset lies in one of the folders methods, models, datasets");
  std::filesystem::remove("presets/birds.toml");
  std::filesystem::remove("presets/models/tiny-net.toml");
  EXPECT_EQ(refused(), "presets: presets/models holds no preset: none of its files is called NAME.toml");
  for (const char* name : {"birds.TOML", "birds.tml", "birds.toml.txt"}) {
    write(std::string("presets/datasets/") + name, kShapes);
    EXPECT_EQ(refused(), std::string("presets: presets/datasets/") + name + ": a preset's file is called NAME.toml");
    std::filesystem::remove(std::string("presets/datasets/") + name);
  }
  write("presets/datasets/two words.toml", kShapes);
  EXPECT_THAT(refused(), HasSubstr("presets/datasets/two words.toml: a name is made of letters, digits"));
}

TEST_F(OutsidePresets, NoNameMeansTwoThings) {
  EXPECT_EQ(refused("datasets/cifar-10.toml", kShapes),
            "presets: presets/datasets/cifar-10.toml: winnow has a preset of its own of that name, "
            "sweeps/presets/datasets/cifar-10.toml, and this one differs: give it another name");
  EXPECT_THAT(refused("methods/lafter-text.toml", kSlow), HasSubstr("winnow has a preset of its own"))
      << "a stage of others";
  EXPECT_EQ(refused("models/shapes.toml", kNet),
            "presets/datasets/shapes.toml and presets/models/shapes.toml: a data set and a model cannot have one name");
  EXPECT_THAT(refused("datasets/replay.toml", kShapes),
              HasSubstr("presets/datasets/replay.toml: the name 'replay' is taken"));
  std::filesystem::remove_all("presets");
  write_all();
  write_all("more");
  EXPECT_EQ(refused({"presets", "more"}),
            "presets/datasets/shapes.toml and more/datasets/shapes.toml: two presets of one name");
  EXPECT_EQ(refused({"presets", "./presets"}), "accepted") << "one folder, named twice";
}

// The sweeps that winnow ships lie beside the presets that it was built from.
TEST_F(OutsidePresets, CopiesOfBuiltInOnesAreThem) {
  EXPECT_TRUE(read_preset_folders({WINNOW_SOURCE_DIR "/sweeps/presets"}).empty());
}

TEST_F(OutsidePresets, WhatIsWrongIsSaidWithFileAndLine) {
  const std::string shapes = kShapes, net = kNet, slow = kSlow;
  const std::vector<std::array<std::string, 3>> cases = {
      {"datasets/a.toml", "layuot = \"folders\"\n", ":1: unknown entry 'layuot' (did you mean 'layout'?)"},
      {"datasets/a.toml", "layout = \"folder\"\n" + shapes.substr(shapes.find('\n') + 1),
       ":1: layout 'folder' is not known (did you mean 'folders'?)"},
      {"datasets/a.toml", "layout = \"folders\"\nroots = \"/data\"\n",
       ":2: roots must be a list of texts, it is \"/data\""},
      {"datasets/a.toml", "layout = \"folders\"\nroots = [\"/data\"]\n\n[files]\ntrain = \"t\"\n",
       ":4: files.test is missing"},
      {"datasets/a.toml",
       "layout = \"folders\"\nroots = [\"/d\"]\n[files]\ntrain = \"t\"\ntset = \"t\"\ntest = \"x\"\n",
       ":5: layout folders has no use for files.tset (did you mean 'test'?)"},
      {"datasets/a.toml", shapes + "\n[options]\ninsid = \"x\"\n",
       ":12: layout folders has no option 'insid' (did you mean 'inside'?)"},
      {"datasets/a.toml", "corrupt = 1\n" + shapes, ":1: corrupt must be a text, it is 1"},
      {"datasets/a.toml", "train_labels = \"noise\"\n" + shapes,
       ":1: train_labels must be one of true, noisy, it is 'noise'"},
      {"datasets/a.toml", shapes + "\n[expected]\ntrain = \"many\"\n",
       ":12: expected.train must be a whole number, 0 or more, it is \"many\""},
      {"datasets/a.toml", shapes + "\n[expected]\nvalidation = 3\n", ":12: unknown entry 'expected.validation'"},
      {"datasets/a.toml", shapes + "\n[labels.worst]\ngive = \"labels\"\n",
       ":12: labels.worst.give is none of gives (did you mean 'gives'?)"},
      {"datasets/a.toml", shapes + "\"train.epcohs\" = 3\n",
       ":10: settings: unknown key 'train.epcohs' (did you mean 'train.epochs'?)"},
      {"datasets/a.toml", shapes + "\"train.epochs\" = 0.5\n", ":10: train.epochs: expected"},
      {"datasets/a.toml", shapes + "model = \"tiny-net\"\n",
       ":10: settings sets model, by which presets are chosen: only a sweep can"},
      {"datasets/a.toml", shapes + "\n[[recipes]]\nwhen = { systm = \"deft\" }\n",
       ":12: a condition of a recipe is one of system, method, profile, labels.kind, not 'systm' (did you mean "
       "'system'?)"},
      {"datasets/a.toml", shapes + "\n[[recipes]]\nwhen = { system = \"defd\" }\n",
       ":12: when.system must be one of partialclip, deft, coft, it is 'defd' (did you mean 'deft'?)"},
      {"datasets/a.toml", shapes + "\n[[recipes]]\n[recipes.when]\nprofile = \"referenc\"\n",
       ":13: when.profile must be one of intended, reference, it is 'referenc' (did you mean 'reference'?)"},
      {"models/a.toml", net + "\n[[recipes]]\nwhen = { \"labels.kind\" = \"symetric\" }\n",
       ":14: when.labels.kind must be one of clean, "},
      {"datasets/a.toml", shapes + "\n[[recipes]]\nset = { bta = 0.5 }\n", ":12: recipes.0.set: unknown key 'bta'"},
      {"datasets/a.toml", shapes + "\nrecipes = 3\n", ":11: settings: unknown key 'recipes'"},
      {"models/a.toml", "family = \"clipp\"\n",
       ":1: family must be one of clip, convnext, resnet, siglip, vit, vit_mae, wide_resnet, it is 'clipp' (did you "
       "mean 'clip'?)"},
      {"models/a.toml", "family = \"clip\"\n", ": 'download' is missing"},
      {"models/a.toml", "family = \"clip\"\nroots = [3]\n", ":2: roots must be a list of texts, it is 3"},
      {"models/a.toml", "family = \"clip\"\nroots = [\"w\"]\n[architecture]\ndepth = 3\n",
       ":3: architecture: a clip begins with weights"},
      {"models/a.toml", "family = \"clip\"\nroots = [\"w\"]\n[pretrain.settings]\nseed = 3\n",
       ":3: pretrain: a model from outside is a snapshot"},
      {"models/a.toml", "family = \"clip\"\nroots = [\"w\"]\n[shape]\nwidht = 3\n",
       ":4: unknown entry 'shape.widht' (did you mean 'width'?)"},
      {"models/a.toml", "family = \"clip\"\nroots = [\"w\"]\n[shape]\ndepths = 3\n",
       ":4: shape.depths must be a list of whole numbers"},
      {"models/a.toml", "family = \"wide_resnet\"\n[architecture]\nwiden_facto = 2\n",
       ":3: unknown entry 'architecture.widen_facto' (did you mean 'widen_factor'?); allowed: depth, "},
      {"models/a.toml", "family = \"wide_resnet\"\n[architecture]\ndepth = \"ten\"\n",
       ":3: architecture.depth must be a whole number, 0 or more, it is \"ten\""},
      {"models/a.toml", "family = \"resnet\"\n[architecture]\ndepth = 18\n",
       ":3: unknown entry 'architecture.depth' (did you mean 'depths'?)"},
      {"models/a.toml", "family = \"resnet\"\n[architecture]\nlayer_type = \"plain\"\n",
       ":3: architecture.layer_type must be one of basic, bottleneck, it is 'plain'"},
      {"models/a.toml", "family = \"resnet\"\n[architecture]\nimage_mean = [0.5, \"x\"]\n",
       ":3: architecture.image_mean must be a list of numbers, it is [0.5,\"x\"]"},
      {"models/a.toml", "family = \"resnet\"\n[architecture]\nhidden_act = \"gelu\"\n",
       ":3: architecture.hidden_act must be one of relu, it is 'gelu'"},
      {"models/a.toml", "source = [\"" + std::string(59, 'x') + "ł\"]\n" + net,
       ":1: source must be a text, it is [\"xxx"},
      {"models/a.toml", net + "k = 3\n", ":12: settings: unknown key 'k'"},
      {"models/a.toml", net + "\"data.first\" = 3\n",
       ":12: settings sets data.first for every data set: say it in [datasets.NAME]"},
      {"models/a.toml", net + "\n[datasets.shape]\n\"data.first\" = 3\n",
       ":13: datasets.shape is no data set (did you mean 'shapes'?)"},
      {"methods/a.toml", "[settings]\nlabel_smoothing = 0.1\n",
       ": 'like' is missing: a method from outside is a variant of one that winnow has; like = NAME, with NAME one of "
       "able, "},
      {"methods/a.toml", "like = \"prodne\"\n", ":1: like must be one of able, "},
      {"methods/a.toml", "like = \"slow-ce\"\n[settings]\nlabel_smoothing = 0.1\n", ":1: like must be one of able, "},
      {"methods/a.toml", "like = \"lafter-text\"\n", ":1: like must be one of able, "},
      {"methods/a.toml", "like = \"ce\"\n", ": says nothing that ce does not"},
      {"methods/a.toml", slow + "[keys.mine]\ntype = \"flag\"\n", ":6: unknown entry 'keys'"},
      {"methods/a.toml", "version = 2\n" + slow, ":1: unknown entry 'version'"},
      {"methods/a.toml", slow + "label_smothing = 0.3\n",
       ":6: settings: unknown key 'label_smothing' (did you mean 'label_smoothing'?)"},
      {"methods/a.toml", "like = \"ce\"\n[settings]\nlabel_smoothing = 1.5\n",
       ":3: label_smoothing: expected a number in [0, 1), got 1.5"},
      {"methods/a.toml", slow + "[profiles.refrence]\nlabel_smoothing = 0.3\n",
       ":6: profiles.refrence is no profile (did you mean 'reference'?)"},
      {"methods/a.toml", slow + "[datasets.cifar]\nlabel_smoothing = 0.3\n", ":6: datasets.cifar is no data set"},
      {"methods/a.toml", slow + "adapt = \"=adopt\"\n", ":6: settings: unknown key 'adopt' (did you mean 'adapt'?)"},
      {"methods/a.toml", "like = \"ce\n", ":1: not TOML"},
  };
  for (const auto& [path, text, expected] : cases)
    EXPECT_THAT(refused(path, text), ::testing::StartsWith("presets/" + path + expected)) << text;
}

}  // namespace
}  // namespace winnow::sweep
