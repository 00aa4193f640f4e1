// Methods without labels from the first stage to the last, on a miniature data set: the stages that a sweep plans, each
// on what the ones before it computed.
#include "../../src/train/arrays.h"
#include "graph.h"
#include "winnow/data/shot_lists.h"
#include "winnow/method/ensemble.h"
#include "winnow/store/labelled_samples.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class UnsupervisedTest : public Graph {
 protected:
  static std::vector<const Done*> of_kind(const std::vector<Done>& all, StageKind kind) {
    std::vector<const Done*> result;
    for (const Done& done : all)
      if (done.stage.kind == kind) result.push_back(&done);
    return result;
  }
  static double figure(const store::RunContent& content, const std::string& name) {
    for (const store::Column& column : content.tables.at("metrics/final"))
      if (column.name == name) return std::get<std::vector<double>>(column.values).at(0);
    ADD_FAILURE() << "no " << name;
    return NAN;
  }
  static at::Tensor array(const store::RunContent& content, const std::string& name) {
    return tensor_of(content.arrays.at(name));
  }
  // Steps that a training stage took: rows of its losses, which are thinned beyond 500.
  static std::size_t steps(const store::RunContent& content) {
    return std::get<std::vector<double>>(content.tables.at("metrics/steps").back().values).size();
  }

  static constexpr const char* kCoft =
      "method = \"coft\"\nk = 2\ntrain = { epochs = 1, min_steps = 0, batch = 16 }\np1.train = { epochs = 6, batch = "
      "4, "
      "schedule = \"constant\", lr = 0.03 }\n"
      "p1.context_length = 2\n";
};

TEST_F(UnsupervisedTest, CoftFromScoresToTheEnsemble) {
  std::vector<Done> all = graph(kCoft);
  const store::RunContent& cell = all.back().content();
  auto trained = of_kind(all, StageKind::train);
  ASSERT_EQ(trained.size(), 4u);
  std::vector<at::Tensor> members;
  for (const Done* done : trained)
    if (done->stage.settings.text("method") == "ce") members.push_back(array(done->content(), "predictions/logits"));
  ASSERT_EQ(members.size(), 2u);
  EXPECT_FALSE(at::equal(members[0], members[1])) << "two starts";
  at::Tensor mean = method::mean_probability(at::stack(members).to(at::kDouble));
  at::Tensor truth = at::arange(20).remainder(10);
  EXPECT_DOUBLE_EQ(figure(cell, "accuracy"), (mean.argmax(1) == truth).to(at::kDouble).mean().item<double>());
  const store::Table& table = cell.tables.at("metrics/members");
  EXPECT_EQ(table.at(0).name, "member");
  auto own = std::get<std::vector<double>>(table.at(1).values);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_DOUBLE_EQ(figure(cell, "accuracy_members"), (own[0] + own[1]) / 2);
  EXPECT_EQ(table.at(2).name, "phase1_accuracy");
}

// docs/methods/unsupervised.md#9, A8 and A9: with a rate of 0 a second phase that keeps the first one's visual prompts
// and starts its head at the first one's texts is the first phase's classifier, but for the length of features.
TEST_F(UnsupervisedTest, ASecondPhaseMayGoOnFromTheFirstOne) {
  const std::string base =
      "method = \"coft\"\nk = 2\nkeep_weights = true\np1.vpt_len = 2\np1.context_length = 2\n"
      "p1.train = { epochs = 6, batch = 4, schedule = \"constant\", lr = 0.03 }\n";
  const std::string moves = "train = { epochs = 1, min_steps = 0, batch = 16 }\n",
                    still = "train = { epochs = 1, min_steps = 0, batch = 16, lr = 0.0 }\n";
  auto phases = [&](const std::string& rest) {
    std::vector<Done> all = graph(base + rest);
    std::vector<Done> result;
    for (const char* method : {"coft-prompts", "ce"})
      for (const Done* done : of_kind(all, StageKind::train))
        if (done->stage.settings.text("method") == method && done->stage.settings.integer("member") == 1)
          result.push_back(*done);
    return result;
  };
  auto directions = [](const Done& done) {
    at::Tensor logits = array(done.content(), "predictions/logits").to(at::kDouble);
    return logits / logits.norm(2, {1}, true);
  };
  for (const char* input : {"hidden", "proj"}) {
    SCOPED_TRACE(input);
    std::vector<Done> all = phases(still + "keep_vpt = true\nhead_init = \"prompts\"\nhead_input = \"" + input + "\"");
    ASSERT_EQ(all.size(), 2u);
    EXPECT_TRUE(at::allclose(directions(all[0]), directions(all[1]), 1e-3, 1e-4));
    for (int block = 0; block < 4; ++block) {
      std::string name = fmt::format("weights/vpt_list.{}.prompt", block);
      EXPECT_TRUE(at::equal(array(all[0].content(), name), array(all[1].content(), name))) << name;
    }
    EXPECT_EQ(all[0].content().arrays.at("features/class_texts").shape, (std::vector<std::size_t>{10, 64}));
  }
  std::vector<Done> trained = phases(moves + "keep_vpt = true\n"), alone = phases(still),
                    texts = phases(still + "head_init = \"prompts\"");
  const char* first = "weights/vpt_list.0.prompt";
  EXPECT_FALSE(at::equal(array(trained[0].content(), first), array(trained[1].content(), first))) << "trained on";
  EXPECT_FALSE(alone[1].content().arrays.count(first)) << "by default the encoder is as it was pre-trained";
  EXPECT_FALSE(alone[0].content().arrays.count("features/class_texts"));
  EXPECT_FALSE(at::allclose(directions(texts[0]), directions(texts[1]), 1e-3, 1e-4)) << "of another image tower";
}

