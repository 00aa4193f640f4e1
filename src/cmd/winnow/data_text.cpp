#include "data_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "winnow/core/error.h"

namespace winnow::cmd {

data::Manifest manifest_of(const sweep::Catalogue& catalogue, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [other, preset] : catalogue.datasets) known.push_back(other);
  auto found = catalogue.datasets.find(name);
  if (found == catalogue.datasets.end())
    throw UsageError(
        fmt::format("unknown data set '{}'{}; known: {}", name, did_you_mean(name, known), fmt::join(known, ", ")));
  return found->second.manifest();
}

void print_labels(const data::Record& record) {
  for (const auto& [name, set] : record.labels)
    fmt::print(
        "labels   {}: {}; {:.3f} % {} the data set's own label; a sweep names them by labels = {{ kind = "
        "\"annotated\", set = \"{}\" }}\n",
        name, set.candidates ? "candidate sets" : "one label an image", 100 * set.missing,
        set.candidates ? "miss" : "differ from", name);
}

void print_notes(const data::Record& record) {
  for (const std::string& note : record.notes) fmt::print("note     {}\n", note);
}

void print_templates(const data::TemplateRecord& record) {
  fmt::print(
      "templates {}: {} for every class, {} texts of all classes; fingerprint {}; a sweep names them by template = "
      "\"{}\"\n",
      record.name, record.templates, record.texts, record.fingerprint, record.name);
  if (!record.note.empty()) fmt::print("note     {}\n", record.note);
}

}  // namespace winnow::cmd
