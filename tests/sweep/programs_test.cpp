// Methods that are programs: what their presets may say, and what of it makes a stage another one.
#include <gmock/gmock.h>

#include "fixture.h"
#include "winnow/sweep/preset_folders.h"

namespace winnow::sweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPreset = R"(version = 1
recipe  = "train"
labels  = "given"

[program]
command = ["sh", "mine.sh"]
files   = ["mine.sh"]
reads   = ["train.epochs"]

[keys.margin]
type    = "real"
default = 0.5
)";

const std::string kSweep = "[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n";

class Programs : public SweepTest {
 protected:
  void SetUp() override {
    SweepTest::SetUp();
    write("presets/methods/mine.sh", "echo mine\n");
    write("presets/methods/mine.toml", kPreset);
  }
  void write(const std::string& path, const std::string& text) const {
    make_folders(Path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  static Catalogue catalogue(const Path& folder = "presets") {
    Fingerprints all{{"fashion-mnist", std::string(32, 'f')}};
    return Catalogue::built_in(all, read_preset_folders({folder}));
  }
  Plan planned(const std::string& text, const Path& folder = "presets") const {
    std::ofstream("s.toml") << "name = \"s\"\n" + text;
    return Plan::read("s.toml", catalogue(folder));
  }
  // The preset with a text in place of another one.
  std::string refused(const std::string& what, const std::string& by) const {
    std::string text = kPreset;
    auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    write("presets/methods/mine.toml", text.replace(at, what.size(), by));
    try {
      catalogue();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  std::string refused_sweep(const std::string& text) const {
    try {
      planned(text);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  Stage last(const std::string& text, const Path& folder = "presets") const {
    Plan plan = planned(text, folder);
    return plan.stage(static_cast<std::uint32_t>(plan.nodes().size() - 1));
  }
};

TEST_F(Programs, HaveTheSettingsThatTheyRead) {
  Stage stage = last(kSweep + "method = \"mine\"\ntrain.epochs = 3\n");
  EXPECT_EQ(stage.settings.text("method"), "mine");
  EXPECT_EQ(stage.settings.integer("train.epochs"), 3);
  EXPECT_EQ(stage.settings.real("margin"), 0.5);
  for (const char* other : {"train.lr", "adapt", "model", "head"}) EXPECT_FALSE(stage.settings.has(other)) << other;
  EXPECT_EQ(stage.fingerprints.count("weights") + stage.inputs.size(), 0u) << "it takes nothing of the model";
}

TEST_F(Programs, AreWhatTheirFilesAre) {
  std::string sweep = kSweep + "method = \"mine\"\n";
  Identity before = last(sweep).identity();
  std::filesystem::copy("presets", "elsewhere", std::filesystem::copy_options::recursive);
  EXPECT_EQ(last(sweep, "elsewhere").identity(), before) << "wherever they lie";
  write("presets/methods/beside.sh", "echo nobody lists it\n");
  EXPECT_EQ(last(sweep).identity(), before);
  write("presets/methods/mine.sh", "echo other\n");
  EXPECT_NE(last(sweep).identity(), before);
  write("presets/methods/mine.sh", "echo mine\n");
  EXPECT_EQ(last(sweep).identity(), before);
  write("presets/methods/mine.toml",
        std::string(kPreset).replace(std::string(kPreset).find("\"sh\", "), 6, "\"sh\", \"-e\", "));
  EXPECT_NE(last(sweep).identity(), before);
}

TEST_F(Programs, WhatNoMethodOfASweepReadsIsRefused) {
  EXPECT_THAT(refused_sweep(kSweep + "method = \"mine\"\nadapt = \"lora\"\n"),
              HasSubstr("adapt applies to no experiment of the sweep: all experiments of its grid are excluded, or its "
                        "methods are programs that do not read it"));
  EXPECT_EQ(refused_sweep(kSweep + "adapt = \"lora\"\n[[grid]]\nmethod = [\"ce\", \"mine\"]\n"), "accepted");
}

TEST_F(Programs, StandBesideMethodsOfWinnow) {
  Plan plan = planned(kSweep + "[[grid]]\nmethod = [\"ce\", \"mine\"]\nseed = [0, 1]\n");
  EXPECT_EQ(plan.experiments(), 4u);
  EXPECT_EQ(plan.nodes().size(), 5u) << "four trainings and the backbone of two";
}

TEST_F(Programs, TakeFeaturesThatAreComputedOnce) {
  EXPECT_EQ(refused("reads ", "takes = [\"features\", \"class-names\"]\nreads "), "accepted");
  Plan plan = planned(kSweep + "[[grid]]\nmethod = [\"mine\"]\nseed = [0, 1]\n");
  std::vector<std::string> kinds;
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) kinds.emplace_back(to_string(plan.stage(i).kind));
  EXPECT_THAT(kinds, ElementsAre("pretrain", "embed", "train", "train"));
  Stage stage = plan.stage(2);
  EXPECT_EQ(stage.inputs.count("features"), 1u);
  EXPECT_EQ(stage.settings.text("model"), "nano-clip");
  EXPECT_TRUE(stage.settings.flag("class_names"));
}

TEST_F(Programs, AreDetectorsAndLearnFromThem) {
  EXPECT_EQ(refused("reads ", "gives = [\"selection\"]\nreads "), "accepted");
  std::string noisy = kSweep + "labels = { kind = \"symmetric\", rate = 0.3 }\n";
  Plan plan = planned(noisy + "method = \"detect-train\"\ndetect = { method = \"mine\", train = { epochs = 7 } }\n");
  Stage detect = plan.stage(0);
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i)
    if (plan.stage(i).kind == StageKind::detect) detect = plan.stage(i);
  EXPECT_EQ(detect.settings.text("method"), "mine");
  EXPECT_EQ(detect.settings.integer("train.epochs"), 7);
  EXPECT_EQ(detect.outputs.count(Output::selection), 1u);
  EXPECT_THAT(refused_sweep(noisy + "method = \"mine\"\n"), HasSubstr("method mine gives no predictions"));
  EXPECT_THAT(refused_sweep(noisy + "method = \"detect-train\"\nhead = \"linear\"\nhead_init = \"detector\"\n" +
                            "detect.method = \"mine\"\n"),
              HasSubstr("head_init = detector: mine is a program, which hands on no head"));

  EXPECT_EQ(refused("recipe  = \"train\"", "recipe = \"detect-train\"\nstages.detect.methods = [\"gmm\"]"), "accepted");
  Plan learner = planned(noisy + "method = \"mine\"\ndetect = { adapt = \"adaptformer\" }\n");
  Stage train = learner.stage(static_cast<std::uint32_t>(learner.nodes().size() - 1));
  EXPECT_EQ(train.settings.text("method"), "mine");
  EXPECT_EQ(train.inputs.count("selection"), 1u);
  EXPECT_EQ(train.fingerprints.count("program"), 1u);
}

TEST_F(Programs, GiveWeightsAndTakeThoseOfTheirDetector) {
  EXPECT_EQ(refused("reads ", "gives = [\"predictions\", \"weights\"]\nreads "), "accepted");
  EXPECT_EQ(last(kSweep + "method = \"mine\"\n").outputs.count(Output::weights), 1u);
  EXPECT_THAT(refused_sweep(kSweep + "method = \"mine\"\nkeep_weights = true\n"),
              HasSubstr("keep_weights applies to no experiment of the sweep"))
      << "its preset says what it gives";

  write("presets/methods/yours.sh", "echo yours\n");
  auto detector = [&](const std::string& gives) {
    write("presets/methods/yours.toml",
          "version = 1\nrecipe = \"train\"\nlabels = \"given\"\n[program]\ncommand = [\"sh\", "
          "\"yours.sh\"]\nfiles = [\"yours.sh\"]\ngives = [" +
              gives + "]\n");
  };
  detector("\"selection\"");
  std::string text = kPreset, recipe = "recipe  = \"train\"", reads = "reads ";
  text.replace(text.find(recipe), recipe.size(),
               "recipe = \"detect-train\"\nstages.detect.methods = [\"gmm\", \"yours\", \"label-match\"]");
  text.replace(text.find(reads), reads.size(), "takes = [\"detector-weights\"]\nreads ");
  write("presets/methods/mine.toml", text);
  std::string noisy = kSweep + "labels = { kind = \"symmetric\", rate = 0.3 }\nmethod = \"mine\"\n";
  Plan plan = planned(noisy + "detect = { method = \"gmm\", adapt = \"lora\" }\n");
  Stage learner = plan.stage(static_cast<std::uint32_t>(plan.nodes().size() - 1));
  ASSERT_EQ(learner.inputs.count("detector"), 1u);
  EXPECT_EQ(learner.inputs.at("detector"), (Input{learner.inputs.at("selection").stage, Output::weights}));
  EXPECT_THAT(refused_sweep(noisy + "detect.method = \"yours\"\n"),
              HasSubstr("method mine takes the weights of its detector, and yours gives none: its preset must say"));
  EXPECT_THAT(refused_sweep(noisy + "detect.method = \"label-match\"\n"), HasSubstr("it trains nothing"));
  detector("\"selection\", \"weights\"");
  EXPECT_EQ(refused_sweep(noisy + "detect.method = \"yours\"\n"), "accepted");
}

TEST_F(Programs, SayWhatTheyWantOfAMachineWithoutBecomingOthers) {
  Identity before = last(kSweep + "method = \"mine\"\n").identity();
  EXPECT_EQ(refused("reads ", "device = \"gpu\"\nmemory = \"8 GB\"\nreads "), "accepted");
  EXPECT_EQ(last(kSweep + "method = \"mine\"\n").identity(), before);
  ProgramWishes wishes = catalogue().methods.at("mine").program->wishes;
  EXPECT_EQ(wishes.device, ProgramWishes::Device::gpu);
  EXPECT_EQ(wishes.memory, 8'000'000'000);
}

TEST_F(Programs, MayLearnWithoutLabels) {
  EXPECT_EQ(refused("\"given\"", "\"none\""), "accepted");
  EXPECT_FALSE(last(kSweep + "method = \"mine\"\n").settings.has("labels.kind"));
}

TEST_F(Programs, OfSweepsWhatTheyCannotDoIsRefused) {
  EXPECT_THAT(refused_sweep(kSweep + "method = \"mine\"\nwidth = 2\n"),
              HasSubstr("mine is a program, which one process executes"));
  EXPECT_THAT(refused_sweep(kSweep + "[[grid]]\nmethod = [\"mine\"]\nadapt = [\"lora\", \"ssf\"]\n"),
              HasSubstr("method mine is a program that does not read it"));
  EXPECT_THAT(refused_sweep(kSweep + "method = \"mine\"\nlabels = { kind = \"flip\", rate = 0.1 }\n"),
              HasSubstr("method mine learns from one given label"));
}

TEST_F(Programs, OfPresetsEachMistakeIsOneLine) {
  auto at = [](const std::string& what) {
    return AllOf(HasSubstr("presets/methods/mine.toml:"), HasSubstr(what), Not(HasSubstr("\n")));
  };
  EXPECT_THAT(refused("command", "comand"), at("unknown entry 'program.comand' (did you mean 'command'?)"));
  EXPECT_THAT(refused("command = [\"sh\", \"mine.sh\"]\n", ""), at("'program.command' is missing"));
  EXPECT_THAT(refused("[\"sh\", \"mine.sh\"]", "[]"), at("command: name what is started"));
  EXPECT_THAT(refused("[\"sh\", ", "[\"shh-nowhere\", "),
              at("'shh-nowhere' is no program that can be started: there is none of that name in PATH"));
  EXPECT_THAT(refused("[\"sh\", \"mine.sh\"]", "[\"mine.sh\"]"), at("make it executable"));
  EXPECT_THAT(refused("files   = [\"mine.sh\"]", "files = [\"yours.sh\"]"),
              at("mine.sh lies beside the preset but is none of its files"));
  EXPECT_THAT(refused("files   = [\"mine.sh\"]", "files = [\"mine.sh\", \"gone.sh\"]"), at("gone.sh"));
  EXPECT_THAT(refused("files   = [\"mine.sh\"]", "files = [\"mine.sh\", \"../models/x\"]"),
              at("lie beside its preset, or below"));
  EXPECT_THAT(refused("files   = [\"mine.sh\"]", "files = [\"mine.sh\", \"./mine.sh\"]"), at("is there twice"));
  EXPECT_THAT(refused("files   = [\"mine.sh\"]", "files = []"), at("name at least the one that is started"));
  EXPECT_THAT(refused("train.epochs", "train.epoch"), at("train.epochs"));
  EXPECT_THAT(refused("\"train.epochs\"", "\"adapter_dim\""),
              at("adapter_dim exists only where adapt has certain values"));
  EXPECT_THAT(refused("reads ", "gives = [\"wieghts\"]\nreads "), at("weights"));
  EXPECT_THAT(refused("reads ", "device = \"tpu\"\nreads "), at("gpu"));
  EXPECT_THAT(refused("reads ", "memory = \"8\"\nreads "), at("memory: '8': a number and MB, GB, TB"));
  EXPECT_THAT(refused("reads ", "takes = [\"detector-weights\"]\nreads "),
              at("detector-weights are those of the first stage of recipe = detect-train"));
  EXPECT_THAT(refused("reads ", "takes = [\"labels\"]\nreads "), at("class-names"));
  EXPECT_THAT(refused("\"train\"", "\"coft\""), at("detect-train"));
  EXPECT_THAT(refused("\"train\"", "\"detect-train\""), at("[stages.detect] methods"));
  EXPECT_THAT(refused("[keys.margin]", "[keys.\"train.lr\"]"), at("train.lr"));
  EXPECT_THAT(refused("version = 1\n", ""), at("'version' is missing"));
}

}  // namespace
}  // namespace winnow::sweep
