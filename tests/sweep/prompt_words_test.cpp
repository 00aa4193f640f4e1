// Words that mean each data set's own prompts: docs/methods/unsupervised.md#2, #9 (A18).
#include <gmock/gmock.h>

#include "fixture.h"
#include "winnow/data/templates.h"
#include "winnow/sweep/preset_folders.h"

namespace winnow::sweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The data sets of the specification's table: their prompts of CoOp, and how many CLIP's ensemble has.
const std::map<std::string, std::pair<std::string, std::size_t>> kOwn = {
    {"caltech101", {"a photo of a {}.", 34}},
    {"dtd", {"{} texture.", 8}},
    {"eurosat", {"a centered satellite photo of {}.", 3}},
    {"fgvc-aircraft-coop", {"a photo of a {}, a type of aircraft.", 2}},
    {"flowers102", {"a photo of a {}, a type of flower.", 1}},
    {"food101", {"a photo of {}, a type of food.", 1}},
    {"oxford-pets", {"a photo of a {}, a type of pet.", 1}},
    {"stanford-cars-coop", {"a photo of a {}.", 8}},
    {"ucf101", {"a photo of a person doing {}.", 48}},
    {"cifar-10", {"a photo of a {}.", 18}},
    {"cifar-100", {"a photo of a {}.", 18}},
};

class PromptWords : public SweepTest {
 protected:
  PromptWords() { catalogue_ = whole_catalogue(); }

  static std::string base(const std::string& dataset, const std::string& rest) {
    return "name = \"s\"\n[base]\nmodel = \"clip-vit-b-16\"\ndataset = \"" + dataset + "\"\n" + rest;
  }
  static std::string method(const std::string& name, const std::string& prompt) {
    return "method = \"" + name + "\"\n" + (prompt.empty() ? "" : "prompt = \"" + prompt + "\"\n");
  }
  std::vector<Identity> stages(const std::string& dataset, const std::string& rest) const {
    Plan p = plan(base(dataset, rest));
    std::vector<Identity> result;
    for (const Node& node : p.nodes()) result.push_back(node.identity);
    return result;
  }
  Stage first(const std::string& dataset, const std::string& rest, const std::string& label) const {
    Plan p = plan(base(dataset, rest));
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) return p.stage(i);
    ADD_FAILURE() << "no stage " << label;
    return {};
  }
};

TEST_F(PromptWords, AreThePromptsOfTheTable) {
  for (const auto& [dataset, own] : kOwn) {
    SCOPED_TRACE(dataset);
    auto texts = [&, name = dataset](const std::string& word) {
      return data::templates_of(first(name, method("zero-shot", word), "evaluate").settings.text("template"));
    };
    const auto& [coop, size] = own;
    EXPECT_EQ(texts("coop"), std::vector<std::string>{coop});
    EXPECT_EQ(texts("clip").size(), size);
    EXPECT_EQ(texts("plain"), std::vector<std::string>{"a photo of a {}"});
    std::vector<std::string> eight = data::templates_of("imagenet-7");
    eight.push_back(coop);
    EXPECT_EQ(texts("coop8"), eight);
  }
}

TEST_F(PromptWords, AStageIsTheOneWhosePromptsAreWrittenOut) {
  for (const std::string dataset : {"caltech101", "dtd", "cifar-10"})
    for (const char* name : {"zero-shot", "coft", "upl", "lafter", "promptkd"}) {
      SCOPED_TRACE(dataset + " " + name);
      for (const char* word : {"coop", "clip", "plain"}) {
        std::string out = first(dataset, method("zero-shot", word), "evaluate").settings.text("template");
        EXPECT_EQ(stages(dataset, method(name, word)), stages(dataset, method(name, out))) << word;
      }
      EXPECT_NE(stages(dataset, method(name, "plain")), stages(dataset, method(name, "coop")));
    }
  // CoOp's are what CoFT and its baselines begin with, where the data set has any.
  EXPECT_EQ(stages("dtd", method("coft", "coop")), stages("dtd", method("coft", "")));
  EXPECT_EQ(stages("caltech101", method("coft", "coop")), stages("caltech101", method("coft", ""))) << "a default";
}

// Of heads that begin at texts, and of a scorer.
TEST_F(PromptWords, ServeAsTemplatesToo) {
  const std::string labels = "labels = { kind = \"flip\", rate = 0.3 }\nmethod = \"cc\"\n";
  EXPECT_EQ(stages("eurosat", labels + "template = \"clip\""),
            stages("eurosat", labels + "template = \"clip-eurosat\""));
  const std::string scored =
      "method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scorer = { template = ";
  EXPECT_EQ(stages("eurosat", scored + "\"clip\" } }"), stages("eurosat", scored + "\"clip-eurosat\" } }"));
}

