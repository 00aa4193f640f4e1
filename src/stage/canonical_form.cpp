#include "winnow/stage/canonical_form.h"

#include <fmt/format.h>

#include <set>

namespace winnow {

std::string CanonicalForm::fragment(const std::string& key, const Value& value) {
  return Value(key).dump() + ":" + value.dump() + ",";
}

void CanonicalForm::write(const Stage& stage) {
  text(fmt::format("{{\"fingerprints\":{},\"inputs\":{{", Value(stage.fingerprints).dump()));
  const char* comma = "";
  for (const auto& [name, from] : stage.inputs) {
    text(fmt::format("{}{}:{{\"output\":\"{}\",\"stage\":\"", comma, Value(name).dump(), to_string(from.output)));
    input(name, from.stage);
    text("\"}");
    comma = ",";
  }
  std::set<std::string_view> outputs;
  for (Output output : stage.outputs) outputs.insert(to_string(output));
  text(fmt::format("}},\"kind\":\"{}\",\"outputs\":{},\"settings\":{{", to_string(stage.kind), Value(outputs).dump()));
  for (const auto& [key, value] : stage.settings.all()) setting(key, value, stage.defaulted.count(key) > 0);
  end_of_settings();
  std::map<std::string, int> raised;
  for (const auto& [part, version] : stage.shared)
    if (version != 1) raised[part] = version;
  text(
      fmt::format("}}{},\"version\":{}}}", raised.empty() ? "" : ",\"shared\":" + Value(raised).dump(), stage.version));
}

}  // namespace winnow
