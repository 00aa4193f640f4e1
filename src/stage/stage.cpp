#include "winnow/stage/stage.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/words.h"
#include "winnow/stage/canonical_form.h"

namespace winnow {

namespace {

constexpr Words<StageKind>::Entry kKindWords[] = {
    {StageKind::pretrain, "pretrain"}, {StageKind::embed, "embed"},
    {StageKind::score, "score"},       {StageKind::narrow, "narrow"},
    {StageKind::select, "select"},     {StageKind::detect, "detect"},
    {StageKind::train, "train"},       {StageKind::cross_filter, "cross-filter"},
    {StageKind::ensemble, "ensemble"}, {StageKind::evaluate, "evaluate"},
};
constexpr Words<StageKind> kKinds("stage kind", kKindWords);

constexpr Words<Output>::Entry kOutputWords[] = {
    {Output::metrics, "metrics"},   {Output::selection, "selection"}, {Output::scores, "scores"},
    {Output::features, "features"}, {Output::labels, "labels"},       {Output::predictions, "predictions"},
    {Output::weights, "weights"},
};
constexpr Words<Output> kOutputs("output", kOutputWords);

Value inputs_to_json(const std::map<std::string, Input>& inputs) {
  Value result = Value::object();
  for (const auto& [name, input] : inputs)
    result[name] = {{"stage", input.stage.hex()}, {"output", to_string(input.output)}};
  return result;
}

const Value& field(const Value& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end()) throw UsageError(fmt::format("a stage needs the field '{}'", name));
  return *found;
}

// Where `winnow plan --json` does not know an identity or a fingerprint, it says null.
void require_known(const Value& json) {
  auto open = [] {
    return UsageError("the stage's identity is open: it was planned where its data or weights are not");
  };
  if (auto inputs = json.find("inputs"); inputs != json.end())
    for (const auto& [name, input] : inputs->items())
      if (input.is_object() && input.contains("stage") && input["stage"].is_null()) throw open();
  if (auto prints = json.find("fingerprints"); prints != json.end())
    for (const auto& [name, print] : prints->items())
      if (print.is_null()) throw open();
}

}  // namespace

std::string_view to_string(StageKind kind) { return kKinds.name(kind); }
StageKind parse_stage_kind(std::string_view text) { return kKinds.parse(text); }
std::string_view to_string(Output output) { return kOutputs.name(output); }
Output parse_output(std::string_view text) { return kOutputs.parse(text); }

std::string Stage::canonical() const {
  class Whole : public CanonicalForm {
   public:
    std::string result;

   private:
    void text(std::string_view part) override { result += part; }
    void input(const std::string&, const Identity& stage) override { result += stage.hex(); }
    void setting(const std::string& key, const Value& value, bool defaulted) override {
      if (!defaulted) result += fragment(key, value);
    }
    void end_of_settings() override {
      if (result.back() == ',') result.pop_back();
    }
  };
  Whole form;
  form.write(*this);
  return form.result;
}

bool Stage::open() const {
  for (const auto& [name, digest] : fingerprints)
    if (digest.starts_with(kOpen)) return true;
  return false;
}

Identity Stage::identity() const {
  if (open()) throw InternalError("a stage whose data or weights are not on this machine has no identity yet");
  return hash_of(canonical());
}

Value to_json(const Stage& stage) {
  Value result = {{"identity", stage.open() ? Value() : Value(stage.identity().hex())},
                  {"kind", to_string(stage.kind)},
                  {"version", stage.version},
                  {"shared", stage.shared},
                  {"settings", stage.settings.all()},
                  {"defaulted", stage.defaulted},
                  {"inputs", inputs_to_json(stage.inputs)},
                  {"fingerprints", stage.fingerprints},
                  {"outputs", Value::array()}};
  for (Output output : stage.outputs) result["outputs"].push_back(to_string(output));
  return result;
}

Stage stage_from_json(const Value& json) {
  try {
    require_known(json);
    Stage stage;
    stage.kind = parse_stage_kind(field(json, "kind").get<std::string>());
    stage.version = field(json, "version").get<int>();
    stage.shared = json.value("shared", std::map<std::string, int>{});
    stage.settings = Settings(flatten(field(json, "settings")));
    stage.defaulted = json.value("defaulted", std::set<std::string>{});
    const Value inputs = json.value("inputs", Value::object());  // named: the loop would outlive a temporary
    for (const auto& [name, input] : inputs.items())
      stage.inputs[name] = {Hash128::parse(field(input, "stage").get<std::string>()),
                            parse_output(field(input, "output").get<std::string>())};
    stage.fingerprints = json.value("fingerprints", std::map<std::string, std::string>{});
    stage.outputs.clear();
    for (const Value& output : json.value("outputs", Value::array({"metrics"})))
      stage.outputs.insert(parse_output(output.get<std::string>()));
    if (stage.open())
      throw UsageError("the stage's identity is open: it was planned where its data or weights are not");
    if (auto claimed = json.find("identity"); claimed != json.end() && *claimed != stage.identity().hex())
      throw UsageError(fmt::format("the stage calls itself {} but its content is {}: it was made by another version",
                                   claimed->dump(), stage.identity().hex()));
    return stage;
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("not a stage: {}", error.what()));
  }
}

}  // namespace winnow