TEST_F(PromptWords, AskOneThingOfAWholeTable) {
  std::string datasets;
  for (const auto& [dataset, own] : kOwn) datasets += (datasets.empty() ? "\"" : ", \"") + dataset + "\"";
  Plan p = plan(
      "name = \"s\"\n[base]\nmodel = \"clip-vit-b-16\"\nmethod = \"zero-shot\"\n[[grid]]\nprompt = [\"coop\", "
      "\"clip\", \"coop8\", \"plain\"]\ndataset = [" +
      datasets + "]");
  ASSERT_EQ(p.experiments(), 4 * kOwn.size());
  for (std::size_t i = 0; i < p.experiments(); ++i) {
    std::string word = p.settings(i).text("prompt"), dataset = p.settings(i).text("dataset");
    Stage cell = p.stage(p.cell_node(i));
    EXPECT_EQ(cell.identity(), p.nodes()[p.cell_node(i)].identity);
    EXPECT_EQ(cell.identity(), first(dataset, method("zero-shot", word), "evaluate").identity())
        << dataset << " " << word << ": a row of the table is one word";
  }
}

// Nobody can record one of that name (data/template_file_test); in a cache there may be one of an earlier time.
TEST_F(PromptWords, TextsOfAFileDoNotTakeTheirPlace) {
  Stage before = first("dtd", method("zero-shot", "clip"), "evaluate");
  catalogue_.fingerprints["templates/dtd/clip"] = catalogue_.fingerprints["templates/fashion-mnist/coop"] = "aa";
  EXPECT_EQ(first("dtd", method("zero-shot", "clip"), "evaluate").identity(), before.identity());
  EXPECT_THAT(refusal(base("fashion-mnist", method("zero-shot", "coop"))), HasSubstr("has no such prompt"));
}

// A teacher looks at the classes of the data set that it is trained on.
TEST_F(PromptWords, OfATeacherAreThoseOfItsDataSet) {
  auto taught = [](const std::string& source) {
    return "method = \"promptkd\"\nsource.dataset = \"" + source +
           "\"\nteacher = { method = \"promptsrc\", prompt = \"clip\" }\n";
  };
  EXPECT_EQ(first("dtd", taught("eurosat"), "embed").settings.text("template"), "clip-eurosat");
  EXPECT_THAT(refusal(base("dtd", taught("fashion-mnist"))),
              HasSubstr("s.toml:7: teacher.prompt = clip: fashion-mnist has no such prompt"));
}

TEST_F(PromptWords, ThatADataSetLacksAreRefused) {
  std::string lacking = refusal(base("fashion-mnist", method("zero-shot", "coop")));
  EXPECT_THAT(lacking,
              HasSubstr("s.toml:6: prompt = coop: fashion-mnist has no such prompt, it has plain; [prompts] of its "
                        "preset says them"));
  EXPECT_EQ(std::count(lacking.begin(), lacking.end(), '\n'), 0);
  EXPECT_THAT(refusal(base("dtd", method("zero-shot", "copo"))),
              AllOf(HasSubstr("(did you mean 'coop'?)"), HasSubstr("nano-clip-8, clip, coop, coop8, plain, llm; ")));
}

TEST_F(PromptWords, APresetSaysThem) {
  auto with = [](const std::string& prompts) {
    make_folders("presets/datasets");
    std::ofstream("presets/datasets/shapes.toml") << "layout = \"folders\"\nroots = [\"r\"]\n[files]\ntrain = "
                                                     "\"a\"\ntest = \"b\"\n[prompts]\n"
                                                  << prompts;
    Catalogue own = Catalogue::built_in({{"shapes", "d"}, {"clip-vit-b-16", "w"}}, read_preset_folders({"presets"}));
    return own;
  };
  auto refused = [&](const std::string& prompts) {
    try {
      with(prompts);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  catalogue_ = with("coop = \"a drawing of a {}.\"\nclip = \"imagenet-7\"\n");
  EXPECT_EQ(stages("shapes", method("zero-shot", "coop")), stages("shapes", method("zero-shot", "a drawing of a {}.")));
  EXPECT_EQ(first("shapes", method("zero-shot", "clip"), "evaluate").settings.text("template"), "imagenet-7");
  EXPECT_THAT(refused("copo = \"a {}.\"\n"), AllOf(HasSubstr("shapes.toml:7"), HasSubstr("did you mean 'coop'?")));
  EXPECT_THAT(refused("coop = \"imagenet-8\"\n"), AllOf(HasSubstr("shapes.toml:7"), HasSubstr("imagenet-80")));
  EXPECT_THAT(refused("coop = \"{} or {}\"\n"), AllOf(HasSubstr("shapes.toml:7"), HasSubstr("has 2 {}")));
  EXPECT_THAT(refused("coop = 7\n"), HasSubstr("shapes.toml:7"));
}

}  // namespace
}  // namespace winnow::sweep
