#include "schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "declared_key.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

const std::string kCommonSource = "sweeps/presets/common.toml";

}  // namespace

Schema::Schema(const Catalogue& catalogue, const Method* method) : method_(method) {
  for (const Key& key : catalogue.common)
    if (!method || method->has_common(key.key, key.shared)) entries_.push_back({&key, &kCommonSource, {}});
  if (method)
    for (const Key& key : method->keys) entries_.push_back({&key, &method->declared_in, {}});
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.key->key < b.key->key; });
  for (std::size_t first = 0, i = 1; i < entries_.size(); ++i) {
    const Key &key = *entries_[i].key, &before = *entries_[first].key;
    if (key.key != before.key) first = i;
    else if (key.method_key.empty() || key.method_key != before.method_key)
      throw UsageError(fmt::format("{}: the key '{}' is declared twice", *entries_[i].source, key.key));
    else ++entries_[first].alternatives;
  }
  auto known = [&](const Entry& entry, const std::string& other) {
    int found = index(other);
    if (found < 0)
      throw UsageError(fmt::format("{}: {} names the unknown key '{}'", *entry.source, entry.key->key, other));
    return found;
  };
  for (Entry& entry : entries_) {
    for (const auto& [other, any] : entry.key->when) entry.guards.push_back({known(entry, other), &any});
    if (const auto& value = entry.key->left_out())
      if (std::string other = referred_key(*value); !other.empty()) entry.default_refers = known(entry, other);
  }
}

int Schema::index(std::string_view key) const {
  auto found = std::lower_bound(entries_.begin(), entries_.end(), key,
                                [](const Entry& entry, std::string_view k) { return entry.key->key < k; });
  return found != entries_.end() && found->key->key == key ? static_cast<int>(found - entries_.begin()) : -1;
}

Schemas::Schemas(const Catalogue& catalogue) : common_(catalogue, nullptr) {
  for (const auto& [name, method] : catalogue.methods) methods_.emplace(name, Schema(catalogue, &method));
}

const Schema& Schemas::of(std::string_view method) const {
  auto found = methods_.find(method);
  return found == methods_.end() ? common_ : found->second;
}

}  // namespace winnow::sweep