// A14.
TEST_F(UnsupervisedTest, TextsMayBeAMemberAtTest) {
  std::vector<Done> all = graph(std::string(kCoft) + "text_member = true\n"), plain = graph(kCoft);
  const store::RunContent &cell = all.back().content(), &texts = of_kind(all, StageKind::evaluate).at(0)->content();
  std::vector<at::Tensor> members{array(texts, "predictions/logits").to(at::kDouble)};
  for (const Done* done : of_kind(all, StageKind::train))
    if (done->stage.settings.text("method") == "ce")
      members.push_back(array(done->content(), "predictions/logits").to(at::kDouble));
  ASSERT_EQ(members.size(), 3u);
  at::Tensor truth = at::arange(20).remainder(10), mean = method::mean_probability(at::stack(members));
  EXPECT_DOUBLE_EQ(figure(cell, "accuracy"), (mean.argmax(1) == truth).to(at::kDouble).mean().item<double>());
  EXPECT_TRUE(at::allclose(all.back().execution.trace.predictions.at("logits"), mean));
  EXPECT_EQ(figure(cell, "accuracy_members"), figure(plain.back().content(), "accuracy_members")) << "the trained ones";
  EXPECT_EQ(figure(cell, "texts_accuracy"), figure(texts, "accuracy"));
  EXPECT_TRUE(of_kind(plain, StageKind::evaluate).empty());
  EXPECT_EQ(std::get<std::vector<double>>(cell.tables.at("metrics/members").at(1).values).size(), 2u);
}

TEST_F(UnsupervisedTest, WhatAFirstPhaseDoesNotHandOnIsRefused) {
  std::vector<Done> all = graph(std::string(kCoft) + "keep_vpt = true\nhead_init = \"prompts\"\n");
  const Done *first = of_kind(all, StageKind::train).at(0), *second = nullptr;
  for (const Done* done : of_kind(all, StageKind::train))
    if (done->stage.settings.text("method") == "ce" && done->stage.settings.integer("member") == 1) second = done;
  ASSERT_TRUE(second);
  auto refused = [&](const char* input, const Path& file) {
    Context own = context();
    own.inputs["selection"] = of_kind(all, StageKind::cross_filter).at(0)->file;
    own.inputs["visual_prompts"] = own.inputs["head_texts"] = first->file;
    own.inputs[input] = file;
    return refusal(second->stage, own);
  };
  Path scores = of_kind(all, StageKind::score).at(0)->file;
  EXPECT_THAT(refused("visual_prompts", scores), HasSubstr("holds no visual prompts"));
  EXPECT_THAT(refused("head_texts", scores), HasSubstr("holds no class texts"));
  Stage alone = second->stage;
  alone.inputs.erase("head_texts");
  Context own = context();
  own.inputs["selection"] = of_kind(all, StageKind::cross_filter).at(0)->file;
  own.inputs["visual_prompts"] = first->file;
  EXPECT_THAT(refusal(alone, own), HasSubstr("head_init = prompts: no first phase hands on"));
}

TEST_F(UnsupervisedTest, BatchesAreOfWhatWasSelected) {
  std::vector<Done> all = graph(kCoft);
  const store::RunContent& selection = of_kind(all, StageKind::select).at(0)->content();
  auto kept = array(selection, "selection/mask").sum().item<std::int64_t>();
  ASSERT_GT(kept, 4);
  for (const Done* done : of_kind(all, StageKind::train)) {
    if (done->stage.settings.text("method") != "coft-prompts") continue;
    EXPECT_EQ(steps(done->content()), static_cast<std::size_t>(6 * (kept / 4))) << "whole batches of four, six epochs";
    EXPECT_EQ(done->content().arrays.at("scores/logits").shape, (std::vector<std::size_t>{60, 10})) << "of all images";
    EXPECT_EQ(done->content().arrays.at("scores/logits_neg").shape, (std::vector<std::size_t>{60, 10}));
  }
}

