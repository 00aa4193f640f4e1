#include "canonical_template.h"

#include <fmt/format.h>

#include <set>

namespace winnow::sweep {

CanonicalTemplate::CanonicalTemplate(const Draft& draft, const std::map<std::string, Slot>& slots,
                                     const std::vector<bool>& varying)
    : label_(draft.label), own_settings_(draft.own_settings) {
  const Stage& stage = draft.stage;
  std::string text = fmt::format("{{\"fingerprints\":{},\"inputs\":{{", Value(stage.fingerprints).dump());
  const char* comma = "";
  for (const auto& [name, input] : stage.inputs) {
    std::size_t source = draft.edges.at(name).stage;
    inputs_.push_back(source);
    text += fmt::format("{}{}:{{\"output\":\"{}\",\"stage\":\"", comma, Value(name).dump(), to_string(input.output));
    if (varying[source]) {
      pieces_.push_back({std::move(text), -1, {}, static_cast<int>(source)});
      text.clear();
      varies_ = true;
    } else {
      text += input.stage.hex();
    }
    text += "\"}";
    comma = ",";
  }
  Value outputs = Value::array();
  std::set<std::string_view> sorted;
  for (Output output : stage.outputs) sorted.insert(to_string(output));
  for (std::string_view output : sorted) outputs.push_back(output);
  text += fmt::format("}},\"kind\":\"{}\",\"outputs\":{},\"settings\":{{", to_string(stage.kind), outputs.dump());
  for (const auto& [key, value] : stage.settings.all()) {
    auto renamed = draft.origin.find(key);
    auto slot = draft.own_settings ? slots.end() : slots.find(renamed == draft.origin.end() ? key : renamed->second);
    if (slot != slots.end()) {
      pieces_.push_back({std::move(text), slot->second.axis, renamed == draft.origin.end() ? slot->second.fragments : slot->second.fragments_as(renamed->second, key), -1});
      text.clear();
      varies_ = true;
    } else if (!stage.defaulted.count(key)) {
      text += fragment(key, value);
    }
  }
  pieces_.push_back({std::move(text)});
  Value raised = Value::object();
  for (const auto& [part, version] : stage.shared)
    if (version != 1) raised[part] = version;
  tail_ = fmt::format("}}{},\"version\":{}}}", raised.empty() ? "" : ",\"shared\":" + raised.dump(), stage.version);
}

void CanonicalTemplate::write(std::span<const std::uint32_t> digits, std::span<const Identity> identities,
                              std::string& text) const {
  text.clear();
  for (const Piece& piece : pieces_) {
    text += piece.text;
    if (piece.axis >= 0) text += piece.fragments[digits[static_cast<std::size_t>(piece.axis)]];
    if (piece.stage >= 0) text += identities[static_cast<std::size_t>(piece.stage)].hex();
  }
  // Fragments end with a comma, whichever of them are empty; the last one's has no successor.
  if (text.back() == ',') text.pop_back();
  text += tail_;
}

}  // namespace winnow::sweep
