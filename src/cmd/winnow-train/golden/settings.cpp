#include "golden/settings.h"

#include <algorithm>

namespace winnow::golden {

namespace {

std::string setting_of(const std::string& key) {
  if (key == "optimizer.name") return "train.optimizer";
  if (key.starts_with("optimizer.")) return "train." + key.substr(10);
  for (const char* own : {"schedule", "epochs", "batch"})
    if (key == own) return "train." + key;
  if (key == "clip_grad_norm") return "train.clip";
  if (key == "data") return "noise_source";
  return key;
}

void set(Settings& settings, const std::string& key, Value value) {
  if (value.is_string()) {
    auto text = value.get<std::string>();
    std::replace(text.begin(), text.end(), '_', '-');
    if (auto open = text.find('('); key == "train.schedule" && open != std::string::npos) {
      settings.set("train.warmup", std::stoll(text.substr(open + 1)));
      text.resize(open);
    }
    value = text;
  }
  settings.set(key, std::move(value));
}

// The key outside its table; as it stands where it is in none.
std::string outside(const std::string& key, const std::string& table) {
  return !table.empty() && key.starts_with(table + ".") ? key.substr(table.size() + 1) : key;
}

}  // namespace

Settings settings_of(const Case& c, const std::string& table) {
  Settings settings;
  for (bool own : {false, true})  // a table's values win
    for (const auto& [key, value] : c.config().all())
      if (std::string name = outside(key, table); (name != key) == own) set(settings, setting_of(name), value);
  return settings;
}

std::string method_of(const Case& c) { return c.subject() == "deft" ? "dual-prompts" : c.subject(); }

void mark_read(Case& c, const Settings& settings, const std::string& table) {
  std::set<std::string> read = settings.read();
  for (const auto& [key, value] : c.config().all())
    if (read.count(setting_of(outside(key, table)))) c.mark_read(key);
}

}  // namespace winnow::golden