// With the true labels of the training images replaced, nothing that a method computes changes.
TEST_F(UnsupervisedTest, TrueLabelsOfTrainingImagesChangeNothing) {
  for (const std::string& name : graph_methods()) {
    const sweep::Method& method = catalogue_.methods.at(name);
    if (method.labels != sweep::LabelNeed::none) continue;
    SCOPED_TRACE(name);
    write_cache();
    std::vector<Done> told = graph(small(method));
    write_cache([](std::int64_t label) { return (label * 7 + 3) % 10; });
    std::vector<Done> forged = graph(small(method));
    ASSERT_EQ(told.size(), forged.size());
    std::map<StageKind, std::size_t> compared;
    for (std::size_t i = 0; i < told.size(); ++i) {
      ASSERT_EQ(told[i].content().arrays.size(), forged[i].content().arrays.size());
      for (const auto& [array_name, values] : told[i].content().arrays)
        EXPECT_EQ(values.bytes, forged[i].content().arrays.at(array_name).bytes)
            << to_string(told[i].stage.kind) << " " << array_name;
      // A stage that hands nothing on, the last one mostly, has no arrays: what it learned, and what that predicts.
      const Trace &one = told[i].execution.trace, &other = forged[i].execution.trace;
      for (const auto& [what, mine, theirs] : {std::tuple("parameters", &one.parameters, &other.parameters),
                                               std::tuple("predictions", &one.predictions, &other.predictions)}) {
        ASSERT_EQ(mine->size(), theirs->size());
        for (const auto& [tensor, values] : *mine)
          EXPECT_TRUE(at::equal(values, theirs->at(tensor)))
              << to_string(told[i].stage.kind) << " " << what << " " << tensor;
      }
      compared[told[i].stage.kind] += one.parameters.size() + one.predictions.size();
    }
    EXPECT_GT(compared[StageKind::train] + compared[StageKind::evaluate], 0u) << "nothing learned was compared";
  }
}

TEST_F(UnsupervisedTest, ARoundGoesOnFromTheLastOnesPrompt) {
  auto trained = [&](const char* warm) {
    std::vector<Done> all =
        graph(std::string("method = \"ifpl\"\nk = 3\nrounds = 2\ncontext_length = 2\nwarm_start = ") + warm +
              "\ntrain = { epochs = 1, batch = 4, lr = 0.0, warmup = 1, weight_decay = 0.0 }\n");
    std::vector<at::Tensor> logits;
    for (const Done* done : of_kind(all, StageKind::train))
      logits.push_back(done->execution.trace.predictions.at("logits"));
    return logits;
  };
  std::vector<at::Tensor> warm = trained("true"), anew = trained("false");  // with a rate of 0 a prompt is its start
  EXPECT_TRUE(at::equal(warm.at(0), warm.at(1)));
  EXPECT_FALSE(at::equal(anew.at(0), anew.at(1)));
}

// docs/methods/unsupervised.md#6.2: what is learned, and that it is learned; with a rate of 0 tokens in front of the
// image tower are their start, which the seed draws.
TEST_F(UnsupervisedTest, RoundsMayLearnTokensOfImages) {
  auto trained = [&](const std::string& modality, const std::string& rest) {
    std::vector<Done> all =
        graph("method = \"ifpl\"\nk = 3\nrounds = 2\nkeep_weights = true\nmodality = \"" + modality + "\"\n" + rest);
    std::vector<Done> result;
    for (const Done* done : of_kind(all, StageKind::train)) result.push_back(*done);
    return result;
  };
  auto weights = [](const Done& done) {
    std::set<std::string> names;
    for (const auto& [name, array] : done.content().arrays)
      if (name.starts_with("weights/")) names.insert(name.substr(8));
    return names;
  };
  const std::string moves = "train = { epochs = 2, batch = 4, lr = 0.02, warmup = 1 }\n",
                    still = "train = { epochs = 2, batch = 4, lr = 0.0, warmup = 1, weight_decay = 0.0 }\n";
  const std::string tokens = "vpt_list.0.prompt";
  std::vector<Done> visual = trained("visual", moves), start = trained("visual", still + "visual_length = 2\n");
  EXPECT_EQ(weights(visual[1]), (std::set<std::string>{tokens})) << "and nothing else";
  EXPECT_EQ(visual[1].content().arrays.at("weights/" + tokens).shape, (std::vector<std::size_t>{16, 96}));
  EXPECT_EQ(start[1].content().arrays.at("weights/" + tokens).shape, (std::vector<std::size_t>{2, 96}));
  EXPECT_FALSE(at::equal(array(visual[1].content(), "weights/" + tokens),
                         array(trained("visual", still)[1].content(), "weights/" + tokens)))
      << "they are trained";
  EXPECT_EQ(visual[0].content().arrays.at("scores/logits").shape, (std::vector<std::size_t>{60, 10}));
  std::vector<Done> both = trained("multimodal", moves);
  EXPECT_TRUE(weights(both[1]).count("main.texts"));
  EXPECT_EQ(both[1].content().arrays.at("weights/main.texts").shape, (std::vector<std::size_t>{4, 64}));
  EXPECT_EQ(both[1].content().arrays.at("weights/main.images").shape, (std::vector<std::size_t>{4, 96}));
  std::vector<Done> begun = trained("multimodal", still);
  for (const std::string& name : weights(both[1]))
    EXPECT_FALSE(at::equal(array(both[1].content(), "weights/" + name), array(begun[1].content(), "weights/" + name)))
        << name << " is trained";
  EXPECT_FALSE(weights(both[1]).count("visual_projection.weight")) << "the model is frozen";
}

