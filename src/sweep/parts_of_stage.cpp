#include "parts_of_stage.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/stage/cut_rise.h"

namespace winnow::sweep {

namespace {

class Parts {
 public:
  Parts(const Draft& draft, const Catalogue& catalogue)
      : stage_(draft.stage), catalogue_(catalogue),
        labelled_before_(draft.edges.count("selection") != 0 && !draft.stage.settings.has("labels.kind")) {}

  PartVersions all() {
    add("samples");
    switch (stage_.kind) {
      case StageKind::narrow: add("labels"); break;
      case StageKind::select:
      case StageKind::cross_filter:
      case StageKind::ensemble: break;  // of what earlier stages computed: they see no image
      case StageKind::evaluate: looks(), add("head"); break;
      case StageKind::score:
        if (!stage_.fingerprints.count("scores"))
          looks(), add("head"), adapted();  // an array that another program computed is only read
        break;
      case StageKind::embed:
      case StageKind::pretrain: looks(); break;
      case StageKind::train:
      case StageKind::detect:
        if (!labelled_before_) add("labels");
        if (stage_.fingerprints.count("program")) {
          add("handover");
          break;  // whatever looks at images is its user's
        }
        if (stage_.kind == StageKind::detect &&
            (stage_.fingerprints.count("mask") || stage_.settings.text("method") == "label-match"))
          break;  // of scores, or of a mask: sees no image
        looks();
        add("head");
        adapted();
        break;
    }
    return std::move(parts_);
  }

 private:
  // A tower runs over images, and over texts where there is a prompt.
  void looks() {
    const Model& model = catalogue_.models.at(stage_.settings.text("model"));
    add("views");
    add("engine");
    if (lowers_texts(stage_)) add("texts.lowered");
    if (may_cut_rise(stage_)) add("engine.cut_rise");
    add("family." + model.family);
    if (model.downloaded()) add("snapshot." + model.family), add("preprocessing." + model.family);
    if (!stage_.settings.has("template") && !stage_.fingerprints.count("templates")) return;
    add("texts");
    if (std::string part = "tokenizer." + model.family; catalogue_.shared_code.count(part))
      add(part);  // a tower without texts is refused later
  }

  // Of a trained model that scores.
  void adapted() {
    if (stage_.settings.has("adapt")) add("adaptation." + stage_.settings.text("adapt"));
  }

  void add(const std::string& part) {
    auto found = catalogue_.shared_code.find(part);
    if (found == catalogue_.shared_code.end())
      throw InternalError(fmt::format("the shared code has no part '{}': add it to src/stage/shared_code.cpp", part));
    parts_[part] = found->second;
  }

  const Stage& stage_;
  const Catalogue& catalogue_;
  bool labelled_before_;  // its labels are an earlier stage's
  PartVersions parts_;
};

}  // namespace

PartVersions parts_of(const Draft& draft, const Catalogue& catalogue) { return Parts(draft, catalogue).all(); }

}  // namespace winnow::sweep
