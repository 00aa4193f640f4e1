#include "doctor_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data_text.h"
#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

struct Diagnosis {
  std::optional<Path> root;
  std::vector<data::Need> needs;
  std::optional<data::Record> record;
  std::string changed;  // how the files differ from those that were checked
};

Diagnosis diagnosis_of(const data::Manifest& manifest, const std::optional<Path>& folder) {
  Diagnosis found{data::found_root(manifest, folder), {}, data::read_record(manifest.name), ""};
  found.needs = data::needs(manifest, found.root.value_or(manifest.roots.empty() ? Path() : Path(manifest.roots[0])));
  if (found.record && found.record->preset != manifest.preset) found.record.reset();  // of another preset of this name
  if (found.record) {
    try {
      data::require_unchanged(manifest, *found.record);
    } catch (const DataError& error) {
      found.changed = error.what();
    }
  }
  return found;
}

bool is_good(const Diagnosis& found) { return found.record && found.changed.empty(); }

void print_json(const data::Manifest& manifest, const Diagnosis& found) {
  Value files = Value::array();
  for (const data::Need& need : found.needs)
    files.push_back({{"role", need.role}, {"file", need.file}, {"optional", need.optional}, {"there", need.there}});
  Value json = {{"name", manifest.name},
                {"layout", manifest.layout},
                {"preset", manifest.source},
                {"get", data::how_to_get(manifest)},
                {"roots", manifest.roots},
                {"root", found.root ? Value(found.root->string()) : Value()},
                {"files", files},
                {"good", is_good(found)},
                {"fingerprint", found.record ? Value(found.record->fingerprint) : Value()},
                {"changed", found.changed.empty() ? Value() : Value(found.changed)},
                {"notes", found.record ? Value(found.record->notes) : Value::array()}};
  fmt::print("{}\n", json.dump(2));
}

void print(const data::Manifest& manifest, const Diagnosis& found) {
  fmt::print("{}: layout {} (sweeps/presets/README.md); {}\npreset   {}\n", manifest.name, manifest.layout,
             data::how_to_get(manifest), manifest.source);
  if (found.root) fmt::print("folder   {}\n", found.root->string());
  else fmt::print("folder   none of {}\n", fmt::join(manifest.roots, ", "));
  for (const data::Need& need : found.needs)
    fmt::print("{:8} {} ({})\n", need.there ? "there" : need.optional ? "no" : "missing", need.file, need.role);
  auto number = [](std::int64_t n) { return n ? std::to_string(n) : std::string("any number of"); };
  if (manifest.expected_train || manifest.expected_test || manifest.expected_classes)
    fmt::print("expected {} classes, {} training and {} test images\n", number(manifest.expected_classes),
               number(manifest.expected_train), number(manifest.expected_test));
  if (!found.record) {
    fmt::print("checked  not yet: winnow data check {}{}\n", manifest.name,
               found.root ? fmt::format(" --root {}", found.root->string()) : "");
    return;
  }
  const data::Record& record = *found.record;
  fmt::print("checked  {} training and {} test images in {}, {} skipped; fingerprint {}\n", record.train, record.test,
             record.root.string(), record.skipped.size(), record.fingerprint);
  if (!found.changed.empty()) fmt::print("corrupt  {}\n", found.changed);
  print_labels(record);
  print_notes(record);
  for (const data::TemplateRecord& templates : data::recorded_templates())
    if (templates.dataset == manifest.name) print_templates(templates);
}

}  // namespace

bool diagnose(const data::Manifest& manifest, const std::optional<Path>& folder, bool json) {
  Diagnosis found = diagnosis_of(manifest, folder);
  json ? print_json(manifest, found) : print(manifest, found);
  return is_good(found);
}

}  // namespace winnow::cmd