// Tip-Adapter's search on the data set's own validation part, with all shots for its cache.
TEST_F(UnsupervisedTest, ASearchTakesTheOwnValidationPart) {
  std::vector<Done> all = graph(
      "method = \"tip-adapter\"\ndata = { shots = 2, validation = 0.3 }\nembed_epochs = 2\nsearch_steps = [4, 3]\n"
      "train = { epochs = 1, batch = 8 }\n");
  auto write_part = [&](std::int64_t shift) {
    auto [pixels, labels] = images(100);
    for (std::int64_t& label : labels) label = (label + shift) % 10;
    SafeTensor own{"U8", {100, 28, 28, 1}, std::as_bytes(std::span(pixels))},
        truth{"I64", {100}, std::as_bytes(std::span(labels))};
    write_safetensors(
        folder_ / "part",
        {{"train.images", own}, {"train.labels", truth}, {"test.images", own}, {"test.labels", truth}},
        {{"version", "1"}, {"fingerprint", "g"}, {"classes", R"(["a","b","c","d","e","f","g","h","i","j"])"}});
  };
  // The stages once more, of all samples.
  int count = 0;
  auto cell = [&](bool has_part) {
    std::map<std::string, Path> files;
    std::string refused;
    store::RunContent last;
    for (const Done& done : all) {
      Stage stage = done.stage;
      stage.settings.set("data.validation", 0.0);
      Context own = context();
      own.data["mini-val"] = folder_ / "part";
      for (const auto& [name, input] : stage.inputs)
        if (auto file = files.find(input.stage.hex()); file != files.end()) own.inputs[name] = file->second;
      if (&done == &all.back() && has_part) stage.fingerprints["validation.mini-val"] = "g";
      if (&done == &all.back() && !has_part) return std::pair(last, refusal(stage, own));
      last = execute(stage, own, *alone_, quiet_).content;
      Path file = folder_ / fmt::format("again.{}.{}.h5", count++, files.size());
      if (&done != &all.back()) store::write_run_file(file, last);
      files[done.planned] = file;
    }
    return std::pair(last, refused);
  };
  write_part(0);
  double right = figure(cell(true).first, "validation_accuracy");
  write_part(5);
  double wrong = figure(cell(true).first, "validation_accuracy");
  EXPECT_NE(right, wrong);
  EXPECT_LE(right + wrong, 1) << "the same images under other labels: " << right << " and " << wrong;
  EXPECT_THAT(cell(false).second, HasSubstr("data.validation must be above 0, or data.validation_split = own"));
}

TEST_F(UnsupervisedTest, AFifthOfLargeSelectionsIsLeftOut) {
  auto kept = [&](int k, const char* share) {
    std::vector<Done> all = graph(fmt::format(
        "method = \"ifpl\"\nk = {}\nselection = \"columnwise\"\nheld_out = {}\nrounds = 1\ncontext_length = 2\n"
        "train = {{ epochs = 1, batch = 4, warmup = 1 }}\n",
        k, share));
    return array(of_kind(all, StageKind::select).at(0)->content(), "selection/mask").sum().item<std::int64_t>();
  };
  EXPECT_EQ(kept(10, "0.0"), 100);
  EXPECT_EQ(kept(10, "0.2"), 80);
  EXPECT_EQ(kept(9, "0.2"), 90) << "a small selection is left whole";
}

TEST_F(UnsupervisedTest, LabelledImagesAreSelectedAndCleanWithTheirTrueLabels) {
  at::Tensor truth = at::arange(60).remainder(10);
  for (const char* rule : {"argmax", "deferred", "columnwise"}) {
    SCOPED_TRACE(rule);
    std::vector<Done> all = graph(std::string(kCoft) + "labelled_shots = 2\nselection = \"" + rule + "\"\n");
    std::vector<Done> without = graph(std::string(kCoft) + "selection = \"" + rule + "\"\n");
    const store::RunContent& clean = of_kind(all, StageKind::cross_filter).at(0)->content();
    at::Tensor score = array(clean, "selection/score");
    at::Tensor known = (score == 1).nonzero().flatten();
    ASSERT_EQ(known.size(0), 20);
    EXPECT_TRUE(at::equal(at::bincount(known.remainder(10)), at::full({10}, 2, at::kLong)));
    EXPECT_TRUE(at::equal(array(clean, "selection/label").index_select(0, known), truth.index_select(0, known)));
    EXPECT_TRUE(array(clean, "selection/mask").index_select(0, known).all().item<bool>());
    for (StageKind kind : {StageKind::select, StageKind::cross_filter})
      for (const Done* done : of_kind(all, kind)) {
        EXPECT_TRUE(at::equal(array(done->content(), store::kLabelledSamples), known)) << "which they are is kept";
        store::RunContent bare = done->content();
        bare.arrays.erase(store::kLabelledSamples);
        EXPECT_EQ(done->content().result_digest(), bare.result_digest()) << "and is no part of the result";
      }
    EXPECT_FALSE(of_kind(without, StageKind::select).at(0)->content().arrays.count(store::kLabelledSamples));
    const store::RunContent& selected = of_kind(all, StageKind::select).at(0)->content();
    at::Tensor mask = array(selected, "selection/mask").to(at::kBool);
    if (mask.dim() == 2) {
      EXPECT_TRUE(at::equal(mask.index_select(0, known).to(at::kLong), at::one_hot(truth.index_select(0, known), 10)));
      continue;
    }
    EXPECT_TRUE(mask.index_select(0, known).all().item<bool>());
    EXPECT_TRUE(at::equal(array(selected, "selection/label").index_select(0, known), truth.index_select(0, known)));
    auto pseudo = mask.sum().item<std::int64_t>() - 20;
    EXPECT_GT(pseudo, 0) << "beside them, k of each class";
    EXPECT_LE(pseudo, 2 * 10);
  }
  std::vector<Done> all = graph(std::string(kCoft) + "labelled_shots = 2\n");
  Stage many = of_kind(all, StageKind::select).at(0)->stage;
  many.settings.set("labelled_shots", 7);
  Context own = context();
  own.inputs["scores"] = of_kind(all, StageKind::score).at(0)->file;
  EXPECT_THAT(refusal(many, own), HasSubstr("labelled_shots = 7: the class 'a' has 6 training samples"));
}

