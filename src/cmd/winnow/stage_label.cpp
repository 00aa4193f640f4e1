#include "stage_label.h"

#include <fmt/format.h>

#include "shown.h"

namespace winnow::cmd {

namespace {

// One setting more: "flip" of labels.kind, "0.1" of labels.rate and "2" of seed become "flip 0.1, seed 2". A rate
// follows its kind, other numbers get their names.
void append(std::string& text, const std::string& key, const Settings& settings, bool kind_said) {
  const Value& value = settings.all().at(key);
  std::size_t dot = key.rfind('.');
  std::string name = key.substr(dot == std::string::npos ? 0 : dot + 1),
              table = key.substr(0, dot == std::string::npos ? 0 : dot);
  std::string before = value.is_string() ? name == "method" && !table.empty() ? table + " " : "" : name + " ";
  bool follows = key == "labels.rate" && settings.has("labels.kind");
  if (follows) before = kind_said ? "" : settings.text("labels.kind") + " ";
  text += fmt::format("{}{}{}", text.empty() ? "" : follows && kind_said ? " " : ", ", before, shown(value));
}

}  // namespace

std::string stage_label(const sweep::Plan& plan, std::uint32_t node, const std::vector<std::string>& axes, bool cell) {
  const sweep::Node& entry = plan.nodes()[node];
  std::string table = std::string(entry.label) + ".";
  Settings settings = cell ? plan.settings(entry.experiment) : plan.stage(node).settings;
  std::string text = cell ? "" : std::string(entry.label),
              method = settings.has("method") ? settings.text("method") : "";
  if (!method.empty() && method != text) text += (text.empty() ? "" : " ") + method;
  else if (!cell && settings.has("model")) text += " " + settings.text("model");
  for (const char* number : {"member", "round"})  // which of a recipe's stages that are alike otherwise
    if (!cell && settings.has(number)) text += fmt::format(", {} {}", number, settings.integer(number));
  bool kind_said = false;
  for (std::string axis : axes) {
    if (!cell && axis.starts_with(table)) axis.erase(0, table.size());
    if (axis == "method" || (!cell && axis == "model" && method.empty()) || !settings.has(axis)) continue;
    append(text, axis, settings, kind_said);
    kind_said = axis == "labels.kind";  // a rate that comes right after it needs no words
  }
  return text;
}

}  // namespace winnow::cmd
