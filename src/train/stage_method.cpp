#include "stage_method.h"

#include <utility>

#include "winnow/method/registry.h"
#include "winnow/model/text_tower.h"

namespace winnow::train {

namespace {

method::Facts facts_of(const StageMethod::Told& told, const Source& source) {
  method::Facts facts{told.settings,  source.epochs(),      source.epochs() > 0 ? source.steps_per_epoch() : 0,
                      source.batch(), source.size("train"), source.classes(),
                      told.real};
  facts.traced = told.traced;
  facts.logit_scale = told.logit_scale;
  return facts;
}

}  // namespace

StageMethod::Told StageMethod::of(const Settings& settings, const StageModel& model) {
  return {&settings, model.real, model::has_texts(model.snapshot) ? model::logit_scale_of(model.snapshot) : 0,
          /*traced=*/false, model.kept_features.get()};
}

StageMethod::StageMethod(std::string name, const Told& told, Source& source, model::Architecture& architecture,
                         const Context& context, comm::Collective& collective)
    : name_(std::move(name)), method_(method::make_method(name_)),
      engine_(facts_of(told, source), source, architecture, collective, context.chunk) {
  engine_.use_kept_features(told.kept_features);
}

}  // namespace winnow::train