// A list names the labelled images in place of a draw: for a method that learns from few labels, and beside labels of
// one's own making. What a drawn run says of its images is such a list. docs/methods/unsupervised.md#7
TEST_F(UnsupervisedTest, AListNamesTheShots) {
  ::setenv("WINNOW_CACHE", (folder_ / "lists").c_str(), 1);
  data::Record mini;
  mini.name = "mini";
  mini.fingerprint = "f";
  mini.train = 60;
  auto list = [&](std::vector<std::int64_t> places) {
    write_file_atomically(folder_ / "list.json", Value(places).dump());
    return data::record_shot_list("few", mini, folder_ / "list.json").fingerprint;
  };
  std::vector<Done> drawn =
      graph("method = \"coop\"\ndata.shots = 2\ncontext_length = 2\ntrain = { epochs = 1, batch = 8 }\n");
  at::Tensor own = array(drawn.back().content(), "labels/samples");
  Stage stage = drawn.back().stage;
  Context context_of_it = context();
  context_of_it.inputs.clear();
  for (const auto& [name, input] : stage.inputs) context_of_it.inputs[name] = folder_ / "backbone.h5";
  auto samples = [&](const std::string& fingerprint) {
    stage.fingerprints["shots"] = fingerprint;
    return execute(stage, context_of_it, *alone_, quiet_).content;
  };
  const auto* first = own.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> places(first, first + own.numel());
  store::RunContent again = samples(list(places));
  EXPECT_TRUE(at::equal(array(again, "labels/samples"), own));
  EXPECT_EQ(figure(again, "loss"), figure(drawn.back().content(), "loss")) << "the same training, to the last bit";
  std::vector<std::int64_t> others;
  for (std::int64_t c = 0; c < 10; ++c) others.insert(others.end(), {c + 10, c + 40});
  std::sort(others.begin(), others.end());
  at::Tensor told = array(samples(list(others)), "labels/samples");
  EXPECT_TRUE(at::equal(told, at::tensor(others, at::kLong)));
  others.pop_back();
  EXPECT_THAT(winnow::refusal([&] { samples(list(others)); }),
              HasSubstr("data.shots = 2: data.shot_list has 1 image of the class 'j'"));
  stage.settings.set("data.samples", 30);
  EXPECT_THAT(winnow::refusal([&] { samples(list(places)); }), HasSubstr("images are none of the 30 training samples"));

  std::vector<Done> all = graph(std::string(kCoft) + "labelled_shots = 2\n");
  Stage select = of_kind(all, StageKind::select).at(0)->stage;
  Context scored = context();
  scored.inputs["scores"] = of_kind(all, StageKind::score).at(0)->file;
  others.clear();
  for (std::int64_t c = 0; c < 10; ++c) others.insert(others.end(), {c, c + 50});
  std::sort(others.begin(), others.end());
  select.fingerprints["shots"] = list(others);
  at::Tensor known =
      (array(execute(select, scored, *alone_, quiet_).content, "selection/score") == 1).nonzero().flatten();
  EXPECT_TRUE(at::isin(at::tensor(others, at::kLong), known).all().item<bool>());

  // What a drawn run says of its images chooses the same ones, and all that follows from them, of either stage.
  for (const Done* done : {of_kind(all, StageKind::select).at(0), of_kind(all, StageKind::cross_filter).at(0)}) {
    at::Tensor told = array(done->content(), store::kLabelledSamples);
    const auto* place = told.const_data_ptr<std::int64_t>();
    Stage listed = done->stage;
    listed.settings.set("data.seed", 1);  // of a draw it would be another one
    Context own_inputs = context();
    for (const auto& [name, input] : listed.inputs)
      for (const Done& earlier : all)
        if (earlier.planned == input.stage.hex()) own_inputs.inputs[name] = earlier.file;
    store::RunContent drawn_anew = execute(listed, own_inputs, *alone_, quiet_).content;
    EXPECT_FALSE(at::equal(array(drawn_anew, store::kLabelledSamples), told));
    listed.fingerprints["shots"] = list({place, place + told.numel()});
    store::RunContent again = execute(listed, own_inputs, *alone_, quiet_).content;
    for (const auto& [name, values] : done->content().arrays)
      EXPECT_EQ(again.arrays.at(name).bytes, values.bytes) << to_string(listed.kind) << " " << name;
  }
}

