// Class texts that somebody wrote for one data set, by hand or by a language model: templates for every class, texts of single classes,
// or both. `winnow data templates` records such a file under a name, and sweeps name it wherever they name a prompt.
//
//   { "format": "winnow-templates/1", "dataset": "EuroSAT", "source": "who or what wrote it, when, asked what",
//     "templates": ["a satellite image showing {}.", ...],  "classes": { "Annual Crop Land": ["rows of green", ...], ... } }
//
// The texts of a class are the templates with its name, then its own; all weigh alike. A class's own text may hold {} for the name.
// spec/pll.md 3.2 (`descriptor`), spec/unsupervised.md 2.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

struct TemplateFile {
  std::string dataset, source;
  std::vector<std::string> templates;
  std::map<std::string, std::vector<std::string>> classes;

  // DataError naming `file` and what is wrong in it: no JSON, a key that is unknown, missing or there twice, an empty text, a template
  // without exactly one {}.
  static TemplateFile parse(const std::string& content, const std::string& file);
  // By class. DataError for a class without text, and for texts of a class that is none of these (the nearest).
  std::vector<std::vector<std::string>> texts(const std::vector<std::string>& class_names, const std::string& file) const;
};

struct TemplateRecord {
  std::string name, dataset;
  std::string fingerprint;                        // hex, of the file's bytes
  std::size_t templates = 0, texts = 0;           // texts: of all classes
};

// Keeps a copy of the file in the cache folder. DataError where it is not one of this data set; UsageError for a name that is no file
// name, or is that of a set that winnow ships.
TemplateRecord record_templates(const std::string& name, const Record& dataset, const Path& file);

std::vector<TemplateRecord> recorded_templates();                // by data set and name

// The texts of a recorded file by its fingerprint. DataError when it is not on this machine or was damaged.
std::vector<std::vector<std::string>> recorded_texts(const std::string& fingerprint, const std::vector<std::string>& class_names);

}  // namespace winnow::data
