#include "winnow/stage/shared_code.h"

#include <fmt/format.h>

#include <vector>

#include "winnow/core/error.h"
#include "winnow/stage/cut_rise.h"

namespace winnow {

namespace {

// Parts that were mended, and which stages use them.
struct Mended {
  const char* part;
  bool (*uses)(const Stage&);
};
constexpr Mended kMended[] = {{"texts.lowered", lowers_texts}, {"engine.cut_rise", may_cut_rise}};

bool uses(const Stage& stage, const std::string& part) {
  for (const Mended& mended : kMended)
    if (part == mended.part) return mended.uses(stage);
  return true;
}

UsageError differs(std::string_view part, int own, int wanted) {
  return UsageError(
      fmt::format("the shared code '{}' has result version {} here, the stage wants {}: winnow and winnow-train differ",
                  part, own, wanted));
}

}  // namespace

// The versions. Say beside a raised one what was wrong before.
const PartVersions& shared_code() {
  static const PartVersions parts = {
      {"samples", 1},
      {"labels", 1},
      {"views", 1},
      {"texts", 1},
      {"texts.lowered", 2},  // 1: their towers computed in fp32 whatever train.precision was
      {"engine", 1},
      {"engine.cut_rise", 2},  // 1: the rise kept its length, and stages of few epochs did nothing else
      {"head", 1},
      {"handover", 1},  // what a method that is a program is given, and in which order

      {"adaptation.adaptformer", 1},
      {"adaptation.adapter", 1},
      {"adaptation.bias-tuning", 1},
      {"adaptation.bn-tuning", 1},
      {"adaptation.full-tuning", 1},
      {"adaptation.linear-probe", 1},
      {"adaptation.ln-tuning", 1},
      {"adaptation.lora", 1},
      {"adaptation.mask", 1},
      {"adaptation.ssf", 1},
      {"adaptation.ssf-attn", 1},
      {"adaptation.ssf-ln", 1},
      {"adaptation.ssf-mlp", 1},
      {"adaptation.vpt-deep", 1},
      {"adaptation.vpt-front", 1},
      {"adaptation.vpt-shallow", 1},
      {"adaptation.vpt-shallow-ln", 1},

      {"family.clip", 1},
      {"family.convnext", 1},
      {"family.resnet", 1},
      {"family.siglip", 1},
      {"family.vit", 1},
      {"family.vit_mae", 1},
      {"family.wide_resnet", 1},

      {"tokenizer.clip", 1},
      {"tokenizer.siglip", 1},

      {"snapshot.clip", 1},
      {"snapshot.convnext", 1},
      {"snapshot.resnet", 1},
      {"snapshot.siglip", 1},
      {"snapshot.vit", 1},
      {"snapshot.vit_mae", 1},
      {"snapshot.wide_resnet", 1},

      {"preprocessing.clip", 1},
      {"preprocessing.convnext", 1},
      {"preprocessing.resnet", 1},
      {"preprocessing.siglip", 1},
      {"preprocessing.vit", 1},
      {"preprocessing.vit_mae", 1},
      {"preprocessing.wide_resnet", 1},
  };
  return parts;
}

bool lowers_texts(const Stage& stage) {
  const Settings& settings = stage.settings;
  if (!settings.has("train.precision")) return false;
  std::string precision = settings.text("train.precision");
  return (precision == "bf16" || precision == "fp16") &&
         (stage.kind == StageKind::pretrain || settings.has("context_length"));
}

void require_shared_code(const Stage& stage) {
  const PartVersions& own = shared_code();
  for (const auto& [part, wanted] : stage.shared) {
    auto found = own.find(part);
    if (found == own.end())
      throw UsageError(fmt::format(
          "the stage uses the shared code '{}', which is not known here: winnow and winnow-train differ", part));
    if (found->second != wanted) throw differs(part, found->second, wanted);
  }
}

Stage stage_to_execute(const Value& json) {
  Stage stage = stage_from_json(json);
  require_shared_code(stage);
  if (stage.shared.empty())
    for (const auto& [part, own] : shared_code())
      if (own != 1 && uses(stage, part)) throw differs(part, own, 1);
  return stage;
}

}  // namespace winnow