TEST_F(UnsupervisedTest, AnImageMayBeAnItemOfSeveralClasses) {
  std::vector<Done> all = graph(
      "method = \"grip\"\nk = 3\nselection = \"columnwise\"\nrounds = 1\ntrain = { epochs = 1, batch = 4, warmup = 1 "
      "}\n"
      "context_length = 2\n");
  const store::RunContent& selection = of_kind(all, StageKind::select).at(0)->content();
  EXPECT_EQ(selection.arrays.at("selection/mask").shape, (std::vector<std::size_t>{60, 10}));
  EXPECT_FALSE(selection.arrays.count("selection/label"));
  EXPECT_TRUE(at::equal(array(selection, "selection/mask").to(at::kLong).sum(0), at::full({10}, 3, at::kLong)));
  EXPECT_EQ(steps(all.back().content()), 8u) << "30 pairs in batches of four";
}

TEST_F(UnsupervisedTest, FewStepsBecomeMoreEpochsAndManyFewer) {
  auto of = [&](const std::string& limits) {
    std::vector<Done> all =
        graph("method = \"upl\"\nk = 2\nmembers = 1\ntrain = { epochs = 3, batch = 8, drop_last = false, " + limits +
              " }\ncontext_length = 2\n");
    auto kept = array(of_kind(all, StageKind::select).at(0)->content(), "selection/mask").sum().item<std::int64_t>();
    std::size_t an_epoch = static_cast<std::size_t>((kept + 7) / 8);
    std::size_t taken = steps(of_kind(all, StageKind::train).at(0)->content());
    EXPECT_EQ(taken % an_epoch, 0u) << "whole epochs";
    return taken / an_epoch;
  };
  EXPECT_EQ(of("min_steps = 0"), 3u);
  EXPECT_GE(of("min_steps = 20"), 20u / 3);
  EXPECT_EQ(of("max_steps = 1"), 1u);
}

TEST_F(UnsupervisedTest, AStageStoppedAmongItemsGoesOnToTheSameResult) {
  std::vector<Done> all = graph(kCoft);
  const Done& p1 = *of_kind(all, StageKind::train).at(0);
  Context own = context();
  own.inputs["selection"] = of_kind(all, StageKind::select).at(0)->file;
  own.checkpoint = folder_ / "checkpoint";
  struct Stopper : Observer {
    bool stop_wanted() override { return ++steps == 3; }
    int steps = 0;
  } stopper;
  EXPECT_THROW(execute(p1.stage, own, *alone_, stopper), Stopped);
  Execution resumed = execute(p1.stage, own, *alone_, quiet_);
  EXPECT_EQ(resumed.content.result_digest().hex(), p1.content().result_digest().hex());
}

TEST_F(UnsupervisedTest, FewShotsOfEachClassAndTheirCache) {
  std::vector<Done> all = graph(
      "method = \"tip-adapter\"\nlabels.kind = \"clean\"\ndata = { shots = 2, validation = 0.3 }\nembed_epochs = 2\n"
      "search_steps = [4, 3]\ntrain = { epochs = 1, batch = 16 }\n");
  const store::RunContent& cache = of_kind(all, StageKind::embed).at(0)->content();
  at::Tensor samples = array(cache, "features/samples");
  EXPECT_EQ(samples.size(0), 20);
  EXPECT_TRUE(at::equal(at::bincount(samples.remainder(10)), at::full({10}, 2, at::kLong))) << "two of each class";
  EXPECT_EQ(cache.arrays.at("features/mean").shape.at(0), 20u);
  EXPECT_GE(figure(all.back().content(), "accuracy"), 0);
}

// docs/methods/unsupervised.md#10, check 12.
TEST_F(UnsupervisedTest, WithoutItsCacheTipAdapterIsTheZeroShotModel) {
  auto tip = [&](double alpha) {
    return graph(fmt::format("method = \"tip-adapter\"\ninit_alpha = {:.1f}\ndata = {{ shots = 2, validation = 0.3 }}\n"
                             "embed_epochs = 2\nsearch_steps = [4, 3]\ntrain = {{ epochs = 1, batch = 16 }}\n",
                             alpha))
        .back()
        .execution.trace.predictions.at("logits_init");
  };
  at::Tensor zero_shot = graph("method = \"zero-shot\"\n").back().execution.trace.predictions.at("logits");
  EXPECT_EQ(zero_shot.size(0), 20);
  EXPECT_TRUE(at::allclose(tip(0), zero_shot, 1e-5, 1e-4));
  EXPECT_FALSE(at::allclose(tip(1), zero_shot, 1e-5, 1e-2));
}

constexpr const char* kLafter =
    "method = \"lafter\"\nprompt = \"nano-clip-8\"\nvpt_len = 2\ntext = { noise_std = 0.0, train = { lr = 0.05 } }\n"
    "train = { epochs = 2, batch = 8 }\n";

TEST_F(UnsupervisedTest, AClassifierOfTextsLabelsImages) {
  std::vector<Done> all = graph(kLafter);
  const store::RunContent &texts = of_kind(all, StageKind::embed).at(0)->content(), &last = all.back().content();
  EXPECT_EQ(texts.arrays.at("features/texts").shape, (std::vector<std::size_t>{80, 64}));
  at::Tensor classes = array(texts, "features/text_classes"), rows = array(texts, "features/texts");
  EXPECT_TRUE(at::equal(at::bincount(classes), at::full({10}, 8, at::kLong)));
  at::Tensor of_first = rows.index_select(0, (classes == 0).nonzero().flatten()).mean(0);
  EXPECT_TRUE(at::allclose(array(texts, "features/class_texts")[0], of_first / of_first.norm(), 1e-4, 1e-5));
  const Done& text = *of_kind(all, StageKind::train).at(0);
  auto losses = std::get<std::vector<double>>(text.content().tables.at("metrics/steps").back().values);
  EXPECT_EQ(losses.size(), 400u) << "steps of one epoch";
  EXPECT_LT(losses.back(), 0.9 * losses.front());
  EXPECT_EQ(text.content().arrays.at("weights/head.weight").shape, (std::vector<std::size_t>{10, 64}));
  EXPECT_EQ(figure(last, "selection_kept"), 1) << "every image has a label";
}

// Of the tower without its prompts, whose features are those of the fixed model as long as no LayerNorm moves.
TEST_F(UnsupervisedTest, LabelsAreThoseOfTheTextStagesHead) {
  std::vector<Done> all = graph(std::string(kLafter));
  Stage images = of_kind(all, StageKind::embed).at(0)->stage, cell = all.back().stage;
  images.settings.erase("embed_texts");
  for (auto [key, value] : std::map<std::string, Value>{{"views.weak", "plain"}, {"embed_epochs", 1}, {"seed", 0}})
    images.settings.set(key, value);
  at::Tensor features = array(run(images).content, "features/mean").to(at::kDouble);
  cell.settings.set("train.lr", 0.0);
  cell.settings.set("train.weight_decay", 0.0);
  store::RunContent text = of_kind(all, StageKind::train).at(0)->content();
  at::Tensor truth = at::arange(60).remainder(10);
  for (double phase : {0.0, 1.0}) {
    at::Tensor head = at::sin(at::linspace(phase, 400 + phase, 640, at::kFloat)).view({10, 64});
    text.arrays["weights/head.weight"] = array_of(head);
    Path file = folder_ / fmt::format("head-{}.h5", phase);
    store::write_run_file(file, text);
    Context own = context();
    own.inputs["text_head"] = file;
    at::Tensor label = at::matmul(features, head.to(at::kDouble).t()).argmax(1);
    EXPECT_NEAR(figure(execute(cell, own, *alone_, quiet_).content, "selection_precision"),
                (label == truth).to(at::kDouble).mean().item<double>(), 1e-9);
  }
  text.arrays["weights/head.weight"] = array_of(at::ones({9, 64}));
  store::write_run_file(folder_ / "nine.h5", text);
  Context own = context();
  own.inputs["text_head"] = folder_ / "nine.h5";
  EXPECT_THAT(refusal(cell, own), HasSubstr("nine.h5 holds a classifier of other classes"));
}

TEST_F(UnsupervisedTest, StoppedLafterGoesOnToTheSameResult) {
  std::vector<Done> all = graph(kLafter);
  for (const Done* done : of_kind(all, StageKind::train)) {
    Context own = context();
    for (const auto& [name, input] : done->stage.inputs)
      for (const Done& earlier : all)
        if (earlier.stage.kind == StageKind::embed && name == "text_features") own.inputs[name] = earlier.file;
    if (done->stage.inputs.count("text_head")) own.inputs["text_head"] = of_kind(all, StageKind::train).at(0)->file;
    own.checkpoint = folder_ / "lafter-checkpoint";
    struct Stopper : Observer {
      bool stop_wanted() override { return ++steps == 7; }
      int steps = 0;
    } stopper;
    EXPECT_THROW(execute(done->stage, own, *alone_, stopper), Stopped);
    EXPECT_EQ(execute(done->stage, own, *alone_, quiet_).content.result_digest().hex(),
              done->content().result_digest().hex());
  }
}

constexpr const char* kTaught =
    "method = \"promptkd\"\nvpt_len = 2\nsource = { dataset = \"fashion-mnist\", shots = 3 }\n"
    "teacher = { method = \"promptsrc\", vpt_len = 2, context_length = 2, context_depth = 2, prompt = \"nano-clip-8\", "
    "train = { epochs = 4, batch = 8, lr = 0.02, schedule = \"constant\", average_mean = 3 } }\n"
    "train = { epochs = 2, batch = 8, schedule = \"constant\" }\n";

TEST_F(UnsupervisedTest, ATeacherLearnsThenScores) {
  std::vector<Done> all = graph(kTaught);
  ASSERT_EQ(all.size(), 4u);
  const Done &teacher = all[1], &score = all[2];
  ASSERT_EQ(teacher.stage.settings.text("method"), "promptsrc");
  EXPECT_EQ(teacher.content().arrays.at("weights/prompts.context").shape, (std::vector<std::size_t>{2, 64}));
  EXPECT_EQ(teacher.content().arrays.at("weights/prompts.context.1").shape, (std::vector<std::size_t>{2, 64}));
  EXPECT_TRUE(teacher.content().arrays.count("weights/vpt_list.3.prompt"));
  // It predicts as the trained one does: its training images are among those that it scores.
  Stage telling = teacher.stage;
  telling.outputs.insert(Output::scores);
  Context own = context();
  own.inputs["texts"] = all[0].file;
  store::RunContent told = execute(telling, own, *alone_, quiet_).content;
  at::Tensor samples = array(told, "scores/samples");
  ASSERT_EQ(samples.size(0), 30) << "three of each class";
  EXPECT_TRUE(at::allclose(array(told, "scores/logits"),
                           array(score.content(), "scores/logits").index_select(0, samples), 1e-5, 1e-4));
  at::Tensor texts = array(score.content(), "features/class_texts");
  EXPECT_TRUE(at::allclose(texts.norm(2, {1}), at::ones({10}), 1e-4, 1e-5));
  EXPECT_EQ(score.content().arrays.at("scores/logits").shape, (std::vector<std::size_t>{60, 10}));
  std::vector<Done> fixed =
      graph("method = \"promptkd\"\nteacher.method = \"zero-shot\"\ntrain = { epochs = 1, batch = 8 }\n");
  EXPECT_FALSE(at::allclose(array(fixed[0].content(), "scores/logits"), array(score.content(), "scores/logits"), 1e-2));
}

TEST_F(UnsupervisedTest, AStoppedTeacherKeepsItsAverage) {
  std::vector<Done> all = graph(kTaught);
  Context own = context();
  own.inputs["texts"] = all[0].file;
  own.checkpoint = folder_ / "teacher-checkpoint";
  struct Stopper : Observer {
    bool stop_wanted() override { return ++steps == 8; }
    int steps = 0;
  } stopper;
  EXPECT_THROW(execute(all[1].stage, own, *alone_, stopper), Stopped);
  EXPECT_EQ(execute(all[1].stage, own, *alone_, quiet_).content.result_digest().hex(),
            all[1].content().result_digest().hex());
  Stage last = all[1].stage;
  last.settings.set("train.average", "none");
  own.checkpoint.clear();
  EXPECT_FALSE(at::equal(array(execute(last, own, *alone_, quiet_).content, "weights/prompts.context"),
                         array(all[1].content(), "weights/prompts.context")));
}

TEST_F(UnsupervisedTest, WhatDoesNotFitIsRefused) {
  std::vector<Done> all = graph(kCoft);
  const Done& select = *of_kind(all, StageKind::select).at(0);
  const Done& filter = *of_kind(all, StageKind::cross_filter).at(0);
  const Done& score = *of_kind(all, StageKind::score).at(0);
  Context own = context();
  own.inputs["scores"] = score.file;
  Stage fewer = select.stage;
  fewer.settings.set("data.samples", 30);
  EXPECT_THAT(refusal(fewer, own), HasSubstr("scores other samples or classes than this stage has"));
  Stage unknown = select.stage;
  unknown.settings.set("selection", "best");
  EXPECT_THAT(refusal(unknown, own),
              HasSubstr("selection = best: expected argmax, columnwise, deferred or candidates"));
  own.inputs["scores"] = select.file;
  EXPECT_THAT(refusal(select.stage, own), HasSubstr("holds no scores"));
  Context two = context();
  two.inputs["labelling"] = two.inputs["judging"] = score.file;
  EXPECT_THAT(refusal(filter.stage, two), HasSubstr("holds no scores of negative prompts"));
  Context members = context();
  for (const char* name : {"member.1", "member.2", "phase1.1", "phase1.2"}) members.inputs[name] = select.file;
  EXPECT_THAT(refusal(all.back().stage, members), HasSubstr("holds no predictions"));
  Stage shots = of_kind(all, StageKind::score).at(0)->stage;
  shots.settings.set("data.shots", 7);
  EXPECT_THAT(refusal(shots), HasSubstr("data.shots = 7: the class 'a' has 6 training samples"));
}

}  // namespace
}  // namespace winnow::train
